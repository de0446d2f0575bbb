//! `[manage]`: the administrators' pages and the audit log.

use serde::{Deserialize, Serialize};

use super::Problem;

/// The administrators' pages and the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manage {
    /// How long an administrator's password counts as recently confirmed, in seconds, before it
    /// is asked for again.
    pub fresh_secs: u64,
    /// How long the audit log is kept, in days.
    pub log_days: u32,
}

impl Default for Manage {
    fn default() -> Self {
        Manage { fresh_secs: 600, log_days: 400 }
    }
}

impl Manage {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("manage.fresh_secs", self.fresh_secs, 60..=86_400)?;
        Problem::unless_in("manage.log_days", u64::from(self.log_days), 1..=3_650)
    }
}
