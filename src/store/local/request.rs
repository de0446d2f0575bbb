//! Requests to the writer, and the answers that it sends once the group is durable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::SyncSender;

use bytes::Bytes;

use crate::store::engine::{Job, Staged};
use crate::store::error::Error;
use crate::store::span::ContentId;

use super::index::Place;
use super::journal::PiecePlace;

/// A request to the writer.
pub enum Request {
    Job(Box<dyn Job>),
    Stage(Bytes, SyncSender<Result<Staged, Error>>),
    /// For compaction: write these again if they are still in the same place.
    Move(Vec<Moved>, SyncSender<Result<(), Error>>),
    /// For compaction: close the current segment, so that it can be removed.
    Close(SyncSender<Result<(), Error>>),
}

/// Something that compaction moves out of a segment.
pub enum Moved {
    Record {
        key: Vec<u8>,
        place: Place,
    },
    Piece {
        id: ContentId,
        place: PiecePlace,
    },
    /// A deletion that an older segment may still need.
    Tombstone {
        key: Vec<u8>,
    },
}

impl Request {
    pub fn fail(self, error: &Error) {
        match self {
            Request::Job(job) => tell_job(job, Err(error.clone())),
            // The caller may have gone.
            Request::Stage(_, sender) => drop(sender.send(Err(error.clone()))),
            Request::Move(_, sender) | Request::Close(sender) => {
                drop(sender.send(Err(error.clone())));
            }
        }
    }
}

/// An answer that is sent once the group is durable.
pub enum Answer {
    Job(Box<dyn Job>, Result<(), Error>),
    Staged(SyncSender<Result<Staged, Error>>, Result<Staged, Error>),
    Moved(SyncSender<Result<(), Error>>, Result<(), Error>),
}

impl Answer {
    pub fn sender(self) {
        match self {
            Answer::Job(job, outcome) => tell_job(job, outcome),
            Answer::Staged(sender, outcome) => drop(sender.send(outcome)),
            Answer::Moved(sender, outcome) => drop(sender.send(outcome)),
        }
    }

    pub fn fail(self, error: &Error) {
        match self {
            Answer::Job(job, _) => tell_job(job, Err(error.clone())),
            Answer::Staged(sender, _) => drop(sender.send(Err(error.clone()))),
            Answer::Moved(sender, _) => drop(sender.send(Err(error.clone()))),
        }
    }
}

/// Passes the outcome to the job. This runs the caller's code, in which a panic must not end the
/// writer.
fn tell_job(job: Box<dyn Job>, outcome: Result<(), Error>) {
    if catch_unwind(AssertUnwindSafe(move || job.done(outcome))).is_err() {
        tracing::error!("the code that handles a transaction's outcome panicked");
    }
}
