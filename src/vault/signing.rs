//! Signing: each account has an Ed25519 pair (RFC 8032) beside the one to which mail is sealed.
//!
//! The private half is sealed as the owner's own data, so a renewal of the account's keys leaves it
//! readable; whether the pair itself is replaced then is for the caller to decide.

use aws_lc_rs::digest::{self, Context, SHA256};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{AccountSecret, Error, random_bytes};

/// The public half of a signing pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VerifyingKey(pub [u8; 32]);

/// A signing pair, opened for the duration of one request.
pub struct SigningPair {
    pair: Ed25519KeyPair,
    public: VerifyingKey,
}

impl std::fmt::Debug for SigningPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningPair(…)")
    }
}

impl SigningPair {
    /// Makes a pair; returns it with its private half sealed for the owner and bound to `binding`.
    pub fn generate(
        secret: &AccountSecret,
        binding: &[u8],
    ) -> Result<(SigningPair, Vec<u8>), Error> {
        let seed = Zeroizing::new(random_bytes::<32>()?);
        let pair = SigningPair::of(&*seed)?;
        Ok((pair, secret.seal_own(binding, &*seed)?))
    }

    /// Opens a pair that [`SigningPair::generate`] sealed.
    pub fn open(
        secret: &AccountSecret,
        binding: &[u8],
        sealed: &[u8],
    ) -> Result<SigningPair, Error> {
        SigningPair::of(&secret.open_own(binding, sealed)?)
    }

    fn of(seed: &[u8]) -> Result<SigningPair, Error> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Error::Malformed)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| Error::Malformed)?;
        Ok(SigningPair { pair, public: VerifyingKey(public) })
    }

    /// The public half.
    pub fn public(&self) -> VerifyingKey {
        self.public
    }

    /// Signs octets, which begin with what kind of statement they are.
    pub fn sign(&self, octets: &[u8]) -> Vec<u8> {
        self.pair.sign(octets).as_ref().to_vec()
    }
}

impl VerifyingKey {
    /// Whether the holder of the private half signed these octets.
    pub fn has_signed(&self, octets: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(octets, signature).is_ok()
    }
}

/// A SHA-256 digest of octets that come piece by piece.
#[derive(Clone)]
pub struct Digest {
    context: Context,
    octets: u64,
}

impl Default for Digest {
    fn default() -> Digest {
        Digest { context: Context::new(&SHA256), octets: 0 }
    }
}

impl Digest {
    /// Adds octets.
    pub fn push(&mut self, octets: &[u8]) {
        self.context.update(octets);
        self.octets += octets.len() as u64;
    }

    /// Returns how many octets there were, and their digest.
    pub fn finish(self) -> (u64, [u8; 32]) {
        (self.octets, *self.context.finish().as_ref().first_chunk().expect("SHA-256 has 32 bytes"))
    }
}

/// Returns the SHA-256 digest of octets.
pub fn digest(octets: &[u8]) -> [u8; 32] {
    *digest::digest(&SHA256, octets).as_ref().first_chunk().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::account_keys;

    fn secret(account: &[u8]) -> AccountSecret {
        let keys = account_keys(account).unwrap();
        keys.unlock.open_account(&keys.sealed_private, account).unwrap()
    }

    #[test]
    fn what_was_signed_is_verified_and_nothing_else() {
        let secret = secret(b"dana");
        let (pair, sealed) = SigningPair::generate(&secret, b"bound").unwrap();
        let again = SigningPair::open(&secret, b"bound", &sealed).unwrap();
        assert_eq!(again.public(), pair.public());
        let signature = again.sign(b"a statement");
        assert!(pair.public().has_signed(b"a statement", &signature));
        assert!(!pair.public().has_signed(b"a statemenT", &signature));
        assert!(!pair.public().has_signed(b"a statement", &signature[..63]));
        let (other, _) = SigningPair::generate(&secret, b"bound").unwrap();
        assert!(!other.public().has_signed(b"a statement", &signature));
    }

    #[test]
    fn the_private_half_opens_for_its_owner_alone_and_in_its_place() {
        let owner = secret(b"dana");
        let (_, sealed) = SigningPair::generate(&owner, b"bound").unwrap();
        assert!(SigningPair::open(&secret(b"omar"), b"bound", &sealed).is_err());
        assert!(SigningPair::open(&owner, b"elsewhere", &sealed).is_err());
    }

    /// RFC 8032 §7.1, test 2.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let unhex = |text: &str| -> Vec<u8> {
            let octets = text.as_bytes().chunks(2);
            octets
                .map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap())
                .collect()
        };
        let seed = unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let pair = SigningPair::of(&seed).unwrap();
        let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        assert_eq!(pair.public().0.to_vec(), unhex(public));
        let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        assert_eq!(pair.sign(&[0x72]), unhex(signature));
    }
}
