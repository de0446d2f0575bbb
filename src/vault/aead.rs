//! Sealing of small data: format byte, random nonce, ciphertext, tag.

use std::cell::RefCell;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, Algorithm, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

use super::{Error, random_bytes};

/// The first byte of all sealed data. Another construction will have another byte.
pub(super) const FORMAT: u8 = 1;
const TAG_LEN: usize = 16;

/// A prepared key that seals small data with random nonces.
pub(super) struct Sealer(LessSafeKey);

/// How many nonces are drawn at once: a message is sealed in about a dozen records, and each call
/// of the random number generator costs more than the octets that it returns.
const NONCES_DRAWN: usize = 32;

thread_local! {
    /// Nonces that were drawn and not used yet.
    static NONCES: RefCell<Vec<[u8; NONCE_LEN]>> = const { RefCell::new(Vec::new()) };
}

/// Returns a random nonce that was drawn earlier. If a copy of this process's memory ever went on
/// by itself, both would use the rest of the same nonces: only for an algorithm that withstands
/// that.
fn nonce_drawn() -> Result<[u8; NONCE_LEN], Error> {
    NONCES.with_borrow_mut(|nonces| {
        if nonces.is_empty() {
            let drawn = random_bytes::<{ NONCES_DRAWN * NONCE_LEN }>()?;
            nonces.extend_from_slice(drawn.as_chunks().0);
        }
        Ok(nonces.pop().expect("some were drawn"))
    })
}

impl Sealer {
    pub fn new(algorithm: &'static Algorithm, key: &[u8; 32]) -> Sealer {
        let unbound = UnboundKey::new(algorithm, key).expect("the key has 32 bytes");
        Sealer(LessSafeKey::new(unbound))
    }

    pub fn seal(&self, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.seal_with_prefix(&[], binding, plain)
    }

    pub fn open(&self, binding: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.open_with_prefix(0, binding, sealed)
    }

    /// The layout is: format byte, `prefix` in the clear, nonce, ciphertext, tag.
    pub fn seal_with_prefix(
        &self,
        prefix: &[u8],
        binding: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, Error> {
        // AES-GCM-SIV is made to withstand repeated nonces (RFC 8452 §1); AES-GCM is not.
        let nonce = match self.0.algorithm() == &AES_256_GCM_SIV {
            true => nonce_drawn()?,
            false => random_bytes()?,
        };
        let head = 1 + prefix.len() + NONCE_LEN;
        let mut sealed = Vec::with_capacity(head + plain.len() + TAG_LEN);
        sealed.push(FORMAT);
        sealed.extend_from_slice(prefix);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(binding), &mut sealed[head..])
            .map_err(|_| Error::Refused)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    pub fn open_with_prefix(
        &self,
        prefix_len: usize,
        binding: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (format, rest) = sealed.split_first().ok_or(Error::Malformed)?;
        if *format != FORMAT || rest.len() < prefix_len {
            return Err(Error::Refused);
        }
        let (nonce, rest) =
            rest[prefix_len..].split_first_chunk::<NONCE_LEN>().ok_or(Error::Refused)?;
        let mut body = Zeroizing::new(rest.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self
            .0
            .open_in_place(nonce, Aad::from(binding), &mut body)
            .map_err(|_| Error::Refused)?
            .len();
        body.truncate(plain);
        Ok(body)
    }
}

/// Derives 32 bytes for `info` by HKDF-SHA256 (RFC 5869).
pub(super) fn hkdf(salt: &[u8], secret: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    struct Length;
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let mut out = Zeroizing::new([0; 32]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], Length)
        .and_then(|okm| okm.fill(&mut *out))
        .expect("HKDF-SHA256 can derive 32 bytes");
    out
}
