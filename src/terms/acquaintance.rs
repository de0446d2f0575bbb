//! How a voucher made sure of the person whom an attestation is about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a voucher made sure of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Acquaintance {
    /// They met, and compared the fingerprint.
    InPerson,
    /// They compared it in a call.
    Call,
    /// They have known each other for long.
    Known,
}

super::words!(Acquaintance {
    InPerson => "in-person",
    Call => "call",
    Known => "known",
});
