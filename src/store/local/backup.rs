//! A backup: one file with the whole journal as it was at one moment, sealed under a key of its own,
//! so that without the daemon key it tells its size and nothing else.
//!
//! ```text
//! backup = "PSTNBAK1" ‖ salt (32) ‖ block ‖ block ‖ …
//! block  = length of what follows (4) ‖ sealed plain; its nonce is the number of the block
//! plain  = 1 ‖ octets of the file (8) ‖ its name      a file begins
//!        | 2 ‖ octets, at most 256 KiB                what comes next in the file
//!        | 3 ‖ files (8) ‖ octets in them (8)         the end
//! ```
//!
//! Integers are big-endian; salt and daemon key give the key. A block that is missing, changed or in
//! another place does not open, and a backup without its end is none.
//!
//! The journal is copied while it is written to. What is durable in a segment never changes, and no
//! segment is removed meanwhile, so the copy is the journal up to the last frame that was durable
//! when it began: what a start would find after the power had failed at that moment. The index is
//! built from it. What was deleted and not erased yet is copied with the rest.

use std::collections::BTreeMap;

use super::disk::read_file;
use super::format;
use super::journal::segment;
use super::shared::{Shared, lock};
use crate::store::engine::{BackedUp, BackupPart};
use crate::store::error::Error;
use crate::vault::{self, SegmentKey, Vault};

pub const MAGIC: &[u8; 8] = b"PSTNBAK1";
/// The most octets of a file in one block.
pub const OCTETS_MAX: usize = 256 * 1024;
/// A block is no longer than this, with its kind and its tag.
pub const SEALED_MAX: usize = OCTETS_MAX + 1 + TAG;
const TAG: usize = 16;
/// The name of a file is no longer.
pub const NAME_OCTETS_MAX: usize = 32;

/// What stands first in each block.
pub const FILE: u8 = 1;
pub const OCTETS: u8 = 2;
pub const END: u8 = 3;

type Write<'w> = &'w mut dyn FnMut(BackupPart<'_>) -> Result<(), Error>;

/// Seals blocks, and writes them.
struct Sealer<'w> {
    key: SegmentKey,
    next: u64,
    done: u64,
    total: u64,
    block: Vec<u8>,
    write: Write<'w>,
}

/// Writes a backup of what is durable now.
pub fn write(shared: &Shared, write: Write<'_>) -> Result<BackedUp, Error> {
    // Nothing may be removed while it is being copied.
    let _still = lock(&shared.compacting);
    let format = read_file(&*shared.disk, format::NAME, format::OCTETS_MAX)?;
    let files = files(shared)?;
    let octets = files.values().sum::<u64>() + format.len() as u64;
    let mut sealer = Sealer::begin(&shared.vault, octets, write)?;
    // It stands first, so that it is known early whether the rest can be read at all.
    sealer.file(format::NAME, format.len() as u64)?;
    sealer.octets(&format)?;
    for (number, end) in &files {
        copy(shared, &segment::file_name(*number), *end, &mut sealer)?;
    }
    let made = BackedUp { files: files.len() as u64 + 1, octets };
    sealer.end(made)?;
    Ok(made)
}

/// Returns the segments by their number, each with the end of what is copied of it.
fn files(shared: &Shared) -> Result<BTreeMap<u64, u64>, Error> {
    let position = shared.tables().published;
    let mut files = BTreeMap::new();
    for segment in shared.segments().iter().filter(|one| one.number <= position.segment) {
        let is_last = segment.number == position.segment;
        files.insert(segment.number, if is_last { position.offset } else { segment.end() });
    }
    // A segment whose header is damaged is copied too: it may be repaired one day.
    for number in shared.disk.names()?.iter().filter_map(|name| segment::number_of(name)) {
        if number < position.segment && !files.contains_key(&number) {
            files.insert(number, shared.disk.open(&segment::file_name(number))?.length()?);
        }
    }
    Ok(files)
}

fn copy(shared: &Shared, name: &str, end: u64, sealer: &mut Sealer<'_>) -> Result<(), Error> {
    let file = shared.disk.open(name)?;
    sealer.file(name, end)?;
    let mut octets = vec![0; OCTETS_MAX];
    let mut at = 0;
    while at < end {
        shared.check_open()?;
        let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(OCTETS_MAX);
        if file.read_at(&mut octets[..length], at)? < length {
            return Err(Error::Damaged(format!("{name} is truncated")));
        }
        sealer.octets(&octets[..length])?;
        at += length as u64;
    }
    Ok(())
}

impl<'w> Sealer<'w> {
    fn begin(vault: &Vault, total: u64, write: Write<'w>) -> Result<Sealer<'w>, Error> {
        let salt = vault::random_bytes()?;
        let key = vault.backup_key(&salt);
        let head = [&MAGIC[..], &salt].concat();
        write(BackupPart { octets: &head, done: 0, total })?;
        Ok(Sealer { key, next: 0, done: 0, total, block: Vec::new(), write })
    }

    fn file(&mut self, name: &str, octets: u64) -> Result<(), Error> {
        self.block(FILE, &[&octets.to_be_bytes(), name.as_bytes()])
    }

    fn octets(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.done += octets.len() as u64;
        self.block(OCTETS, &[octets])
    }

    fn end(&mut self, made: BackedUp) -> Result<(), Error> {
        self.block(END, &[&made.files.to_be_bytes(), &made.octets.to_be_bytes()])
    }

    fn block(&mut self, kind: u8, parts: &[&[u8]]) -> Result<(), Error> {
        const HEAD: usize = 4;
        self.block.clear();
        self.block.extend_from_slice(&[0; HEAD]);
        self.block.push(kind);
        parts.iter().for_each(|part| self.block.extend_from_slice(part));
        self.key.seal_in_place(self.next, &[], &mut self.block, HEAD)?;
        let sealed = u32::try_from(self.block.len() - HEAD).expect("blocks are bounded");
        self.block[..HEAD].copy_from_slice(&sealed.to_be_bytes());
        self.next += 1;
        (self.write)(BackupPart { octets: &self.block, done: self.done, total: self.total })
    }
}

/// Seals any octets as blocks, for the fuzz target; each octet says how long the next block is.
pub fn seal_all(vault: &Vault, input: &[u8], write: Write<'_>) -> Result<(), Error> {
    let mut sealer = Sealer::begin(vault, 0, write)?;
    let mut rest = input;
    while let Some((length, plain)) = rest.split_first() {
        let (block, after) = plain.split_at(usize::from(*length).min(plain.len()));
        let (kind, body) = block.split_first().unwrap_or((&0, &[]));
        sealer.block(*kind, &[body])?;
        rest = after;
    }
    Ok(())
}
