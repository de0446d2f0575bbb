//! An account's keys: a public half to which mail is sealed, and what the unlock key opens.
//!
//! Keys can be renewed: an account gets another unlock key and another pair. What was sealed before
//! stays as it is, so the new unlock key opens the earlier pairs as well, and never the other way
//! round. An unlock key that somebody kept opens nothing that was sealed after the renewal.
//!
//! | sealed under the unlock key | octets |
//! | --- | --- |
//! | private half of the current pair | 32 |
//! | for each earlier pair, the latest first: its private half, and the key of the owner's own data | 32 + 32 |

use aws_lc_rs::aead::{AES_256_GCM, AES_256_GCM_SIV};
use zeroize::Zeroizing;

use super::aead::{Sealer, hkdf};
use super::{ContentKey, Epoch, Error, epoch, random_bytes};

/// The public half of an account's X-Wing pair (X25519 and ML-KEM-768).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// 1216 octets.
    pub octets: Vec<u8>,
    /// Which of the account's pairs this is: the first is 0, and each renewal makes the next.
    pub number: u32,
}

/// The key that every credential unwraps, and that opens the account.
pub struct UnlockKey(pub(super) Zeroizing<[u8; 32]>);

/// The keys of a new account, or its new keys.
pub struct NewAccountKeys {
    pub public: PublicKey,
    pub sealed_private: Vec<u8>,
    pub unlock: UnlockKey,
}

/// An account's opened keys, which are kept for the duration of one request.
pub struct AccountSecret {
    current: Pair,
    /// Those before each renewal, the latest first.
    earlier: Vec<Pair>,
    /// Whether others, who may have later keys, seal with them as well.
    shared: bool,
}

/// The private half of a pair, and what was sealed for the owner alone at its time.
pub(super) struct Pair {
    pub number: u32,
    pub private: Zeroizing<Vec<u8>>,
    pub own: Sealer,
}

/// The most renewals of an account. Each makes what is sealed under the unlock key longer.
pub const RENEWALS_MAX: u32 = 1_000;

const PRIVATE_LEN: usize = 32;
const EARLIER_LEN: usize = PRIVATE_LEN + 32;

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
    NewAccountKeys::generate(binding, 0, &[])
}

impl NewAccountKeys {
    fn generate(binding: &[u8], number: u32, earlier: &[u8]) -> Result<NewAccountKeys, Error> {
        let unlock = UnlockKey(Zeroizing::new(random_bytes()?));
        let (private, octets) = epoch::key_pair();
        let mut plain = Zeroizing::new(Vec::with_capacity(private.len() + earlier.len()));
        plain.extend_from_slice(&private);
        plain.extend_from_slice(earlier);
        let sealed_private = unlock.private_sealer().seal(binding, &plain)?;
        Ok(NewAccountKeys { public: PublicKey { octets, number }, sealed_private, unlock })
    }
}

impl UnlockKey {
    /// Opens the account's keys.
    pub fn open_account(
        &self,
        sealed_private: &[u8],
        binding: &[u8],
    ) -> Result<AccountSecret, Error> {
        let plain = self.private_sealer().open(binding, sealed_private)?;
        let (private, earlier) =
            plain.split_first_chunk::<PRIVATE_LEN>().ok_or(Error::Malformed)?;
        let (earlier, rest) = earlier.as_chunks::<EARLIER_LEN>();
        if !rest.is_empty() {
            return Err(Error::Malformed);
        }
        let pair = |number: u32, private: &[u8], own: &[u8; 32]| Pair {
            number,
            private: Zeroizing::new(private.to_vec()),
            own: Sealer::new(&AES_256_GCM_SIV, own),
        };
        let number = u32::try_from(earlier.len()).map_err(|_| Error::Malformed)?;
        let earlier = (0..number).rev().zip(earlier).map(|(number, octets)| {
            let (private, own) = octets.split_at(PRIVATE_LEN);
            pair(number, private, own.first_chunk().expect("32 of 64 octets"))
        });
        let current = pair(number, private, &self.own_key());
        Ok(AccountSecret { current, earlier: earlier.collect(), shared: false })
    }

    /// Makes new keys, which open what these open.
    pub fn renew_account(
        &self,
        sealed_private: &[u8],
        binding: &[u8],
    ) -> Result<NewAccountKeys, Error> {
        let plain = self.private_sealer().open(binding, sealed_private)?;
        let (private, before) = plain.split_first_chunk::<PRIVATE_LEN>().ok_or(Error::Malformed)?;
        let mut earlier = Zeroizing::new(Vec::with_capacity(EARLIER_LEN + before.len()));
        earlier.extend_from_slice(private);
        earlier.extend_from_slice(&*self.own_key());
        earlier.extend_from_slice(before);
        let number = u32::try_from(earlier.len() / EARLIER_LEN).map_err(|_| Error::Malformed)?;
        if number > RENEWALS_MAX {
            return Err(Error::Malformed);
        }
        NewAccountKeys::generate(binding, number, &earlier)
    }

    /// The key of the owner's own data.
    fn own_key(&self) -> Zeroizing<[u8; 32]> {
        hkdf(b"", &*self.0, b"postern account data v1")
    }

    fn private_sealer(&self) -> Sealer {
        Sealer::new(&AES_256_GCM, &hkdf(b"", &*self.0, b"postern account private key v1"))
    }
}

impl AccountSecret {
    /// Keys that several people hold, of whom one may have later ones.
    pub(super) fn shared(current: Pair, earlier: Vec<Pair>) -> AccountSecret {
        AccountSecret { current, earlier, shared: true }
    }

    /// How often the keys had been renewed when these were opened.
    pub fn number(&self) -> u32 {
        self.current.number
    }

    /// Whether this is the public half of the current pair. One that was put in its place would have
    /// mail sealed to somebody else.
    pub fn matches(&self, public: &PublicKey) -> Result<bool, Error> {
        Ok(public.number == self.number()
            && epoch::public_of(&self.current.private)? == public.octets)
    }

    /// Seals the owner's own data, such as a folder's name.
    pub fn seal_own(&self, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.current.own.seal(binding, plain)
    }

    /// Opens what [`AccountSecret::seal_own`] sealed, also before a renewal. Of keys that are shared, a
    /// later one may have sealed it, which the next request has.
    pub fn open_own(&self, binding: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let opened = self.current.own.open(binding, sealed);
        let opened = self.earlier.iter().fold(opened, |opened, pair| match opened {
            Err(Error::Refused) => pair.own.open(binding, sealed),
            opened => opened,
        });
        match opened {
            Err(Error::Refused) if self.shared => Err(Error::Busy),
            opened => opened,
        }
    }

    /// Opens what [`AccountSecret::seal_own`] sealed since the latest renewal. Who has keys of before one
    /// seals what [`AccountSecret::open_own`] opens; this refuses it.
    pub fn open_current(&self, binding: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.current.own.open(binding, sealed)
    }

    /// Wraps a content key for the owner only.
    pub fn wrap_content(&self, binding: &[u8], key: &ContentKey) -> Result<Vec<u8>, Error> {
        self.current.own.seal(binding, key.bytes())
    }

    /// Unwraps a content key that [`AccountSecret::wrap_content`] wrapped.
    pub fn unwrap_content(&self, binding: &[u8], wrapped: &[u8]) -> Result<ContentKey, Error> {
        ContentKey::from_sealed(&self.open_own(binding, wrapped)?)
    }

    /// Opens an arrival epoch from its encapsulation.
    pub fn epoch_open(&self, encapsulation: &[u8], binding: &[u8]) -> Result<Epoch, Error> {
        let (number, encapsulation) = epoch::number_of(encapsulation)?;
        epoch::open(self.private_of(number)?, encapsulation, binding)
    }

    /// The private half of the pair with this number.
    pub(super) fn private_of(&self, number: usize) -> Result<&[u8], Error> {
        let mut pairs = std::iter::once(&self.current).chain(&self.earlier);
        let pair = pairs.find(|pair| usize::try_from(pair.number) == Ok(number));
        pair.map(|pair| pair.private.as_slice()).ok_or(Error::Malformed)
    }
}
