//! What outside senders learn of the recipient.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How exactly outside senders learn when the recipient was last here (decision D4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LastInteraction {
    Never,
    Day,
    Exact,
}

super::words!(LastInteraction { Never => "never", Day => "day", Exact => "exact" });

/// Whether outside senders are told that a message was read or rejected (decision D5).
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
