//! `[store]`: how the journal and its index are kept.

use serde::{Deserialize, Serialize};

use super::Problem;

/// How the journal and its index are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Size of one journal segment, in MiB.
    pub segment_mib: u64,
    /// The most memory for parts of the index and for records that were read lately, in MiB.
    pub cache_mib: u64,
    /// The most memory for changes that are not yet in the index on disk, in MiB. While it is used
    /// up, new mail waits.
    pub memory_mib: u64,
    /// New mail is deferred (452) when less than this is free on the disk, in MiB.
    pub free_min_mib: u64,
    /// A segment is rewritten when at least this share of it is dead, in percent.
    pub compact_dead_percent: u8,
    /// Deleted and rejected messages are erased from the disk after this many hours.
    pub erase_within_hours: u32,
    /// At most this much is rewritten per second, in MiB.
    pub compact_mib_per_sec: u32,
}

impl Default for Store {
    fn default() -> Self {
        Store {
            segment_mib: 64,
            cache_mib: 16,
            memory_mib: 32,
            free_min_mib: 256,
            compact_dead_percent: 50,
            erase_within_hours: 24,
            compact_mib_per_sec: 20,
        }
    }
}

impl Store {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("store.segment_mib", self.segment_mib, 1..=1024)?;
        Problem::unless_in("store.cache_mib", self.cache_mib, 1..=65_536)?;
        Problem::unless_in("store.memory_mib", self.memory_mib, 1..=65_536)?;
        let dead = u64::from(self.compact_dead_percent);
        Problem::unless_in("store.compact_dead_percent", dead, 5..=95)?;
        let hours = u64::from(self.erase_within_hours);
        Problem::unless_in("store.erase_within_hours", hours, 1..=8_760)?;
        let rate = u64::from(self.compact_mib_per_sec);
        Problem::unless_in("store.compact_mib_per_sec", rate, 1..=10_000)
    }
}
