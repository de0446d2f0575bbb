//! Placeholder until the vault lands (same names).
use zeroize::Zeroizing;
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("refused")]
    Refused,
}
#[derive(Clone)]
pub struct Vault;
impl Vault {
    pub fn record_seal(
        &self,
        table: u8,
        version: u8,
        key: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let mut v = vec![1, version, table, key.len() as u8];
        v.extend_from_slice(key);
        v.extend_from_slice(plain);
        Ok(v)
    }
    pub fn record_open(
        &self,
        table: u8,
        key: &[u8],
        sealed: &[u8],
    ) -> Result<(u8, Zeroizing<Vec<u8>>), Error> {
        let n = key.len();
        if sealed.len() < 4 + n || sealed[2] != table || &sealed[4..4 + n] != key {
            return Err(Error::Refused);
        }
        Ok((sealed[1], Zeroizing::new(sealed[4 + n..].to_vec())))
    }
    pub fn segment_key(&self, _segment: u64, _salt: &[u8; 32]) -> SegmentKey {
        SegmentKey
    }
}
pub struct SegmentKey;
