//! What outside senders learn about the recipient.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How precisely outside senders learn when the recipient was last active (decision D4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LastInteraction {
    Never,
    Day,
    Exact,
}

super::words!(LastInteraction { Never => "never", Day => "day", Exact => "exact" });

/// Whether outside senders are notified that a message was read or rejected (decision D5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConfirmOutside {
    Never,
    Ask,
    Known,
    Always,
}

super::words!(ConfirmOutside {
    Never => "never",
    Ask => "ask",
    Known => "known",
    Always => "always",
});
