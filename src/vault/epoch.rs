//! Arrival epochs: HPKE (RFC 9180) in base mode over X-Wing, used for its exporter only.

use aws_lc_rs::aead::AES_256_GCM_SIV;
use hpke::aead::ExportOnlyAead;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, setup_receiver, setup_sender};
use zeroize::Zeroizing;

use super::aead::Sealer;
use super::{ContentKey, Error, PublicKey};

/// The keys of one epoch: one for summaries, one for content keys.
pub struct Epoch {
    summaries: Sealer,
    contents: Sealer,
}

impl std::fmt::Debug for Epoch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Epoch(…)")
    }
}

/// The length of an encapsulation to an account's first pair. One to a later pair is followed by the
/// pair's number.
pub(super) const ENCAPSULATION_LEN: usize = 1120;

const INFO: &[u8] = b"postern arrival epoch v1\0";

/// Starts an epoch for an account; returns its keys, and the encapsulation from which only the
/// account's private key can derive them again.
pub fn epoch_begin(public: &PublicKey, binding: &[u8]) -> Result<(Epoch, Vec<u8>), Error> {
    let number = public.number;
    let public =
        <XWing as Kem>::PublicKey::from_bytes(&public.octets).map_err(|_| Error::Malformed)?;
    let (encapsulation, context) = setup_sender::<ExportOnlyAead, HkdfSha256, XWing>(
        &OpModeS::Base,
        &public,
        &[INFO, binding].concat(),
    )
    .map_err(|_| Error::Malformed)?;
    let epoch = Epoch::from_exports(|label, out| context.export(label, out))?;
    let mut octets = encapsulation.to_bytes().to_vec();
    if number > 0 {
        octets.extend_from_slice(&number.to_be_bytes());
    }
    Ok((epoch, octets))
}

/// Returns the number of the pair that an encapsulation was made for, and its octets.
pub(super) fn number_of(encapsulation: &[u8]) -> Result<(usize, &[u8]), Error> {
    let (octets, number) =
        encapsulation.split_at_checked(ENCAPSULATION_LEN).ok_or(Error::Malformed)?;
    let number = match number {
        [] => 0,
        number => u32::from_be_bytes(number.try_into().map_err(|_| Error::Malformed)?),
    };
    Ok((usize::try_from(number).map_err(|_| Error::Malformed)?, octets))
}

pub(super) fn open(private: &[u8], encapsulation: &[u8], binding: &[u8]) -> Result<Epoch, Error> {
    let private = <XWing as Kem>::PrivateKey::from_bytes(private).map_err(|_| Error::Malformed)?;
    let encapsulation =
        <XWing as Kem>::EncappedKey::from_bytes(encapsulation).map_err(|_| Error::Malformed)?;
    let context = setup_receiver::<ExportOnlyAead, HkdfSha256, XWing>(
        &OpModeR::Base,
        &private,
        &encapsulation,
        &[INFO, binding].concat(),
    )
    .map_err(|_| Error::Refused)?;
    Epoch::from_exports(|label, out| context.export(label, out))
}

/// Returns the public half that belongs to a private one.
pub(super) fn public_of(private: &[u8]) -> Result<Vec<u8>, Error> {
    let private = <XWing as Kem>::PrivateKey::from_bytes(private).map_err(|_| Error::Malformed)?;
    Ok(XWing::sk_to_pk(&private).to_bytes().to_vec())
}

/// Generates a pair: the private half (a 32-byte seed) and the public half.
pub(super) fn key_pair() -> (Zeroizing<Vec<u8>>, Vec<u8>) {
    let (private, public) = XWing::gen_keypair();
    (Zeroizing::new(private.to_bytes().to_vec()), public.to_bytes().to_vec())
}

impl Epoch {
    fn from_exports(
        export: impl Fn(&[u8], &mut [u8]) -> Result<(), hpke::HpkeError>,
    ) -> Result<Epoch, Error> {
        let sealer = |label: &[u8]| {
            let mut key = Zeroizing::new([0; 32]);
            export(label, &mut *key).map_err(|_| Error::Malformed)?;
            Ok(Sealer::new(&AES_256_GCM_SIV, &key))
        };
        Ok(Epoch { summaries: sealer(b"summaries")?, contents: sealer(b"content keys")? })
    }

    /// Seals the summary of a message that lists show.
    pub fn seal_summary(&self, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.summaries.seal(binding, plain)
    }

    /// Opens a summary.
    pub fn open_summary(&self, binding: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.summaries.open(binding, sealed)
    }

    /// Wraps a content key for the epoch's reader.
    pub fn wrap_content(&self, binding: &[u8], key: &ContentKey) -> Result<Vec<u8>, Error> {
        self.contents.seal(binding, key.bytes())
    }

    /// Unwraps a content key.
    pub fn unwrap_content(&self, binding: &[u8], wrapped: &[u8]) -> Result<ContentKey, Error> {
        ContentKey::from_sealed(&self.contents.open(binding, wrapped)?)
    }
}
