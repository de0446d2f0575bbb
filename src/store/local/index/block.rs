//! A block: some hundred rows of a run, in the order of their keys.
//!
//! Each row is stored in postcard form with the number of octets that its key shares with the key
//! before, the rest of its key, and its place.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Place, Row};

/// A block that has reached this size, in octets, is closed.
pub const BLOCK_OCTETS: usize = 8 * 1024;

/// One row as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored<'b> {
    shared: u16,
    rest: &'b [u8],
    /// `None` says that the key was removed.
    row: Option<StoredRow<'b>>,
}

#[derive(Serialize, Deserialize)]
struct StoredRow<'b> {
    place: Place,
    inline: Option<&'b [u8]>,
}

/// Rows in order, ready to be searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// All keys, one after another.
    keys: Vec<u8>,
    /// Where each key ends.
    ends: Vec<u32>,
    rows: Vec<Option<Row>>,
}

/// Builds a block's stored form.
#[derive(Default)]
pub struct BlockWriter {
    octets: Vec<u8>,
    last: Vec<u8>,
}

impl BlockWriter {
    /// Adds a row, whose key comes after all that were added.
    pub fn push(&mut self, key: &[u8], row: Option<&Row>) {
        let same = self.last.iter().zip(key).take_while(|(a, b)| a == b).count();
        let shared = u16::try_from(same).unwrap_or(u16::MAX);
        let row = row.map(|row| StoredRow { place: row.place, inline: row.inline.as_deref() });
        let stored = Stored { shared, rest: &key[usize::from(shared)..], row };
        let octets = std::mem::take(&mut self.octets);
        self.octets = postcard::to_extend(&stored, octets).expect("a vector takes everything");
        self.last.clear();
        self.last.extend_from_slice(key);
    }

    pub fn len(&self) -> usize {
        self.octets.len()
    }

    /// Returns the stored form, and starts a new block.
    pub fn take(&mut self) -> Vec<u8> {
        self.last.clear();
        std::mem::take(&mut self.octets)
    }
}

impl Block {
    /// Parses a block; `None` if the octets are not one.
    pub fn decode(mut octets: &[u8]) -> Option<Block> {
        let mut block = Block::default();
        let mut start = 0;
        while !octets.is_empty() {
            let (stored, rest) = postcard::take_from_bytes::<Stored<'_>>(octets).ok()?;
            octets = rest;
            let shared = usize::from(stored.shared);
            let end = block.keys.len();
            if shared > end - start {
                return None;
            }
            block.keys.extend_from_within(start..start + shared);
            block.keys.extend_from_slice(stored.rest);
            if !block.ends.is_empty() && block.keys[end..] <= block.keys[start..end] {
                return None;
            }
            start = end;
            block.ends.push(u32::try_from(block.keys.len()).ok()?);
            let inline = |octets: &[u8]| Bytes::copy_from_slice(octets);
            let row = |row: StoredRow<'_>| Row { place: row.place, inline: row.inline.map(inline) };
            block.rows.push(stored.row.map(row));
        }
        Some(block)
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn key(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.keys[start..self.ends[at] as usize]
    }

    pub fn row(&self, at: usize) -> Option<&Row> {
        self.rows[at].as_ref()
    }

    /// Returns the number of rows whose keys come before `key`.
    pub fn before(&self, key: &[u8]) -> usize {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            if self.key(middle) < key { from = middle + 1 } else { to = middle }
        }
        from
    }

    /// Returns the row under a key: `None` if the block does not have it, `Some(None)` if it was
    /// removed.
    pub fn get(&self, key: &[u8]) -> Option<Option<&Row>> {
        let at = self.before(key);
        (at < self.len() && self.key(at) == key).then(|| self.row(at))
    }

    /// Returns about how many octets of memory it takes.
    pub fn octets(&self) -> usize {
        let inline =
            self.rows.iter().flatten().filter_map(|row| row.inline.as_ref()).map(Bytes::len);
        self.keys.len() + self.rows.len() * size_of::<(u32, Option<Row>)>() + inline.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(frame: u64) -> Row {
        Row { place: Place { segment: 3, frame, at: 40, length: 9 }, inline: None }
    }

    fn block(keys: &[&[u8]]) -> Block {
        let mut writer = BlockWriter::default();
        for (at, key) in keys.iter().enumerate() {
            writer.push(key, (at % 3 != 1).then(|| row(at as u64)).as_ref());
        }
        Block::decode(&writer.take()).unwrap()
    }

    #[test]
    fn a_block_returns_the_rows_that_were_put_into_it() {
        let keys: [&[u8]; 5] = [b"", b"a", b"ab", b"abc\0", b"b"];
        let block = block(&keys);
        assert_eq!(block.len(), 5);
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(block.key(at), *key);
            let expected = (at % 3 != 1).then(|| row(at as u64));
            assert_eq!(block.get(key), Some(expected.as_ref()));
        }
        assert_eq!(block.get(b"abc"), None);
        assert_eq!(block.get(b"c"), None);
        assert_eq!(block.before(b"abc"), 3);
        assert_eq!(block.before(b"zz"), 5);
    }

    #[test]
    fn what_is_no_block_is_refused() {
        let mut writer = BlockWriter::default();
        writer.push(b"b", Some(&row(1)));
        let second = writer.take();
        writer.push(b"a", Some(&row(1)));
        let unordered = [second.clone(), writer.take()].concat();
        assert_eq!(Block::decode(&unordered), None);
        assert_eq!(Block::decode(&[&second[..], &second[..]].concat()), None);
        assert_eq!(Block::decode(&second[..second.len() - 1]), None);
        // It shares octets with a key that does not have them.
        assert_eq!(Block::decode(&[5, 0, 0]), None);
        assert_eq!(Block::decode(&[]).unwrap().len(), 0);
    }
}
