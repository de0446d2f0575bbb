//! The keys of a keyring: a random secret for each epoch, wrapped for accounts and for groups.
//!
//! | what | how |
//! | --- | --- |
//! | the secret, for an account or a group | HPKE (RFC 9180) in base mode to the pair of the account, or to that of the group's epoch |
//! | what readers write for each other | AES-256-GCM-SIV under a key that is derived from the secret |
//! | a content key | the same, under another derived key |
//! | the secret of the epoch before, and that one of its holders began the next | as those of groups (`group`) |
//! | the commitment, by which a holder knows the secret again | a key derived from it, in the clear |

use aws_lc_rs::aead::AES_256_GCM_SIV;
use zeroize::Zeroizing;

use super::aead::{Sealer, hkdf};
use super::group::{wrap, wrap_for_account};
use super::{AccountSecret, ContentKey, Error, GroupSecret, PublicKey, random_bytes};

/// An opened epoch of a keyring.
pub struct RingSecret {
    key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for RingSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RingSecret(…)")
    }
}

const ACCOUNT_INFO: &[u8] = b"postern keyring for an account v1\0";
const GROUP_INFO: &[u8] = b"postern keyring for a group v1\0";

impl RingSecret {
    /// Generates the secret of a new epoch.
    pub fn generate() -> Result<RingSecret, Error> {
        Ok(RingSecret { key: Zeroizing::new(random_bytes()?) })
    }

    /// What the epoch's row says of the secret, so that no other is taken for it.
    #[must_use]
    pub fn commitment(&self) -> [u8; 32] {
        *hkdf(b"", &*self.key, b"postern keyring commitment v1")
    }

    /// Wraps the secret for an account.
    pub fn wrap_for(&self, account: &PublicKey, binding: &[u8]) -> Result<Vec<u8>, Error> {
        wrap_for_account(account, ACCOUNT_INFO, binding, &*self.key)
    }

    /// Wraps the secret for a group, by the public half of its epoch.
    pub fn wrap_for_group(&self, public: &[u8], binding: &[u8]) -> Result<Vec<u8>, Error> {
        wrap(public, GROUP_INFO, binding, &*self.key)
    }

    /// Seals something small that the readers read.
    pub fn seal(&self, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.sealer(b"postern keyring data v1").seal(binding, plain)
    }

    /// Opens what [`RingSecret::seal`] sealed.
    pub fn open(&self, binding: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.sealer(b"postern keyring data v1").open(binding, sealed)
    }

    /// Wraps the key of a content, such as a file.
    pub fn wrap_content(&self, binding: &[u8], key: &ContentKey) -> Result<Vec<u8>, Error> {
        self.sealer(b"postern keyring content v1").seal(binding, key.bytes())
    }

    /// Unwraps what [`RingSecret::wrap_content`] wrapped.
    pub fn unwrap_content(&self, binding: &[u8], wrapped: &[u8]) -> Result<ContentKey, Error> {
        let sealer = self.sealer(b"postern keyring content v1");
        ContentKey::from_sealed(&sealer.open(binding, wrapped)?)
    }

    /// Seals the secret of the epoch before this one, for those who hold this one.
    pub fn seal_earlier(&self, binding: &[u8], earlier: &RingSecret) -> Result<Vec<u8>, Error> {
        self.sealer(b"postern keyring earlier epoch v1").seal(binding, &*earlier.key)
    }

    /// Opens the epoch before this one.
    pub fn open_earlier(&self, binding: &[u8], sealed: &[u8]) -> Result<RingSecret, Error> {
        RingSecret::of(&self.sealer(b"postern keyring earlier epoch v1").open(binding, sealed)?)
    }

    /// Proves that who holds this epoch began the next one, with this commitment.
    pub fn prove_next(&self, binding: &[u8], commitment: &[u8; 32]) -> Result<Vec<u8>, Error> {
        let sealer = self.sealer(b"postern keyring next epoch v1");
        sealer.seal(&[binding, commitment].concat(), b"")
    }

    /// Whether a holder of this epoch began the next one, with this commitment.
    #[must_use]
    pub fn proves_next(&self, binding: &[u8], commitment: &[u8; 32], proof: &[u8]) -> bool {
        let sealer = self.sealer(b"postern keyring next epoch v1");
        sealer.open(&[binding, commitment].concat(), proof).is_ok()
    }

    fn of(octets: &[u8]) -> Result<RingSecret, Error> {
        let key = octets.try_into().map_err(|_| Error::Malformed)?;
        Ok(RingSecret { key: Zeroizing::new(key) })
    }

    fn sealer(&self, label: &[u8]) -> Sealer {
        Sealer::new(&AES_256_GCM_SIV, &hkdf(b"", &*self.key, label))
    }
}

impl AccountSecret {
    /// Opens an epoch of a keyring that was wrapped for this account.
    pub fn ring_open(&self, wrapped: &[u8], binding: &[u8]) -> Result<RingSecret, Error> {
        RingSecret::of(&self.unwrap_own(wrapped, ACCOUNT_INFO, binding)?)
    }
}

impl GroupSecret {
    /// Opens an epoch of a keyring that was wrapped for this epoch of a group.
    pub fn ring_open(&self, wrapped: &[u8], binding: &[u8]) -> Result<RingSecret, Error> {
        RingSecret::of(&self.unwrap(wrapped, GROUP_INFO, binding)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{account_keys, group_epoch, group_wrap_content};

    #[test]
    fn only_who_it_was_wrapped_for_opens_an_epoch() {
        let keys = account_keys(b"dana").unwrap();
        let dana = keys.unlock.open_account(&keys.sealed_private, b"dana").unwrap();
        let other = account_keys(b"omar").unwrap();
        let omar = other.unlock.open_account(&other.sealed_private, b"omar").unwrap();
        let (group, public) = group_epoch();
        let secret = RingSecret::generate().unwrap();
        let sealed = secret.seal(b"line", b"Lunch?").unwrap();

        let wrapped = secret.wrap_for(&keys.public, b"bound").unwrap();
        let opened = dana.ring_open(&wrapped, b"bound").unwrap();
        assert_eq!(opened.commitment(), secret.commitment());
        assert_eq!(**opened.open(b"line", &sealed).unwrap(), *b"Lunch?");
        assert!(opened.open(b"another", &sealed).is_err());
        assert!(omar.ring_open(&wrapped, b"bound").is_err());
        assert!(dana.ring_open(&wrapped, b"elsewhere").is_err());
        assert!(dana.group_open(&wrapped, b"bound").is_err(), "it is no epoch of a group");

        let wrapped = secret.wrap_for_group(&public, b"bound").unwrap();
        assert_eq!(group.ring_open(&wrapped, b"bound").unwrap().commitment(), secret.commitment());
        assert!(group_epoch().0.ring_open(&wrapped, b"bound").is_err());
        assert!(group.ring_open(&wrapped, b"elsewhere").is_err());
        assert!(group.unwrap_content(b"bound", &wrapped).is_err(), "it is no content key");
        let key = ContentKey::generate().unwrap();
        let content = group_wrap_content(&public, b"bound", &key).unwrap();
        assert!(group.ring_open(&content, b"bound").is_err());

        let content = secret.wrap_content(b"file", &key).unwrap();
        assert_eq!(opened.unwrap_content(b"file", &content).unwrap().bytes(), key.bytes());
        assert!(opened.open(b"file", &content).is_err(), "a key of its own");
    }

    #[test]
    fn an_epoch_leads_back_and_proves_what_follows() {
        let [first, second] = [(); 2].map(|()| RingSecret::generate().unwrap());
        let sealed = second.seal_earlier(b"bound", &first).unwrap();
        let back = second.open_earlier(b"bound", &sealed).unwrap();
        assert_eq!(back.commitment(), first.commitment());
        let proof = first.prove_next(b"bound", &second.commitment()).unwrap();
        assert!(back.proves_next(b"bound", &second.commitment(), &proof));
        assert!(!second.proves_next(b"bound", &second.commitment(), &proof));
        assert!(!first.proves_next(b"bound", &first.commitment(), &proof));
        assert!(!first.proves_next(b"other", &second.commitment(), &proof));
    }
}
