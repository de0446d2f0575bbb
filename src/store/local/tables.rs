//! The tables: what the index holds at one moment, in memory and on disk, and what each segment of
//! the journal still has to keep.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use serde::{Deserialize, Serialize};

use super::index::run::{Blocks, RunEntry};
use super::index::runs::{Change, Runs, Source, next};
use super::index::{Row, Rows, octets_in_memory};
use super::journal::PiecePlace;
use crate::store::error::Error;
use crate::store::span::{ContentId, Order, Span};

/// The table number of contents' rows in the index, which no table has.
pub const CONTENTS: u8 = 255;

/// Returns the key of a content's row.
pub fn content_key(id: ContentId) -> Vec<u8> {
    let mut key = Vec::with_capacity(17);
    key.push(CONTENTS);
    key.extend_from_slice(&id.0);
    key
}

/// Returns what the index holds of a value itself: the places of a content, and nothing else.
pub fn inline_of(key: &[u8], value: &Bytes) -> Option<Bytes> {
    (key.first() == Some(&CONTENTS)).then(|| value.clone())
}

/// A position in the journal, and the index's digest there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub seq: u64,
    pub segment: u64,
    pub offset: u64,
    pub digest: u128,
}

/// What the segments of the journal contain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// Live octets by segment.
    pub live: BTreeMap<u64, u64>,
    /// Segments that contain deleted data, and since when (Unix seconds).
    pub erasable: BTreeMap<u64, u64>,
}

/// The content of the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub position: Position,
    /// The oldest first.
    pub runs: Vec<RunEntry>,
    /// What the segments contained at this position.
    pub space: Space,
    /// Whether the index was built from a journal of which a part could not be read. Every start
    /// builds it again, because that part may be readable by then.
    pub is_incomplete: bool,
}

impl Manifest {
    /// Returns the highest number of a segment that it knows, whether the segment still exists or
    /// not.
    pub fn last_segment(&self) -> u64 {
        let used = self.space.live.last_key_value().map_or(0, |(number, _)| *number);
        used.max(self.position.segment)
    }
}

/// What is known about the index on disk.
#[derive(Default)]
pub struct Keeper {
    /// The manifest as it is on disk.
    pub manifest: Manifest,
    /// Runs that may be removed once a manifest without them is durable.
    pub garbage: Vec<u64>,
}

/// How many octets of each segment came to life, and how many died.
#[derive(Default)]
pub struct Shifts(HashMap<u64, Shift>);

#[derive(Default)]
struct Shift {
    born: u64,
    died: u64,
}

/// Rows that are being written to disk, with the position and the space at which they were frozen.
pub struct Frozen {
    pub rows: Rows,
    /// About how much memory the rows take, in octets.
    octets: usize,
    pub position: Position,
    pub space: Space,
}

/// The index at one moment: rows in memory hide those on disk.
#[derive(Default)]
pub struct Tables {
    active: Rows,
    /// About how much memory `active` takes, in octets.
    octets: usize,
    /// How much was added to the journal since the last freeze, in octets.
    unfrozen: u64,
    pub frozen: Option<Arc<Frozen>>,
    pub runs: Arc<Runs>,
    pub published: Position,
    pub space: Space,
}

impl Shifts {
    /// Records that a row was written.
    pub fn born(&mut self, key: &[u8], row: &Row) {
        shares(key, row, |segment, octets| self.0.entry(segment).or_default().born += octets);
    }

    /// Records that a row was replaced or removed. Replaced data has to be erased as well:
    /// rejecting a message replaces the record that contains its key.
    pub fn died(&mut self, key: &[u8], row: &Row) {
        shares(key, row, |segment, octets| self.0.entry(segment).or_default().died += octets);
    }
}

/// Calls `each` with the segments that contain a row's data, and with how many octets of it.
fn shares(key: &[u8], row: &Row, mut each: impl FnMut(u64, u64)) {
    const OP_OCTETS: u64 = 7;
    const PIECE_OCTETS: u64 = 72;
    each(row.place.segment, u64::from(row.place.length) + key.len() as u64 + OP_OCTETS);
    let places = row.inline.as_deref().filter(|_| key.first() == Some(&CONTENTS));
    let pieces = places.and_then(PiecePlace::decode_all);
    for piece in pieces.into_iter().flatten() {
        each(piece.segment, u64::from(piece.length) + PIECE_OCTETS);
    }
}

impl Space {
    /// Applies shifts; `now` is in Unix seconds.
    pub fn shift(&mut self, shifts: Shifts, now: u64) {
        for (segment, Shift { born, died }) in shifts.0 {
            let live = self.live.entry(segment).or_default();
            *live = (*live + born).saturating_sub(died);
            if died > 0 {
                self.erasable.entry(segment).or_insert(now);
            }
        }
    }
}

impl Tables {
    /// Returns tables without rows in memory, as they are on disk at a position.
    pub fn at(runs: Arc<Runs>, published: Position, space: Space) -> Tables {
        Tables { runs, published, space, ..Tables::default() }
    }

    /// Adds a group's rows.
    pub fn publish(&mut self, rows: Rows, position: Position, octets: u64) {
        for (key, row) in rows {
            self.put(key, row);
        }
        self.published = position;
        self.unfrozen += octets;
    }

    /// Adds one row.
    pub fn put(&mut self, key: Vec<u8>, row: Option<Row>) {
        self.octets += octets_in_memory(&key, row.as_ref());
        let key_octets = key.len();
        if let Some(before) = self.active.insert(key, row) {
            let inline = before.and_then(|row| row.inline).map_or(0, |inline| inline.len());
            self.octets -= octets_in_memory(&[], None) + key_octets + inline;
        }
    }

    /// Returns what the rows in memory say about a key: `None` if nothing.
    pub fn in_memory(&self, key: &[u8]) -> Option<Option<Row>> {
        let frozen = || self.frozen.as_ref().and_then(|frozen| frozen.rows.get(key));
        self.active.get(key).or_else(frozen).cloned()
    }

    /// Returns the row under a key.
    pub fn get(&self, blocks: &Blocks, key: &[u8]) -> Result<Option<Row>, Error> {
        match self.in_memory(key) {
            Some(row) => Ok(row),
            None => self.runs.get(blocks, key),
        }
    }

    /// Returns about how much memory the rows take that are not frozen, in octets.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// Returns about how much memory all rows take, in octets.
    pub fn octets_in_all(&self) -> usize {
        self.octets + self.frozen.as_ref().map_or(0, |frozen| frozen.octets)
    }

    /// Returns how much was added to the journal since the last freeze, in octets.
    pub fn unfrozen(&self) -> u64 {
        self.unfrozen
    }

    /// Freezes the rows in memory, unless earlier ones are still frozen, and returns what is
    /// frozen.
    pub fn freeze(&mut self) -> Arc<Frozen> {
        if let Some(frozen) = &self.frozen {
            return frozen.clone();
        }
        let (position, space) = (self.published, self.space.clone());
        let octets = self.octets;
        let frozen = Arc::new(Frozen { rows: self.take(), octets, position, space });
        self.frozen = Some(frozen.clone());
        frozen
    }

    /// Takes the rows in memory out.
    pub fn take(&mut self) -> Rows {
        (self.octets, self.unfrozen) = (0, 0);
        std::mem::take(&mut self.active)
    }

    /// Returns what is needed to read the first rows of a span without holding these tables.
    pub fn view(&self, span: &Span, limit: usize) -> View {
        let mut view = View { copied: Vec::new(), horizons: Vec::new(), runs: self.runs.clone() };
        view.copy(&self.active, span, limit);
        if let Some(frozen) = &self.frozen {
            view.copy(&frozen.rows, span, limit);
        }
        view
    }
}

/// The first rows of a span, as they were at one moment.
pub struct View {
    copied: Vec<Vec<Change>>,
    /// The last keys that were copied, where more follow.
    horizons: Vec<Vec<u8>>,
    runs: Arc<Runs>,
}

impl View {
    fn copy(&mut self, rows: &Rows, span: &Span, limit: usize) {
        if span.to.as_ref().is_some_and(|to| *to <= span.from) {
            return;
        }
        let to = span.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let range = rows.range::<[u8], _>((Bound::Included(span.from.as_slice()), to));
        let copy = |(key, row): (&Vec<u8>, &Option<Row>)| (key.clone(), row.clone());
        let copied: Vec<_> = match span.order {
            Order::Ascending => range.take(limit).map(copy).collect(),
            Order::Descending => range.rev().take(limit).map(copy).collect(),
        };
        if copied.len() == limit {
            self.horizons.extend(copied.last().map(|(key, _)| key.clone()));
        }
        self.copied.push(copied);
    }

    /// Returns at most `limit` rows of the span, and what is left of it after them; `None` if
    /// nothing is.
    pub fn rows(self, span: &Span, limit: usize, blocks: &Blocks) -> Result<Batch, Error> {
        let mut sources: Vec<_> = self.copied.into_iter().map(Source::copied).collect();
        sources.extend(self.runs.cursors(span, blocks)?);
        let (mut rows, mut removed) = (Vec::new(), 0);
        while let Some((key, row)) = next(&mut sources, &self.horizons, span.order, blocks)? {
            match row {
                Some(row) => rows.push((key, row)),
                None => removed += 1,
            }
            if rows.len() == limit {
                let rest = rows.last().map(|(key, _)| span.after(key));
                return Ok(Batch { rows, rest, removed });
            }
        }
        let nearest = match span.order {
            Order::Ascending => self.horizons.iter().min(),
            Order::Descending => self.horizons.iter().max(),
        };
        Ok(Batch { rows, rest: nearest.map(|horizon| span.after(horizon)), removed })
    }
}

/// Some rows of a span, and what is left of it after them.
pub struct Batch {
    pub rows: Vec<(Vec<u8>, Row)>,
    pub rest: Option<Span>,
    /// How many keys were read only to learn that they were removed.
    pub removed: u64,
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::clock::Clock;
    use crate::store::local::bench_disk::{config, vault};
    use crate::store::local::disk::sim::{Dice, SimDisk};
    use crate::store::local::index::Place;
    use crate::store::local::shared::Shared;
    use crate::store::local::{LocalConfig, manifest};

    const STEPS: u64 = 6_000;
    const KEYS: u64 = 900;

    /// Returns a key that is so long that a few dozen fill a block, and shares its start with
    /// others.
    fn key(number: u64) -> Vec<u8> {
        let mut key = vec![1, (number % 7) as u8];
        key.extend_from_slice(&[b'k'; 80]);
        key.extend_from_slice(&number.to_be_bytes());
        key.extend(std::iter::repeat_n(number as u8, 120));
        key
    }

    fn row(frame: u64) -> Row {
        Row { place: Place { segment: 1, frame, at: 0, length: 0 }, inline: None }
    }

    fn bound(dice: &mut Dice) -> Vec<u8> {
        let mut bound = key(dice.below(KEYS));
        bound.truncate(dice.below(bound.len() as u64 + 1) as usize);
        bound
    }

    fn check_scan(shared: &Shared, model: &BTreeMap<Vec<u8>, u64>, dice: &mut Dice) {
        let order = if dice.chance(50) { Order::Ascending } else { Order::Descending };
        let to = dice.chance(70).then(|| bound(dice));
        let span = Span { from: bound(dice), to, order };
        let mut expected: Vec<_> = model.iter().filter(|(key, _)| span.contains(key)).collect();
        if order == Order::Descending {
            expected.reverse();
        }
        let limit = if dice.chance(50) { 1 + dice.below(100) as usize } else { usize::MAX };
        expected.truncate(limit);
        let mut found = Vec::new();
        let scanned = shared.scan_rows(&span, &mut |key, row| {
            found.push((key.to_vec(), row.place.frame));
            let is_enough = found.len() >= limit;
            if is_enough {
                std::ops::ControlFlow::Break(())
            } else {
                std::ops::ControlFlow::Continue(())
            }
        });
        scanned.unwrap();
        let expected: Vec<_> = expected.into_iter().map(|(key, at)| (key.clone(), *at)).collect();
        assert!(found == expected, "{span:?}: {} of {}", found.len(), expected.len());
    }

    /// Whatever is in memory, frozen, in runs and merged: lookups and scans return what a map has.
    #[test]
    fn rows_are_found_wherever_they_are() {
        let disk = SimDisk::new(true);
        let config = LocalConfig { folder: PathBuf::new(), ..config() };
        let shared = Shared::new(std::sync::Arc::new(disk), vault(9), config, Clock::System);
        let (mut dice, mut model) = (Dice::new(11), BTreeMap::new());
        for step in 1..STEPS {
            let number = dice.below(KEYS);
            let change = dice.chance(70).then(|| row(step));
            match &change {
                Some(_) => model.insert(key(number), step),
                None => model.remove(&key(number)),
            };
            let position = Position { seq: step, ..Position::default() };
            shared.tables_mut().publish(Rows::from([(key(number), change)]), position, 100);
            match dice.below(200) {
                0 => drop(shared.tables_mut().freeze()),
                1..4 => manifest::write(&shared).unwrap(),
                4..6 => drop(manifest::merge(&shared, dice.chance(10)).unwrap()),
                6..20 => check_scan(&shared, &model, &mut dice),
                _ => {}
            }
            let asked = key(dice.below(KEYS));
            let found = shared.row(&asked).unwrap().map(|row| row.place.frame);
            assert_eq!(found, model.get(&asked).copied());
        }
        assert!(shared.tables().runs.0.iter().any(|run| run.blocks() > 10));
    }
}
