//! What every engine under the store promises: raw, ordered, durable bytes.
//!
//! Keys and values are opaque here (values arrive sealed). One transaction is applied wholly
//! or not at all, and its outcome is told only once it is on disk. Transactions run one after
//! another on one writer, so a transaction sees everything committed before it.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;

use super::Error;
use super::journal::PiecePlace;
use super::writer::Pin;

/// Names one stored content; the bytes of the reference number it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub [u8; 16]);

/// A range of raw keys, `from` included, `to` excluded; `None` is open-ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Vec<u8>,
    pub to: Option<Vec<u8>>,
    pub order: Order,
}

/// In which order a scan visits its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Ascending,
    Descending,
}

impl Span {
    /// Every key that begins with `prefix`.
    pub fn prefix(prefix: &[u8], order: Order) -> Span {
        Span { from: prefix.to_vec(), to: after_prefix(prefix), order }
    }

    /// What is left of the range behind `key`.
    pub fn after(&self, key: &[u8]) -> Span {
        let mut rest = self.clone();
        match self.order {
            Order::Ascending => rest.from = [key, &[0]].concat(),
            Order::Descending => rest.to = Some(key.to_vec()),
        }
        rest
    }

    /// Whether `key` lies in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= self.from.as_slice() && self.to.as_deref().is_none_or(|to| key < to)
    }
}

/// The first key after all that begin with `prefix`; `None` when there is no such key.
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return Some(end);
        }
        end.pop();
    }
    None
}

/// Called for each key and value of a scan; `Break` ends it.
pub type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// A part of a content: handed over with the transaction, or staged ahead of it.
#[derive(Clone, Debug)]
pub enum Piece {
    Inline(Bytes),
    Staged(Staged),
}

impl Piece {
    /// Its length in octets.
    pub fn length(&self) -> u64 {
        match self {
            Piece::Inline(octets) => octets.len() as u64,
            Piece::Staged(staged) => staged.length,
        }
    }
}

/// A piece that already lies in the engine, referred to by nothing until a transaction commits
/// it. When none does, it is swept.
#[derive(Clone, Debug)]
pub struct Staged {
    /// Engine-private: where the piece lies.
    pub place: StagedPlace,
    /// Its length in octets.
    pub length: u64,
}

/// Where a staged piece lies; meaningful to the engine that made it.
#[derive(Clone, Debug)]
pub enum StagedPlace {
    /// In the journal; the pin keeps its segment from being removed.
    Journal { places: Vec<PiecePlace>, pin: Arc<Pin> },
    /// In memory.
    Memory(Bytes),
}

/// The view a transaction has: committed state, its own writes on top.
pub trait RawTx {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error>;
    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error>;
    fn put(&mut self, key: Vec<u8>, value: Bytes);
    fn delete(&mut self, key: Vec<u8>);
    /// Stores a content under `id`, replacing one that is there.
    fn content_put(&mut self, id: ContentId, pieces: Vec<Piece>);
    /// Removes a content; nothing happens when there is none.
    fn content_delete(&mut self, id: ContentId);
    /// The length in octets of a content, or `None`.
    fn content_length(&self, id: ContentId) -> Result<Option<u64>, Error>;
}

/// One transaction on its way to the writer.
pub trait Job: Send {
    /// Reads and writes. Short and without side effects: it may be run again. `false` aborts,
    /// and nothing of it is applied.
    fn run(&mut self, tx: &mut dyn RawTx) -> bool;

    /// Told exactly once: durable (`Ok`), aborted by itself (`Ok` as well), or not done (`Err`).
    fn done(self: Box<Self>, outcome: Result<(), Error>);
}

/// How much one `verify` looked at, and what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub segments: u64,
    pub frames: u64,
    pub records: u64,
    pub contents: u64,
    /// One sentence for each damaged place.
    pub damage: Vec<String>,
}

/// How much room there is on the medium, in octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// What records and contents take, with what waits to be given back.
    pub used: u64,
    /// What is left; `None` where the medium has no such bound.
    pub free: Option<u64>,
    /// Why writes are refused at present, if they are.
    pub refusing: Option<String>,
}

/// Records and contents on some medium. Reads see only what is durable.
pub trait Engine: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error>;
    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error>;
    /// Queues a transaction; `job.done` is called from the writer. Blocks only while the queue
    /// is full (back-pressure).
    fn submit(&self, job: Box<dyn Job>);
    /// Writes a piece of a large content ahead of the transaction that will refer to it.
    fn content_stage(&self, piece: Bytes) -> Result<Staged, Error>;
    fn content_length(&self, id: ContentId) -> Result<Option<u64>, Error>;
    /// `length` octets from `offset`; fewer at the end; `NotFound` when there is no such content.
    fn content_read(&self, id: ContentId, offset: u64, length: u64) -> Result<Vec<u8>, Error>;
    /// Reads everything back and compares. `progress` is told (done, total) octets.
    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, Error>;
    /// Brings the index to disk, so that the next start has less to read again.
    fn checkpoint(&self) -> Result<(), Error>;
    /// Reclaims room; returns the octets given back.
    fn compact(&self) -> Result<u64, Error>;
    /// How much room is taken and left.
    fn room(&self) -> Result<Room, Error>;
}
