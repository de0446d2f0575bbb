//! The engine in memory, which meets every guarantee but durability. It serves tests that need
//! speed, and is the simple model with which the conformance suite compares the local engine.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::engine::{Engine, Job, Piece, RawTx, Room, Staged, Staging, Verified};
use super::error::Error;
use super::span::{ContentId, Order, Span, Visit};

/// Two maps behind one lock, which a transaction holds while it runs.
#[derive(Default)]
pub struct MemoryEngine {
    state: Mutex<State>,
    /// Distinguishes this engine's staged pieces from those of others.
    mark: Arc<()>,
}

/// The token of a staged piece: its octets, and the mark of the engine in which it was staged.
struct Token {
    mark: Arc<()>,
    octets: Bytes,
}

#[derive(Default)]
struct State {
    records: BTreeMap<Vec<u8>, Bytes>,
    contents: BTreeMap<ContentId, Bytes>,
}

impl MemoryEngine {
    /// Returns an empty engine.
    pub fn new() -> MemoryEngine {
        MemoryEngine::default()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn run(&self, job: &mut dyn Job) -> Result<(), Error> {
        let mut state = self.state();
        let mut tx = MemoryTx { state: &state, writes: Vec::new(), records: BTreeMap::new() };
        if !job.run(&mut tx) {
            return Ok(());
        }
        let MemoryTx { writes, records, .. } = tx;
        let joined = writes.into_iter().map(|(id, pieces)| {
            let whole = pieces.map(|pieces| self.join(&pieces)).transpose()?;
            Ok((id, whole))
        });
        let contents = joined.collect::<Result<Vec<_>, Error>>()?;
        state.apply(records, contents);
        Ok(())
    }

    fn join(&self, pieces: &[Piece]) -> Result<Bytes, Error> {
        let mut whole = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Inline(octets) => whole.extend_from_slice(octets),
                Piece::Staged(staged) => {
                    let token = staged.token::<Token>();
                    let own = token.filter(|token| Arc::ptr_eq(&token.mark, &self.mark));
                    whole.extend_from_slice(&own.ok_or(Error::StagedElsewhere)?.octets);
                }
            }
        }
        Ok(whole.into())
    }
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        Ok(self.state().records.get(key).cloned())
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        // The rows are copied first, since the visitor may read as well.
        let rows: Vec<_> = rows(&self.state().records, span);
        for (key, value) in rows {
            if visit(&key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn submit(&self, mut job: Box<dyn Job>) {
        let outcome = self.run(job.as_mut());
        job.done(outcome);
    }

    fn content_stage_begin(&self, piece: Bytes) -> Staging {
        let (sender, staging) = Staging::begin();
        let length = piece.len() as u64;
        let staged = Staged::new(Token { mark: self.mark.clone(), octets: piece }, length);
        sender.send(Ok(staged)).expect("the receiver is in this function");
        staging
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
    fn apply(
        &mut self,
        records: BTreeMap<Vec<u8>, Option<Bytes>>,
        contents: Vec<(ContentId, Option<Bytes>)>,
    ) {
        for (key, value) in records {
            match value {
                Some(value) => self.records.insert(key, value),
                None => self.records.remove(&key),
            };
        }
        for (id, content) in contents {
            match content {
                Some(content) => self.contents.insert(id, content),
                None => self.contents.remove(&id),
            };
        }
    }
}

type ContentWrite = (ContentId, Option<Vec<Piece>>);

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
        self.writes.push((id, Some(pieces)));
    }

    fn content_delete(&mut self, id: ContentId) {
        self.writes.push((id, None));
    }

    fn content_length(&self, id: ContentId) -> Result<Option<u64>, Error> {
        let own = self.writes.iter().rev().find(|(at, _)| *at == id);
        let own = own.map(|(_, pieces)| {
            pieces.as_ref().map(|pieces| pieces.iter().map(Piece::length).sum())
        });
        Ok(own.unwrap_or_else(|| self.state.contents.get(&id).map(|c| c.len() as u64)))
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
