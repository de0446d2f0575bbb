//! `[store]`: how the journal and its index are kept.

use serde::{Deserialize, Serialize};

use super::Problem;

/// How the journal and its index are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Size of one journal segment, in MiB.
    pub segment_mib: u64,
    /// The index's cache, in MiB. The index may take about three times as much memory.
    pub index_cache_mib: u64,
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
            index_cache_mib: 32,
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
        Problem::unless_in("store.index_cache_mib", self.index_cache_mib, 1..=65_536)?;
        let dead = u64::from(self.compact_dead_percent);
        Problem::unless_in("store.compact_dead_percent", dead, 5..=95)?;
        let hours = u64::from(self.erase_within_hours);
        Problem::unless_in("store.erase_within_hours", hours, 1..=8_760)?;
        let rate = u64::from(self.compact_mib_per_sec);
        Problem::unless_in("store.compact_mib_per_sec", rate, 1..=10_000)
    }
}
