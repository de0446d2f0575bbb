//! A real store on a real disk, opened again after all that may happen to its folder.

use std::fs;
use std::path::Path;

use bytes::Bytes;

use super::bench_disk::vault;
use super::disk::sim::Dice;
use super::{LocalConfig, LocalEngine};
use crate::store::conformance::transact;
use crate::store::engine::{ContentId, Engine, Order, Piece, Span};
use crate::store::{Error, Read, Record, Store, Table};
use serde::{Deserialize, Serialize};

fn open(folder: &Path) -> Result<LocalEngine, Error> {
    let config = LocalConfig {
        segment_octets: 64 * 1024,
        free_min_octets: 0,
        ..LocalConfig::in_folder(folder.to_owned())
    };
    LocalEngine::open(config, vault(5), &mut |_, _| ())
}

fn fill(engine: &LocalEngine, from: u16, to: u16) {
    for n in from..to {
        let done = transact(engine, move |tx| {
            let key = [&[1], n.to_be_bytes().as_slice()].concat();
            tx.put(key, Bytes::from(vec![n as u8; usize::from(n % 700)]));
            let piece = Piece::Inline(Bytes::from(vec![n as u8 ^ 1; 900]));
            tx.content_put(ContentId([(n % 64) as u8; 16]), vec![piece]);
            true
        });
        done.unwrap();
    }
}

fn check(engine: &LocalEngine, to: u16) {
    let mut next = 0u16;
    let scanned = engine.scan(&Span::prefix(&[1], Order::Ascending), &mut |key, value| {
        assert_eq!(key[1..], next.to_be_bytes());
        assert_eq!(value, vec![next as u8; usize::from(next % 700)]);
        next += 1;
        std::ops::ControlFlow::Continue(())
    });
    scanned.unwrap();
    assert_eq!(next, to);
    for n in to - 64..to {
        let content = engine.content_read(ContentId([(n % 64) as u8; 16]), 0, u64::MAX).unwrap();
        assert_eq!(content, vec![n as u8 ^ 1; 900]);
    }
    let found = engine.verify(&mut |_, _| ()).unwrap();
    assert_eq!(found.damage, Vec::<String>::new());
}

/// Copies a folder as it is, as a power cut with everything written would leave it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[test]
fn a_store_that_was_never_closed_opens_with_everything() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let engine = open(folder.path()).unwrap();
    fill(&engine, 0, 300);
    engine.checkpoint().unwrap();
    fill(&engine, 300, 400);
    copy(folder.path(), other.path());
    let again = open(other.path()).unwrap();
    check(&again, 400);
    fill(&again, 400, 450);
    drop(again);
    let again = open(other.path()).unwrap();
    check(&again, 450);
    assert!(!again.report().rebuilt, "closed in order, the index is as good as it was");
}

#[test]
fn a_second_process_is_told_that_the_store_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).unwrap();
    let second = open(folder.path()).map(|_| ());
    assert!(
        matches!(&second, Err(Error::Io(why)) if why.contains("another process")),
        "{second:?}"
    );
    drop(engine);
    open(folder.path()).unwrap();
}

#[test]
fn a_lost_index_and_a_lost_checkpoint_are_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).unwrap();
    fill(&engine, 0, 300);
    drop(engine);
    let index = folder.path().join("index");
    let checkpoint = folder.path().join("journal").join("checkpoint");
    for (index_goes, checkpoint_goes) in [(true, false), (false, true), (true, true)] {
        if index_goes {
            fs::remove_dir_all(&index).unwrap();
        }
        if checkpoint_goes {
            fs::remove_file(&checkpoint).unwrap();
        }
        let engine = open(folder.path()).unwrap();
        assert!(engine.report().rebuilt);
        check(&engine, 300);
    }
}

/// sled may come back with anything in its files; the store opens all the same.
#[test]
fn an_index_with_flipped_octets_is_noticed_and_made_again() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let engine = open(folder.path()).unwrap();
    fill(&engine, 0, 400);
    drop(engine);
    let mut dice = Dice::new(7);
    let mut rebuilt = 0;
    for round in 0..24 {
        let copied = other.path().join(round.to_string());
        copy(folder.path(), &copied);
        for entry in fs::read_dir(copied.join("index")).unwrap() {
            let path = entry.unwrap().path();
            let mut octets = fs::read(&path).unwrap_or_default();
            let Some(last) = octets.len().checked_sub(1) else { continue };
            // Some rounds hit where the data stands, some anywhere.
            let used = octets.iter().rposition(|&octet| octet != 0).unwrap_or(last) as u64;
            for _ in 0..dice.below(40) + 1 {
                octets[dice.below(used + 1) as usize] = dice.next() as u8;
            }
            fs::write(&path, octets).unwrap();
        }
        let engine = open(&copied).unwrap();
        rebuilt += u32::from(engine.report().rebuilt);
        check(&engine, 400);
    }
    assert!(rebuilt > 12, "only {rebuilt} of 24 were noticed");
}

/// Starting often does not eat the disk: an empty segment is no 64 MiB.
#[test]
fn many_starts_take_little_room() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    for n in 0..6u8 {
        let config =
            LocalConfig { free_min_octets: 0, ..LocalConfig::in_folder(folder.path().to_owned()) };
        let engine = LocalEngine::open(config, vault(5), &mut |_, _| ()).unwrap();
        let done = transact(&engine, move |tx| {
            tx.put(vec![1, n], Bytes::from_static(b"x"));
            true
        });
        done.unwrap();
    }
    let journal = fs::read_dir(folder.path().join("journal")).unwrap();
    let blocks: u64 = journal.map(|entry| entry.unwrap().metadata().unwrap().blocks()).sum();
    assert!(blocks * 512 < 1 << 20, "{} KiB", blocks / 2);
}

/// The record of the fixture as it was in version 1, and as it is read now.
#[derive(Serialize, Deserialize)]
struct NoteV1 {
    text: String,
}

impl Record for NoteV1 {}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
    pinned: bool,
}

impl Record for Note {
    const VERSION: u8 = 2;

    fn migrate(version: u8, bytes: &[u8]) -> Option<Note> {
        let old: NoteV1 = (version == 1).then(|| postcard::from_bytes(bytes).ok())??;
        Some(Note { text: old.text, pinned: false })
    }
}

const NOTES_V1: Table<u32, NoteV1> = Table::new(100, "notes");
const NOTES: Table<u32, Note> = Table::new(100, "notes");
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/store/v1");

/// Writes `fixtures/store/v1`, once, when the form on the disk changes (and then into `v2`):
/// `POSTERN_WRITE_FIXTURE=1 cargo test --lib a_store_of_the_first_version`.
fn write_fixture() {
    let folder = tempfile::tempdir().unwrap();
    let engine = std::sync::Arc::new(open(folder.path()).unwrap());
    let store = Store::new(engine.clone(), vault(5));
    let first = store.transact(|tx| {
        for n in 0..20u32 {
            tx.put(&NOTES_V1, &n, &NoteV1 { text: format!("note {n}") })?;
        }
        tx.content_put(ContentId([1; 16]), vec![Piece::Inline(Bytes::from(vec![8; 3_000]))]);
        Ok::<_, Error>(())
    });
    first.wait().unwrap();
    let second = store.transact(|tx| {
        tx.delete(&NOTES_V1, &3);
        Ok::<_, Error>(())
    });
    second.wait().unwrap();
    engine.close().unwrap();
    fs::create_dir_all(FIXTURE).unwrap();
    copy(&folder.path().join("journal"), &Path::new(FIXTURE).join("journal"));
}

#[test]
fn a_store_of_the_first_version_opens_and_its_records_migrate() {
    if std::env::var_os("POSTERN_WRITE_FIXTURE").is_some() {
        write_fixture();
    }
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new(FIXTURE), folder.path());
    let engine = std::sync::Arc::new(open(folder.path()).unwrap());
    assert_eq!(engine.report().damage, Vec::<String>::new());
    let store = Store::new(engine.clone(), vault(5));
    for n in 0..20u32 {
        let note = Note { text: format!("note {n}"), pinned: false };
        assert_eq!(store.get(&NOTES, &n).unwrap(), (n != 3).then_some(note));
    }
    assert_eq!(store.content_read(ContentId([1; 16]), 0, 9_999).unwrap(), vec![8; 3_000]);
    assert_eq!(engine.verify(&mut |_, _| ()).unwrap().damage, Vec::<String>::new());
}
