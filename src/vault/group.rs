//! Group keys: an X-Wing pair for each epoch of a group, whose private half is wrapped for each member.
//!
//! | what | how |
//! | --- | --- |
//! | private half, for a member | HPKE (RFC 9180) in base mode to a pair of the member's account, its exporter as the key |
//! | what members write for each other | AES-256-GCM-SIV under a key that is derived from the private half |
//! | a content key, by somebody who need not be a member | HPKE to the epoch's public half |
//! | the private half of the epoch before | the same as what members write, if newcomers may read it |
//! | what a role mailbox gets | an arrival epoch (`epoch`) to the epoch's pair, as to an account's |
//! | that the next epoch was begun by a member | an empty text, sealed under a key of the epoch before and bound to the next one's public half |
//!
//! ```text
//! wrapped:  format byte | number of the account's pair (4 octets) | encapsulation | sealed private half
//! content:  format byte | encapsulation | sealed content key
//! ```

use aws_lc_rs::aead::AES_256_GCM_SIV;
use aws_lc_rs::digest::{SHA256, digest};
use hpke::aead::ExportOnlyAead;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, setup_receiver, setup_sender};
use zeroize::Zeroizing;

use super::account::Pair;
use super::aead::{FORMAT, Sealer, hkdf};
use super::epoch::{self, ENCAPSULATION_LEN};
use super::{AccountSecret, ContentKey, Error, PublicKey};

/// An opened epoch of a group: its private half.
pub struct GroupSecret {
    private: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for GroupSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GroupSecret(…)")
    }
}

const WRAP_INFO: &[u8] = b"postern group key v1\0";
const CONTENT_INFO: &[u8] = b"postern group content v1\0";
const EXPORT: &[u8] = b"group";
const PRIVATE_LEN: usize = 32;

/// Generates the pair of an epoch: its private half, and its public half of 1216 octets.
#[must_use]
pub fn group_epoch() -> (GroupSecret, Vec<u8>) {
    let (private, public) = epoch::key_pair();
    (GroupSecret { private }, public)
}

/// Wraps a content key to the public half of a group's epoch; only members can unwrap it.
pub fn group_wrap_content(
    public: &[u8],
    binding: &[u8],
    key: &ContentKey,
) -> Result<Vec<u8>, Error> {
    wrap(public, CONTENT_INFO, binding, key.bytes())
}

/// The digest of a public half, by which a member's session knows it again.
#[must_use]
pub fn group_public_digest(public: &[u8]) -> [u8; 32] {
    let hash = digest(&SHA256, public);
    hash.as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

impl GroupSecret {
    /// Whether this is the public half that belongs to the epoch. One that was put in its place would
    /// have contents wrapped for somebody else.
    pub fn matches(&self, public: &[u8]) -> Result<bool, Error> {
        Ok(epoch::public_of(&self.private)? == public)
    }

    /// Wraps the epoch for a member's account.
    pub fn wrap_for(&self, member: &PublicKey, binding: &[u8]) -> Result<Vec<u8>, Error> {
        wrap_for_account(member, WRAP_INFO, binding, &self.private)
    }

    /// Seals something small that members read, such as the group's name.
    pub fn seal(&self, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.sealer(b"postern group data v1").seal(binding, plain)
    }

    /// Opens what [`GroupSecret::seal`] sealed.
    pub fn open(&self, binding: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.sealer(b"postern group data v1").open(binding, sealed)
    }

    /// Unwraps a content key that [`group_wrap_content`] wrapped.
    pub fn unwrap_content(&self, binding: &[u8], wrapped: &[u8]) -> Result<ContentKey, Error> {
        ContentKey::from_sealed(&self.unwrap(wrapped, CONTENT_INFO, binding)?)
    }

    /// Opens what [`wrap`] wrapped to the public half of the epoch.
    pub(super) fn unwrap(
        &self,
        wrapped: &[u8],
        info: &[u8],
        binding: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        unwrap(&self.private, formatted(wrapped)?, info, binding)
    }

    /// Seals the private half of the epoch before this one, for those who hold this one.
    pub fn seal_earlier(&self, binding: &[u8], earlier: &GroupSecret) -> Result<Vec<u8>, Error> {
        self.sealer(b"postern group earlier epoch v1").seal(binding, &earlier.private)
    }

    /// Opens the epoch before this one.
    pub fn open_earlier(&self, binding: &[u8], sealed: &[u8]) -> Result<GroupSecret, Error> {
        let private = self.sealer(b"postern group earlier epoch v1").open(binding, sealed)?;
        GroupSecret::of(private)
    }

    /// Proves that who holds this epoch began the next one, with this public half.
    pub fn prove_next(&self, binding: &[u8], public: &[u8]) -> Result<Vec<u8>, Error> {
        self.sealer(b"postern group next epoch v1").seal(&[binding, public].concat(), b"")
    }

    /// Whether a holder of this epoch began the next one, with this public half.
    #[must_use]
    pub fn proves_next(&self, binding: &[u8], public: &[u8], proof: &[u8]) -> bool {
        let sealer = self.sealer(b"postern group next epoch v1");
        sealer.open(&[binding, public].concat(), proof).is_ok()
    }

    /// The keys of a role mailbox: these epochs of its group, with their numbers as those of its pairs.
    /// What its readers write for each other is sealed under the first.
    #[must_use]
    pub fn role_mailbox(
        current: (u32, GroupSecret),
        earlier: Vec<(u32, GroupSecret)>,
    ) -> AccountSecret {
        let pair = |(number, secret): (u32, GroupSecret)| Pair {
            number,
            own: secret.sealer(b"postern role mailbox data v1"),
            private: secret.private,
        };
        AccountSecret::shared(pair(current), earlier.into_iter().map(pair).collect())
    }

    fn of(private: Zeroizing<Vec<u8>>) -> Result<GroupSecret, Error> {
        match private.len() == PRIVATE_LEN {
            true => Ok(GroupSecret { private }),
            false => Err(Error::Malformed),
        }
    }

    fn sealer(&self, label: &[u8]) -> Sealer {
        Sealer::new(&AES_256_GCM_SIV, &hkdf(b"", &self.private, label))
    }
}

impl AccountSecret {
    /// Opens an epoch of a group that was wrapped for this account, also before a renewal of its keys.
    pub fn group_open(&self, wrapped: &[u8], binding: &[u8]) -> Result<GroupSecret, Error> {
        GroupSecret::of(self.unwrap_own(wrapped, WRAP_INFO, binding)?)
    }

    /// Opens what [`wrap_for_account`] wrapped for this account, also before a renewal of its keys.
    pub(super) fn unwrap_own(
        &self,
        wrapped: &[u8],
        info: &[u8],
        binding: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let rest = formatted(wrapped)?;
        let (number, rest) = rest.split_first_chunk::<4>().ok_or(Error::Malformed)?;
        let number = usize::try_from(u32::from_be_bytes(*number)).map_err(|_| Error::Malformed)?;
        unwrap(self.private_of(number)?, rest, info, binding)
    }
}

/// Wraps a key to a public half.
pub(super) fn wrap(
    public: &[u8],
    info: &[u8],
    binding: &[u8],
    key: &[u8],
) -> Result<Vec<u8>, Error> {
    let (encapsulation, sealer) = encapsulate(public, info, binding)?;
    let sealed = sealer.seal(binding, key)?;
    Ok([&[FORMAT], encapsulation.as_slice(), &sealed].concat())
}

/// The same for an account, with the number of the pair that opens it.
pub(super) fn wrap_for_account(
    account: &PublicKey,
    info: &[u8],
    binding: &[u8],
    key: &[u8],
) -> Result<Vec<u8>, Error> {
    let (encapsulation, sealer) = encapsulate(&account.octets, info, binding)?;
    let sealed = sealer.seal(binding, key)?;
    let number = account.number.to_be_bytes();
    Ok([&[FORMAT], number.as_slice(), &encapsulation, &sealed].concat())
}

fn unwrap(
    private: &[u8],
    rest: &[u8],
    info: &[u8],
    binding: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (encapsulation, sealed) =
        rest.split_at_checked(ENCAPSULATION_LEN).ok_or(Error::Malformed)?;
    decapsulate(private, encapsulation, info, binding)?.open(binding, sealed)
}

fn formatted(octets: &[u8]) -> Result<&[u8], Error> {
    match octets.split_first() {
        Some((&FORMAT, rest)) => Ok(rest),
        _ => Err(Error::Malformed),
    }
}

fn encapsulate(public: &[u8], info: &[u8], binding: &[u8]) -> Result<(Vec<u8>, Sealer), Error> {
    let public = <XWing as Kem>::PublicKey::from_bytes(public).map_err(|_| Error::Malformed)?;
    let (encapsulation, context) = setup_sender::<ExportOnlyAead, HkdfSha256, XWing>(
        &OpModeS::Base,
        &public,
        &[info, binding].concat(),
    )
    .map_err(|_| Error::Malformed)?;
    let sealer = sealer_of(|out| context.export(EXPORT, out))?;
    Ok((encapsulation.to_bytes().to_vec(), sealer))
}

fn decapsulate(
    private: &[u8],
    encapsulation: &[u8],
    info: &[u8],
    binding: &[u8],
) -> Result<Sealer, Error> {
    let private = <XWing as Kem>::PrivateKey::from_bytes(private).map_err(|_| Error::Malformed)?;
    let encapsulation =
        <XWing as Kem>::EncappedKey::from_bytes(encapsulation).map_err(|_| Error::Malformed)?;
    let context = setup_receiver::<ExportOnlyAead, HkdfSha256, XWing>(
        &OpModeR::Base,
        &private,
        &encapsulation,
        &[info, binding].concat(),
    )
    .map_err(|_| Error::Refused)?;
    sealer_of(|out| context.export(EXPORT, out))
}

fn sealer_of(
    export: impl FnOnce(&mut [u8]) -> Result<(), hpke::HpkeError>,
) -> Result<Sealer, Error> {
    let mut key = Zeroizing::new([0; 32]);
    export(&mut *key).map_err(|_| Error::Malformed)?;
    Ok(Sealer::new(&AES_256_GCM_SIV, &key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{account_keys, random_bytes};

    #[test]
    fn only_the_member_opens_what_was_wrapped_for_it() {
        let keys = account_keys(b"dana").unwrap();
        let dana = keys.unlock.open_account(&keys.sealed_private, b"dana").unwrap();
        let other = account_keys(b"omar").unwrap();
        let omar = other.unlock.open_account(&other.sealed_private, b"omar").unwrap();
        let (secret, public) = group_epoch();
        let wrapped = secret.wrap_for(&keys.public, b"bound").unwrap();
        let opened = dana.group_open(&wrapped, b"bound").unwrap();
        assert!(opened.matches(&public).unwrap());
        assert!(!opened.matches(&group_epoch().1).unwrap(), "another public half");
        assert!(omar.group_open(&wrapped, b"bound").is_err());
        assert!(dana.group_open(&wrapped, b"elsewhere").is_err());
        for at in [0, 1, 5, 5 + ENCAPSULATION_LEN, wrapped.len() - 1] {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(dana.group_open(&changed, b"bound").is_err(), "octet {at}");
        }
        for length in [0, 1, 4, 100, wrapped.len() - 1] {
            assert!(dana.group_open(&wrapped[..length], b"bound").is_err(), "{length} octets");
        }
    }

    #[test]
    fn a_wrap_from_before_a_renewal_still_opens() {
        let keys = account_keys(b"dana").unwrap();
        let (secret, public) = group_epoch();
        let wrapped = secret.wrap_for(&keys.public, b"bound").unwrap();
        let renewed = keys.unlock.renew_account(&keys.sealed_private, b"dana").unwrap();
        let dana = renewed.unlock.open_account(&renewed.sealed_private, b"dana").unwrap();
        assert!(dana.group_open(&wrapped, b"bound").unwrap().matches(&public).unwrap());
        let anew = secret.wrap_for(&renewed.public, b"bound").unwrap();
        assert!(dana.group_open(&anew, b"bound").unwrap().matches(&public).unwrap());
        let before = keys.unlock.open_account(&keys.sealed_private, b"dana").unwrap();
        assert!(before.group_open(&anew, b"bound").is_err(), "the keys before open nothing newer");
    }

    #[test]
    fn members_write_for_each_other_and_others_only_for_them() {
        let (secret, public) = group_epoch();
        let sealed = secret.seal(b"a name", b"Sales").unwrap();
        assert_eq!(**secret.open(b"a name", &sealed).unwrap(), *b"Sales");
        assert!(secret.open(b"another", &sealed).is_err());
        assert!(group_epoch().0.open(b"a name", &sealed).is_err());
        let key = ContentKey::generate().unwrap();
        let wrapped = group_wrap_content(&public, b"bound", &key).unwrap();
        assert_eq!(secret.unwrap_content(b"bound", &wrapped).unwrap().bytes(), key.bytes());
        assert!(secret.unwrap_content(b"other", &wrapped).is_err());
        assert!(group_epoch().0.unwrap_content(b"bound", &wrapped).is_err());
        assert!(group_wrap_content(&random_bytes::<7>().unwrap(), b"bound", &key).is_err());
    }

    #[test]
    fn an_epoch_leads_back_and_proves_what_follows() {
        let ((first, _), (second, public)) = (group_epoch(), group_epoch());
        let sealed = second.seal_earlier(b"bound", &first).unwrap();
        let back = second.open_earlier(b"bound", &sealed).unwrap();
        let proof = first.prove_next(b"bound", &public).unwrap();
        assert!(back.proves_next(b"bound", &public, &proof));
        assert!(!second.proves_next(b"bound", &public, &proof), "only the one before proves it");
        assert!(!first.proves_next(b"bound", &group_epoch().1, &proof), "another public half");
        assert!(!first.proves_next(b"other", &public, &proof));
    }
}
