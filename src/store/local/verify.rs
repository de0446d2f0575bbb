//! Verification: reads back every frame of the journal, and every value and content through the
//! index.

use std::ops::ControlFlow;

use super::index::identity_of;
use super::journal::segment::{HEADER, Segment};
use super::journal::{PiecePlace, frame};
use super::recovery::Progress;
use super::shared::{CONTENTS, Shared, lock};
use crate::store::engine::Verified;
use crate::store::error::Error;
use crate::store::span::{ContentId, Order, Span};

/// Reads everything; damage is reported in the result, not as an error.
pub fn verify(shared: &Shared, progress: Progress<'_>) -> Result<Verified, Error> {
    // Nothing may be moved while it is being checked.
    let _still = lock(&shared.compacting);
    let mut found = Verified { damage: lock(&shared.damage).clone(), ..Verified::default() };
    let segments = shared.segments();
    let total = segments.iter().map(|segment| segment.end()).sum();
    let mut done = 0;
    for segment in &segments {
        for copy in segment.damaged_copies(&shared.vault)? {
            let number = segment.number;
            found.damage.push(format!("segment {number}: copy {copy} of its header is damaged"));
        }
        frames(segment, &mut found)?;
        found.segments += 1;
        done += segment.end();
        progress(done, total);
    }
    records(shared, &mut found)?;
    found.damage.sort();
    found.damage.dedup();
    Ok(found)
}

fn frames(segment: &Segment, found: &mut Verified) -> Result<(), Error> {
    let (mut offset, end) = (HEADER, segment.end());
    while offset < end {
        let frame = match segment.read(offset, end) {
            Ok(frame) => frame,
            Err(error) => {
                found.damage.push(format!("segment {}: at {offset}: {error}", segment.number));
                None
            }
        };
        match frame {
            Some((frame, _)) => {
                found.frames += 1;
                offset += frame.octets();
            }
            None => {
                found.damage.push(format!("segment {}: damaged at {offset}", segment.number));
                let next = segment.resync(offset + frame::ALIGN, end)?;
                offset = next.unwrap_or(end);
            }
        }
    }
    Ok(())
}

fn records(shared: &Shared, found: &mut Verified) -> Result<(), Error> {
    shared.scan_rows(&Span::prefix(&[], Order::Ascending), &mut |key, row| {
        let table = key.first().copied().unwrap_or_default();
        let (row, value) = match shared.value_of(&row) {
            Ok(value) => (row, Ok(value)),
            // The value may have been moved since the index was read.
            Err(_) => match shared.row(key).ok().flatten() {
                Some(now) => (now.clone(), shared.again(|| shared.value_of(&now))),
                None => return ControlFlow::Continue(()),
            },
        };
        match value {
            Ok(value) if identity_of(key, &value) != row.identity => {
                found.damage.push(format!("table {table}: a record differs from what was stored"));
            }
            Ok(value) if table == CONTENTS => content(shared, key, &value, found),
            Ok(_) => found.records += 1,
            Err(error) => found.damage.push(format!("table {table}: {error}")),
        }
        ControlFlow::Continue(())
    })
}

fn content(shared: &Shared, key: &[u8], value: &[u8], found: &mut Verified) {
    found.contents += 1;
    let id = key[1..].try_into().ok().map(ContentId);
    let (Some(id), Some(places)) = (id, PiecePlace::decode_all(value)) else {
        found.damage.push("a content's row cannot be read".to_owned());
        return;
    };
    for place in places {
        if let Err(error) = shared.piece(id, place) {
            let name: String = id.0.iter().map(|octet| format!("{octet:02x}")).collect();
            found.damage.push(format!("content {name}: {error}"));
        }
    }
}
