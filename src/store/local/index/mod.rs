//! The index: where the journal contains the current value of each key. It can always be rebuilt
//! from the journal, so nothing in it has to be durable; each start only checks that it agrees with
//! the journal (see [`Row::in_digest`]).

#[cfg(test)]
pub mod sim;
pub mod sled;

use std::ops::ControlFlow;

use aws_lc_rs::digest::{SHA256, digest};

use crate::store::error::Error;
use crate::store::span::Span;

/// Why the index failed; the text is for the log, the remedy is a new index.
#[derive(Debug, thiserror::Error)]
#[error("index: {0}")]
pub struct IndexError(pub String);

impl From<IndexError> for Error {
    fn from(error: IndexError) -> Error {
        Error::Io(error.to_string())
    }
}

/// Changes to apply: a row to put under a key, or `None` to remove it.
pub type Changes = [(Vec<u8>, Option<Row>)];

/// Ordered rows on some medium.
pub trait Index: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Row>, IndexError>;
    /// Visits the rows of a span in its order until `visit` breaks.
    fn scan(
        &self,
        span: &Span,
        visit: &mut dyn FnMut(&[u8], Row) -> ControlFlow<()>,
    ) -> Result<(), IndexError>;
    fn apply(&self, changes: &Changes) -> Result<(), IndexError>;
    /// Brings everything applied so far to the medium.
    fn flush(&self) -> Result<(), IndexError>;
    /// Reopens the index after an error, keeping its content.
    fn reopen(&self) -> Result<(), IndexError>;
    /// Removes everything.
    fn wipe(&self) -> Result<(), IndexError>;
}

/// Where the journal contains a value, and the value itself if it is small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub place: Place,
    /// A hash of the key and the value (see [`identity_of`]).
    pub identity: u128,
    /// The value; `None` if it has to be read from its place.
    pub inline: Option<bytes::Bytes>,
}

/// A range of a journal frame's plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub segment: u64,
    /// The frame's offset in its segment.
    pub frame: u64,
    /// The value's offset in the frame's plaintext.
    pub at: u32,
    pub length: u32,
}

/// The largest value that is stored inline: sled writes larger ones to files that it never syncs.
pub const INLINE_OCTETS_MAX: usize = 6 * 1024;
const ROW_HEAD: usize = 1 + 8 + 8 + 4 + 4 + 16;

impl Row {
    /// Returns the row for a value at a place.
    pub fn new(key: &[u8], value: bytes::Bytes, place: Place) -> Row {
        let identity = identity_of(key, &value);
        let inline = (value.len() <= INLINE_OCTETS_MAX).then_some(value);
        Row { place, identity, inline }
    }

    /// Returns the row's part of the index's digest, which is the wrapping sum over all rows. It
    /// covers the place as well as the value: if an index lost a row's last move, the row would
    /// refer to a removed segment, and compaction would consider the live copy dead.
    pub fn in_digest(&self) -> u128 {
        let Place { segment, frame, at, length } = self.place;
        let mut whole = [0; 40];
        whole[..16].copy_from_slice(&self.identity.to_be_bytes());
        whole[16..24].copy_from_slice(&segment.to_be_bytes());
        whole[24..32].copy_from_slice(&frame.to_be_bytes());
        whole[32..36].copy_from_slice(&at.to_be_bytes());
        whole[36..].copy_from_slice(&length.to_be_bytes());
        let hash = digest(&SHA256, &whole);
        u128::from_be_bytes(*hash.as_ref().first_chunk().expect("SHA-256 gives 32 octets"))
    }

    pub fn encode(&self) -> Vec<u8> {
        let inline = self.inline.as_deref();
        let mut out = Vec::with_capacity(ROW_HEAD + inline.map_or(0, <[u8]>::len));
        out.push(u8::from(inline.is_some()));
        out.extend_from_slice(&self.place.segment.to_be_bytes());
        out.extend_from_slice(&self.place.frame.to_be_bytes());
        out.extend_from_slice(&self.place.at.to_be_bytes());
        out.extend_from_slice(&self.place.length.to_be_bytes());
        out.extend_from_slice(&self.identity.to_be_bytes());
        out.extend_from_slice(inline.unwrap_or_default());
        out
    }

    /// Parses a row; `None` if the octets are not one.
    pub fn decode(octets: &[u8]) -> Option<Row> {
        let (is_inline, rest) = octets.split_first()?;
        let (segment, rest) = rest.split_first_chunk()?;
        let (frame, rest) = rest.split_first_chunk()?;
        let (at, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (identity, rest) = rest.split_first_chunk()?;
        let place = Place {
            segment: u64::from_be_bytes(*segment),
            frame: u64::from_be_bytes(*frame),
            at: u32::from_be_bytes(*at),
            length: u32::from_be_bytes(*length),
        };
        let inline = match is_inline {
            1 if rest.len() == place.length as usize => Some(bytes::Bytes::copy_from_slice(rest)),
            0 if rest.is_empty() => None,
            _ => return None,
        };
        Some(Row { place, identity: u128::from_be_bytes(*identity), inline })
    }
}

/// Returns a hash that identifies a key with its value.
pub fn identity_of(key: &[u8], value: &[u8]) -> u128 {
    let mut whole = Vec::with_capacity(2 + key.len() + value.len());
    whole.extend_from_slice(&u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes());
    whole.extend_from_slice(key);
    whole.extend_from_slice(value);
    let hash = digest(&SHA256, &whole);
    u128::from_be_bytes(*hash.as_ref().first_chunk().expect("SHA-256 gives 32 octets"))
}
