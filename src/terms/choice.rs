//! How a message to an outside recipient is sent, and who may decide it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a message to an outside recipient is sent.
// The choices of figure 4 of the patent, and one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The message is not sent, and its sender is notified.
    Refuse,
    /// The message leaves unprotected once its sender has agreed.
    Ask,
    /// The message waits in a temporary account.
    TemporaryAccount,
    /// The message leaves unprotected.
    Plain,
    /// The message leaves only over TLS that the recipient's domain vouches for (MTA-STS or DANE).
    VerifiedTls,
}

super::words!(Choice {
    Refuse => "refuse",
    Ask => "ask",
    TemporaryAccount => "temporary-account",
    Plain => "plain",
    VerifiedTls => "verified-tls",
});

/// Whether users may choose something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Users may not.
    Fixed,
    /// The choice applies until a user chooses something else.
    Default,
    /// Works like `Default`, but is shown as a mere suggestion.
    Free,
}

super::words!(Mode { Fixed => "fixed", Default => "default", Free => "free" });
