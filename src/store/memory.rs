//! The engine in memory: nothing survives, everything else holds. For tests that need speed,
//! and as the plain second opinion that the conformance suite compares the real one with.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Mutex;

use bytes::Bytes;

use super::Error;
use super::engine::{
    ContentId, Engine, Job, Order, Piece, RawTx, Room, Span, Staged, StagedPlace, Verified, Visit,
};

/// Everything in two maps behind one lock; a transaction holds the lock while it runs.
#[derive(Default)]
pub struct MemoryEngine {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: BTreeMap<Vec<u8>, Bytes>,
    contents: BTreeMap<ContentId, Bytes>,
}

impl MemoryEngine {
    /// An empty one.
    pub fn new() -> MemoryEngine {
        MemoryEngine::default()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        Ok(self.state().records.get(key).cloned())
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        // Copied out first: the visitor may come back with another read.
        let rows: Vec<_> = rows(&self.state().records, span);
        for (key, value) in rows {
            if visit(&key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn submit(&self, mut job: Box<dyn Job>) {
        {
            let mut state = self.state();
            let mut tx = MemoryTx { state: &state, writes: Vec::new(), records: BTreeMap::new() };
            if job.run(&mut tx) {
                let MemoryTx { writes, records, .. } = tx;
                state.apply(records, writes);
            }
        }
        job.done(Ok(()));
    }

    fn content_stage(&self, piece: Bytes) -> Result<Staged, Error> {
        Ok(Staged { length: piece.len() as u64, place: StagedPlace::Memory(piece) })
    }

    fn content_length(&self, id: ContentId) -> Result<Option<u64>, Error> {
        Ok(self.state().contents.get(&id).map(|c| c.len() as u64))
    }

    fn content_read(&self, id: ContentId, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        let state = self.state();
        let content = state.contents.get(&id).ok_or(Error::NotFound)?;
        let len = content.len() as u64;
        let (from, to) = (offset.min(len), offset.saturating_add(length).min(len));
        Ok(content[from as usize..to as usize].to_vec())
    }

    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, Error> {
        let state = self.state();
        progress(1, 1);
        Ok(Verified {
            records: state.records.len() as u64,
            contents: state.contents.len() as u64,
            ..Verified::default()
        })
    }

    fn checkpoint(&self) -> Result<(), Error> {
        Ok(())
    }

    fn compact(&self) -> Result<u64, Error> {
        Ok(0)
    }

    fn room(&self) -> Result<Room, Error> {
        let state = self.state();
        let records = state.records.iter().map(|(key, value)| key.len() + value.len());
        let contents = state.contents.values().map(Bytes::len);
        let used = records.chain(contents).sum::<usize>() as u64;
        Ok(Room { used, free: None, refusing: None })
    }
}

impl State {
    fn apply(&mut self, records: BTreeMap<Vec<u8>, Option<Bytes>>, writes: Vec<ContentWrite>) {
        for (key, value) in records {
            match value {
                Some(value) => self.records.insert(key, value),
                None => self.records.remove(&key),
            };
        }
        for (id, content) in writes {
            match content {
                Some(content) => self.contents.insert(id, content),
                None => self.contents.remove(&id),
            };
        }
    }
}

type ContentWrite = (ContentId, Option<Bytes>);

struct MemoryTx<'s> {
    state: &'s State,
    records: BTreeMap<Vec<u8>, Option<Bytes>>,
    writes: Vec<ContentWrite>,
}

impl RawTx for MemoryTx<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        Ok(match self.records.get(key) {
            Some(own) => own.clone(),
            None => self.state.records.get(key).cloned(),
        })
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        let mut merged: BTreeMap<Vec<u8>, Bytes> =
            rows(&self.state.records, span).into_iter().collect();
        for (key, value) in self.records.iter().filter(|(key, _)| span.contains(key)) {
            match value {
                Some(value) => merged.insert(key.clone(), value.clone()),
                None => merged.remove(key),
            };
        }
        let mut visit_row = |(key, value): (&Vec<u8>, &Bytes)| visit(key, value);
        let _ = match span.order {
            Order::Ascending => merged.iter().try_for_each(&mut visit_row),
            Order::Descending => merged.iter().rev().try_for_each(&mut visit_row),
        };
        Ok(())
    }

    fn put(&mut self, key: Vec<u8>, value: Bytes) {
        self.records.insert(key, Some(value));
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.records.insert(key, None);
    }

    fn content_put(&mut self, id: ContentId, pieces: Vec<Piece>) {
        let mut whole = Vec::new();
        for piece in &pieces {
            match piece {
                Piece::Inline(bytes) => whole.extend_from_slice(bytes),
                Piece::Staged(Staged { place: StagedPlace::Memory(bytes), .. }) => {
                    whole.extend_from_slice(bytes);
                }
                Piece::Staged(_) => unreachable!("a piece staged in another engine"),
            }
        }
        self.writes.push((id, Some(whole.into())));
    }

    fn content_delete(&mut self, id: ContentId) {
        self.writes.push((id, None));
    }

    fn content_length(&self, id: ContentId) -> Result<Option<u64>, Error> {
        let own = self.writes.iter().rev().find(|(at, _)| *at == id);
        let content = own.map_or_else(|| self.state.contents.get(&id), |(_, c)| c.as_ref());
        Ok(content.map(|c| c.len() as u64))
    }
}

fn rows(records: &BTreeMap<Vec<u8>, Bytes>, span: &Span) -> Vec<(Vec<u8>, Bytes)> {
    if span.to.as_ref().is_some_and(|to| *to <= span.from) {
        return Vec::new();
    }
    let to = span.to.clone().map_or(Bound::Unbounded, Bound::Excluded);
    let range = records.range::<Vec<u8>, _>((Bound::Included(span.from.clone()), to));
    let copy = |(key, value): (&Vec<u8>, &Bytes)| (key.clone(), value.clone());
    match span.order {
        Order::Ascending => range.map(copy).collect(),
        Order::Descending => range.rev().map(copy).collect(),
    }
}

/// A scan that never stops early, for callers that want every row.
pub fn every<F: FnMut(&[u8], &[u8])>(mut each: F) -> impl FnMut(&[u8], &[u8]) -> ControlFlow<()> {
    move |key, value| {
        each(key, value);
        ControlFlow::Continue(())
    }
}
