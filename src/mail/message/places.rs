//! Where the parts of a message are in it, for reading them again without keeping them in memory.

use std::collections::HashMap;
use std::ops::Range;

use super::{Extent, read};

/// Returns where each part's octets are, as they were sent, by the part's index. Parts of an attached
/// message are not among them.
pub fn places(message: &[u8]) -> HashMap<u32, Range<usize>> {
    let found = read(message, Extent::Whole, |parsed, _| {
        let places = parsed
            .parts
            .iter()
            .map(|part| part.raw_body_offset() as usize..part.raw_end_offset() as usize);
        (0..).zip(places).collect()
    });
    found.unwrap_or_default()
}
