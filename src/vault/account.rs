//! An account's keys: a public half to which mail is sealed, and what the unlock key opens.

use aws_lc_rs::aead::{AES_256_GCM, AES_256_GCM_SIV};
use zeroize::Zeroizing;

use super::aead::{Sealer, hkdf};
use super::{ContentKey, Epoch, Error, epoch, random_bytes};

/// The public half of an account's X-Wing pair (X25519 and ML-KEM-768), 1216 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(pub Vec<u8>);

/// The key that every credential unwraps, and that opens the account.
pub struct UnlockKey(pub(super) Zeroizing<[u8; 32]>);

/// The keys of a new account.
pub struct NewAccountKeys {
    pub public: PublicKey,
    pub sealed_private: Vec<u8>,
    pub unlock: UnlockKey,
}

/// An account's opened keys, which are kept for the duration of one request.
pub struct AccountSecret {
    private: Zeroizing<Vec<u8>>,
    own: Sealer,
}

macro_rules! redacted {
    ($($secret:ident),*) => {$(
        impl std::fmt::Debug for $secret {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($secret), "(…)"))
            }
        }
    )*};
}
redacted!(UnlockKey, NewAccountKeys, AccountSecret);

/// Generates an account's keys; the private half is sealed and bound to `binding`.
pub fn account_keys(binding: &[u8]) -> Result<NewAccountKeys, Error> {
    let unlock = UnlockKey(Zeroizing::new(random_bytes()?));
    let (private, public) = epoch::key_pair();
    let sealed_private = unlock.private_sealer().seal(binding, &private)?;
    Ok(NewAccountKeys { public: PublicKey(public), sealed_private, unlock })
}

impl UnlockKey {
    /// Opens the account's keys.
    pub fn open_account(
        &self,
        sealed_private: &[u8],
        binding: &[u8],
    ) -> Result<AccountSecret, Error> {
        let private = self.private_sealer().open(binding, sealed_private)?;
        let own = hkdf(b"", &*self.0, b"postern account data v1");
        Ok(AccountSecret { private, own: Sealer::new(&AES_256_GCM_SIV, &own) })
    }

    fn private_sealer(&self) -> Sealer {
        Sealer::new(&AES_256_GCM, &hkdf(b"", &*self.0, b"postern account private key v1"))
    }
}

impl AccountSecret {
    /// Seals the owner's own data, such as a folder's name.
    pub fn seal_own(&self, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.own.seal(binding, plain)
    }

    /// Opens what [`AccountSecret::seal_own`] sealed.
    pub fn open_own(&self, binding: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.own.open(binding, sealed)
    }

    /// Wraps a content key for the owner only.
    pub fn wrap_content(&self, binding: &[u8], key: &ContentKey) -> Result<Vec<u8>, Error> {
        self.own.seal(binding, key.bytes())
    }

    /// Unwraps a content key that [`AccountSecret::wrap_content`] wrapped.
    pub fn unwrap_content(&self, binding: &[u8], wrapped: &[u8]) -> Result<ContentKey, Error> {
        ContentKey::from_sealed(&self.own.open(binding, wrapped)?)
    }

    /// Opens an arrival epoch from its encapsulation.
    pub fn epoch_open(&self, encapsulation: &[u8], binding: &[u8]) -> Result<Epoch, Error> {
        epoch::open(&self.private, encapsulation, binding)
    }
}
