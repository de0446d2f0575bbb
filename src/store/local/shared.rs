//! What readers, the writer and the background share: segments, the index, and the overlay of
//! what is durable but not yet in the index.

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

/// Contents' rows stand in the index under this table number, which no table has.
pub const CONTENTS: u8 = 255;

/// The key of a content's row.
pub fn content_key(id: ContentId) -> Vec<u8> {
    let mut key = Vec::with_capacity(17);
    key.push(CONTENTS);
    key.extend_from_slice(&id.0);
    key
}

/// Where the journal stands, and the index's digest there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub seq: u64,
    pub segment: u64,
    pub offset: u64,
    pub digest: u128,
}

/// Durable rows that the index does not have yet, each with its transaction's number.
#[derive(Default)]
pub struct Overlay {
    rows: BTreeMap<Vec<u8>, (u64, Option<Row>)>,
    pub published: Position,
}

/// How a row counts for its segments: which hold how many octets of it.
pub type Shares = Vec<(u64, u64)>;

/// Rows taken from the index at once by a scan: few at first, since many scans want one.
const SCAN_FIRST: usize = 16;
const SCAN_MOST: usize = 1_024;
/// How often a read is done again because segments went meanwhile.
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
    /// How many segments went so far.
    removed: AtomicU64,
    /// Held during compaction.
    pub compacting: Mutex<()>,
    /// Told when rows went from the overlay to the index.
    drained: Condvar,
    drained_rows: Mutex<()>,
    /// Live octets by segment.
    pub live: Mutex<BTreeMap<u64, u64>>,
    /// Segments that hold something deleted, and since when (Unix seconds).
    pub erasable: Mutex<BTreeMap<u64, u64>>,
    pub pins: Arc<Pins>,
    pub refusing: Mutex<Option<String>>,
    pub damage: Mutex<Vec<String>>,
}

/// Takes a lock; a thread that panicked while it held it left consistent data, since nothing
/// here is changed in steps that may panic between.
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

    /// Whether the overlay has room, if need be after `limit`: it is memory, and when the index
    /// falls far behind, writers wait for it.
    pub fn wait_for_index(&self, limit: Duration) -> bool {
        let is_full = |_: &mut ()| self.overlay().len() > self.config.overlay_rows_max;
        let waited = self.drained.wait_timeout_while(lock(&self.drained_rows), limit, is_full);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn index_open(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a segment holds something that was replaced or deleted.
    pub fn erase_later(&self, segment: u64) {
        let now = self.unix_secs();
        lock(&self.erasable).entry(segment).or_insert(now);
    }

    /// Whether something in a segment was deleted so long ago that it has to be erased now.
    pub fn must_erase(&self, segment: u64) -> bool {
        let since = lock(&self.erasable).get(&segment).copied();
        let limit = self.config.erase_secs;
        since.is_some_and(|since| self.unix_secs().saturating_sub(since) >= limit)
    }

    /// Whole seconds since 1970, for how long something has waited to be erased.
    fn unix_secs(&self) -> u64 {
        u64::try_from(self.clock.now().unix_secs()).unwrap_or_default()
    }

    /// The durable row under a key.
    pub fn row(&self, key: &[u8]) -> Result<Option<Row>, Error> {
        let _open = self.index_open();
        if let Some((_, row)) = self.overlay().rows.get(key) {
            return Ok(row.clone());
        }
        Ok(self.index.get(key)?)
    }

    /// The durable value under a key.
    pub fn value(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.again(|| match self.row(key)? {
            Some(row) => self.value_of(&row).map(Some),
            None => Ok(None),
        })
    }

    /// Compaction may move what a row points to between finding the row and reading it: when
    /// segments went meanwhile, the read is done again.
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

    /// A row's value.
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
        // The overlay first: a row that moves to the index meanwhile is then seen at least once.
        let above = self.overlay().range(span);
        merge(&above, span.order, visit, |visit| {
            let mut rest = Some(span.clone());
            let mut limit = SCAN_FIRST;
            while let Some(span) = rest {
                let rows = self.index_rows(&span, limit)?;
                rest = rows.last().filter(|_| rows.len() == limit).map(|(key, _)| span.after(key));
                // No lock is held here: the visitor may come back with another read.
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
            // What cannot be read where it stood may have been moved, or deleted, since.
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

    /// The places of a content's pieces.
    pub fn pieces(&self, id: ContentId) -> Result<Option<Vec<PiecePlace>>, Error> {
        let Some(value) = self.value(&content_key(id))? else { return Ok(None) };
        let damaged = || Error::Damaged("a content's row cannot be read".to_owned());
        PiecePlace::decode_all(&value).ok_or_else(damaged).map(Some)
    }

    /// A piece's octets, which must belong to `id`.
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

    /// At most `length` octets of a content from `offset`; `None` when there is no such content.
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

    /// How many octets of which segments keep a row alive.
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

    /// Moves what the overlay holds into the index. Tells how many rows that were.
    pub fn drain(&self) -> Result<usize, IndexError> {
        let _alone = lock(&self.keeper);
        self.drain_alone()
    }

    /// The same for the one who holds `keeper`.
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
    /// Adds a transaction's rows.
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

    /// Removes what was moved, unless it changed meanwhile.
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

/// Visits `below` with `above` on top of it, in order. `above`'s `None` hides a row of `below`.
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
        // What stands above comes first, and in place of the same key below.
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
