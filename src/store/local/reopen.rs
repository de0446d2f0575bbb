//! Tests a real store on a real disk, which is opened again after anything happened to its folder.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

use super::bench_disk::vault;
use super::disk::sim::Dice;
use super::{LocalConfig, LocalEngine};
use crate::clock::Clock;
use crate::store::Error::{self, UnknownRecordVersion};
use crate::store::conformance::transact;
use crate::store::engine::{Engine, Piece};
use crate::store::span::{ContentId, Order, Span};
use crate::store::{Read, Record, Store, Table, migrated};
use serde::{Deserialize, Serialize};

fn open(folder: &Path) -> Result<LocalEngine, Error> {
    let config = LocalConfig {
        segment_octets: 64 * 1024,
        free_min_octets: 0,
        ..LocalConfig::in_folder(folder.to_owned())
    };
    LocalEngine::open(config, vault(5), Clock::System, &mut |_, _| ())
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
        ControlFlow::Continue(())
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

/// Copies a folder as it is, as a power failure would leave it if everything had been written.
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
    assert!(!again.report().rebuilt, "after a clean close, the index can be used");
}

/// Returns every file below a folder with its octets and the time of its last change.
fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
            found.insert(path, (Vec::new(), SystemTime::UNIX_EPOCH));
        } else {
            let written = fs::metadata(&path).unwrap().modified().unwrap();
            found.insert(path.clone(), (fs::read(&path).unwrap(), written));
        }
    }
    found
}

/// Returns the folder of a store whose file with the format number contains `file`. It is a copy,
/// because its original is removed.
fn store_with_format(file: Option<&str>) -> tempfile::TempDir {
    let (written, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(&open(written.path()).unwrap(), 0, 100);
    copy(written.path(), folder.path());
    let format = folder.path().join("journal").join("format");
    assert_eq!(fs::read_to_string(&format).unwrap(), "postern store format 3\n");
    match file {
        Some(text) => fs::write(&format, text).unwrap(),
        None => fs::remove_file(&format).unwrap(),
    }
    folder
}

/// Returns why a store is not opened, and checks that nothing in its folder was created, changed or
/// removed.
fn refused(folder: &Path) -> Error {
    let before = files(folder);
    let error = open(folder).map(|_| ()).unwrap_err();
    assert!(files(folder) == before, "the folder of a refused store was changed");
    error
}

#[test]
fn a_store_of_another_format_is_refused_and_not_touched() {
    let earlier = store_with_format(Some("postern store format 1\n"));
    let error = refused(earlier.path());
    assert!(matches!(error, Error::UnknownFormat { found: 1, known: 3 }), "{error:?}");
    let folder = store_with_format(Some("postern store format 7\n"));
    let error = refused(folder.path());
    assert!(matches!(error, Error::UnknownFormat { found: 7, known: 3 }), "{error:?}");
    let sentence = "the store has format 7, but this version of the program reads only format 3";
    assert_eq!(error.to_string(), sentence);
    // What is missing in a copy of its journal is not created either.
    fs::remove_file(folder.path().join("lock")).unwrap();
    refused(folder.path());
}

#[test]
fn a_journal_without_a_format_is_refused_and_not_touched() {
    let folder = store_with_format(None);
    let error = refused(folder.path());
    assert!(matches!(error, Error::NoFormat), "{error:?}");
    fs::write(folder.path().join("journal").join("format"), "postern store format 3\n").unwrap();
    check(&open(folder.path()).unwrap(), 100);
}

#[test]
fn a_damaged_format_is_refused_and_not_touched() {
    for text in ["", "postern store format", "postern store format 01\n", "postern\0", "1"] {
        let folder = store_with_format(Some(text));
        let error = refused(folder.path());
        assert!(matches!(&error, Error::Damaged(what) if what.contains("format")), "{error:?}");
    }
}

#[test]
fn a_second_process_learns_that_the_store_is_open() {
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

/// Returns the runs of a store's index.
fn runs(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "run")).collect()
}

#[test]
fn a_lost_run_and_a_lost_manifest_are_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).unwrap();
    fill(&engine, 0, 300);
    drop(engine);
    let manifest = folder.path().join("journal").join("manifest");
    for (runs_go, manifest_goes) in [(true, false), (false, true), (true, true)] {
        if runs_go {
            runs(folder.path()).iter().for_each(|path| fs::remove_file(path).unwrap());
        }
        if manifest_goes {
            fs::remove_file(&manifest).unwrap();
        }
        let engine = open(folder.path()).unwrap();
        assert!(engine.report().rebuilt);
        check(&engine, 300);
        drop(engine);
        let engine = open(folder.path()).unwrap();
        assert!(!engine.report().rebuilt, "the index that was built again is kept");
        check(&engine, 300);
    }
}

/// Whatever the files of the index contain, the store opens, serves nothing wrong, and has a whole
/// index again soon after.
#[test]
fn an_index_with_flipped_octets_is_noticed_and_made_again() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let engine = open(folder.path()).unwrap();
    fill(&engine, 0, 400);
    drop(engine);
    let mut dice = Dice::new(7);
    for round in 0..24 {
        let copied = other.path().join(round.to_string());
        copy(folder.path(), &copied);
        let mut files = runs(&copied);
        files.push(copied.join("journal").join("manifest"));
        let path = &files[dice.below(files.len() as u64) as usize];
        let mut octets = fs::read(path).unwrap();
        for _ in 0..dice.below(3) + 1 {
            let at = dice.below(octets.len() as u64) as usize;
            octets[at] ^= 1 << dice.below(8);
        }
        fs::write(path, octets).unwrap();
        let engine = open(&copied).unwrap();
        let found = engine.verify(&mut |_, _| ()).unwrap();
        assert!(engine.report().rebuilt || !found.damage.is_empty(), "{}", path.display());
        // The engine's own thread builds it again.
        engine.checkpoint_now();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !engine.verify(&mut |_, _| ()).unwrap().damage.is_empty() {
            assert!(Instant::now() < deadline, "the index was not built again");
            std::thread::sleep(Duration::from_millis(20));
        }
        check(&engine, 400);
    }
}

/// Many starts do not fill the disk: an empty segment does not take 64 MiB.
#[test]
fn many_starts_take_little_room() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    for n in 0..6u8 {
        let config =
            LocalConfig { free_min_octets: 0, ..LocalConfig::in_folder(folder.path().to_owned()) };
        let engine = LocalEngine::open(config, vault(5), Clock::System, &mut |_, _| ()).unwrap();
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

/// The fixture's record as it was in version 1.
#[derive(Serialize, Deserialize)]
struct NoteV1 {
    text: String,
}

impl Record for NoteV1 {
    const VERSION: u8 = 1;
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
    pinned: bool,
}

impl Record for Note {
    const VERSION: u8 = 2;

    fn migrate(version: u8, bytes: &[u8]) -> Option<Note> {
        migrated::<NoteV1, Note>(version, bytes)
    }
}

impl From<NoteV1> for Note {
    fn from(old: NoteV1) -> Note {
        Note { text: old.text, pinned: false }
    }
}

const NOTES_V1: Table<u32, NoteV1> = Table::new(100, "notes");
const NOTES: Table<u32, Note> = Table::new(100, "notes");
/// A journal of format 2, with twenty notes of version 1, of which one was deleted. Nothing writes
/// that format any more.
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/store/format-2");

#[test]
fn records_of_two_versions_lie_in_one_folder() {
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

    // One row is written anew and one is added; eighteen stay as version 1 wrote them.
    let written = store.transact(|tx| {
        let old = tx.get(&NOTES, &0)?.ok_or(Error::NotFound)?;
        tx.put(&NOTES, &0, &Note { pinned: true, ..old })?;
        tx.put(&NOTES, &20, &Note { text: "note 20".to_owned(), pinned: true })
    });
    written.wait().unwrap();
    engine.compact().unwrap();
    drop((store, engine));
    let store = Store::new(std::sync::Arc::new(open(folder.path()).unwrap()), vault(5));
    let mut notes = BTreeMap::new();
    let scanned = store.scan(&NOTES, &(), Order::Ascending, |key, note| {
        notes.insert(key, note);
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    let note = |n: u32| Note { text: format!("note {n}"), pinned: [0, 20].contains(&n) };
    assert_eq!(notes, (0..=20).filter(|n| *n != 3).map(|n| (n, note(n))).collect());
    let versions = (0..=20_u32).filter(|n| *n != 3).map(|n| {
        let raw = NOTES.raw(&n);
        let sealed = store.engine().get(&raw).unwrap().unwrap();
        vault(5).record_open(NOTES.id, &raw, &sealed).unwrap().0
    });
    let versions: Vec<u8> = versions.collect();
    assert_eq!(versions, [vec![2], vec![1; 18], vec![2]].concat());
}

/// If the program is replaced by an earlier version, the records of the later version are neither
/// misread nor taken for damage, and the later version can read them again.
#[test]
fn a_record_of_a_later_version_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let later = Note { text: "later".to_owned(), pinned: true };
    let raw = NOTES.raw(&7u32);
    let store = Store::new(std::sync::Arc::new(open(folder.path()).unwrap()), vault(5));
    let written = store.transact(|tx| {
        tx.put(&NOTES, &7, &Note { text: "later".to_owned(), pinned: true })?;
        tx.put(&NOTES_V1, &8, &NoteV1 { text: "earlier".to_owned() })
    });
    written.wait().unwrap();
    let sealed = store.engine().get(&raw).unwrap();
    drop(store);

    let store = Store::new(std::sync::Arc::new(open(folder.path()).unwrap()), vault(5));
    let error = store.get(&NOTES_V1, &7).map(|_| ()).unwrap_err();
    let UnknownRecordVersion { table: "notes", found: 2, known: 1 } = error else {
        panic!("{error:?}")
    };
    let sentence = "a record in table notes has version 2, but this version of the program reads \
                    only versions up to 1";
    assert_eq!(error.to_string(), sentence);
    let scanned = store.scan(&NOTES_V1, &(), Order::Ascending, |_, _| ControlFlow::Continue(()));
    assert!(matches!(scanned, Err(UnknownRecordVersion { .. })), "{scanned:?}");
    let changed = store.transact(|tx| {
        let note = tx.get(&NOTES_V1, &7)?.ok_or(Error::NotFound)?;
        tx.put(&NOTES_V1, &7, &NoteV1 { text: note.text + " and changed" })
    });
    assert!(matches!(changed.wait(), Err(UnknownRecordVersion { .. })));
    assert_eq!(store.get(&NOTES_V1, &8).unwrap().unwrap().text, "earlier");
    store.engine().compact().unwrap();
    assert_eq!(store.engine().verify(&mut |_, _| ()).unwrap().damage, Vec::<String>::new());
    drop(store);

    let store = Store::new(std::sync::Arc::new(open(folder.path()).unwrap()), vault(5));
    assert_eq!(store.engine().get(&raw).unwrap(), sealed);
    assert_eq!(store.get(&NOTES, &7).unwrap(), Some(later));
}
