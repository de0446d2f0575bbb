//! Verification: reads back every frame of the journal, every block of the index, and every value
//! and content through the index.

use std::ops::ControlFlow;

use super::index::Row;
use super::journal::segment::{BadSector, HEADER, Segment};
use super::journal::{PiecePlace, frame};
use super::manifest;
use super::recovery::Progress;
use super::shared::{Shared, lock};
use super::tables::CONTENTS;
use crate::store::engine::Verified;
use crate::store::error::Error;
use crate::store::span::{ContentId, Order, Span};

/// Reads everything; damage is reported in the result, not as an error.
pub fn verify(shared: &Shared, progress: Progress<'_>) -> Result<Verified, Error> {
    // Nothing may be moved while it is being checked.
    let _still = lock(&shared.compacting);
    let mut found = Verified { damage: lock(&shared.damage).clone(), ..Verified::default() };
    found.damage.extend(lock(&shared.unreadable).values().cloned());
    let segments = shared.segments();
    let total = segments.iter().map(|segment| segment.end()).sum();
    let mut done = 0;
    for segment in &segments {
        let number = segment.number;
        let read =
            header(shared, segment, &mut found).and_then(|()| frames(shared, segment, &mut found));
        shared.check_open()?;
        if let Err(error) = read {
            found.damage.push(format!("segment {number}: {error}"));
        }
        found.segments += 1;
        done += segment.end();
        progress(done, total);
    }
    index(shared, &mut found)?;
    records(shared, &mut found)?;
    found.damage.sort();
    found.damage.dedup();
    Ok(found)
}

fn header(shared: &Shared, segment: &Segment, found: &mut Verified) -> Result<(), Error> {
    for copy in segment.damaged_copies(&shared.vault)? {
        let number = segment.number;
        found.damage.push(format!("segment {number}: copy {copy} of its header is damaged"));
    }
    Ok(())
}

fn frames(shared: &Shared, segment: &Segment, found: &mut Verified) -> Result<(), Error> {
    let (mut offset, end) = (HEADER, segment.end());
    while offset < end {
        shared.check_open()?;
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
                let next = segment.resync(offset + frame::ALIGN, end, BadSector::IsDamage)?;
                offset = next.unwrap_or(end);
            }
        }
    }
    Ok(())
}

/// Reads every block of the index, and compares the digest of all rows with the journal's.
fn index(shared: &Shared, found: &mut Verified) -> Result<(), Error> {
    manifest::write(shared)?;
    // What the runs contain never changes, so nothing has to wait until they are read.
    let (runs, position) = {
        let keeper = lock(&shared.keeper);
        (shared.tables().runs.clone(), keeper.manifest.position)
    };
    let mut blocks = runs.0.iter().flat_map(|run| (0..run.blocks()).map(move |at| (run, at)));
    let readable = blocks.try_for_each(|(run, at)| run.block_read(at).map(|_| ()));
    if let Err(error) = shared.noting_damage(readable) {
        found.damage.push(error.to_string());
        return Ok(());
    }
    let mut digest = 0u128;
    runs.rows(&shared.blocks, &mut |key, row| {
        digest = digest.wrapping_add(row.in_digest(key));
    })?;
    if digest != position.digest {
        found.damage.push("the index does not agree with the journal".to_owned());
    }
    Ok(())
}

fn records(shared: &Shared, found: &mut Verified) -> Result<(), Error> {
    let scanned = shared.scan_rows(&Span::prefix(&[], Order::Ascending), &mut |key, row| {
        record(shared, key, row, found);
        ControlFlow::Continue(())
    });
    match scanned {
        // Where it is damaged was found when its blocks were read.
        Err(Error::DamagedIndex(_)) => Ok(()),
        other => other,
    }
}

fn record(shared: &Shared, key: &[u8], row: Row, found: &mut Verified) {
    let table = key.first().copied().unwrap_or_default();
    let is_there = |row: &Row| shared.again(|| shared.is_at_its_place(key, row));
    let (row, is_there) = match is_there(&row) {
        Ok(true) => (row, Ok(true)),
        // The value may have been moved since the index was read.
        other => match shared.row(key) {
            Ok(Some(now)) if now != row => {
                let there = is_there(&now);
                (now, there)
            }
            Ok(Some(_)) => (row, other),
            _ => return,
        },
    };
    match is_there {
        Ok(true) if table == CONTENTS => content(shared, key, &row, found),
        Ok(true) => found.records += 1,
        Ok(false) => {
            found.damage.push(format!("table {table}: a record differs from what was stored"));
        }
        Err(error) => found.damage.push(format!("table {table}: {error}")),
    }
}

fn content(shared: &Shared, key: &[u8], row: &Row, found: &mut Verified) {
    found.contents += 1;
    let id = key[1..].try_into().ok().map(ContentId);
    let places = row.inline.as_deref().and_then(PiecePlace::decode_all);
    let (Some(id), Some(places)) = (id, places) else {
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
