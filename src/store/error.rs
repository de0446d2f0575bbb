//! Why a read or a write was not done, whichever engine did not do it.

use crate::vault;

/// Why a read or a write was not done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// There is no room left; what was there is untouched and can be read.
    #[error("no room left on the disk")]
    Full,
    /// Writes are refused until the cause is gone; reads go on.
    #[error("writes are refused: {0}")]
    Refusing(String),
    /// A record or content does not match what was stored.
    #[error("damaged: {0}")]
    Damaged(String),
    /// No such content.
    #[error("not found")]
    NotFound,
    /// The medium failed.
    #[error("input or output failed: {0}")]
    Io(String),
    /// A record could not be sealed or opened.
    #[error("sealing failed")]
    Seal,
    /// The store is closing.
    #[error("closed")]
    Closed,
    /// A transaction names a staged piece that another engine holds.
    #[error("a piece of the content was staged in another store")]
    StagedElsewhere,
    /// A later version of the program wrote the whole store; nothing in it was touched.
    #[error(
        "the store has format {found}, and this version of the program reads format {known} only"
    )]
    UnknownFormat { found: u32, known: u32 },
    /// A build from before the formats were numbered wrote the store; nothing in it was touched.
    #[error(
        "the store has no format number: an early build wrote it, and this version of the program \
         does not read it"
    )]
    NoFormat,
    /// A later version of the program wrote this record; it stays as it is.
    #[error(
        "a record in table {table} has version {found}, and this version of the program reads \
         versions up to {known}"
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
