//! What somebody may do on a board.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A right on a board; each has those before it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum BoardRight {
    /// To read posts.
    Read,
    /// To post, and to change and delete own posts.
    Write,
    /// To change and delete the posts of others, and to pin and lock topics.
    Edit,
    /// To say who may do what, to change what the board is called, and to delete it.
    Manage,
}

super::words!(BoardRight {
    Read => "read",
    Write => "write",
    Edit => "edit",
    Manage => "manage",
});

/// What somebody wants to hear of a topic, besides that there is something that was not read.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Attention {
    /// It is named apart from the others.
    Followed,
    /// It is not counted as unread.
    Muted,
}

super::words!(Attention {
    Followed => "followed",
    Muted => "muted",
});
