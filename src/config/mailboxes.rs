//! `[mailboxes]`: how much an account may store, how long messages are kept in trash and junk, and
//! whether people inside find each other.

use serde::{Deserialize, Serialize};

use super::Problem;

/// The highest quota: no file system holds more.
pub(crate) const OCTETS_MAX: u64 = 1 << 60;
/// A mailbox numbers its messages in 32 bits (RFC 9051 §2.3.1.1).
pub(crate) const MESSAGES_MAX: u64 = u32::MAX as u64;

/// How much an account may store, how long messages are kept in trash and junk, and whether people
/// inside find each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mailboxes {
    /// Days after which an opened message is deleted from the trash for good; 0 keeps it.
    pub trash_days: u32,
    /// The same for junk.
    pub junk_days: u32,
    /// How many changes of an account are kept for pages and programs that were away; one that was
    /// away for longer reads everything again.
    pub changes_kept: u64,
    /// How much an account may store, in octets: its messages, its drafts, its contacts and the files
    /// that it uploads; 0 is no limit. At 80 % and at 95 % its owner is warned; when it is full, it sends
    /// and receives nothing. Managers may set another limit for a single account.
    pub quota_octets_max: u64,
    /// How many messages and drafts an account may store; 0 is no limit.
    pub quota_messages_max: u64,
    /// Whether people inside find each other by name or address when they write; managers may
    /// change it. Disabled and temporary accounts are never shown.
    pub directory: bool,
}

impl Default for Mailboxes {
    fn default() -> Self {
        Mailboxes {
            trash_days: 30,
            junk_days: 30,
            changes_kept: 20_000,
            quota_octets_max: 10_000_000_000,
            quota_messages_max: 200_000,
            directory: true,
        }
    }
}

impl Mailboxes {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("mailboxes.trash_days", u64::from(self.trash_days), 0..=3_650)?;
        Problem::unless_in("mailboxes.junk_days", u64::from(self.junk_days), 0..=3_650)?;
        Problem::unless_in("mailboxes.changes_kept", self.changes_kept, 100..=1_000_000)?;
        let octets = self.quota_octets_max;
        Problem::unless_in("mailboxes.quota_octets_max", octets, 0..=OCTETS_MAX)?;
        let messages = self.quota_messages_max;
        Problem::unless_in("mailboxes.quota_messages_max", messages, 0..=MESSAGES_MAX)
    }
}
