//! What the writer is asked, and what it answers once the group is durable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::SyncSender;

use bytes::Bytes;

use crate::store::engine::{Job, Staged};
use crate::store::error::Error;
use crate::store::span::ContentId;

use super::index::Place;
use super::journal::PiecePlace;

/// What the writer is asked.
pub enum Request {
    Job(Box<dyn Job>),
    Stage(Bytes, SyncSender<Result<Staged, Error>>),
    /// Compaction: write these again if they still stand where they stood.
    Move(Vec<Moved>, SyncSender<Result<(), Error>>),
    /// Compaction: close the current segment, so that it can go.
    Close(SyncSender<Result<(), Error>>),
}

/// Something that compaction takes out of a segment.
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

/// What somebody will be told once the group is durable.
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

/// What the caller does with the answer is its code: a panic there must not end the writer.
fn tell_job(job: Box<dyn Job>, outcome: Result<(), Error>) {
    if catch_unwind(AssertUnwindSafe(move || job.done(outcome))).is_err() {
        tracing::error!("whoever asked for a transaction panicked when told of its outcome");
    }
}
