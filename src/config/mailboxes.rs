//! `[mailboxes]`: how long messages are kept in trash and junk, and how many changes.

use serde::{Deserialize, Serialize};

use super::Problem;

/// How long messages are kept in trash and junk, and how many changes.
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
}

impl Default for Mailboxes {
    fn default() -> Self {
        Mailboxes { trash_days: 30, junk_days: 30, changes_kept: 20_000 }
    }
}

impl Mailboxes {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("mailboxes.trash_days", u64::from(self.trash_days), 0..=3_650)?;
        Problem::unless_in("mailboxes.junk_days", u64::from(self.junk_days), 0..=3_650)?;
        Problem::unless_in("mailboxes.changes_kept", self.changes_kept, 100..=1_000_000)
    }
}
