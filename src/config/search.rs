//! `[search]`: full-text search in messages.

use serde::{Deserialize, Serialize};

use super::Problem;

/// Full-text search in messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// How much of a message's text can be searched, in KiB.
    pub text_kib: u64,
}

impl Default for Search {
    fn default() -> Self {
        Search { text_kib: 256 }
    }
}

impl Search {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("search.text_kib", self.text_kib, 1..=1_024)
    }
}
