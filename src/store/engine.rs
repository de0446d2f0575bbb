//! What every engine under the store promises: raw, ordered, durable bytes.
//!
//! Keys and values are opaque here (values arrive sealed). One transaction is applied wholly
//! or not at all, and its outcome is told only once it is on disk. Transactions run one after
//! another on one writer, so a transaction sees everything committed before it.
//!
//! Nothing here knows how an engine keeps its bytes: what it needs to find a staged piece again
//! travels as a token that only it can read.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::error::Error;
use super::span::{ContentId, Span, Visit};

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
            Piece::Staged(staged) => staged.length(),
        }
    }
}

/// A piece that already lies in the engine, referred to by nothing until a transaction commits
/// it. Once every clone of this is gone and no transaction committed it, it is swept.
#[derive(Clone)]
pub struct Staged {
    token: Arc<dyn Any + Send + Sync>,
    length: u64,
}

impl Staged {
    /// A piece of `length` octets that the engine finds again by `token`. Dropping the last
    /// clone drops the token, by which the engine learns that nobody waits for the piece.
    pub fn new<T: Any + Send + Sync>(token: T, length: u64) -> Staged {
        Staged { token: Arc::new(token), length }
    }

    /// The token, for the engine that made it; `None` when it is of another kind. Two engines
    /// of one kind have to tell their tokens apart by what is in them.
    pub fn token<T: Any>(&self) -> Option<&T> {
        self.token.downcast_ref()
    }

    /// Its length in octets.
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged").field("length", &self.length).finish_non_exhaustive()
    }
}

/// The view a transaction has: committed state, its own writes on top.
pub trait RawTx {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error>;
    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error>;
    fn put(&mut self, key: Vec<u8>, value: Bytes);
    fn delete(&mut self, key: Vec<u8>);
    /// Stores a content under `id`, replacing one that is there. When a piece was staged in
    /// another engine, the whole transaction fails with [`Error::StagedElsewhere`].
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
    /// Files that were read, and entries in them; 0 for an engine that keeps none.
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
    /// Brings to disk what makes the next start quick.
    fn checkpoint(&self) -> Result<(), Error>;
    /// Reclaims room; returns the octets given back.
    fn compact(&self) -> Result<u64, Error>;
    /// How much room is taken and left.
    fn room(&self) -> Result<Room, Error>;
}
