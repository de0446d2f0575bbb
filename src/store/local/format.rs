//! The number of the form in which the whole store is written: journal, frames and rows. A record
//! that changes by itself raises its own version, and not this number.
//!
//! It is stored in the clear beside the segments, so it is copied with them. It is written before
//! the first segment, and checked before anything in the folder is changed.
//!
//! ```text
//! journal/format = "postern store format 3\n"
//! ```
//!
//! A store of format 2 is opened: its journal has the same form, except that its transactions record
//! another digest, which is not compared. Its index is built again.
//!
//! A journal without the number is refused, not adopted: only builds from before the first
//! release wrote such journals, and their segments do not tell the form of the records, which has
//! since changed without new record versions. Reading them in the present form would give wrong
//! values, not errors.

use std::io;

use crate::store::error::Error;

use super::disk::{Disk, read_file, replace_file};
use super::journal::segment;

/// The one that is written and read today.
pub const FORMAT: u32 = 3;
/// The earlier one, whose journal can be read; its index is built again.
const EARLIER: u32 = 2;

pub const NAME: &str = "format";
const PREFIX: &str = "postern store format ";
pub const OCTETS_MAX: u64 = 64;

/// Checks that the store can be read here, or that there is none yet. Changes nothing.
pub fn check(disk: &dyn Disk) -> Result<(), Error> {
    match (read(disk)?, has_segments(disk)?) {
        (Some(EARLIER | FORMAT), _) | (None, false) => Ok(()),
        (Some(found), _) => Err(Error::UnknownFormat { found, known: FORMAT }),
        (None, true) => Err(Error::NoFormat),
    }
}

/// Like [`check`], but also writes the number if there is none yet, or an earlier one. The caller
/// must hold the folder's lock.
pub fn claim(disk: &dyn Disk) -> Result<(), Error> {
    check(disk)?;
    if read(disk)? != Some(FORMAT) {
        replace_file(disk, NAME, text(FORMAT).as_bytes())?;
    }
    Ok(())
}

fn text(number: u32) -> String {
    format!("{PREFIX}{number}\n")
}

fn read(disk: &dyn Disk) -> Result<Option<u32>, Error> {
    let octets = match read_file(disk, NAME, OCTETS_MAX) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let number = str::from_utf8(&octets).ok().and_then(|found| {
        let number = found.strip_prefix(PREFIX)?.trim_end().parse().ok()?;
        (found == text(number)).then_some(number)
    });
    let damaged = || Error::Damaged("the file with the store's format number".to_owned());
    number.ok_or_else(damaged).map(Some)
}

fn has_segments(disk: &dyn Disk) -> Result<bool, Error> {
    match disk.names() {
        Ok(names) => Ok(names.iter().any(|name| segment::number_of(name).is_some())),
        // The folder is created later.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}
