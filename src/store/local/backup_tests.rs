//! Backups of a store that is written to meanwhile, and what becomes of them.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use bytes::Bytes;

use super::bench_disk::vault;
use super::restore::{self, restore};
use super::{LocalConfig, LocalEngine};
use crate::clock::Clock;
use crate::store::conformance::transact;
use crate::store::engine::{BackupPart, Engine, Piece};
use crate::store::error::Error;
use crate::store::span::{ContentId, Order, Span};

fn open(data: &Path) -> LocalEngine {
    let config = LocalConfig {
        segment_octets: 64 * 1024,
        free_min_octets: 0,
        ..LocalConfig::in_folder(data.join("store"))
    };
    LocalEngine::open(config, vault(5), Clock::System, &mut |_, _| ()).unwrap()
}

fn put(engine: &LocalEngine, n: u16) {
    let done = transact(engine, move |tx| {
        tx.put([&[1], n.to_be_bytes().as_slice()].concat(), Bytes::from(vec![n as u8; 300]));
        let piece = Piece::Inline(Bytes::from(vec![n as u8 ^ 1; 900]));
        tx.content_put(ContentId([(n % 64) as u8; 16]), vec![piece]);
        true
    });
    done.unwrap();
}

/// Returns a backup; `meanwhile` is called after each block of it.
fn backed_up(engine: &LocalEngine, meanwhile: &mut dyn FnMut()) -> Vec<u8> {
    let mut backup = Vec::new();
    let made = engine.backup(&mut |part: BackupPart<'_>| {
        backup.extend_from_slice(part.octets);
        assert!(part.done <= part.total);
        meanwhile();
        Ok(())
    });
    assert!(made.unwrap().files > 1);
    backup
}

/// Opens what was restored; returns how many rows there are, which must be the first ones.
fn rows(data: &Path) -> u16 {
    let engine = open(data);
    let mut next = 0u16;
    let scanned = engine.scan(&Span::prefix(&[1], Order::Ascending), &mut |key, value| {
        assert_eq!(key[1..], next.to_be_bytes());
        assert_eq!(value, vec![next as u8; 300]);
        next += 1;
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    for n in next.saturating_sub(64)..next {
        let content = engine.content_read(ContentId([(n % 64) as u8; 16]), 0, u64::MAX).unwrap();
        assert_eq!(content, vec![n as u8 ^ 1; 900]);
    }
    assert_eq!(engine.verify(&mut |_, _| ()).unwrap().damage, Vec::<String>::new());
    // It goes on as any store does.
    put(&engine, next);
    next
}

fn restored(backup: &[u8], data: &Path) -> Result<(), String> {
    let done = restore(&mut &*backup, &vault(5), data, &mut |_| ());
    done.map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn a_backup_has_all_that_was_durable_when_it_began() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let engine = Arc::new(open(folder.path()));
    (0..400).for_each(|n| put(&engine, n));
    let (last, stop) = (Arc::new(AtomicU16::new(400)), Arc::new(AtomicBool::default()));
    let writing = {
        let (engine, last, stop) = (engine.clone(), last.clone(), stop.clone());
        std::thread::spawn(move || {
            while !stop.load(Ordering::Acquire) {
                put(&engine, last.load(Ordering::Acquire));
                last.fetch_add(1, Ordering::AcqRel);
            }
        })
    };
    let began = last.load(Ordering::Acquire);
    let backup = backed_up(&engine, &mut || std::thread::yield_now());
    stop.store(true, Ordering::Release);
    writing.join().unwrap();
    restored(&backup, other.path()).unwrap();
    let rows = rows(other.path());
    assert!(rows >= began, "{rows} of {began}");
    assert!(rows <= last.load(Ordering::Acquire));
}

#[test]
fn what_is_erased_waits_for_a_backup_and_is_in_none_that_comes_later() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let engine = Arc::new(open(folder.path()));
    (0..600).for_each(|n| put(&engine, n));
    // Most contents were replaced, so there is much to erase.
    let erasing = std::cell::OnceCell::new();
    let backup = backed_up(&engine, &mut || {
        erasing.get_or_init(|| {
            let engine = engine.clone();
            std::thread::spawn(move || engine.compact())
        });
    });
    restored(&backup, other.path()).unwrap();
    assert_eq!(rows(other.path()), 600);
    let freed = erasing.into_inner().unwrap().join().unwrap().unwrap();
    assert!(freed > 0, "nothing was erased");
    let later = backed_up(&engine, &mut || ());
    assert!(later.len() < backup.len(), "{} of {}", later.len(), backup.len());
    let third = tempfile::tempdir().unwrap();
    restored(&later, third.path()).unwrap();
    assert_eq!(rows(third.path()), 600);
}

#[test]
fn a_backup_that_was_cut_or_altered_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    (0..120).for_each(|n| put(&engine, n));
    let backup = backed_up(&engine, &mut || ());
    let other = tempfile::tempdir().unwrap();
    let refused = |backup: &[u8], why: &str| {
        let said = restored(backup, other.path()).unwrap_err();
        assert!(said.contains(why), "{said}: {why}");
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0, "{said}");
    };
    for length in [0, 7, 39] {
        refused(&backup[..length], "not a backup");
    }
    for length in (40..backup.len()).step_by(997).chain([backup.len() - 1]) {
        refused(&backup[..length], "cut off");
    }
    for at in (0..backup.len()).step_by(1_009).chain([8, 40, 44, backup.len() - 1]) {
        let mut changed = backup.clone();
        changed[at] ^= 1;
        let said = restored(&changed, other.path()).unwrap_err();
        let is_known = ["altered", "not a backup", "cut off"].iter().any(|why| said.contains(why));
        assert!(is_known, "at {at}: {said}");
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0, "at {at}: {said}");
    }
    refused(&[&backup[..], b"x"].concat(), "follows after its end");
    refused(&[&backup[..], &backup[..]].concat(), "follows after its end");
    restored(&backup, other.path()).unwrap();
    assert_eq!(
        restored(&backup, other.path()).unwrap_err(),
        "the folder to restore into is not empty"
    );
    assert_eq!(rows(other.path()), 120);
}

#[test]
fn another_daemon_key_restores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    put(&engine, 0);
    let backup = backed_up(&engine, &mut || ());
    let other = tempfile::tempdir().unwrap();
    let refused = restore(&mut &*backup, &vault(6), other.path(), &mut |_| ());
    assert!(matches!(refused, Err(restore::Error::NotOurs)), "{refused:?}");
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
}

/// A restore that was interrupted leaves a folder that does not open as an empty or a partial store.
#[test]
fn a_store_that_was_restored_in_part_does_not_open() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let engine = open(folder.path());
    put(&engine, 0);
    restored(&backed_up(&engine, &mut || ()), other.path()).unwrap();
    fs::remove_file(other.path().join("store/journal/format")).unwrap();
    let config = LocalConfig::in_folder(other.path().join("store"));
    let opened = LocalEngine::open(config, vault(5), Clock::System, &mut |_, _| ());
    assert!(matches!(opened.err(), Some(Error::NoFormat)));
}

#[test]
fn a_backup_whose_reader_goes_away_ends_and_hinders_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    (0..50).for_each(|n| put(&engine, n));
    let mut blocks = 0;
    let ended = engine.backup(&mut |_| {
        blocks += 1;
        if blocks > 3 { Err(Error::Io("gone".to_owned())) } else { Ok(()) }
    });
    assert!(matches!(ended, Err(Error::Io(_))));
    assert_eq!(blocks, 4);
    put(&engine, 50);
    engine.compact().unwrap();
}
