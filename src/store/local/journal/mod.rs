//! The journal: append-only segments of sealed frames. It is the source of truth; everything else
//! in the data folder can be rebuilt from it.
//!
//! ```text
//! segment = header, frame, frame, …            one file, NNNNNNNNNN.seg
//! frame   = head (40 octets, in the clear) ‖ sealed body ‖ tag, padded to 16
//! ```
//!
//! Each segment has a random salt, and thus a key of its own. A frame's offset in its segment is
//! its nonce, so two different frames are never written at the same offset: after a restart, and
//! after any failed write or sync, a new segment is started. Its header says where the previous
//! one ends, which permanently discards what was never acknowledged.

pub mod files;
pub mod frame;
pub mod segment;

use super::index::Place;

pub use frame::{Body, Kind};
pub use segment::Segment;

/// The offset of a frame from the start of its segment.
pub type Offset = u64;

/// The place of a piece of a content, which is a frame of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PiecePlace {
    pub segment: u64,
    pub frame: Offset,
    pub length: u32,
}

impl PiecePlace {
    /// The octets of one place in a content's row.
    pub const ENCODED: usize = 20;

    pub fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.segment.to_be_bytes());
        out.extend_from_slice(&self.frame.to_be_bytes());
        out.extend_from_slice(&self.length.to_be_bytes());
    }

    /// Parses the places in a content's value; `None` if the octets are not places.
    pub fn decode_all(octets: &[u8]) -> Option<Vec<PiecePlace>> {
        if !octets.len().is_multiple_of(Self::ENCODED) {
            return None;
        }
        let one = |octets: &[u8]| {
            let (segment, rest) = octets.split_first_chunk()?;
            let (frame, rest) = rest.split_first_chunk()?;
            let (length, _) = rest.split_first_chunk()?;
            Some(PiecePlace {
                segment: u64::from_be_bytes(*segment),
                frame: u64::from_be_bytes(*frame),
                length: u32::from_be_bytes(*length),
            })
        };
        octets.chunks(Self::ENCODED).map(one).collect()
    }

    /// Returns the range of the piece in its frame's body, after the content's id.
    pub fn place(self) -> Place {
        let at = u32::try_from(frame::PIECE_HEAD).expect("a few octets");
        Place { segment: self.segment, frame: self.frame, at, length: self.length }
    }
}
