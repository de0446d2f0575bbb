//! How the local engine is kept: what the configuration says, and what is fixed.

use std::path::PathBuf;
use std::time::Duration;

use crate::config;

/// How the local engine is kept.
#[derive(Clone, Debug)]
pub struct LocalConfig {
    pub folder: PathBuf,
    /// A segment that has grown past this is closed.
    pub segment_octets: u64,
    pub index_cache_octets: u64,
    /// New contents are put off when less than this is free.
    pub free_min_octets: u64,
    pub dead_percent: u8,
    /// What was deleted is gone from the medium after this long.
    pub erase_secs: u64,
    pub compact_octets_per_sec: u64,
    /// How long to wait before the first try to write again after a failure.
    pub retry_first: Duration,
    /// Most transactions in one group.
    pub group_max: usize,
    /// Most transactions that wait for the writer; more block.
    pub waiting_max: usize,
    /// Rows that may wait for the index before writers wait for it.
    pub overlay_rows_max: usize,
    pub checkpoint_every: Duration,
    /// How often it is looked whether a segment is to be compacted.
    pub compact_look_every: Duration,
}

impl LocalConfig {
    /// The defaults, in a folder.
    pub fn in_folder(folder: PathBuf) -> LocalConfig {
        LocalConfig::from_config(folder, &config::Store::default())
    }

    /// What the configuration says, in a folder.
    pub fn from_config(folder: PathBuf, config: &config::Store) -> LocalConfig {
        const MIB: u64 = 1024 * 1024;
        LocalConfig {
            folder,
            segment_octets: config.segment_mib * MIB,
            index_cache_octets: config.index_cache_mib * MIB,
            free_min_octets: config.free_min_mib * MIB,
            dead_percent: config.compact_dead_percent,
            erase_secs: u64::from(config.erase_within_hours) * 3600,
            compact_octets_per_sec: u64::from(config.compact_mib_per_sec) * MIB,
            retry_first: Duration::from_millis(250),
            group_max: 512,
            waiting_max: 4_096,
            overlay_rows_max: 200_000,
            checkpoint_every: Duration::from_secs(60),
            compact_look_every: Duration::from_secs(10),
        }
    }
}
