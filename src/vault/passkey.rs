//! Passkeys (WebAuthn Level 3): parsing and verifying what an authenticator returns.
//!
//! No attestation is requested, since the make of an authenticator does not matter here. The public
//! key is accepted in the form that the browser returns (`getPublicKey()`, a SubjectPublicKeyInfo),
//! which it derives from the attested credential data, so no CBOR has to be parsed.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{Error, Lookup, Vault, random_bytes};

/// The algorithm with which an authenticator signs (RFC 9053; the numbers are COSE's).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    Es256,
    EdDsa,
    Rs256,
}

/// The COSE numbers of the accepted algorithms, the preferred one first.
pub const ALGORITHMS: [i32; 3] = [-7, -8, -257];

impl Algorithm {
    /// Returns the algorithm with a COSE number.
    pub fn from_cose(number: i32) -> Result<Algorithm, Error> {
        match number {
            -7 => Ok(Algorithm::Es256),
            -8 => Ok(Algorithm::EdDsa),
            -257 => Ok(Algorithm::Rs256),
            _ => Err(Error::Malformed),
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Algorithm::Es256 => &ECDSA_P256_SHA256_ASN1,
            Algorithm::EdDsa => &ED25519,
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        }
    }
}

/// A passkey's public half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    algorithm: Algorithm,
    /// SubjectPublicKeyInfo, DER.
    spki: Vec<u8>,
}

/// The longest public key: RSA with 8192 bits.
const SPKI_OCTETS_MAX: usize = 1_100;
/// The longest `clientDataJSON`.
const CLIENT_DATA_OCTETS_MAX: usize = 4_096;
/// The longest authenticator data, with an attested key and extensions.
const AUTHENTICATOR_OCTETS_MAX: usize = 4_096;
/// The longest identifier of a passkey (WebAuthn §5.8.3).
const CREDENTIAL_ID_OCTETS_MAX: usize = 1_023;
/// The longest signature: RSA with 8192 bits.
const SIGNATURE_OCTETS_MAX: usize = 1_024;

impl PublicKey {
    /// Accepts a key of the given algorithm; `Malformed` for anything else.
    pub fn new(algorithm: Algorithm, spki: &[u8]) -> Result<PublicKey, Error> {
        if spki.len() > SPKI_OCTETS_MAX {
            return Err(Error::Malformed);
        }
        ParsedPublicKey::new(algorithm.verification(), spki).map_err(|_| Error::Malformed)?;
        Ok(PublicKey { algorithm, spki: spki.to_vec() })
    }
}

/// What a response must refer to.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'e> {
    /// The origin of the page, such as `https://mail.example.org`.
    pub origin: &'e str,
    /// The origin's host.
    pub rp_id: &'e str,
    pub challenge: &'e Challenge,
}

/// A valid new passkey: the user was present and verified, and the challenge is the expected one.
pub struct Registered {
    pub credential_id: Vec<u8>,
    pub public_key: PublicKey,
    pub sign_count: u32,
}

/// What a browser returns for a new passkey.
pub struct Registration<'r> {
    pub client_data: &'r [u8],
    pub authenticator_data: &'r [u8],
    pub algorithm: i32,
    pub spki: &'r [u8],
}

/// What a browser returns for a passkey's signature.
pub struct Assertion<'a> {
    pub client_data: &'a [u8],
    pub authenticator_data: &'a [u8],
    pub signature: &'a [u8],
}

/// The result of a valid assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asserted {
    pub sign_count: u32,
}

impl Registration<'_> {
    /// Checks the registration (WebAuthn §7.1, without attestation).
    pub fn check(&self, expected: &Expected<'_>) -> Result<Registered, Error> {
        check_client_data(self.client_data, "webauthn.create", expected)?;
        let said = AuthenticatorData::parse(self.authenticator_data)?;
        said.check(expected)?;
        let credential_id = said.credential_id.ok_or(Error::Malformed)?.to_vec();
        let public_key = PublicKey::new(Algorithm::from_cose(self.algorithm)?, self.spki)?;
        Ok(Registered { credential_id, public_key, sign_count: said.sign_count })
    }
}

impl Assertion<'_> {
    /// Checks the assertion (WebAuthn §7.2). `before` is the last known count: the count of an
    /// authenticator that counts always grows, unless the authenticator was cloned.
    pub fn check(
        &self,
        key: &PublicKey,
        before: u32,
        expected: &Expected<'_>,
    ) -> Result<Asserted, Error> {
        check_client_data(self.client_data, "webauthn.get", expected)?;
        let said = AuthenticatorData::parse(self.authenticator_data)?;
        said.check(expected)?;
        if self.signature.len() > SIGNATURE_OCTETS_MAX {
            return Err(Error::Malformed);
        }
        let hash = digest(&SHA256, self.client_data);
        let signed = [self.authenticator_data, hash.as_ref()].concat();
        UnparsedPublicKey::new(key.algorithm.verification(), &key.spki)
            .verify(&signed, self.signature)
            .map_err(|_| Error::Refused)?;
        let counts = said.sign_count > 0 || before > 0;
        if counts && said.sign_count <= before {
            return Err(Error::Refused);
        }
        Ok(Asserted { sign_count: said.sign_count })
    }
}

/// The client data, which the browser created and the authenticator signed (WebAuthn §5.8.1).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

fn check_client_data(octets: &[u8], kind: &str, expected: &Expected<'_>) -> Result<(), Error> {
    if octets.len() > CLIENT_DATA_OCTETS_MAX {
        return Err(Error::Malformed);
    }
    let said: ClientData = serde_json::from_slice(octets).map_err(|_| Error::Malformed)?;
    let fits = said.r#type == kind
        && said.challenge == expected.challenge.to_text()
        && said.origin == expected.origin
        && !said.cross_origin;
    if fits { Ok(()) } else { Err(Error::Refused) }
}

/// The parts of the authenticator data that are needed here (WebAuthn §6.1).
#[derive(Debug, PartialEq, Eq)]
pub struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8; 32],
    flags: u8,
    sign_count: u32,
    credential_id: Option<&'a [u8]>,
}

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const ATTESTED: u8 = 1 << 6;

impl<'a> AuthenticatorData<'a> {
    /// Parses `rpIdHash (32) | flags (1) | signCount (4) | [aaguid (16) | length (2) | id | key…]`.
    pub fn parse(octets: &'a [u8]) -> Result<AuthenticatorData<'a>, Error> {
        if octets.len() > AUTHENTICATOR_OCTETS_MAX {
            return Err(Error::Malformed);
        }
        let (rp_id_hash, rest) = octets.split_first_chunk().ok_or(Error::Malformed)?;
        let (&[flags], rest) = rest.split_first_chunk().ok_or(Error::Malformed)?;
        let (count, rest) = rest.split_first_chunk().ok_or(Error::Malformed)?;
        let credential_id = match flags & ATTESTED {
            0 => None,
            _ => Some(attested_id(rest)?),
        };
        Ok(AuthenticatorData {
            rp_id_hash,
            flags,
            sign_count: u32::from_be_bytes(*count),
            credential_id,
        })
    }

    fn check(&self, expected: &Expected<'_>) -> Result<(), Error> {
        let hash = digest(&SHA256, expected.rp_id.as_bytes());
        let needed = USER_PRESENT | USER_VERIFIED;
        match hash.as_ref() == self.rp_id_hash && self.flags & needed == needed {
            true => Ok(()),
            false => Err(Error::Refused),
        }
    }
}

fn attested_id(octets: &[u8]) -> Result<&[u8], Error> {
    let (_aaguid, rest) = octets.split_first_chunk::<16>().ok_or(Error::Malformed)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Error::Malformed)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let id = rest.get(..length).ok_or(Error::Malformed)?;
    match (1..=CREDENTIAL_ID_OCTETS_MAX).contains(&length) {
        true => Ok(id),
        false => Err(Error::Malformed),
    }
}

/// 32 octets that a passkey is asked to sign: the time, random octets, and a tag that proves that
/// the challenge was created here, and for which purpose. So nothing is stored for a challenge
/// that is only requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Challenge([u8; 32]);

const MARK_AT: usize = 16;

impl Challenge {
    /// Returns the text form (base64url without padding).
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Parses the text form.
    pub fn parse(text: &str) -> Result<Challenge, Error> {
        let octets = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Malformed)?;
        <[u8; 32]>::try_from(octets).map(Challenge).map_err(|_| Error::Malformed)
    }

    fn made_secs(&self) -> i64 {
        i64::from_be_bytes(*self.0.first_chunk().expect("8 of 32 octets"))
    }
}

impl Vault {
    /// Creates a challenge for `purpose`.
    pub fn challenge_new(&self, purpose: &[u8], now_secs: i64) -> Result<Challenge, Error> {
        let mut octets = [0; 32];
        octets[..8].copy_from_slice(&now_secs.to_be_bytes());
        octets[8..MARK_AT].copy_from_slice(&random_bytes::<8>()?);
        let mark = self.challenge_mark(purpose, &octets);
        octets[MARK_AT..].copy_from_slice(&mark);
        Ok(Challenge(octets))
    }

    /// Checks a challenge; `Refused` unless it was created here for `purpose`, at most `age_secs`
    /// ago.
    pub fn challenge_check(
        &self,
        challenge: &Challenge,
        purpose: &[u8],
        now_secs: i64,
        age_secs: i64,
    ) -> Result<(), Error> {
        let mark = self.challenge_mark(purpose, &challenge.0);
        let same =
            aws_lc_rs::constant_time::verify_slices_are_equal(&mark, &challenge.0[MARK_AT..]);
        let age = now_secs.saturating_sub(challenge.made_secs());
        match same.is_ok() && (0..=age_secs).contains(&age) {
            true => Ok(()),
            false => Err(Error::Refused),
        }
    }

    fn challenge_mark(&self, purpose: &[u8], octets: &[u8; 32]) -> [u8; 16] {
        self.lookup(Lookup::Challenge, &[&octets[..MARK_AT], purpose].concat())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

    use super::*;
    use crate::vault::{DaemonKey, PasswordCost, PoolLimits};

    const ORIGIN: &str = "https://mail.example.org";
    const RP_ID: &str = "mail.example.org";

    fn vault() -> Vault {
        Vault::new(DaemonKey::generate().unwrap(), PoolLimits::default(), PasswordCost::default())
    }

    struct Authenticator {
        pair: EcdsaKeyPair,
        flags: u8,
        count: u32,
        rp_id: &'static str,
    }

    impl Authenticator {
        fn new() -> Authenticator {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
            Authenticator { pair, flags: USER_PRESENT | USER_VERIFIED, count: 7, rp_id: RP_ID }
        }

        fn spki(&self) -> Vec<u8> {
            self.pair.public_key().as_der().unwrap().as_ref().to_vec()
        }

        fn key(&self) -> PublicKey {
            PublicKey::new(Algorithm::Es256, &self.spki()).unwrap()
        }

        fn data(&self, attested: bool) -> Vec<u8> {
            let mut data = digest(&SHA256, self.rp_id.as_bytes()).as_ref().to_vec();
            data.push(self.flags | if attested { ATTESTED } else { 0 });
            data.extend(self.count.to_be_bytes());
            if attested {
                data.extend([0; 16]);
                data.extend([0, 3]);
                data.extend(b"abc and the key");
            }
            data
        }

        fn sign(&self, client_data: &[u8]) -> (Vec<u8>, Vec<u8>) {
            let data = self.data(false);
            let signed = [&data[..], digest(&SHA256, client_data).as_ref()].concat();
            let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
            (data, signature.as_ref().to_vec())
        }
    }

    fn client_data(kind: &str, challenge: &str, origin: &str) -> Vec<u8> {
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","x":1}}"#)
            .into_bytes()
    }

    fn asserted(
        one: &Authenticator,
        said: &[u8],
        key: &PublicKey,
        before: u32,
        challenge: &Challenge,
    ) -> Result<Asserted, Error> {
        let (data, signature) = one.sign(said);
        Assertion { client_data: said, authenticator_data: &data, signature: &signature }.check(
            key,
            before,
            &Expected { origin: ORIGIN, rp_id: RP_ID, challenge },
        )
    }

    /// P-13
    #[test]
    fn an_answer_is_true_only_as_a_whole() {
        let challenge = vault().challenge_new(b"sign in", 1_000).unwrap();
        let text = challenge.to_text();
        let good = client_data("webauthn.get", &text, ORIGIN);
        let mut one = Authenticator::new();
        let key = one.key();
        assert_eq!(asserted(&one, &good, &key, 6, &challenge).unwrap().sign_count, 7);
        // A count that does not grow, and a wrong key, page, type or challenge, are refused.
        assert!(asserted(&one, &good, &key, 7, &challenge).is_err());
        assert!(asserted(&one, &good, &Authenticator::new().key(), 6, &challenge).is_err());
        for said in [
            client_data("webauthn.get", &text, "https://mail.example.org.evil.example"),
            client_data("webauthn.create", &text, ORIGIN),
            client_data("webauthn.get", "AAAA", ORIGIN),
            b"{}".to_vec(),
        ] {
            assert!(asserted(&one, &said, &key, 6, &challenge).is_err());
        }
        one.flags = USER_PRESENT;
        assert!(asserted(&one, &good, &key, 6, &challenge).is_err(), "the user was not verified");
        one.flags = USER_PRESENT | USER_VERIFIED;
        one.rp_id = "evil.example";
        assert!(asserted(&one, &good, &key, 6, &challenge).is_err(), "made for another host");
        one.rp_id = RP_ID;
        one.count = 0;
        assert!(asserted(&one, &good, &key, 0, &challenge).is_ok(), "some do not count");
        let (mut data, signature) = one.sign(&good);
        data[36] ^= 1;
        let forged =
            Assertion { client_data: &good, authenticator_data: &data, signature: &signature };
        let expected = Expected { origin: ORIGIN, rp_id: RP_ID, challenge: &challenge };
        assert!(forged.check(&key, 0, &expected).is_err(), "it was changed after it was signed");
    }

    #[test]
    fn a_new_passkey_is_accepted_with_its_identifier() {
        let challenge = vault().challenge_new(b"new", 1_000).unwrap();
        let (one, said) =
            (Authenticator::new(), client_data("webauthn.create", &challenge.to_text(), ORIGIN));
        let expected = Expected { origin: ORIGIN, rp_id: RP_ID, challenge: &challenge };
        let (data, spki) = (one.data(true), one.spki());
        let good = Registration {
            client_data: &said,
            authenticator_data: &data,
            algorithm: -7,
            spki: &spki,
        };
        assert_eq!(good.check(&expected).unwrap().credential_id, b"abc");
        let cut = data[..data.len() - 13].to_vec();
        for (data, algorithm, spki) in [
            (&one.data(false), -7, &spki),
            (&cut, -7, &spki),
            (&data, -8, &spki),
            (&data, -36, &spki),
            (&data, -7, &b"no key".to_vec()),
        ] {
            let bad =
                Registration { client_data: &said, authenticator_data: data, algorithm, spki };
            assert!(bad.check(&expected).is_err());
        }
    }

    #[test]
    fn a_challenge_is_ours_for_one_purpose_and_a_while() {
        let (vault, other) = (vault(), vault());
        let challenge = vault.challenge_new(b"sign in", 1_000).unwrap();
        assert!(vault.challenge_check(&challenge, b"sign in", 1_300, 300).is_ok());
        assert!(vault.challenge_check(&challenge, b"sign in", 1_301, 300).is_err());
        assert!(vault.challenge_check(&challenge, b"sign in", 999, 300).is_err());
        assert!(vault.challenge_check(&challenge, b"new", 1_000, 300).is_err());
        assert!(other.challenge_check(&challenge, b"sign in", 1_000, 300).is_err());
        assert_eq!(Challenge::parse(&challenge.to_text()).unwrap(), challenge);
        assert!(Challenge::parse("AAAA").is_err());
    }
}
