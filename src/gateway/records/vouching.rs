//! Signing keys, attestations, and the signed registers that say which of them are in force.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::vault::VerifyingKey;

/// The signing pair of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    pub public: VerifyingKey,
    /// How many pairs the account had before.
    pub number: u32,
    #[serde(with = "serde_bytes")]
    pub sealed_private: Vec<u8>,
    pub since: Timestamp,
    /// The account was recovered: its next request makes another pair.
    pub ended: bool,
    /// Whether messages are signed unless their sender says otherwise.
    pub signs: bool,
}

/// A statement in its canonical form, with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedStatement {
    #[serde(with = "serde_bytes")]
    pub octets: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub signature: Vec<u8>,
}

/// What one account attests about another. It stays, with its revocation, until neither of the
/// two lists it in a register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    pub attested: SignedStatement,
    pub revoked: Option<SignedStatement>,
    pub note: Option<SealedNote>,
    /// Its voucher was notified that it is about a key, or an address, which is no longer the one.
    pub key_changed: bool,
}

/// A note that the two parties of an attestation alone can open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedNote {
    #[serde(with = "serde_bytes")]
    pub sealed_text: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub wrapped_for_voucher: Vec<u8>,
    /// The arrival epoch of the one whom the attestation is about.
    pub epoch: u64,
    #[serde(with = "serde_bytes")]
    pub wrapped_for_subject: Vec<u8>,
}

/// Which of its two parties a row of a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestSide {
    /// The owner of the row was asked.
    Asked,
    /// The owner of the row asks.
    Asking,
}

/// A request to be vouched for; each of its parties has a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VouchRequest {
    pub side: RequestSide,
    pub at: Timestamp,
    /// When it was refused, or taken back. The row of the one who asked stays for a while.
    pub ended: Option<Timestamp>,
}
