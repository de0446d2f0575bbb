//! The store's forms on the medium, for the fuzz targets: what is read must be written again as
//! the same octets, and nothing that can be read makes the reader panic.

use super::index::Row;
use super::journal::frame::{self, Frame};
use super::journal::{Body, PiecePlace};

/// Reads a frame's head; when it is one, tells whether it is written again the same way.
pub fn frame_head(octets: &[u8]) -> Option<bool> {
    Frame::decode(octets).map(|frame| Frame::decode(&frame.encode()) == Some(frame))
}

/// Reads a transaction's body; when it is one, tells whether it is written again the same way.
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

/// Reads an index row; when it is one, tells whether it is written again the same way.
pub fn row(octets: &[u8]) -> Option<bool> {
    Row::decode(octets).map(|row| row.encode() == octets)
}

/// Reads the places of a content's pieces; tells whether they are written again the same way.
pub fn piece_places(octets: &[u8]) -> Option<bool> {
    PiecePlace::decode_all(octets).map(|places| {
        let mut out = Vec::new();
        places.iter().for_each(|place| place.encode(&mut out));
        out == octets
    })
}
