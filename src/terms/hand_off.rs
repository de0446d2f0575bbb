//! How an outsider gets the first password.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How an outsider gets the first password (decision D1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HandOff {
    /// The mail holds a password for one use; the outsider chooses another with it.
    Claim,
    /// The mail holds the password.
    InMail,
    /// The mail holds none; the sender is shown it and tells it.
    BySender,
}

super::words!(HandOff { Claim => "claim", InMail => "in-mail", BySender => "by-sender" });
