//! Session tokens, which browsers hold and of which the store keeps only a hash.

use aws_lc_rs::aead::AES_256_GCM;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::aead::{Sealer, hkdf};
use super::{Error, UnlockKey, random_bytes};

/// 32 random octets, which unwrap the session's unlock key.
pub struct SessionToken(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// The length of a token's text form.
const TEXT_LEN: usize = 43;

impl SessionToken {
    /// Generates a new token.
    pub fn generate() -> Result<SessionToken, Error> {
        Ok(SessionToken(Zeroizing::new(random_bytes()?)))
    }

    /// Parses the text form (base64url without padding).
    pub fn parse(text: &str) -> Result<SessionToken, Error> {
        if text.len() != TEXT_LEN {
            return Err(Error::Malformed);
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Malformed)?);
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| Error::Malformed)?;
        Ok(SessionToken(Zeroizing::new(bytes)))
    }

    /// Returns the key under which the session is stored: the token's SHA-256.
    pub fn id(&self) -> [u8; 32] {
        let hash = digest(&SHA256, &*self.0);
        hash.as_ref().try_into().expect("SHA-256 gives 32 bytes")
    }

    /// Returns the text form, for the one response that contains it.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(*self.0))
    }

    /// Wraps the unlock key for the session's record.
    pub fn wrap_unlock(&self, unlock: &UnlockKey, binding: &[u8]) -> Result<Vec<u8>, Error> {
        self.sealer().seal(binding, &*unlock.0)
    }

    /// Unwraps the unlock key from the session's record.
    pub fn unwrap_unlock(&self, wrapped: &[u8], binding: &[u8]) -> Result<UnlockKey, Error> {
        let bytes = self.sealer().open(binding, wrapped)?;
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| Error::Malformed)?;
        Ok(UnlockKey(Zeroizing::new(bytes)))
    }

    fn sealer(&self) -> Sealer {
        Sealer::new(&AES_256_GCM, &hkdf(b"", &*self.0, b"postern session v1"))
    }
}
