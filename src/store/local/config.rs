//! The settings of the local engine: those of the configuration, and fixed ones.

use std::path::PathBuf;
use std::time::Duration;

use crate::config;

/// The settings of the local engine.
#[derive(Clone, Debug)]
pub struct LocalConfig {
    pub folder: PathBuf,
    /// A segment that has grown past this is closed.
    pub segment_octets: u64,
    /// How much of the index, and of the values that were read, is kept in memory.
    pub cache_octets: u64,
    /// How much memory the rows may take that are not yet in the index on disk. Writers have to
    /// wait when it is used up.
    pub memory_octets: usize,
    /// The index on disk is brought up to date after this much was added to the journal.
    pub checkpoint_octets: u64,
    /// New contents are deferred when less than this is free.
    pub free_min_octets: u64,
    pub dead_percent: u8,
    /// How long after its deletion data must be erased from the medium.
    pub erase_secs: u64,
    pub compact_octets_per_sec: u64,
    /// How long to wait after a failure before writing is retried for the first time.
    pub retry_first: Duration,
    /// The most transactions in one group.
    pub group_max: usize,
    /// The most requests that wait for the writer; further ones block.
    pub waiting_max: usize,
    pub checkpoint_every: Duration,
    /// How often it is checked whether a segment should be compacted.
    pub compact_look_every: Duration,
}

impl LocalConfig {
    /// Returns the default settings for a folder.
    pub fn in_folder(folder: PathBuf) -> LocalConfig {
        LocalConfig::from_config(folder, &config::Store::default())
    }

    /// Returns the settings of the configuration for a folder.
    pub fn from_config(folder: PathBuf, config: &config::Store) -> LocalConfig {
        const MIB: u64 = 1024 * 1024;
        LocalConfig {
            folder,
            segment_octets: config.segment_mib * MIB,
            cache_octets: config.cache_mib * MIB,
            memory_octets: usize::try_from(config.memory_mib * MIB).unwrap_or(usize::MAX),
            checkpoint_octets: 64 * MIB,
            free_min_octets: config.free_min_mib * MIB,
            dead_percent: config.compact_dead_percent,
            erase_secs: u64::from(config.erase_within_hours) * 3600,
            compact_octets_per_sec: u64::from(config.compact_mib_per_sec) * MIB,
            retry_first: Duration::from_millis(250),
            group_max: 512,
            waiting_max: 4_096,
            checkpoint_every: Duration::from_secs(60),
            compact_look_every: Duration::from_secs(10),
        }
    }
}
