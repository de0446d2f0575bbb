//! The records of chat: rooms and conversations of two, who is in them, and their lines.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::terms::{LineKind, RoomKind};

/// A room: its reference number, by which somebody asks to join.
pub type RoomId = ReferenceKey;

/// The number of a line within its room, from 1 on.
pub type LineNumber = u64;

/// A room, or a conversation of two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    pub kind: RoomKind,
    /// Whether who is admitted sees what was said before.
    pub shares_earlier: bool,
    pub created: Timestamp,
    /// Grows with each change of the name and of the setting.
    pub version: u32,
    /// The number of the last line.
    pub last: LineNumber,
    /// How many octets its lines are.
    pub octets: u64,
    /// Grows with each change or deletion of a line.
    pub changes: u64,
    /// Nobody is in it any more: what it holds is being deleted.
    pub ending: bool,
    /// Of a conversation, who left it.
    pub left_by: Option<AccountId>,
    /// The epoch of the room's keys that its name is sealed under.
    pub under: u32,
    #[serde(with = "serde_bytes")]
    pub sealed_name: Vec<u8>,
}

/// Somebody who is in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMember {
    pub controller: bool,
    /// Whether another one began this conversation: it takes no place among this member's own rooms.
    pub invited: bool,
    pub since: Timestamp,
    /// The line that says that this member joined: a transcript begins after it.
    pub joined: LineNumber,
    /// The first line that this member may see.
    pub from: LineNumber,
    /// How far this member has read, and when that changed last.
    pub read: LineNumber,
    pub read_at: Timestamp,
    /// Whether the others see this member as reading.
    pub reading: bool,
    /// Whether a session of this member has the room open.
    pub here: bool,
    /// Whether a line said that this member's last session ended.
    pub away: bool,
    /// Whether a notice said that something waits, since this member read last.
    pub noticed: bool,
    /// Whether the others see when this member types, reads, and is there.
    pub shows: bool,
    /// Whether this member wants neither notices nor lines about who comes and goes.
    pub mutes: bool,
}

/// What was said, or happened, in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomLine {
    pub reference: ReferenceKey,
    pub at: Timestamp,
    pub who: AccountId,
    pub kind: LineKind,
    /// Who admitted or removed somebody.
    pub by: Option<AccountId>,
    /// When it was changed last.
    pub edited: Option<Timestamp>,
    /// Grows with each change; what is sealed is bound to it.
    pub version: u32,
    /// The epoch of the room's keys that it is sealed under.
    pub under: u32,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    pub reactions: Vec<LineReaction>,
    /// The contents of its files, which go with it.
    pub contents: Vec<ReferenceKey>,
}

/// What the files of a line count for its author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomFiles {
    pub octets: u64,
}

/// How somebody reacted to a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineReaction {
    pub who: AccountId,
    pub under: u32,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

/// Somebody's request to join a room, which waits for a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRequest {
    pub at: Timestamp,
}

/// The same, as its sender keeps it: also of a room that is not there, so that nothing tells which are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomAsked {
    pub at: Timestamp,
    pub refused: bool,
}

/// When a controller refused somebody's request, or removed somebody: it is not asked again at once, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRefused {
    pub at: Timestamp,
    pub for_good: bool,
}

/// What a member said last, by the identifier that the member's client gave it, so that a request that is
/// repeated says it once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPosted {
    pub recent: Vec<([u8; 16], LineNumber)>,
}

/// The conversation of two people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomOf(pub RoomId);
