//! The store's forms on the medium, for tests outside the store.
//!
//! For the fuzz targets: whatever can be parsed must be encoded again as the same octets, and no
//! octets may make a parser panic. For the tests of secrecy: everything that the daemon key opens
//! in a store's files.

use std::path::Path;

use crate::store::engine::BackupPart;
use crate::store::error::Error;
use crate::vault::Vault;

use super::backup;
use super::disk::Disk;
use super::disk::os::OsDisk;
use super::index::run::{self, Run, RunEntry};
use super::journal::files::Files;
use super::journal::segment::{self, Found};
use super::manifest;

use super::index::block::{Block, BlockWriter};
use super::journal::frame::{self, Frame};
use super::journal::{Body, PiecePlace};

/// Parses a frame's head; if it is one, returns whether it is encoded again as the same head.
pub fn frame_head(octets: &[u8]) -> Option<bool> {
    Frame::decode(octets).map(|frame| Frame::decode(&frame.encode()) == Some(frame))
}

/// Parses a transaction's body; if it is one, returns whether it is encoded again as the same
/// octets.
pub fn transaction(octets: &[u8]) -> Option<bool> {
    let (digest, ops) = frame::parse(octets)?;
    let mut body = Body::new();
    let mut places_agree = true;
    for op in ops {
        let at = body.push(op.key, op.value.map(|(_, value)| value));
        places_agree &= op.value.is_none_or(|(starts, _)| starts == at);
    }
    Some(places_agree && body.finish(digest) == octets)
}

/// Parses a block of the index; if it is one, returns whether what is encoded again has the same
/// rows.
pub fn index_block(octets: &[u8]) -> Option<bool> {
    let block = Block::decode(octets)?;
    let mut writer = BlockWriter::default();
    for at in 0..block.len() {
        writer.push(block.key(at), block.row(at));
    }
    Some(Block::decode(&writer.take()) == Some(block))
}

/// Parses the places of a content's pieces; if they are such, returns whether they are encoded
/// again as the same octets.
pub fn piece_places(octets: &[u8]) -> Option<bool> {
    PiecePlace::decode_all(octets).map(|places| {
        let mut out = Vec::new();
        places.iter().for_each(|place| place.encode(&mut out));
        out == octets
    })
}

/// Opens, with the daemon key alone, whatever it opens in the files of a store's journal folder:
/// each frame of each segment, whether anything refers to it or not, each block of each run, and
/// the manifest. Returns what was opened with where it was.
pub fn opened_by_daemon_key(folder: &Path, vault: &Vault) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let disk: std::sync::Arc<dyn Disk> = std::sync::Arc::new(OsDisk::new(folder));
    let files = Files::new(disk.clone());
    let mut opened = Vec::new();
    for name in disk.names()? {
        if let Some(number) = segment::number_of(&name) {
            if let Found::Segment(segment) = segment::Segment::open(&files, vault, number)? {
                let bodies = segment.everything()?.into_iter();
                opened.extend(bodies.map(|body| (name.clone(), body)));
            }
        } else if let Some(number) = run::number_of(&name) {
            let end = disk.open(&name)?.length()?;
            let run = Run::open(&*disk, vault, RunEntry { number, rows: 0, end })?;
            for at in 0..run.blocks() {
                opened.push((name.clone(), run.block_plain(at)?));
            }
        } else if name == manifest::NAME {
            let sealed = std::fs::read(folder.join(&name))?;
            opened.push((name, manifest::plain_of(vault, &sealed)?.to_vec()));
        }
    }
    Ok(opened)
}

/// Seals blocks of a backup; each octet says how long the next block is.
pub fn backup_of(vault: &Vault, input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut write = |part: BackupPart<'_>| {
        out.extend_from_slice(part.octets);
        Ok(())
    };
    let sealed = backup::seal_all(vault, input, &mut write);
    sealed.expect("a short block can be sealed");
    out
}
