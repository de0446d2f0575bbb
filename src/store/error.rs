//! Why a read or a write failed, in any engine.

use crate::vault;

/// Why a read or a write failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// There is no space left; existing data is untouched and can be read.
    #[error("no space left on the disk")]
    Full,
    /// Writes are refused until the cause is resolved; reads continue.
    #[error("writes are refused: {0}")]
    Refusing(String),
    /// Too much is waiting to be written; nothing of this was done.
    #[error("too much is waiting to be written")]
    Busy,
    /// A record or content does not match what was stored.
    #[error("damaged: {0}")]
    Damaged(String),
    /// A part of the index cannot be read. It is built again from the journal, so nothing is lost.
    #[error("the index is damaged and is being built again: {0}")]
    DamagedIndex(String),
    /// There is no such content.
    #[error("not found")]
    NotFound,
    /// The medium failed.
    #[error("input/output failed: {0}")]
    Io(String),
    /// A record could not be sealed or opened.
    #[error("sealing failed")]
    Seal,
    /// The store is closing.
    #[error("closed")]
    Closed,
    /// A transaction refers to a piece that was staged in another engine.
    #[error("a piece of the content was staged in another store")]
    StagedElsewhere,
    /// A later version of the program wrote the whole store; nothing in it was changed.
    #[error(
        "the store has format {found}, but this version of the program reads only format {known}"
    )]
    UnknownFormat { found: u32, known: u32 },
    /// A build from before the formats were numbered wrote the store; nothing in it was changed.
    #[error(
        "the store has no format number: it was written by an early build, and this version of the \
         program cannot read it"
    )]
    NoFormat,
    /// A later version of the program wrote this record; it is not changed.
    #[error(
        "a record in table {table} has version {found}, but this version of the program reads \
         only versions up to {known}"
    )]
    UnknownRecordVersion { table: &'static str, found: u8, known: u8 },
}

impl From<vault::Error> for Error {
    fn from(_: vault::Error) -> Error {
        Error::Seal
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full,
            _ => Error::Io(error.to_string()),
        }
    }
}
