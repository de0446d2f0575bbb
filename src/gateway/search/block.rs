//! A part of the index: its messages, and for each word the messages that contain it.
//!
//! Words are assigned to blocks by their first two characters, so that a query opens one block, and
//! the beginning of a word is found in one block too.
//!
//! ```text
//! block = { length word postings_octets postings }, words in order
//! postings = { distance places }, distance from the message before
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::error::Error;
use crate::gateway::records::ids::ReferenceKey;
use crate::store::Record;

/// A message within its part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doc {
    pub reference: ReferenceKey,
    pub received: Timestamp,
    pub size: u64,
    pub attachments: bool,
    /// Whether its text is indexed too, and not only its summary.
    pub full: bool,
}

/// The messages of a part, in their sealed form.
#[derive(Serialize, Deserialize)]
pub struct Docs(pub Vec<Doc>);

impl Record for Docs {
    const VERSION: u8 = 1;
}

/// A block in its sealed form; its version is also that of the form above.
#[derive(Serialize, Deserialize)]
pub struct Block(pub Vec<u8>);

impl Record for Block {
    const VERSION: u8 = 1;
}

/// An occurrence of a word: the message's index in its part, and the places in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    pub doc: u32,
    pub places: u8,
}

/// A part that is being built.
#[derive(Default)]
pub struct Builder {
    pub docs: Vec<Doc>,
    words: BTreeMap<String, Vec<Posting>>,
}

const BLOCKS_MAX: usize = 64;

/// The number of messages for each block.
const DOCS_PER_BLOCK: usize = 32;

/// The number of blocks of a part with this many messages.
pub fn blocks_for(docs: usize) -> u16 {
    let blocks = (docs / DOCS_PER_BLOCK).next_power_of_two().min(BLOCKS_MAX);
    u16::try_from(blocks).expect("there are at most 64 blocks")
}

/// The block of a word.
pub fn block_of(word: &str, blocks: u16) -> u16 {
    let begin: String = word.chars().take(2).collect();
    u16::try_from(crc32fast::hash(begin.as_bytes()) % u32::from(blocks.max(1))).unwrap_or_default()
}

impl Builder {
    /// Adds a message; its words follow.
    pub fn doc(&mut self, doc: Doc) -> u32 {
        self.docs.push(doc);
        u32::try_from(self.docs.len() - 1).expect("a part has few messages")
    }

    /// Adds a word of a message; messages are added in order.
    pub fn word(&mut self, word: String, doc: u32, places: u8) {
        let postings = self.words.entry(word).or_default();
        match postings.last_mut() {
            Some(last) if last.doc == doc => last.places |= places,
            _ => postings.push(Posting { doc, places }),
        }
    }

    /// The messages, and the encoded blocks.
    pub fn finish(self) -> (Vec<Doc>, Vec<Vec<u8>>) {
        let count = blocks_for(self.docs.len());
        let mut blocks = vec![Vec::new(); usize::from(count)];
        for (word, postings) in &self.words {
            write_word(&mut blocks[usize::from(block_of(word, count))], word, postings);
        }
        (self.docs, blocks)
    }
}

fn write_word(block: &mut Vec<u8>, word: &str, postings: &[Posting]) {
    let mut list = Vec::with_capacity(postings.len() * 2);
    let mut before = 0;
    for posting in postings {
        write_number(&mut list, posting.doc - before);
        list.push(posting.places);
        before = posting.doc;
    }
    write_number(block, u32::try_from(word.len()).expect("words are short"));
    block.extend_from_slice(word.as_bytes());
    write_number(block, u32::try_from(list.len()).expect("a part has few messages"));
    block.extend_from_slice(&list);
}

/// LEB128.
fn write_number(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_number(octets: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for shift in (0..32).step_by(7) {
        let (octet, rest) = octets.split_first()?;
        *octets = rest;
        number |= u32::from(octet & 0x7f).checked_shl(shift)?;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take<'o>(octets: &mut &'o [u8], count: u32) -> Option<&'o [u8]> {
    let (head, rest) = octets.split_at_checked(usize::try_from(count).ok()?)?;
    *octets = rest;
    Some(head)
}

/// Visits a block's words in order with their postings, as octets for [`postings`].
pub fn each_word<'b>(
    mut block: &'b [u8],
    mut visit: impl FnMut(&'b [u8], &'b [u8]),
) -> Result<(), Error> {
    while !block.is_empty() {
        let read = |block: &mut &'b [u8]| {
            let length = read_number(block)?;
            let word = take(block, length)?;
            let length = read_number(block)?;
            Some((word, take(block, length)?))
        };
        let (word, list) = read(&mut block).ok_or_else(damaged)?;
        visit(word, list);
    }
    Ok(())
}

/// The messages in a word's postings.
pub fn postings(mut list: &[u8]) -> impl Iterator<Item = Posting> {
    let mut before = 0_u32;
    std::iter::from_fn(move || {
        let distance = read_number(&mut list)?;
        let (places, rest) = list.split_first()?;
        (before, list) = (before.wrapping_add(distance), rest);
        Some(Posting { doc: before, places: *places })
    })
}

pub fn damaged() -> Error {
    Error::Damaged { what: "the stored search index cannot be read".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc(number: u8) -> Doc {
        Doc {
            reference: [number; 16],
            received: Timestamp(i64::from(number)),
            size: 1,
            attachments: false,
            full: true,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut builder = Builder::default();
        let mut expected: BTreeMap<String, Vec<Posting>> = BTreeMap::new();
        for number in 0..2_000_u32 {
            let at = builder.doc(doc(rng.u8(..)));
            assert_eq!(at, number);
            for _ in 0..20 {
                let word = format!("w{}", rng.u32(..500));
                let places = 1 << rng.u8(..6);
                builder.word(word.clone(), at, places);
                let list = expected.entry(word).or_default();
                match list.last_mut().filter(|last| last.doc == at) {
                    Some(last) => last.places |= places,
                    None => list.push(Posting { doc: at, places }),
                }
            }
        }
        let (docs, blocks) = builder.finish();
        assert_eq!((docs.len(), blocks.len()), (2_000, BLOCKS_MAX));
        let mut found = BTreeMap::new();
        for (number, block) in blocks.iter().enumerate() {
            each_word(block, |word, list| {
                let word = String::from_utf8(word.to_vec()).unwrap();
                assert_eq!(usize::from(block_of(&word, 64)), number);
                assert!(found.insert(word, postings(list).collect::<Vec<_>>()).is_none());
            })
            .unwrap();
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn a_block_that_is_cut_off_is_damaged() {
        let mut builder = Builder::default();
        let at = builder.doc(doc(1));
        builder.word("word".to_owned(), at, 1);
        let (_, blocks) = builder.finish();
        for end in 1..blocks[0].len() {
            assert!(each_word(&blocks[0][..end], |_, _| ()).is_err(), "{end}");
        }
    }
}
