//! Tests with a set clock that deleted data is erased from the medium after the configured time.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::bench_disk::{Run, Store, config, open_at, vault};
use super::compact::{self, Reason};
use super::config::LocalConfig;
use super::disk::sim::SimDisk;
use super::faults::compact_all;
use super::journal::segment::file_name;
use super::{Dropping, LocalEngine, recovery};
use crate::clock::{Clock, Timestamp};
use crate::store::conformance::transact;
use crate::store::engine::Engine;
use crate::store::span::{Order, Span};

const ERASE_SECS: i64 = 24 * 3_600;

fn set_clock() -> Clock {
    Clock::set_to(Timestamp(1_795_424_523_123))
}

/// A configuration in which segments are compacted only for data that has to be erased, not for
/// any other dead data.
fn erasing(config: LocalConfig) -> LocalConfig {
    LocalConfig {
        segment_octets: 1 << 20,
        free_min_octets: 0,
        dead_percent: 100,
        erase_secs: ERASE_SECS as u64,
        ..config
    }
}

fn open(disk: &SimDisk, clock: &Clock) -> Store {
    open_at(disk, erasing(config()), vault(9), clock.clone()).unwrap()
}

fn newest(store: &Store) -> u64 {
    store.shared.segments().last().unwrap().number
}

#[test]
fn what_was_deleted_is_erased_once_its_time_is_over_and_not_before() {
    let (disk, clock) = (SimDisk::new(true), set_clock());
    let mut store = open(&disk, &clock);
    store.put(1, vec![1; 100]).unwrap();
    store.put(2, b"what only its reader may read".to_vec()).unwrap();
    let segment = newest(&store);
    clock.advance_secs(10 * ERASE_SECS);
    store.delete(2).unwrap();
    clock.advance_secs(ERASE_SECS - 1);
    assert!(!compact::is_due(&store.shared), "the time counts from the deletion");
    compact_all(&mut store, Reason::Due);
    assert!(disk.holds_segment(segment));
    clock.advance_secs(1);
    assert!(compact::is_due(&store.shared));
    compact_all(&mut store, Reason::Due);
    assert!(!disk.holds_segment(segment));
    assert_eq!(store.get(1).unwrap().unwrap(), vec![1; 100]);
    assert!(!compact::is_due(&store.shared), "there is nothing left to erase");
}

#[test]
fn the_time_runs_on_over_a_restart() {
    let (disk, clock) = (SimDisk::new(true), set_clock());
    let mut store = open(&disk, &clock);
    store.put(1, vec![1; 100]).unwrap();
    store.content(2, vec![2; 3_000]).unwrap();
    store.content(2, vec![3; 3_000]).unwrap();
    let segment = newest(&store);
    store.checkpoint();
    clock.advance_secs(ERASE_SECS - 1);
    let mut store = open(&disk, &clock);
    assert!(!compact::is_due(&store.shared));
    clock.advance_secs(1);
    assert!(compact::is_due(&store.shared));
    compact_all(&mut store, Reason::Due);
    assert!(!disk.holds_segment(segment));
    assert_eq!(store.content_get(2).unwrap().unwrap(), vec![3; 3_000]);
}

/// The engine's own thread erases, without being asked.
#[test]
fn the_engine_erases_by_itself() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), set_clock());
    let config = LocalConfig {
        compact_look_every: Duration::from_millis(5),
        ..erasing(LocalConfig::in_folder(folder.path().to_owned()))
    };
    let progress: recovery::Progress<'_> = &mut |_, _| ();
    let engine = LocalEngine::open(config, vault(9), clock.clone(), progress).unwrap();
    for value in ["first", "second"] {
        let done = transact(&engine, move |tx| {
            tx.put(b"\x01a".to_vec(), Bytes::from_static(value.as_bytes()));
            true
        });
        done.unwrap();
    }
    let segment = folder.path().join("journal").join(file_name(1));
    assert!(segment.exists());
    clock.advance_secs(ERASE_SECS);
    let deadline = Instant::now() + Duration::from_secs(60);
    while segment.exists() {
        assert!(Instant::now() < deadline, "the segment was not removed");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(engine.get(b"\x01a").unwrap().unwrap(), Bytes::from_static(b"second"));
}

/// Scans met removed rows for ever, since only a merge with the oldest run drops them: a search of
/// 100,000 messages, each of which once had a row that was removed since, took three times as long.
#[test]
fn removed_rows_are_dropped_once_they_cost_as_much_as_a_merge() {
    const ROWS: u16 = 5_000;
    let (disk, clock) = (SimDisk::new(true), set_clock());
    let mut store = open(&disk, &clock);
    let all = |remove: bool| -> Vec<_> {
        let one = |number: u16| {
            let key = [vec![2], number.to_be_bytes().to_vec()].concat();
            let run: Run = Box::new(move |tx| {
                match remove {
                    true => tx.delete(key.clone()),
                    false => tx.put(key.clone(), Bytes::from_static(b"value")),
                }
                true
            });
            run
        };
        (0..ROWS).map(one).collect()
    };
    let rows_on_disk = |store: &Store| -> u64 {
        store.shared.tables().runs.0.iter().map(|run| run.entry.rows).sum()
    };
    let scan = |store: &Store| {
        let mut found = 0;
        let span = Span::prefix(&[2], Order::Ascending);
        let counted = store.shared.scan_rows(&span, &mut |_, _| {
            found += 1;
            ControlFlow::Continue(())
        });
        counted.unwrap();
        found
    };
    store.put(1, vec![1]).unwrap();
    store.group(all(false));
    store.checkpoint();
    store.group(all(true));
    store.checkpoint();
    assert_eq!(rows_on_disk(&store), u64::from(ROWS) * 2 + 1, "each key is there, and removed");
    assert_eq!(scan(&store), 0);
    let mut dropping = Dropping::default();
    super::merge_due(&store.shared, &mut dropping).unwrap();
    assert!(rows_on_disk(&store) > u64::from(ROWS), "one scan is no reason to write everything");
    assert_eq!(scan(&store) + scan(&store), 0);
    super::merge_due(&store.shared, &mut dropping).unwrap();
    assert_eq!(rows_on_disk(&store), 1);
    assert_eq!(store.get(1).unwrap().as_deref(), Some(&[1][..]));
}
