//! What readers, the writer and the background threads share: the segments, the tables of the
//! index, and caches.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Clock;
use crate::store::error::Error;
use crate::store::span::{ContentId, Order, Span, Visit};
use crate::vault::Vault;

use super::cache::Cache;
use super::config::LocalConfig;
use super::disk::Disk;
use super::index::run::Blocks;
use super::index::{Place, Row, Rows};
use super::journal::files::Files;
use super::journal::{PiecePlace, Segment, frame};
use super::pins::Pins;
use super::tables::{Keeper, Tables, content_key};

/// How many rows a scan reads at once: few at first, since many scans need only one.
const SCAN_FIRST: usize = 16;
const SCAN_MOST: usize = 1_024;
/// Fewer removed rows than this slow nobody down.
const REMOVED_READ_MIN: u64 = 10_000;
/// How often a read is repeated because segments were removed meanwhile.
const MOVED_MAX: usize = 16;

pub struct Shared {
    pub disk: Arc<dyn Disk>,
    /// The segments' open files.
    pub files: Arc<Files>,
    pub vault: Vault,
    pub config: LocalConfig,
    clock: Clock,
    pub segments: RwLock<BTreeMap<u64, Arc<Segment>>>,
    tables: RwLock<Tables>,
    /// Values by their place, where nothing ever changes.
    values: Cache<Place, Bytes>,
    /// Blocks of the index's runs.
    pub blocks: Blocks,
    /// What is on disk of the index; held while that changes.
    pub keeper: Mutex<Keeper>,
    /// Held while runs are merged.
    pub merging: Mutex<()>,
    /// The number of the last run that was begun.
    pub last_run: AtomicU64,
    /// Whether a part of the index could not be read.
    pub index_damaged: AtomicBool,
    /// How many removed rows reads have met since all runs were merged.
    removed_read: AtomicU64,
    /// How many segments were removed so far, or are about to be.
    removed: AtomicU64,
    /// Held during compaction.
    pub compacting: Mutex<()>,
    /// Segments that could not be read when they were to be compacted, each with a sentence that
    /// says why. They are tried again when an administrator asks, and after a restart.
    pub unreadable: Mutex<BTreeMap<u64, String>>,
    /// Segments of which the index lacks something, because it could not be read when the index was
    /// built. Neither they nor older ones are compacted: nothing else may have it.
    pub lost: Mutex<BTreeSet<u64>>,
    /// Whether the store is being closed, so that long work stops.
    pub closing: AtomicBool,
    /// Notified when rows were moved from memory to disk.
    drained: Condvar,
    drained_rows: Mutex<()>,
    pub pins: Arc<Pins>,
    pub refusing: Mutex<Option<String>>,
    pub damage: Mutex<Vec<String>>,
}

/// The frame that was opened last, by its segment and its offset. Rows that were written in one
/// transaction lie in one frame and are often read one after another: it is opened once for all of
/// them.
#[derive(Default)]
pub struct LastFrame(Option<((u64, u64), Bytes)>);

fn damaged(Place { segment, frame, .. }: Place) -> Error {
    Error::Damaged(format!("segment {segment}, frame at {frame}"))
}

/// What lies at a place in its frame.
fn part(body: &Bytes, place: Place) -> Result<Bytes, Error> {
    let (from, to) = (place.at as usize, place.at as usize + place.length as usize);
    if to > body.len() {
        return Err(damaged(place));
    }
    Ok(body.slice(from..to))
}

/// Takes a lock. A thread that panicked while holding it left consistent data, since nothing here
/// is changed in several steps between which a panic is possible.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn new(disk: Arc<dyn Disk>, vault: Vault, config: LocalConfig, clock: Clock) -> Shared {
        Shared {
            files: Files::new(disk.clone()),
            disk,
            vault,
            clock,
            segments: RwLock::default(),
            tables: RwLock::default(),
            values: Cache::new(config.cache_octets / 2),
            blocks: Blocks::new(config.cache_octets / 2),
            config,
            keeper: Mutex::default(),
            merging: Mutex::default(),
            last_run: AtomicU64::default(),
            index_damaged: AtomicBool::default(),
            removed_read: AtomicU64::default(),
            removed: AtomicU64::default(),
            compacting: Mutex::default(),
            unreadable: Mutex::default(),
            lost: Mutex::default(),
            closing: AtomicBool::default(),
            drained: Condvar::new(),
            drained_rows: Mutex::default(),
            pins: Arc::default(),
            refusing: Mutex::default(),
            damage: Mutex::default(),
        }
    }

    pub fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn tables_mut(&self) -> RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn segment(&self, number: u64) -> Option<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }

    pub fn segments(&self) -> Vec<Arc<Segment>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.values().cloned().collect()
    }

    pub fn segment_add(&self, segment: Arc<Segment>) {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        segments.insert(segment.number, segment);
    }

    /// Says that a segment is about to be removed. A read that began before this, and fails because
    /// of the removal, is repeated; one that begins later finds nothing in that segment.
    pub fn segment_leaves(&self) {
        self.removed.fetch_add(1, Ordering::AcqRel);
    }

    /// Forgets a segment whose file is gone, and every value that was read from it.
    pub fn segment_forget(&self, number: u64) {
        let segment = self.segments.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
        segment.iter().for_each(|segment| segment.close());
        self.values.remove_if(|place| place.segment == number);
        let mut tables = self.tables_mut();
        tables.space.live.remove(&number);
        tables.space.erasable.remove(&number);
    }

    /// Fails once the store is being closed, so that long work stops.
    pub fn check_open(&self) -> Result<(), Error> {
        if self.closing.load(Ordering::Acquire) { Err(Error::Closed) } else { Ok(()) }
    }

    /// Returns the number of a new run.
    pub fn run_number(&self) -> u64 {
        self.last_run.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Waits up to `limit` until the rows in memory have space, and returns whether they have:
    /// writers have to wait if the index on disk falls far behind. Once the store is being closed,
    /// nobody moves rows to the disk any more, and what already waits is still done.
    pub fn wait_for_index(&self, limit: Duration) -> bool {
        let is_full = |_: &mut ()| {
            self.tables().octets_in_all() > self.config.memory_octets && self.check_open().is_ok()
        };
        let waited = self.drained.wait_timeout_while(lock(&self.drained_rows), limit, is_full);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Wakes writers that wait for space in memory.
    pub fn drained(&self) {
        drop(lock(&self.drained_rows));
        self.drained.notify_all();
    }

    /// Returns whether so much is only in memory that it should be written to the index on disk.
    pub fn should_checkpoint(&self) -> bool {
        let tables = self.tables();
        tables.octets() > self.config.memory_octets / 2
            || tables.unfrozen() > self.config.checkpoint_octets
    }

    /// Returns whether data in a segment was deleted so long ago that it must be erased now.
    pub fn must_erase(&self, segment: u64) -> bool {
        let since = self.tables().space.erasable.get(&segment).copied();
        let limit = self.config.erase_secs;
        since.is_some_and(|since| self.unix_secs().saturating_sub(since) >= limit)
    }

    /// Returns the whole seconds since 1970, to measure how long data has waited to be erased.
    pub fn unix_secs(&self) -> u64 {
        u64::try_from(self.clock.now().unix_secs()).unwrap_or_default()
    }

    /// Returns the durable row under a key.
    pub fn row(&self, key: &[u8]) -> Result<Option<Row>, Error> {
        let runs = {
            let tables = self.tables();
            match tables.in_memory(key) {
                Some(row) => return Ok(row),
                None => tables.runs.clone(),
            }
        };
        self.noting_damage(runs.get(&self.blocks, key))
    }

    /// Remembers that the index has to be built again, if that is why something failed.
    pub fn noting_damage<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::DamagedIndex(what)) = &answer
            && !self.index_damaged.swap(true, Ordering::AcqRel)
        {
            tracing::error!(what, "a part of the index cannot be read");
        }
        answer
    }

    /// Returns the durable value under a key.
    pub fn value(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.again(|| match self.row(key)? {
            Some(row) => self.value_of(&row).map(Some),
            None => Ok(None),
        })
    }

    /// Runs a read, and repeats it if it failed and segments were removed meanwhile: compaction may
    /// move what a row refers to after the row was found and before it is read.
    pub fn again<T>(&self, read: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
        for _ in 0..MOVED_MAX {
            let before = self.removed.load(Ordering::Acquire);
            match read() {
                Err(Error::Damaged(_) | Error::Io(_))
                    if self.removed.load(Ordering::Acquire) != before => {}
                answer => return answer,
            }
        }
        read()
    }

    /// Returns a row's value.
    pub fn value_of(&self, row: &Row) -> Result<Bytes, Error> {
        self.value_from(row, &mut LastFrame::default())
    }

    /// Returns a row's value. Its frame is opened only if it is not the one that was opened last.
    pub fn value_from(&self, row: &Row, last: &mut LastFrame) -> Result<Bytes, Error> {
        if let Some(inline) = &row.inline {
            return Ok(inline.clone());
        }
        if let Some(value) = self.values.get(&row.place) {
            return Ok(value);
        }
        let frame = (row.place.segment, row.place.frame);
        // The one before is given back first: no two of them are in memory.
        let body = match last.0.take().filter(|(at, _)| *at == frame) {
            Some((_, body)) => body,
            None => self.read_frame(row.place)?,
        };
        // It is copied, so that the cache does not keep the rest of its frame.
        let value = Bytes::copy_from_slice(&part(&body, row.place)?);
        last.0 = Some((frame, body));
        self.remember(row.place, &value);
        Ok(value)
    }

    /// Keeps a value that is likely to be read soon.
    pub fn remember(&self, place: Place, value: &Bytes) {
        self.values.insert(place, value.clone(), value.len());
    }

    /// Returns whether reads have met as many removed rows as there are rows on disk: a merge of all
    /// runs, which drops those, costs no more than they did. If so, counting begins again.
    pub fn should_drop_removed(&self) -> bool {
        let rows: u64 = self.tables().runs.0.iter().map(|run| run.entry.rows).sum();
        let is_due = self.removed_read.load(Ordering::Relaxed) >= rows.max(REMOVED_READ_MIN);
        if is_due {
            self.removed_read.store(0, Ordering::Relaxed);
        }
        is_due
    }

    /// Gives back the memory of what was not read for some time.
    pub fn age(&self) {
        self.values.age();
        self.blocks.age();
    }

    fn read_place(&self, place: Place) -> Result<Bytes, Error> {
        part(&self.read_frame(place)?, place)
    }

    fn read_frame(&self, place: Place) -> Result<Bytes, Error> {
        let segment = self.segment(place.segment).ok_or_else(|| damaged(place))?;
        let frame = segment.read(place.frame, segment.end())?;
        let (_, body) = frame.ok_or_else(|| damaged(place))?;
        Ok(Bytes::from(body))
    }

    /// Returns whether the frame of a row really contains this key's value at the row's place.
    pub fn is_at_its_place(&self, key: &[u8], row: &Row) -> Result<bool, Error> {
        let Place { segment: number, frame: at, at: starts, length } = row.place;
        let Some(segment) = self.segment(number) else { return Ok(false) };
        let Some((_, body)) = segment.read(at, segment.end())? else { return Ok(false) };
        let ops = frame::parse(&body).map(|(_, ops)| ops).unwrap_or_default();
        Ok(ops.iter().any(|op| {
            let value = op.value.filter(|(found, _)| *found == starts).map(|(_, value)| value);
            let is_inline = |value| row.inline.as_deref().is_none_or(|inline| inline == value);
            op.key == key && value.is_some_and(|v| v.len() == length as usize && is_inline(v))
        }))
    }

    /// Visits durable keys and rows.
    pub fn scan_rows(
        &self,
        span: &Span,
        visit: &mut dyn FnMut(&[u8], Row) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut rest = Some(span.clone());
        let mut limit = SCAN_FIRST;
        while let Some(span) = rest {
            let view = self.tables().view(&span, limit);
            let batch = self.noting_damage(view.rows(&span, limit, &self.blocks))?;
            self.removed_read.fetch_add(batch.removed, Ordering::Relaxed);
            // No lock is held here, since the visitor may read as well.
            for (key, row) in batch.rows {
                if visit(&key, row).is_break() {
                    return Ok(());
                }
            }
            rest = batch.rest;
            limit = (limit * 4).min(SCAN_MOST);
        }
        Ok(())
    }

    /// Visits durable keys and values.
    pub fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        let (mut failed, mut last) = (None, LastFrame::default());
        self.scan_rows(span, &mut |key, row| self.visit(key, &row, &mut last, &mut failed, visit))?;
        failed.map_or(Ok(()), Err)
    }

    /// Visits durable keys and values, many at a time as they lie in the journal: each frame is
    /// opened once for all of them.
    pub fn scan_any_order(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        let mut rest = Some(span.clone());
        while let Some(span) = rest.take() {
            let mut rows: Vec<(Vec<u8>, Row)> = Vec::new();
            self.scan_rows(&span, &mut |key, row| {
                rows.push((key.to_vec(), row));
                if rows.len() < SCAN_MOST {
                    return ControlFlow::Continue(());
                }
                rest = Some(span.after(key));
                ControlFlow::Break(())
            })?;
            rows.sort_unstable_by_key(|(_, row)| (row.place.segment, row.place.frame));
            let (mut failed, mut last) = (None, LastFrame::default());
            for (key, row) in &rows {
                if self.visit(key, row, &mut last, &mut failed, visit).is_break() {
                    return failed.map_or(Ok(()), Err);
                }
            }
        }
        Ok(())
    }

    /// Visits one row with its value.
    fn visit(
        &self,
        key: &[u8],
        row: &Row,
        last: &mut LastFrame,
        failed: &mut Option<Error>,
        visit: Visit<'_>,
    ) -> ControlFlow<()> {
        // What cannot be read in its place may have been moved or deleted since.
        match self.value_from(row, last).map(Some).or_else(|_| self.value(key)) {
            Ok(Some(value)) => visit(key, &value),
            Ok(None) => ControlFlow::Continue(()),
            Err(error) => {
                *failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Returns the places of a content's pieces.
    pub fn pieces(&self, id: ContentId) -> Result<Option<Vec<PiecePlace>>, Error> {
        let Some(value) = self.value(&content_key(id))? else { return Ok(None) };
        let damaged = || Error::Damaged("a content's row cannot be read".to_owned());
        PiecePlace::decode_all(&value).ok_or_else(damaged).map(Some)
    }

    /// Returns a piece's octets; the piece must belong to `id`, or have been staged.
    pub fn piece(&self, id: ContentId, place: PiecePlace) -> Result<Bytes, Error> {
        let whole =
            Place { at: 0, length: place.length + frame::PIECE_HEAD as u32, ..place.place() };
        let body = self.read_place(whole)?;
        match frame::parse_piece(&body) {
            Some((owner, _)) if owner == id.0 || owner == [0; 16] => {
                Ok(body.slice(frame::PIECE_HEAD..))
            }
            _ => {
                Err(Error::Damaged(format!("segment {}, piece at {}", place.segment, place.frame)))
            }
        }
    }

    /// Reads at most `length` octets of a content from `offset`; `None` if there is no such
    /// content.
    pub fn content(
        &self,
        id: ContentId,
        offset: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.again(|| {
            let Some(pieces) = self.pieces(id)? else { return Ok(None) };
            let end = offset.saturating_add(length);
            let (mut out, mut at) = (Vec::new(), 0);
            for piece in pieces {
                let next = at + u64::from(piece.length);
                if next > offset && at < end {
                    let octets = self.piece(id, piece)?;
                    let from = offset.saturating_sub(at) as usize;
                    let to = (end.min(next) - at) as usize;
                    out.extend_from_slice(&octets[from..to]);
                }
                at = next;
            }
            Ok(Some(out))
        })
    }
}

/// Visits the rows of `below` with those of `above` on top, in order. A `None` in `above` hides a
/// row of `below`.
pub fn merge(
    above: &Rows,
    order: Order,
    visit: &mut dyn FnMut(&[u8], Row) -> ControlFlow<()>,
    below: impl FnOnce(&mut dyn FnMut(&[u8], Row) -> ControlFlow<()>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut rest: Box<dyn Iterator<Item = _>> = match order {
        Order::Ascending => Box::new(above.iter()),
        Order::Descending => Box::new(above.iter().rev()),
    };
    let mut next = rest.next();
    let mut stopped = false;
    let comes_before = |a: &[u8], b: &[u8]| match order {
        Order::Ascending => a < b,
        Order::Descending => a > b,
    };
    below(&mut |key, row| {
        // Rows above come first, and replace the row below with the same key.
        let mut hidden = false;
        while let Some((own, own_row)) = next
            && (comes_before(own, key) || own == key)
        {
            hidden |= own == key;
            next = rest.next();
            if let Some(row) = own_row
                && visit(own, row.clone()).is_break()
            {
                stopped = true;
                return ControlFlow::Break(());
            }
        }
        if !hidden && visit(key, row).is_break() {
            stopped = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    while let (Some((own, own_row)), false) = (next, stopped) {
        next = rest.next();
        if let Some(row) = own_row {
            stopped = visit(own, row.clone()).is_break();
        }
    }
    Ok(())
}
