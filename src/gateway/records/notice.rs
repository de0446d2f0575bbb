//! When somebody is given notices of chats and boards, what waits to be named in one, and the other address
//! to which they go.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::room::RoomId;
use crate::terms::{NoticeAddressState, NoticePace};

/// Hours of each day, in minutes after midnight: from the first one until before the second one, which may
/// be after midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    pub from: u16,
    pub until: u16,
}

/// When somebody is given notices. The daemon has to know, for it gives them while nobody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeTerms {
    /// The name of the time zone (RFC 9557 §4.1), in which the times below are.
    pub zone: String,
    pub pace: NoticePace,
    /// When the notice of a day is given, in minutes after midnight.
    pub daily_minute: u16,
    /// When none is given.
    pub quiet: Option<QuietHours>,
    /// Whether there are notices of posts in topics that are followed.
    pub posts: bool,
}

impl Default for NoticeTerms {
    fn default() -> Self {
        NoticeTerms {
            zone: "UTC".to_owned(),
            pace: NoticePace::AtOnce,
            daily_minute: 8 * 60,
            quiet: None,
            posts: true,
        }
    }
}

/// A room in which something waits, and the first line that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingLine {
    pub room: RoomId,
    pub line: ReferenceKey,
}

/// What the next notice of somebody names, by reference numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeWaiting {
    /// Since when something waits.
    pub since: Timestamp,
    pub lines: Vec<WaitingLine>,
    pub posts: Vec<ReferenceKey>,
}

/// A code that was sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeCode {
    /// A keyed hash of it, of the account and of the address.
    pub hash: [u8; 16],
    pub sent: Timestamp,
    /// How many wrong codes were entered.
    pub wrong: u32,
}

/// The other address of somebody, to which notices go as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeAddress {
    /// `None` once it was removed: what follows still counts.
    pub address: Option<String>,
    pub state: NoticeAddressState,
    /// Since when it is so.
    pub since: Timestamp,
    pub code: Option<NoticeCode>,
    /// When codes were asked for, within a day.
    pub asked: Vec<Timestamp>,
    /// When notices were mailed, within a day.
    pub mailed: Vec<Timestamp>,
}

impl NoticeAddress {
    /// Whether notices go to this address.
    pub(in crate::gateway) fn is_confirmed(&self, address: &str) -> bool {
        self.state == NoticeAddressState::Confirmed && self.address.as_deref() == Some(address)
    }
}

/// When codes were sent to an address, by anybody's wish, within a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeAsked {
    pub at: Vec<Timestamp>,
}

/// A topic in which followers may have to be told of posts from this number on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicWatch {
    pub from: u64,
}

/// Somebody who follows a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicFollower {
    /// The number of the post that a notice named last.
    pub noticed: u64,
}
