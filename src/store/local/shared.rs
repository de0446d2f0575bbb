//! What readers, the writer and the background threads share: segments, the index, and the overlay
//! of rows that are durable but not yet in the index.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Clock;
use crate::store::error::Error;
use crate::store::span::{ContentId, Order, Span, Visit};
use crate::vault::Vault;

use super::config::LocalConfig;
use super::disk::Disk;
use super::index::{Index, IndexError, Place, Row};
use super::journal::files::Files;
use super::journal::{PiecePlace, Segment, frame};
use super::pins::Pins;

/// The table number of contents' rows in the index, which no table has.
pub const CONTENTS: u8 = 255;

/// Returns the key of a content's row.
pub fn content_key(id: ContentId) -> Vec<u8> {
    let mut key = Vec::with_capacity(17);
    key.push(CONTENTS);
    key.extend_from_slice(&id.0);
    key
}

/// A position in the journal, and the index's digest there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub seq: u64,
    pub segment: u64,
    pub offset: u64,
    pub digest: u128,
}

/// Durable rows that the index does not have yet, each with the last frame number of its group.
#[derive(Default)]
pub struct Overlay {
    rows: BTreeMap<Vec<u8>, (u64, Option<Row>)>,
    pub published: Position,
}

/// The segments that contain a row's data, each with the number of octets.
pub type Shares = Vec<(u64, u64)>;

/// How many rows a scan reads from the index at once: few at first, since many scans need only one.
const SCAN_FIRST: usize = 16;
const SCAN_MOST: usize = 1_024;
/// How often a read is repeated because segments were removed meanwhile.
const MOVED_MAX: usize = 16;

pub struct Shared {
    pub disk: Arc<dyn Disk>,
    /// The segments' open files.
    pub files: Arc<Files>,
    pub vault: Vault,
    pub config: LocalConfig,
    clock: Clock,
    pub index: Box<dyn Index>,
    pub segments: RwLock<BTreeMap<u64, Arc<Segment>>>,
    overlay: RwLock<Overlay>,
    /// Held for reading while the index is read, and for writing while it is rebuilt.
    pub gate: RwLock<()>,
    /// Held while rows move to the index or a checkpoint is written: two at once could leave
    /// an older row in the index than the one that was there.
    pub keeper: Mutex<()>,
    /// How many segments were removed so far.
    removed: AtomicU64,
    /// Held during compaction.
    pub compacting: Mutex<()>,
    /// Notified when rows were moved from the overlay to the index.
    drained: Condvar,
    drained_rows: Mutex<()>,
    /// Live octets by segment.
    pub live: Mutex<BTreeMap<u64, u64>>,
    /// Segments that contain deleted data, and since when (Unix seconds).
    pub erasable: Mutex<BTreeMap<u64, u64>>,
    pub pins: Arc<Pins>,
    pub refusing: Mutex<Option<String>>,
    pub damage: Mutex<Vec<String>>,
}

/// Takes a lock. A thread that panicked while holding it left consistent data, since nothing here
/// is changed in several steps between which a panic is possible.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn new(
        disk: Arc<dyn Disk>,
        vault: Vault,
        config: LocalConfig,
        clock: Clock,
        index: Box<dyn Index>,
    ) -> Shared {
        Shared {
            files: Files::new(disk.clone()),
            disk,
            vault,
            config,
            clock,
            index,
            segments: RwLock::default(),
            overlay: RwLock::default(),
            gate: RwLock::default(),
            keeper: Mutex::default(),
            removed: AtomicU64::default(),
            compacting: Mutex::default(),
            drained: Condvar::new(),
            drained_rows: Mutex::default(),
            live: Mutex::default(),
            erasable: Mutex::default(),
            pins: Arc::default(),
            refusing: Mutex::default(),
            damage: Mutex::default(),
        }
    }

    pub fn overlay(&self) -> RwLockReadGuard<'_, Overlay> {
        self.overlay.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn overlay_mut(&self) -> RwLockWriteGuard<'_, Overlay> {
        self.overlay.write().unwrap_or_else(PoisonError::into_inner)
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

    pub fn segment_forget(&self, number: u64) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
        self.removed.fetch_add(1, Ordering::AcqRel);
        lock(&self.live).remove(&number);
        lock(&self.erasable).remove(&number);
    }

    /// Waits up to `limit` until the overlay has space, and returns whether it has: the overlay is
    /// in memory, so writers have to wait if the index falls far behind.
    pub fn wait_for_index(&self, limit: Duration) -> bool {
        let is_full = |_: &mut ()| self.overlay().len() > self.config.overlay_rows_max;
        let waited = self.drained.wait_timeout_while(lock(&self.drained_rows), limit, is_full);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn index_open(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that a segment contains data that was replaced or deleted.
    pub fn erase_later(&self, segment: u64) {
        let now = self.unix_secs();
        lock(&self.erasable).entry(segment).or_insert(now);
    }

    /// Returns whether data in a segment was deleted so long ago that it must be erased now.
    pub fn must_erase(&self, segment: u64) -> bool {
        let since = lock(&self.erasable).get(&segment).copied();
        let limit = self.config.erase_secs;
        since.is_some_and(|since| self.unix_secs().saturating_sub(since) >= limit)
    }

    /// Returns the whole seconds since 1970, to measure how long data has waited to be erased.
    fn unix_secs(&self) -> u64 {
        u64::try_from(self.clock.now().unix_secs()).unwrap_or_default()
    }

    /// Returns the durable row under a key.
    pub fn row(&self, key: &[u8]) -> Result<Option<Row>, Error> {
        let _open = self.index_open();
        if let Some((_, row)) = self.overlay().rows.get(key) {
            return Ok(row.clone());
        }
        Ok(self.index.get(key)?)
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
        match &row.inline {
            Some(inline) => Ok(inline.clone()),
            None => self.read_place(row.place),
        }
    }

    fn read_place(&self, place: Place) -> Result<Bytes, Error> {
        let damaged = || {
            let Place { segment, frame, .. } = place;
            Error::Damaged(format!("segment {segment}, frame at {frame}"))
        };
        let segment = self.segment(place.segment).ok_or_else(damaged)?;
        let (_, body) = segment.read(place.frame, segment.end())?.ok_or_else(damaged)?;
        let (from, to) = (place.at as usize, place.at as usize + place.length as usize);
        if to > body.len() {
            return Err(damaged());
        }
        Ok(Bytes::from(body).slice(from..to))
    }

    /// Visits durable keys and rows: the index's, with the overlay's on top.
    pub fn scan_rows(
        &self,
        span: &Span,
        visit: &mut dyn FnMut(&[u8], Row) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        // The overlay is read first, so that a row that moves to the index meanwhile is seen.
        let above = self.overlay().range(span);
        merge(&above, span.order, visit, |visit| {
            let mut rest = Some(span.clone());
            let mut limit = SCAN_FIRST;
            while let Some(span) = rest {
                let rows = self.index_rows(&span, limit)?;
                rest = rows.last().filter(|_| rows.len() == limit).map(|(key, _)| span.after(key));
                // No lock is held here, since the visitor may read as well.
                for (key, row) in rows {
                    if visit(&key, row).is_break() {
                        return Ok(());
                    }
                }
                limit = (limit * 4).min(SCAN_MOST);
            }
            Ok(())
        })
    }

    fn index_rows(&self, span: &Span, limit: usize) -> Result<Vec<(Vec<u8>, Row)>, Error> {
        let _open = self.index_open();
        let mut rows = Vec::new();
        self.index.scan(span, &mut |key, row| {
            rows.push((key.to_vec(), row));
            if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(rows)
    }

    /// Visits durable keys and values.
    pub fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        let mut failed = None;
        self.scan_rows(span, &mut |key, row| {
            // What cannot be read in its place may have been moved or deleted since.
            match self.value_of(&row).map(Some).or_else(|_| self.value(key)) {
                Ok(Some(value)) => visit(key, &value),
                Ok(None) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
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

    /// Returns which segments contain how many octets that are live because of a row.
    pub fn shares(&self, key: &[u8], row: &Row) -> Shares {
        let own = (row.place.segment, u64::from(row.place.length) + key.len() as u64 + 7);
        let mut shares = vec![own];
        if key.first() == Some(&CONTENTS)
            && let Ok(value) = self.value_of(row)
            && let Some(pieces) = PiecePlace::decode_all(&value)
        {
            let share = |piece: &PiecePlace| (piece.segment, u64::from(piece.length) + 72);
            shares.extend(pieces.iter().map(share));
        }
        shares
    }

    /// Moves the overlay's rows into the index. Returns how many there were.
    pub fn drain(&self) -> Result<usize, IndexError> {
        let _alone = lock(&self.keeper);
        self.drain_alone()
    }

    /// Like [`Shared::drain`], for a caller that holds `keeper`.
    pub fn drain_alone(&self) -> Result<usize, IndexError> {
        const ROWS_AT_ONCE: usize = 2_048;
        let (mut from, mut drained) = (Vec::new(), 0);
        loop {
            let batch = self.overlay().batch(&from, ROWS_AT_ONCE);
            let Some((last, _, _)) = batch.last() else { return Ok(drained) };
            from = [last.as_slice(), &[0]].concat();
            let changes: Vec<_> =
                batch.iter().map(|(key, _, row)| (key.clone(), row.clone())).collect();
            self.index.apply(&changes)?;
            self.overlay_mut().forget(&batch);
            drained += batch.len();
            drop(lock(&self.drained_rows));
            self.drained.notify_all();
        }
    }
}

impl Overlay {
    /// Adds a group's rows.
    pub fn publish(&mut self, rows: BTreeMap<Vec<u8>, Option<Row>>, position: Position) {
        for (key, row) in rows {
            self.rows.insert(key, (position.seq, row));
        }
        self.published = position;
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    fn batch(&self, from: &[u8], limit: usize) -> Vec<(Vec<u8>, u64, Option<Row>)> {
        let range = self.rows.range::<[u8], _>((Bound::Included(from), Bound::Unbounded));
        range.take(limit).map(|(key, (seq, row))| (key.clone(), *seq, row.clone())).collect()
    }

    /// Removes rows that were moved, unless they changed meanwhile.
    fn forget(&mut self, batch: &[(Vec<u8>, u64, Option<Row>)]) {
        for (key, seq, _) in batch {
            if self.rows.get(key).is_some_and(|(now, _)| now == seq) {
                self.rows.remove(key);
            }
        }
    }

    fn range(&self, span: &Span) -> BTreeMap<Vec<u8>, Option<Row>> {
        if span.to.as_ref().is_some_and(|to| *to <= span.from) {
            return BTreeMap::new();
        }
        let to = span.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let range = self.rows.range::<[u8], _>((Bound::Included(span.from.as_slice()), to));
        range.map(|(key, (_, row))| (key.clone(), row.clone())).collect()
    }
}

/// Visits the rows of `below` with those of `above` on top, in order. A `None` in `above` hides a
/// row of `below`.
pub fn merge(
    above: &BTreeMap<Vec<u8>, Option<Row>>,
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
