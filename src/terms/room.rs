//! What a chat room is, and what a line in it says.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether somebody admits those who join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoomKind {
    /// Of two people inside.
    Conversation,
    /// With controllers, who admit each of the others.
    Room,
}

super::words!(RoomKind { Conversation => "conversation", Room => "room" });

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LineKind {
    Said,
    /// It was said, and deleted.
    Deleted,
    Joined,
    Left,
    Removed,
    /// The last session that had the room open ended.
    Away,
    /// A session has it open again.
    Back,
}

super::words!(LineKind {
    Said => "said",
    Deleted => "deleted",
    Joined => "joined",
    Left => "left",
    Removed => "removed",
    Away => "away",
    Back => "back",
});
