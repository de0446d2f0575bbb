//! The records of the schedule: entries of calendars, and meetings that somebody asked for.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::store::Record;
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
    /// The mark of the request that asked for it, and the keyed hash of what it said.
    pub mark: [u8; 16],
    pub said: [u8; 16],
    /// When this row goes, in milliseconds: when the last of its invitees no longer needs it, or it is cancelled.
    pub until: u64,
    pub rule: MeetingRule,
    pub heard: Heard<AccountId>,
    pub people: Vec<Invited>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MeetingRowV1 {
    asked: Timestamp,
    rule: MeetingRule,
    heard: Heard<AccountId>,
    people: Vec<Invited>,
}

impl Record for MeetingRowV1 {
    const VERSION: u8 = 1;
}

impl From<MeetingRowV1> for MeetingRow {
    /// Nobody knows when it is over: it is kept until it is changed or cancelled.
    fn from(old: MeetingRowV1) -> MeetingRow {
        let MeetingRowV1 { asked, rule, heard, people } = old;
        MeetingRow { asked, mark: [0; 16], said: [0; 16], until: 0, rule, heard, people }
    }
}

/// An address that was asked. An account that has several of them has several such places, and answers for all at once.
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
    /// When this row goes, in milliseconds.
    pub until: u64,
    /// From which the invitee's keys derive the one that opens what is sealed.
    #[serde(with = "serde_bytes")]
    pub encapsulation: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    /// What the invitee answered in words, sealed for the invitee; empty if nothing.
    #[serde(with = "serde_bytes")]
    pub said: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MeetingAskedV1 {
    by: AccountId,
    sequence: u32,
    entered: Option<u32>,
    #[serde(with = "serde_bytes")]
    encapsulation: Vec<u8>,
    #[serde(with = "serde_bytes")]
    sealed: Vec<u8>,
    #[serde(with = "serde_bytes")]
    said: Vec<u8>,
}

impl Record for MeetingAskedV1 {
    const VERSION: u8 = 1;
}

impl From<MeetingAskedV1> for MeetingAsked {
    /// Nobody knows when it is over: it is kept until it is changed, cancelled or answered.
    fn from(old: MeetingAskedV1) -> MeetingAsked {
        let MeetingAskedV1 { by, sequence, entered, encapsulation, sealed, said } = old;
        MeetingAsked { by, sequence, entered, until: 0, encapsulation, sealed, said }
    }
}

/// Which meeting a message is about, by the message; and by the mark of the request that asked for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingNotice {
    pub by: AccountId,
    pub meeting: ReferenceKey,
}
