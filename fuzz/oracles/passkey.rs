//! Passkey responses from a browser: whatever the input, no assertion without a valid signature is
//! accepted, and an accepted registration follows the rules.

use postern::vault::passkey::{Algorithm, Assertion, Challenge, Expected, PublicKey, Registration};

const ORIGIN: &str = "https://mail.example.org";
const RP_ID: &str = "mail.example.org";
/// The challenge of the seeds: 32 zeros.
pub const CHALLENGE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// SHA-256 of `RP_ID`.
pub const RP_ID_HASH: [u8; 32] = [
    0x5e, 0x49, 0x5c, 0x3b, 0x0b, 0x65, 0xb7, 0xfc, 0x19, 0x8c, 0xa9, 0xca, 0x06, 0x46, 0x0a, 0x33,
    0xe5, 0xe9, 0x0f, 0x91, 0xf8, 0x1e, 0xa1, 0xa1, 0x4d, 0x83, 0x16, 0x1a, 0x3a, 0xd1, 0x24, 0x65,
];

/// A P-256 key whose private key is never used: the generator itself.
const SPKI: [u8; 91] = *b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\
\xce\x3d\x03\x01\x07\x03\x42\x00\x04\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\
\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\x4f\xe3\x42\xe2\xfe\x1a\x7f\
\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\
\xf5";

/// The first two octets are the length of the client data; the rest is the client data and then
/// the authenticator data.
pub fn answer(input: &[u8]) {
    let Some((length, rest)) = input.split_first_chunk::<2>() else { return };
    let at = usize::from(u16::from_be_bytes(*length)).min(rest.len());
    let (client_data, authenticator_data) = rest.split_at(at);
    let challenge = Challenge::parse(CHALLENGE).unwrap();
    let expected = Expected { origin: ORIGIN, rp_id: RP_ID, challenge: &challenge };
    let key = PublicKey::new(Algorithm::Es256, &SPKI).unwrap();
    let signature = &authenticator_data[..authenticator_data.len().min(72)];
    let said = Assertion { client_data, authenticator_data, signature };
    assert!(said.check(&key, 0, &expected).is_err(), "nobody signed this");
    let said = Registration { client_data, authenticator_data, algorithm: -7, spki: &SPKI };
    if let Ok(made) = said.check(&expected) {
        assert!(authenticator_data.starts_with(&RP_ID_HASH));
        // The flags: user present, user verified, attested credential data included.
        assert_eq!(authenticator_data[32] & 0b0100_0101, 0b0100_0101);
        assert_eq!(&authenticator_data[55..55 + made.credential_id.len()], made.credential_id);
    }
}
