//! The index: where the journal contains the current value of each key. It can always be rebuilt
//! from the journal.
//!
//! What changed lately is in memory ([`Rows`]); everything older is on disk in *runs*, immutable
//! sorted files of which a newer one hides the same keys in older ones. The manifest names the runs
//! and the position in the journal up to which they are complete. A row is a place, never a value:
//! whatever opens anything lies only in the journal, whose segments can be destroyed.

pub mod block;
pub mod run;
pub mod runs;

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Changed keys in order, each with its row, or `None` if it was removed.
pub type Rows = BTreeMap<Vec<u8>, Option<Row>>;

/// Where the journal contains a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub place: Place,
    /// The value itself, where it is nothing but places: those of a content's pieces.
    pub inline: Option<Bytes>,
}

/// A range of a journal frame's plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    pub segment: u64,
    /// The frame's offset in its segment.
    pub frame: u64,
    /// The value's offset in the frame's plaintext.
    pub at: u32,
    pub length: u32,
}

/// About how much memory a row takes beside its key and its inline value.
const ROW_OCTETS: usize = 160;

impl Row {
    /// Returns the row's part of the index's digest, which is the wrapping sum over all rows. It
    /// covers the place: if an index lost a row's last move, the row would refer to a removed
    /// segment, and compaction would consider the live copy dead.
    pub fn in_digest(&self, key: &[u8]) -> u128 {
        let Place { segment, frame, at, length } = self.place;
        let mut whole = Vec::with_capacity(24 + key.len());
        whole.extend_from_slice(&segment.to_be_bytes());
        whole.extend_from_slice(&frame.to_be_bytes());
        whole.extend_from_slice(&at.to_be_bytes());
        whole.extend_from_slice(&length.to_be_bytes());
        whole.extend_from_slice(key);
        let hash = digest(&SHA256, &whole);
        u128::from_be_bytes(*hash.as_ref().first_chunk().expect("SHA-256 gives 32 octets"))
    }
}

/// Returns about how many octets of memory a row takes.
pub fn octets_in_memory(key: &[u8], row: Option<&Row>) -> usize {
    let inline = row.and_then(|row| row.inline.as_ref()).map_or(0, Bytes::len);
    ROW_OCTETS + key.len() + inline
}
