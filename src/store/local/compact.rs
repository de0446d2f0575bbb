//! Compaction reclaims space: what is still live in a mostly dead segment is written again at the
//! end of the journal, and the segment is removed.
//!
//! A segment is compacted if enough of it is dead, or if it has contained deleted data for too
//! long: rejecting a message destroys a key, and dead octets are erased only with their segment. A
//! deletion stays in the journal as long as an older segment might contain what it deletes.
//! Whenever a crash occurs, each live value is in at least one segment.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::index::Place;
use super::journal::segment::{self, BadSector, HEADER, Segment};
use super::journal::{Kind, PiecePlace, frame};
use super::manifest;
use super::request::Moved;
use super::shared::{Shared, lock};
use super::tables::CONTENTS;
use crate::store::error::Error;
use crate::store::span::{ContentId, Order, Span};

/// Passes the writer what is to be written again, and waits until it is durable.
pub type Rewrite<'w> = &'w mut dyn FnMut(Vec<Moved>) -> Result<(), Error>;

/// Why a segment may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Enough is dead, or deleted data is due to be erased.
    Due,
    /// Anything is dead, and the administrator requested compaction.
    Asked,
}

/// Once this many changes were collected, they are moved in one transaction.
const MOVED_AT_ONCE: usize = 256;

/// Compacts every segment for which `reason` applies. Returns the number of octets reclaimed.
pub fn compact(shared: &Shared, reason: Reason, rewrite: Rewrite<'_>) -> Result<u64, Error> {
    let _alone = lock(&shared.compacting);
    let chosen = choose(shared, reason);
    if chosen.is_empty() {
        return Ok(0);
    }
    let pieces = pieces_in(shared, &chosen)?;
    let mut moved = Vec::new();
    for segment in chosen {
        if move_live(shared, &segment, &pieces, rewrite)? {
            moved.push(segment);
        }
    }
    let needed = still_needed(shared)?;
    let mut freed = 0;
    for segment in moved.iter().filter(|segment| !needed.contains(&segment.number)) {
        freed += remove(shared, segment)?;
    }
    Ok(freed)
}

/// Returns whether any segment should be compacted now.
pub fn is_due(shared: &Shared) -> bool {
    !choose(shared, Reason::Due).is_empty() || newest_must_close(shared, Reason::Due)
}

/// Returns whether the newest segment must be closed because it contains data to be erased.
pub fn newest_must_close(shared: &Shared, reason: Reason) -> bool {
    let Some(newest) = shared.segments().pop() else { return false };
    match reason {
        Reason::Asked => shared.tables().space.erasable.contains_key(&newest.number),
        Reason::Due => shared.must_erase(newest.number),
    }
}

/// Returns the segments to which a row refers, in the index or waiting for it. If something was not
/// moved, for whatever reason, its segment is kept.
fn still_needed(shared: &Shared) -> Result<HashSet<u64>, Error> {
    let mut needed = HashSet::new();
    let mut failed = None;
    shared.scan_rows(&Span::prefix(&[], Order::Ascending), &mut |key, row| {
        needed.insert(row.place.segment);
        if key.first() == Some(&CONTENTS) {
            match row.inline.as_deref().and_then(PiecePlace::decode_all) {
                Some(places) => needed.extend(places.iter().map(|place| place.segment)),
                None => failed = Some(Error::Damaged("a content's row".to_owned())),
            }
        }
        if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    failed.map_or(Ok(needed), Err)
}

fn choose(shared: &Shared, reason: Reason) -> Vec<Arc<Segment>> {
    let mut segments = shared.segments();
    // The newest may still be appended to, and its successor's header will name it.
    segments.pop();
    let dead_percent = u64::from(shared.config.dead_percent);
    let is_worth_it = |segment: &Arc<Segment>| {
        let number = segment.number;
        // What is older than something that the index lacks may be what that replaced or removed.
        // Moved to the end of the journal, it would come after it when that can be read again.
        let is_lost = lock(&shared.lost).last().is_some_and(|last| number <= *last);
        let was_unreadable = lock(&shared.unreadable).contains_key(&number);
        if is_lost || shared.pins.holds(number) || (was_unreadable && reason == Reason::Due) {
            return false;
        }
        let live = shared.tables().space.live.get(&number).copied().unwrap_or_default();
        let total = segment.end().saturating_sub(HEADER);
        let dead = total.saturating_sub(live);
        match reason {
            Reason::Asked => dead > 0 || live == 0,
            Reason::Due => shared.must_erase(number) || dead * 100 >= total * dead_percent,
        }
    };
    segments.into_iter().filter(is_worth_it).collect()
}

type Pieces = HashMap<u64, Vec<(ContentId, PiecePlace)>>;

/// Returns the pieces of contents in the chosen segments.
fn pieces_in(shared: &Shared, chosen: &[Arc<Segment>]) -> Result<Pieces, Error> {
    let mut pieces: Pieces = chosen.iter().map(|segment| (segment.number, Vec::new())).collect();
    shared.scan_rows(&Span::prefix(&[CONTENTS], Order::Ascending), &mut |key, row| {
        let id = key[1..].try_into().map(ContentId);
        let places = row.inline.as_deref().and_then(PiecePlace::decode_all);
        if let (Ok(id), Some(places)) = (id, places) {
            for place in places {
                if let Some(in_segment) = pieces.get_mut(&place.segment) {
                    in_segment.push((id, place));
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(pieces)
}

/// Writes again what is live in a segment; returns `false` if some of it cannot be read.
fn move_live(
    shared: &Shared,
    segment: &Segment,
    pieces: &Pieces,
    rewrite: Rewrite<'_>,
) -> Result<bool, Error> {
    let is_first = shared.segments().first().is_some_and(|first| first.number == segment.number);
    let is_oldest = is_first && lock(&shared.lost).is_empty();
    let mut moved = Vec::new();
    let (mut offset, end) = (HEADER, segment.end());
    while offset < end {
        shared.check_open()?;
        let Some((frame, body)) = segment.read_where(offset, end, BadSector::IsDamage)? else {
            // A damaged frame stays where it is, so that an administrator may still repair it.
            give_up(shared, segment.number, offset);
            return Ok(false);
        };
        if frame.kind != Kind::Piece {
            transaction(segment.number, offset, &body, is_oldest, &mut moved)?;
        }
        if moved.len() >= MOVED_AT_ONCE {
            rewrite(std::mem::take(&mut moved))?;
        }
        offset += frame.octets();
    }
    for (id, place) in pieces.get(&segment.number).into_iter().flatten() {
        shared.check_open()?;
        moved.push(Moved::Piece { id: *id, place: *place });
        // Pieces are large, so each has its own transaction, between which mail can be written.
        rewrite(std::mem::take(&mut moved))?;
    }
    if !moved.is_empty() {
        rewrite(moved)?;
    }
    lock(&shared.unreadable).remove(&segment.number);
    Ok(true)
}

/// Reports a segment that cannot be compacted, and does not try it again by itself.
fn give_up(shared: &Shared, number: u64, offset: u64) {
    let damage = format!("segment {number}: damaged at {offset}");
    if lock(&shared.unreadable).insert(number, damage).is_none() {
        let what = "a segment cannot be compacted, so what was deleted in it is not erased";
        tracing::error!(segment = number, offset, what);
    }
}

fn transaction(
    segment: u64,
    at: u64,
    body: &[u8],
    is_oldest: bool,
    moved: &mut Vec<Moved>,
) -> Result<(), Error> {
    let malformed = || Error::Damaged(format!("segment {segment}: a malformed transaction"));
    let (_, ops) = frame::parse(body).ok_or_else(malformed)?;
    for op in ops {
        let key = op.key.to_vec();
        match op.value {
            Some((starts, value)) => {
                let length = u32::try_from(value.len()).expect("the length was read from 32 bits");
                let place = Place { segment, frame: at, at: starts, length };
                moved.push(Moved::Record { key, place });
            }
            None if !is_oldest => moved.push(Moved::Tombstone { key }),
            None => {}
        }
    }
    Ok(())
}

/// Removes a segment, once the index on disk no longer refers to it; returns its octets, or 0 if it
/// must be kept.
fn remove(shared: &Shared, segment: &Segment) -> Result<u64, Error> {
    // The next checkpoint must not refer to it either.
    let is_end = shared.tables().published.segment == segment.number;
    if is_end || shared.pins.holds(segment.number) {
        return Ok(0);
    }
    manifest::write(shared)?;
    // This segment's header says where the previous one ends; before that is lost, the previous
    // one must be truncated to that end.
    if let Some(previous) = shared.segment(segment.header.previous) {
        previous.cut()?;
    }
    let octets = segment.end();
    shared.segment_leaves();
    match shared.disk.remove(&segment::file_name(segment.number)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        // It is already removed if an earlier attempt failed after this.
        _ => {}
    }
    // Until the removal of its name is durable, it may reappear after a crash, and then the
    // deletions in later segments are still needed.
    shared.disk.sync_folder()?;
    shared.segment_forget(segment.number);
    tracing::debug!(segment = segment.number, octets, "segment compacted");
    Ok(octets)
}
