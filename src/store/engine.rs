//! What every engine under the store guarantees: raw, ordered, durable bytes.
//!
//! Keys and values are opaque here (values arrive sealed). A transaction is applied as a whole or
//! not at all, and its outcome is reported only once it is on disk. Transactions run one after
//! another on one writer, so a transaction sees everything committed before it.
//!
//! This module does not know how an engine stores its bytes: what the engine needs to find a
//! staged piece again is passed as a token that only the engine can read.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use bytes::Bytes;

use super::error::Error;
use super::span::{ContentId, Span, Visit, VisitKey};

/// A part of a content: passed with the transaction, or staged before it.
#[derive(Clone, Debug)]
pub enum Piece {
    Inline(Bytes),
    Staged(Staged),
}

impl Piece {
    /// Returns its length in octets.
    pub fn length(&self) -> u64 {
        match self {
            Piece::Inline(octets) => octets.len() as u64,
            Piece::Staged(staged) => staged.length(),
        }
    }
}

/// A piece that is being written. If it is dropped, so is the piece.
#[derive(Debug)]
pub struct Staging(Receiver<Result<Staged, Error>>);

impl Staging {
    /// Returns a piece that is being written, and where the engine reports its outcome.
    pub fn begin() -> (SyncSender<Result<Staged, Error>>, Staging) {
        let (sender, outcome) = sync_channel(1);
        (sender, Staging(outcome))
    }

    /// Waits until the piece is written.
    pub fn wait(self) -> Result<Staged, Error> {
        self.0.recv().map_err(|_| Error::Closed)?
    }
}

/// A piece that is already in the engine, to which nothing refers until a transaction commits it.
/// If every clone of this is dropped and no transaction committed it, its space is reclaimed.
#[derive(Clone)]
pub struct Staged {
    token: Arc<dyn Any + Send + Sync>,
    length: u64,
}

impl Staged {
    /// Returns a piece of `length` octets that the engine finds again by `token`. Dropping the
    /// last clone drops the token, from which the engine learns that the piece is not needed.
    pub fn new<T: Any + Send + Sync>(token: T, length: u64) -> Staged {
        Staged { token: Arc::new(token), length }
    }

    /// Returns the token, for the engine that created it; `None` if it is of another type. Two
    /// engines of one type have to distinguish their tokens by the content.
    pub fn token<T: Any>(&self) -> Option<&T> {
        self.token.downcast_ref()
    }

    /// Returns its length in octets.
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged").field("length", &self.length).finish_non_exhaustive()
    }
}

/// A transaction's view: the committed state with its own writes on top.
pub trait RawTx {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error>;
    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error>;
    /// Returns whether there is a value under a key; does not read it.
    fn has(&self, key: &[u8]) -> Result<bool, Error> {
        Ok(self.get(key)?.is_some())
    }
    /// Visits keys, without reading their values.
    fn scan_keys(&self, span: &Span, visit: VisitKey<'_>) -> Result<(), Error> {
        self.scan(span, &mut |key, _| visit(key))
    }
    fn put(&mut self, key: Vec<u8>, value: Bytes);
    fn delete(&mut self, key: Vec<u8>);
    /// Stores a content under `id`, replacing an existing one. If a piece was staged in another
    /// engine, the whole transaction fails with [`Error::StagedElsewhere`].
    fn content_put(&mut self, id: ContentId, pieces: Vec<Piece>);
    /// Removes a content; does nothing if it does not exist.
    fn content_delete(&mut self, id: ContentId);
    /// Returns the length of a content in octets; `None` if it does not exist.
    fn content_length(&self, id: ContentId) -> Result<Option<u64>, Error>;
}

/// One transaction that is submitted to the writer.
pub trait Job: Send {
    /// Reads and writes. It must be short and without side effects, since it may be run again.
    /// `false` aborts the transaction, and nothing of it is applied.
    fn run(&mut self, tx: &mut dyn RawTx) -> bool;

    /// Called exactly once: with `Ok` if the transaction is durable or aborted itself, with `Err`
    /// if it was not done.
    fn done(self: Box<Self>, outcome: Result<(), Error>);
}

/// What one `verify` checked and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files that were read, and frames in them; 0 for an engine without files.
    pub segments: u64,
    pub frames: u64,
    pub records: u64,
    pub contents: u64,
    /// One sentence for each damaged place.
    pub damage: Vec<String>,
}

/// How much space is used and free on the medium, in octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Space used by records and contents, including space that can be reclaimed.
    pub used: u64,
    /// Free space; `None` if the medium has no limit.
    pub free: Option<u64>,
    /// Why writes are currently refused, if they are.
    pub refusing: Option<String>,
}

/// What a backup has in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Files of the journal.
    pub files: u64,
    /// Octets in them.
    pub octets: u64,
}

/// The next octets of a backup, and how far it is.
#[derive(Clone, Copy, Debug)]
pub struct BackupPart<'p> {
    /// What is to be written next.
    pub octets: &'p [u8],
    /// Octets of the journal up to here, and in all.
    pub done: u64,
    pub total: u64,
}

/// Stores records and contents on some medium. Reads see only what is durable.
pub trait Engine: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error>;
    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error>;
    /// Returns whether there is a value under a key; does not read it.
    fn has(&self, key: &[u8]) -> Result<bool, Error> {
        Ok(self.get(key)?.is_some())
    }
    /// Visits keys, without reading their values.
    fn scan_keys(&self, span: &Span, visit: VisitKey<'_>) -> Result<(), Error> {
        self.scan(span, &mut |key, _| visit(key))
    }
    /// Visits keys and values in whatever order takes the least time.
    fn scan_any_order(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        self.scan(span, visit)
    }
    /// Queues a transaction; `job.done` is called from the writer. It never blocks: if too many
    /// wait already, `job.done` is called at once with [`Error::Busy`].
    fn submit(&self, job: Box<dyn Job>);
    /// Begins to write a piece of a large content before the transaction that will refer to it.
    fn content_stage_begin(&self, piece: Bytes) -> Staging;
    /// Writes a piece of a large content, and waits until it is written.
    fn content_stage(&self, piece: Bytes) -> Result<Staged, Error> {
        self.content_stage_begin(piece).wait()
    }
    fn content_length(&self, id: ContentId) -> Result<Option<u64>, Error>;
    /// Reads `length` octets from `offset`, or fewer at the end; `NotFound` if there is no such
    /// content.
    fn content_read(&self, id: ContentId, offset: u64, length: u64) -> Result<Vec<u8>, Error>;
    /// Reads everything back and compares it. `progress` is called with the octets done and in
    /// total.
    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, Error>;
    /// Writes a sealed copy of everything that is durable now, piece by piece, to `write`, which may
    /// fail. Reads and writes go on meanwhile; what is written meanwhile is not in the copy.
    fn backup(
        &self,
        write: &mut dyn FnMut(BackupPart<'_>) -> Result<(), Error>,
    ) -> Result<BackedUp, Error> {
        let _ = write;
        Err(Error::Io("this store has no files to copy".to_owned()))
    }
    /// Writes to disk what makes the next start fast.
    fn checkpoint(&self) -> Result<(), Error>;
    /// Reclaims space; returns the number of octets reclaimed.
    fn compact(&self) -> Result<u64, Error>;
    /// Returns why writes are refused at present, if they are; it takes no time.
    fn refusing(&self) -> Result<Option<String>, Error> {
        Ok(self.room()?.refusing)
    }
    /// Returns how much space is used and free.
    fn room(&self) -> Result<Room, Error>;
}
