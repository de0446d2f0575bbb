//! What an attestation, or a signature, is worth to the one who reads it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an attestation is worth at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = AttestationStanding)]
pub enum Standing {
    InForce,
    Expired,
    /// Its voucher revoked it, or never signed that it is in force.
    Ended,
    /// One of its two parties has another key, or another address, than it names.
    KeyChanged,
    /// What says whether it is in force is not there, or is older than what was there before.
    Doubtful,
    /// Its signature does not fit: somebody changed it.
    Forged,
}

/// What the signature of a message is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureState {
    /// It fits the message, and the key is the one that the reader knows.
    Valid,
    /// It fits the message; the sender has another key since, and somebody else may know this one.
    EarlierKey,
    /// It fits the message, with another key than the one that the reader knows.
    KeyChanged,
    /// It fits the message, and the one who signed it is not known here any more.
    UnknownSigner,
    /// It does not fit the message, its sender, or what is shown of it; or it was made with an earlier
    /// key after the sender had another one.
    Broken,
    /// The message says that it is signed, and its signature is not there.
    Missing,
    /// The message is not signed, and the reader knew a key of its sender when it arrived.
    Unsigned,
}

/// Something that does not fit what people signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VouchProblem {
    /// The own key was not there any more, and another was created.
    OwnKeyLost,
    /// The list that somebody signed is older than one that was seen, or is not there.
    RegisterOld,
    /// The key of somebody is not the one that was known.
    KeyChanged,
    /// An attestation that somebody signed to have is not there.
    LeftOut,
    /// An attestation is there that its voucher does not list.
    Added,
    /// An attestation was changed.
    Forged,
}

super::words!(VouchProblem {
    OwnKeyLost => "own-key-lost",
    RegisterOld => "register-old",
    KeyChanged => "key-changed",
    LeftOut => "left-out",
    Added => "added",
    Forged => "forged",
});

super::words!(Standing {
    InForce => "in-force",
    Expired => "expired",
    Ended => "ended",
    KeyChanged => "key-changed",
    Doubtful => "doubtful",
    Forged => "forged",
});

super::words!(SignatureState {
    Valid => "valid",
    EarlierKey => "earlier-key",
    KeyChanged => "key-changed",
    UnknownSigner => "unknown-signer",
    Broken => "broken",
    Missing => "missing",
    Unsigned => "unsigned",
});
