//! A block of a list as it is stored: an address book and a calendar keep a second, shorter form of their rows in
//! some larger ones, sealed for the owner. A block can be made anew from the rows, so that one whose record is
//! damaged is no reason to refuse anything.

use crate::gateway::error::Error;
use crate::gateway::quota;
use crate::gateway::records::mailbox::Usage;
use crate::gateway::records::search::Sealed;
use crate::store;

pub(in crate::gateway) enum StoredBlock {
    Row(Option<Vec<u8>>),
    /// The record cannot be read at all.
    Damaged,
}

impl StoredBlock {
    /// What a read of the row returned.
    pub fn of(row: Result<Option<Sealed>, store::Error>) -> Result<StoredBlock, Error> {
        match row {
            Ok(row) => Ok(StoredBlock::Row(row.map(|row| row.0))),
            Err(store::Error::Damaged(_)) => Ok(StoredBlock::Damaged),
            Err(other) => Err(other.into()),
        }
    }

    /// What it counts for, if a read in the transaction returns the same; otherwise [`Error::Busy`]. Nobody knows
    /// what a damaged one counts for: the account is counted anew then.
    pub fn usage_if_same(&self, row: Result<Option<Sealed>, store::Error>) -> Result<Usage, Error> {
        match (&StoredBlock::of(row)?, self) {
            (StoredBlock::Row(row), StoredBlock::Row(before)) if row == before => {
                Ok(quota::file(row.as_ref().map_or(0, |row| row.len() as u64)))
            }
            (StoredBlock::Damaged, StoredBlock::Damaged) => Ok(Usage::default()),
            _ => Err(Error::Busy),
        }
    }

    pub fn is_damaged(&self) -> bool {
        matches!(self, StoredBlock::Damaged)
    }
}
