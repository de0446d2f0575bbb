//! What happens to a message for somebody outside, and who decides it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What happens to a message for somebody outside.
// Figure 4 of the patent, and one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// It is not sent; its sender is told.
    Refuse,
    /// It leaves in clear once the sender said yes.
    Ask,
    /// It waits in a temporary account.
    TemporaryAccount,
    /// It leaves in clear.
    Plain,
    /// It leaves over TLS that the recipient's domain vouches for, or not at all.
    VerifiedTls,
}

super::words!(Choice {
    Refuse => "refuse",
    Ask => "ask",
    TemporaryAccount => "temporary-account",
    Plain => "plain",
    VerifiedTls => "verified-tls",
});

/// Whether people may choose otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nobody may.
    Fixed,
    /// It stands until somebody chooses otherwise.
    Default,
    /// The same; it is no more than a suggestion, and is shown as one.
    Free,
}

super::words!(Mode { Fixed => "fixed", Default => "default", Free => "free" });
