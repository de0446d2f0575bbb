//! The records of the schedule: entries of calendars, and meetings that somebody asked for.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::terms::{Heard, MeetingRule, Needed};

/// An entry within its owner's calendar. That of a meeting is the number of the request.
pub type EntryId = [u8; 16];

/// An entry, sealed for its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleEntry {
    /// Grows with each change.
    pub version: u32,
    /// When it was deleted, if that can still be undone.
    pub deleted: Option<Timestamp>,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

/// How long an entry that was deleted can be restored, in seconds.
const DELETED_KEPT_SECS: i64 = 24 * 3_600;

impl ScheduleEntry {
    /// When an entry that was deleted is removed for good.
    pub fn due(&self) -> Option<u64> {
        let at = self.deleted?.plus_secs(DELETED_KEPT_SECS);
        Some(u64::try_from(at.0).unwrap_or_default())
    }
}

/// A meeting, by who asked for it and the number of the request: who was asked, and who answered what. What
/// it is about, when and where it is, is sealed for each by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingRow {
    pub asked: Timestamp,
    pub rule: MeetingRule,
    pub heard: Heard<AccountId>,
    pub people: Vec<Invited>,
}

/// One who was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    pub account: AccountId,
    pub needed: Needed,
    pub answered: Option<Timestamp>,
    /// The marks of the latest requests by which this person answered: each is carried out once.
    pub requests: Vec<[u8; 16]>,
    /// From which the keys of who asked derive the one that opens what is sealed.
    #[serde(with = "serde_bytes")]
    pub encapsulation: Vec<u8>,
    /// The person's words, and the time proposed.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

/// What an invitee was asked, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingAsked {
    pub by: AccountId,
    /// The version that is sealed here.
    pub sequence: u32,
    /// The version that the invitee's entry says; `None` if there is none.
    pub entered: Option<u32>,
    /// From which the invitee's keys derive the one that opens what is sealed.
    #[serde(with = "serde_bytes")]
    pub encapsulation: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    /// What the invitee answered in words, sealed for the invitee; empty if nothing.
    #[serde(with = "serde_bytes")]
    pub said: Vec<u8>,
}

/// Which meeting a message is about, by the message; and by the mark of the request that asked for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingNotice {
    pub by: AccountId,
    pub meeting: ReferenceKey,
}
