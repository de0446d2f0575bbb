//! A run: a file of rows in the order of their keys, written once and never changed.
//!
//! ```text
//! run    = magic ‖ number ‖ salt, block, block, …, footer, tail     one file, NNNNNNNNNN.run
//! block  = AES-256-GCM of at least 8 KiB of rows (see `block`), but for the last
//! footer = AES-256-GCM of the first key of each block, and of a filter over all keys
//! tail   = number of blocks ‖ where the footer begins
//! ```
//!
//! Number and salt give the run's own key. The nonce of a block is its position in the run, and
//! that of the footer comes after the last block's; the run's number, and which of both it is, are
//! authenticated as well. Integers are big-endian, of eight octets.

use std::io;
use std::sync::Arc;

use fastbloom::BloomFilter;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::Row;
use super::block::{BLOCK_OCTETS, Block, BlockWriter};
use crate::store::error::Error;
use crate::store::local::cache::Cache;
use crate::store::local::disk::{Disk, DiskFile};
use crate::store::span::{Order, Span};
use crate::vault::{self, SegmentKey, Vault};

const MAGIC: &[u8; 8] = b"PSTNRUN1";
const SALT: usize = 32;
const HEAD: usize = MAGIC.len() + 8 + SALT;
const TAG: u64 = 16;
const TAIL: u64 = 16;
/// The filter's size for each row, in bits, and the number of bits that a row sets: of the keys
/// that a run does not have, it claims to have about one in a hundred.
const FILTER_BITS: usize = 10;
const FILTER_HASHES: u32 = 7;
/// Bits of fastbloom 0.17 for SipHash-1-3 of the key.
const FILTER_FORM: u8 = 1;
/// How much is collected before it is written.
const WRITE_OCTETS: usize = 1024 * 1024;

/// What the manifest says about a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEntry {
    pub number: u64,
    pub rows: u64,
    /// Where the file ends.
    pub end: u64,
}

#[derive(Serialize, Deserialize)]
struct Footer {
    blocks: Vec<BlockEntry>,
    /// How the filter was made: [`FILTER_FORM`].
    form: u8,
    filter: Vec<u64>,
}

/// Where a block begins, and its first key.
#[derive(Serialize, Deserialize)]
struct BlockEntry {
    at: u64,
    first: Vec<u8>,
}

/// A run that can be read.
pub struct Run {
    pub entry: RunEntry,
    /// Where the footer begins.
    footer: u64,
    file: Box<dyn DiskFile>,
    key: SegmentKey,
    blocks: Vec<BlockEntry>,
    hash: SipHasher13,
    filter: BloomFilter,
}

/// Decoded blocks, by the number of their run and their position.
pub type Blocks = Cache<(u64, usize), Arc<Block>>;

/// Returns a run's file name, such as `0000000042.run`.
pub fn file_name(number: u64) -> String {
    format!("{number:010}.run")
}

/// Returns the number in a run's file name.
pub fn number_of(name: &str) -> Option<u64> {
    name.strip_suffix(".run").filter(|stem| stem.len() == 10)?.parse().ok()
}

/// Returns the hash by which the filter knows keys. It is keyed by the salt, so that nobody can
/// choose keys that the filter confuses, and defined here, since filters are stored.
fn filter_hash(salt: &[u8; SALT]) -> SipHasher13 {
    SipHasher13::new_with_key(salt.first_chunk().expect("a salt has 32 octets"))
}

/// What is sealed under a run's key, so that neither is taken for the other.
#[derive(Clone, Copy)]
enum Part {
    Block = 1,
    Footer = 2,
}

/// Returns what is authenticated with a part.
fn associated(number: u64, part: Part) -> [u8; 9] {
    let mut associated = [part as u8; 9];
    associated[..8].copy_from_slice(&number.to_be_bytes());
    associated
}

fn damaged(number: u64) -> Error {
    Error::DamagedIndex(format!("run {number} cannot be read"))
}

impl Run {
    /// Opens a run that the manifest names.
    pub fn open(disk: &dyn Disk, vault: &Vault, entry: RunEntry) -> Result<Run, Error> {
        let damaged = || damaged(entry.number);
        let file = disk.open(&file_name(entry.number))?;
        let mut head = [0; HEAD];
        let read = file.read_at(&mut head, 0)?;
        let (magic, rest) = head.split_first_chunk().expect("the head is longer");
        let (number, salt) = rest.split_first_chunk().expect("the head is longer");
        if read < HEAD || magic != MAGIC || u64::from_be_bytes(*number) != entry.number {
            return Err(damaged());
        }
        let salt = salt.try_into().expect("the rest is the salt");
        let key = vault.run_key(entry.number, salt);
        let mut tail = [0; TAIL as usize];
        let tail_at = entry.end.checked_sub(TAIL).ok_or_else(damaged)?;
        file.read_at(&mut tail, tail_at)?;
        let (nonce, start) = tail.split_at(8);
        let nonce = u64::from_be_bytes(nonce.try_into().expect("eight octets"));
        let start = u64::from_be_bytes(start.try_into().expect("eight octets"));
        let length = tail_at.checked_sub(start).ok_or_else(damaged)?;
        let mut sealed = vec![0; usize::try_from(length).map_err(|_| damaged())?];
        file.read_at(&mut sealed, start)?;
        let plain = key.open_in_place(nonce, &associated(entry.number, Part::Footer), &mut sealed);
        let plain = plain.map_err(|_| damaged())?;
        let footer: Footer = postcard::from_bytes(plain).map_err(|_| damaged())?;
        let is_known = footer.form == FILTER_FORM && !footer.filter.is_empty();
        if footer.blocks.len() as u64 != nonce || !is_known {
            return Err(damaged());
        }
        let filter = BloomFilter::from_vec(footer.filter).hashes(FILTER_HASHES);
        let hash = filter_hash(salt);
        // A filter that was made in another way would hide keys.
        if !footer.blocks.iter().all(|block| filter.contains_hash(hash.hash(&block.first))) {
            return Err(damaged());
        }
        Ok(Run { entry, footer: start, file, key, blocks: footer.blocks, hash, filter })
    }

    /// Returns the row under a key: `None` if the run does not have it, `Some(None)` if it was
    /// removed.
    pub fn get(&self, blocks: &Blocks, key: &[u8]) -> Result<Option<Option<Row>>, Error> {
        if !self.filter.contains_hash(self.hash.hash(key)) {
            return Ok(None);
        }
        let Some(at) = self.block_of(key) else { return Ok(None) };
        Ok(self.block(blocks, at)?.get(key).map(|row| row.cloned()))
    }

    /// Returns the block that has a key, if the run has it.
    fn block_of(&self, key: &[u8]) -> Option<usize> {
        self.blocks.partition_point(|block| block.first.as_slice() <= key).checked_sub(1)
    }

    /// Returns the number of blocks.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Returns a block, from the cache if it is there.
    fn block(&self, blocks: &Blocks, at: usize) -> Result<Arc<Block>, Error> {
        if let Some(block) = blocks.get(&(self.entry.number, at)) {
            return Ok(block);
        }
        let block = Arc::new(self.block_read(at)?);
        blocks.insert((self.entry.number, at), block.clone(), block.octets());
        Ok(block)
    }

    /// Reads a block from the file.
    pub fn block_read(&self, at: usize) -> Result<Block, Error> {
        let damaged = || damaged(self.entry.number);
        let block = Block::decode(&self.block_plain(at)?).ok_or_else(damaged)?;
        if block.len() == 0 || block.key(0) != self.blocks[at].first {
            return Err(damaged());
        }
        Ok(block)
    }

    /// Reads and opens a block.
    pub fn block_plain(&self, at: usize) -> Result<Vec<u8>, Error> {
        let damaged = || damaged(self.entry.number);
        let from = self.blocks[at].at;
        let to = self.blocks.get(at + 1).map_or(self.footer, |next| next.at);
        let length = to.checked_sub(from).filter(|length| *length >= TAG).ok_or_else(damaged)?;
        let mut sealed = vec![0; usize::try_from(length).map_err(|_| damaged())?];
        // Whatever cannot be read can be built again from the journal.
        let unreadable = |error| Error::DamagedIndex(format!("run {}: {error}", self.entry.number));
        if self.file.read_at(&mut sealed, from).map_err(unreadable)? < sealed.len() {
            return Err(damaged());
        }
        let associated = associated(self.entry.number, Part::Block);
        let plain = self.key.open_in_place(at as u64, &associated, &mut sealed);
        let length = plain.map_err(|_| damaged())?.len();
        sealed.truncate(length);
        Ok(sealed)
    }
}

/// A position in a run, which moves over the rows of a span in its order.
pub struct Cursor {
    run: Arc<Run>,
    span: Span,
    /// The present block and its position, and the row in it.
    block: Option<(usize, Arc<Block>, usize)>,
}

impl Cursor {
    /// Returns a cursor at the first row of a span.
    pub fn new(run: Arc<Run>, span: Span, blocks: &Blocks) -> Result<Cursor, Error> {
        let mut cursor = Cursor { run, span, block: None };
        match cursor.span.order {
            Order::Ascending => cursor.seek_first(blocks)?,
            Order::Descending => cursor.seek_last(blocks)?,
        }
        Ok(cursor)
    }

    fn seek_first(&mut self, blocks: &Blocks) -> Result<(), Error> {
        let at = self.run.block_of(&self.span.from).unwrap_or(0);
        if at < self.run.blocks() {
            let block = self.run.block(blocks, at)?;
            let row = block.before(&self.span.from);
            self.block = Some((at, block, row));
            self.settle(blocks)?;
        }
        Ok(())
    }

    fn seek_last(&mut self, blocks: &Blocks) -> Result<(), Error> {
        let Some(last) = self.run.blocks().checked_sub(1) else { return Ok(()) };
        let at = match &self.span.to {
            Some(to) => self.run.blocks.partition_point(|block| block.first < *to).checked_sub(1),
            None => Some(last),
        };
        let Some(at) = at else { return Ok(()) };
        let block = self.run.block(blocks, at)?;
        let count = self.span.to.as_deref().map_or(block.len(), |to| block.before(to));
        // The block's first key comes before the end, so it has such a row.
        self.block = count.checked_sub(1).map(|row| (at, block, row));
        Ok(())
    }

    /// Returns the present row; `None` after the last.
    pub fn row(&self) -> Option<(&[u8], Option<&Row>)> {
        let (_, block, row) = self.block.as_ref()?;
        let key = block.key(*row);
        self.span.contains(key).then(|| (key, block.row(*row)))
    }

    /// Moves to the next row in the span's order.
    pub fn advance(&mut self, blocks: &Blocks) -> Result<(), Error> {
        let Some((at, _, row)) = &mut self.block else { return Ok(()) };
        match self.span.order {
            Order::Ascending => {
                *row += 1;
                self.settle(blocks)
            }
            Order::Descending if *row > 0 => {
                *row -= 1;
                Ok(())
            }
            Order::Descending => {
                let before = at.checked_sub(1);
                self.block = None;
                if let Some(at) = before {
                    let block = self.run.block(blocks, at)?;
                    let last = block.len() - 1;
                    self.block = Some((at, block, last));
                }
                Ok(())
            }
        }
    }

    /// Goes to the next block if the present one has no more rows.
    fn settle(&mut self, blocks: &Blocks) -> Result<(), Error> {
        let Some((at, block, row)) = &self.block else { return Ok(()) };
        if *row < block.len() {
            return Ok(());
        }
        let next = at + 1;
        self.block = None;
        if next < self.run.blocks() {
            self.block = Some((next, self.run.block(blocks, next)?, 0));
        }
        Ok(())
    }
}

/// Writes a run.
pub struct RunWriter {
    number: u64,
    file: Box<dyn DiskFile>,
    key: SegmentKey,
    block: BlockWriter,
    first: Vec<u8>,
    blocks: Vec<BlockEntry>,
    hash: SipHasher13,
    filter: BloomFilter,
    rows: u64,
    out: Vec<u8>,
    /// Where `out` will be written.
    at: u64,
}

impl RunWriter {
    /// Creates the file of a new run, which will have at most `rows_max` rows.
    pub fn create(
        disk: &dyn Disk,
        vault: &Vault,
        number: u64,
        rows_max: u64,
    ) -> Result<RunWriter, Error> {
        let salt: [u8; SALT] = vault::random_bytes().map_err(io::Error::other)?;
        let key = vault.run_key(number, &salt);
        let file = disk.create(&file_name(number))?;
        let out = [MAGIC.as_slice(), &number.to_be_bytes(), &salt].concat();
        let bits = usize::try_from(rows_max).unwrap_or(usize::MAX).max(1) * FILTER_BITS;
        let filter = BloomFilter::with_num_bits(bits).hashes(FILTER_HASHES);
        let (block, blocks, first) = (BlockWriter::default(), Vec::new(), Vec::new());
        let hash = filter_hash(&salt);
        Ok(RunWriter { number, file, key, block, first, blocks, hash, filter, rows: 0, out, at: 0 })
    }

    /// Adds a row, whose key comes after all that were added.
    pub fn push(&mut self, key: &[u8], row: Option<&Row>) -> Result<(), Error> {
        if self.block.len() == 0 {
            self.first = key.to_vec();
        }
        self.block.push(key, row);
        self.filter.insert_hash(self.hash.hash(key));
        self.rows += 1;
        if self.block.len() >= BLOCK_OCTETS { self.close_block() } else { Ok(()) }
    }

    fn close_block(&mut self) -> Result<(), Error> {
        let body = self.block.take();
        let nonce = self.blocks.len() as u64;
        let first = std::mem::take(&mut self.first);
        let start = self.out.len();
        self.out.extend_from_slice(&body);
        let bound = associated(self.number, Part::Block);
        self.key.seal_in_place(nonce, &bound, &mut self.out, start)?;
        self.blocks.push(BlockEntry { at: self.at + start as u64, first });
        if self.out.len() >= WRITE_OCTETS { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), Error> {
        self.file.write_all_at(&self.out, self.at)?;
        self.at += self.out.len() as u64;
        self.out.clear();
        Ok(())
    }

    /// Writes the rest and makes the run durable, but for its name. Returns it, ready to be read.
    pub fn finish(mut self) -> Result<Run, Error> {
        if self.block.len() > 0 {
            self.close_block()?;
        }
        let nonce = self.blocks.len() as u64;
        let filter = self.filter.as_slice().to_vec();
        let footer = Footer { blocks: self.blocks, form: FILTER_FORM, filter };
        let body = postcard::to_stdvec(&footer).map_err(|_| Error::Seal)?;
        let start = self.out.len();
        self.out.extend_from_slice(&body);
        let bound = associated(self.number, Part::Footer);
        self.key.seal_in_place(nonce, &bound, &mut self.out, start)?;
        let start = self.at + start as u64;
        self.out.extend_from_slice(&nonce.to_be_bytes());
        self.out.extend_from_slice(&start.to_be_bytes());
        self.file.write_all_at(&self.out, self.at)?;
        self.file.sync_data()?;
        let end = self.at + self.out.len() as u64;
        let entry = RunEntry { number: self.number, rows: self.rows, end };
        let (file, key, blocks) = (self.file, self.key, footer.blocks);
        let (hash, filter) = (self.hash, self.filter);
        Ok(Run { entry, footer: start, file, key, blocks, hash, filter })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::local::bench_disk::vault;
    use crate::store::local::disk::sim::SimDisk;
    use crate::store::local::index::Place;

    fn row() -> Row {
        Row { place: Place { segment: 1, frame: 2, at: 3, length: 4 }, inline: None }
    }

    fn write(disk: &SimDisk, change: impl FnOnce(&mut RunWriter)) -> RunEntry {
        let mut writer = RunWriter::create(disk, &vault(9), 7, 2).unwrap();
        change(&mut writer);
        writer.push(b"a", Some(&row())).unwrap();
        writer.push(b"b", None).unwrap();
        writer.finish().unwrap().entry
    }

    /// Filters are stored, so the hash by which they know keys must never change.
    #[test]
    fn a_key_has_the_same_hash_for_ever() {
        assert_eq!(filter_hash(&[7; SALT]).hash(b"key"), HASH_OF_KEY);
    }

    /// SipHash-1-3 of `key` under sixteen octets of 7.
    const HASH_OF_KEY: u64 = 0xCF21_C9EC_49BA_C350;

    #[test]
    fn a_filter_that_was_made_in_another_way_is_refused() {
        let disk = SimDisk::new(true);
        let other = write(&disk, |writer| writer.hash = filter_hash(&[1; SALT]));
        let opened = Run::open(&disk, &vault(9), other);
        assert!(matches!(opened, Err(Error::DamagedIndex(_))));
    }

    #[test]
    fn a_block_is_never_taken_for_the_footer() {
        let disk = SimDisk::new(true);
        let entry = write(&disk, |_| ());
        let run = Run::open(&disk, &vault(9), entry.clone()).unwrap();
        // The tail says that the footer is the first block.
        let tail = [0u64.to_be_bytes(), run.blocks[0].at.to_be_bytes()].concat();
        run.file.write_all_at(&tail, run.footer).unwrap();
        let moved = RunEntry { end: run.footer + TAIL, ..entry };
        assert!(matches!(Run::open(&disk, &vault(9), moved), Err(Error::DamagedIndex(_))));
    }
}
