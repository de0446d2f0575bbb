//! The store's forms on the medium, for the fuzz targets: whatever can be parsed must be encoded
//! again as the same octets, and no octets may make a parser panic.

use super::index::Row;
use super::journal::frame::{self, Frame};
use super::journal::{Body, PiecePlace};

/// Parses a frame's head; if it is one, returns whether it is encoded again as the same head.
pub fn frame_head(octets: &[u8]) -> Option<bool> {
    Frame::decode(octets).map(|frame| Frame::decode(&frame.encode()) == Some(frame))
}

/// Parses a transaction's body; if it is one, returns whether it is encoded again as the same
/// octets.
pub fn transaction(octets: &[u8]) -> Option<bool> {
    let (digest, ops) = frame::parse(octets)?;
    let mut body = Body::new();
    let mut places_agree = true;
    for op in ops {
        let at = body.push(op.key, op.value.map(|(_, value)| value));
        places_agree &= op.value.is_none_or(|(starts, _)| starts == at);
    }
    Some(places_agree && body.finish(digest) == octets)
}

/// Parses an index row; if it is one, returns whether it is encoded again as the same octets.
pub fn row(octets: &[u8]) -> Option<bool> {
    Row::decode(octets).map(|row| row.encode() == octets)
}

/// Parses the places of a content's pieces; if they are such, returns whether they are encoded
/// again as the same octets.
pub fn piece_places(octets: &[u8]) -> Option<bool> {
    PiecePlace::decode_all(octets).map(|places| {
        let mut out = Vec::new();
        places.iter().for_each(|place| place.encode(&mut out));
        out == octets
    })
}
