//! Tests what happens to the index when a medium fails, fills up, or loses a file.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::bench_disk::{Store, config, open, plan, put};
use super::compact::{self, Reason};
use super::config::LocalConfig;
use super::disk::Disk;
use super::disk::sim::{Plan, SimDisk};
use super::faults::compact_all;
use super::index::Rows;
use super::index::run;
use super::index::runs::Runs;
use super::journal::segment::{HEADER, file_name};
use super::recovery::restore_index;
use super::request::Request;
use super::shared::lock;
use super::{manifest, verify};
use crate::store::error::Error;
use crate::store::span::{Order, Span};

/// Every operation that the work below does is made to fail once, and some after it.
const OPERATIONS: std::ops::Range<u64> = 1..40;

fn failing(at: u64) -> Plan {
    let at = Some(at);
    Plan { write_fails_at: at, sync_fails_at: at, names_fail_at: at, ..Plan::default() }
}

/// Returns a store with `count` runs of one row each.
fn with_runs(count: u8) -> (SimDisk, Store) {
    with_runs_and(count, config())
}

fn with_runs_and(count: u8, config: LocalConfig) -> (SimDisk, Store) {
    let disk = SimDisk::new(true);
    let mut store = open(&disk, config).unwrap();
    for key in 1..=count {
        store.put(key, vec![key; 100]).unwrap();
        store.checkpoint();
    }
    (disk, store)
}

fn run_files(disk: &SimDisk) -> Vec<u64> {
    disk.names().unwrap().iter().filter_map(|name| run::number_of(name)).collect()
}

/// Returns the numbers of the runs in use.
fn runs(store: &Store) -> Vec<u64> {
    store.shared.tables().runs.0.iter().map(|run| run.entry.number).collect()
}

fn damage(store: &Store) -> Vec<String> {
    lock(&store.shared.damage).clone()
}

#[test]
fn writers_wait_when_nobody_moves_rows_to_the_disk() {
    let memory_octets = 16 * 1024;
    let disk = SimDisk::new(true);
    let mut store = open(&disk, LocalConfig { memory_octets, ..config() }).unwrap();
    let mut key = 0;
    while store.shared.wait_for_index(Duration::ZERO) {
        assert!(store.shared.tables().octets() < memory_octets + 1_024, "nobody waits");
        store.put(key, vec![1]).unwrap();
        key += 1;
    }
    assert!(store.shared.should_checkpoint());
    store.checkpoint();
    assert!(store.shared.wait_for_index(Duration::ZERO));
}

#[test]
fn a_run_that_cannot_be_read_is_built_again() {
    let (disk, store) = with_runs(3);
    disk.fail_reads(&run::file_name(runs(&store)[1]), true);
    assert!(matches!(store.get(2), Err(Error::DamagedIndex(_))));
    assert!(store.shared.index_damaged.load(Ordering::Acquire));
    restore_index(&store.shared).unwrap();
    assert_eq!(store.get(2).unwrap().unwrap(), vec![2; 100]);
    assert_eq!(run_files(&disk), runs(&store));
    assert_eq!(damage(&store), Vec::<String>::new());
}

#[test]
fn an_index_that_could_not_be_built_again_leaves_no_files() {
    let mut failures = 0;
    for at in OPERATIONS {
        // So little memory that the index is built in several runs.
        let (disk, store) = with_runs_and(3, LocalConfig { memory_octets: 1, ..config() });
        let before = runs(&store);
        plan(&disk, failing(at));
        let restored = restore_index(&store.shared);
        plan(&disk, Plan::default());
        failures += u64::from(restored.is_err());
        // A manifest that may be in place keeps its runs until the next one is.
        store.checkpoint_anew();
        assert_eq!(run_files(&disk), runs(&store), "{at}");
        if restored.is_err() {
            assert_eq!(runs(&store)[..before.len()], before, "{at}");
        }
        assert_eq!(store.get(2).unwrap().unwrap(), vec![2; 100]);
        assert_eq!(open(&disk, config()).unwrap().keys(), store.keys(), "{at}");
    }
    assert!(failures > 6, "{failures}");
}

/// What was written while the index was built again is not in what was built.
#[test]
fn runs_that_were_written_meanwhile_stay_beside_an_index_that_was_built_again() {
    let (disk, mut store) = with_runs(3);
    let before = lock(&store.shared.keeper).manifest.clone();
    let mut rows = Rows::new();
    let copied = store.shared.scan_rows(&Span::prefix(&[], Order::Ascending), &mut |key, row| {
        rows.insert(key.to_vec(), Some(row));
        ControlFlow::Continue(())
    });
    copied.unwrap();
    store.put(4, vec![4; 100]).unwrap();
    store.checkpoint();
    let rebuilt = manifest::spill(&store.shared, &rows, &Runs::default()).unwrap().unwrap();
    let rebuilt = Runs::default().with(rebuilt);
    manifest::install_rebuilt(&store.shared, &before, &rebuilt, false).unwrap();
    assert_eq!((store.keys(), runs(&store).len()), (vec![1, 2, 3, 4], 2));
    assert_eq!(open(&disk, config()).unwrap().keys(), [1, 2, 3, 4]);
}

/// What the journal has lost is missing in an index that is built then, but it is lost only as long
/// as the medium cannot read it.
#[test]
fn what_the_journal_lost_is_reported_and_found_when_it_can_be_read_again() {
    let (disk, mut store) = with_runs(3);
    let segment = store.shared.segments().first().unwrap().number;
    let bit = (HEADER + 40) * 8;
    disk.flip(&file_name(segment), bit);
    restore_index(&store.shared).unwrap();
    assert!(damage(&store).iter().any(|what| what.contains("lacks what is damaged")));
    assert_eq!(store.keys(), [2, 3]);
    disk.flip(&file_name(segment), bit);
    compact_all(&mut store, Reason::Asked);
    assert!(disk.holds_segment(segment), "only this segment has what the index lacks");
    store.checkpoint();
    let again = open(&disk, config()).unwrap();
    assert!(again.report.rebuilt);
    assert_eq!(again.keys(), [1, 2, 3]);
    again.checkpoint_anew();
    assert!(!open(&disk, config()).unwrap().report.rebuilt, "it is whole now");
}

#[test]
fn a_medium_that_is_read_differently_each_time_changes_no_index() {
    let (disk, store) = with_runs(3);
    let before = runs(&store);
    let segment = store.shared.segments().first().unwrap().number;
    disk.flip_at_read(&file_name(segment), (HEADER + 40) * 8, 1);
    assert!(matches!(restore_index(&store.shared), Err(Error::Damaged(_))));
    assert_eq!((run_files(&disk), runs(&store)), (before.clone(), before));
    assert_eq!(store.keys(), [1, 2, 3]);
}

/// A sector that cannot be read is damage like any other: everything else is served.
#[test]
fn a_segment_that_cannot_be_read_keeps_nothing_else_from_being_opened() {
    let (disk, mut store) = with_runs(1);
    while store.shared.segments().len() < 3 {
        store.put(2, vec![2; 3_000]).unwrap();
    }
    store.put(3, vec![3]).unwrap();
    let first = store.shared.segments().first().unwrap().number;
    disk.fail_reads_in(&file_name(first), HEADER..u64::MAX);
    for name in disk.names().unwrap().iter().filter(|name| name.ends_with(".run")) {
        disk.remove(name).unwrap();
    }
    let again = open(&disk, config()).unwrap();
    assert!(!again.report.damage.is_empty());
    assert_eq!(again.keys(), [2, 3]);
    let verified = verify::verify(&again.shared, &mut |_, _| ()).unwrap();
    assert!(!verified.damage.is_empty());
}

/// At the end of the journal, what cannot be read might be what was never acknowledged, or the last
/// that was: nothing is cut off before it can be read.
#[test]
fn the_end_of_the_journal_is_not_cut_off_because_it_cannot_be_read() {
    let (disk, mut store) = with_runs(1);
    let segment = store.shared.segments().last().unwrap().clone();
    let end = segment.end();
    store.put(2, vec![2; 100]).unwrap();
    store.put(3, vec![3; 100]).unwrap();
    let size = disk.size(&file_name(segment.number));
    for bad in [end, end + 40, size - 1] {
        disk.fail_reads_in(&file_name(segment.number), bad..u64::MAX);
        assert!(matches!(open(&disk, config()), Err(Error::Io(_))), "{bad}");
        assert_eq!(disk.size(&file_name(segment.number)), size);
        disk.fail_reads(&file_name(segment.number), false);
        let again = open(&disk, config()).unwrap();
        assert!(!again.report.rebuilt, "the index was given up");
        assert_eq!((again.keys(), again.report.damage), (vec![1, 2, 3], Vec::<String>::new()));
    }
}

/// What is older than something that cannot be read may have been replaced or removed by it.
#[test]
fn what_was_replaced_does_not_come_back_when_its_successor_can_be_read_again() {
    let disk = SimDisk::new(true);
    let mut store = open(&disk, config()).unwrap();
    store.group(vec![put(1, vec![1; 3_000]), put(2, vec![2; 3_000])]);
    store.content(1, vec![7; 3_000]).unwrap();
    let old = store.shared.segments().last().unwrap().number;
    let (moved, was_closed) = sync_channel(1);
    store.writer.group(vec![Request::Close(moved)]);
    was_closed.recv().unwrap().unwrap();
    store.put(1, b"new".to_vec()).unwrap();
    store.delete(2).unwrap();
    let lost = store.shared.segments().last().unwrap().number;
    assert!(lost > old);
    while store.shared.segments().last().unwrap().number < lost + 2 {
        store.put(3, vec![3; 3_000]).unwrap();
    }
    store.checkpoint();
    disk.fail_reads_in(&file_name(lost), HEADER..u64::MAX);
    for name in disk.names().unwrap().iter().filter(|name| name.ends_with(".run")) {
        disk.remove(name).unwrap();
    }
    let mut again = open(&disk, config()).unwrap();
    assert_eq!(again.keys(), [1, 2, 3], "the deletion cannot be read");
    compact_all(&mut again, Reason::Asked);
    again.checkpoint();
    disk.fail_reads(&file_name(lost), false);
    let whole = open(&disk, config()).unwrap();
    assert_eq!(whole.get(1).unwrap().unwrap(), b"new".to_vec());
    assert_eq!(whole.keys(), [1, 3]);
}

#[test]
fn frames_beside_a_sector_that_cannot_be_read_are_found() {
    let (disk, mut store) = with_runs_and(0, LocalConfig { segment_octets: 1 << 20, ..config() });
    for key in 1..30 {
        store.put(key, vec![key; 100]).unwrap();
    }
    let first = store.shared.segments().first().unwrap().clone();
    let (closed, was_closed) = sync_channel(1);
    store.writer.group(vec![Request::Close(closed)]);
    was_closed.recv().unwrap().unwrap();
    let bad = HEADER + 1_024;
    disk.fail_reads_in(&file_name(first.number), bad..bad + 512);
    let again = open(&disk, config()).unwrap();
    let spoiled = 512 / 160 + 2;
    let found = again.keys();
    assert!(found.len() < 29 && found.len() >= 29 - spoiled, "{found:?}");
    // A copy of the header that cannot be read is what there are two for.
    disk.fail_reads_in(&file_name(first.number), 0..512);
    let again = open(&disk, config()).unwrap();
    assert_eq!((again.keys().len(), again.report.damage), (29, Vec::<String>::new()));
    let verified = verify::verify(&again.shared, &mut |_, _| ()).unwrap();
    assert_eq!(verified.damage.len(), 1, "{:?}", verified.damage);
}

#[test]
fn a_segment_is_closed_even_when_its_group_begins_with_something_else() {
    let (_, mut store) = with_runs(1);
    let newest = store.shared.segments().last().unwrap().number;
    let (moved, was_moved) = sync_channel(1);
    let (closed, was_closed) = sync_channel(1);
    store.writer.group(vec![Request::Move(Vec::new(), moved), Request::Close(closed)]);
    was_moved.recv().unwrap().unwrap();
    was_closed.recv().unwrap().unwrap();
    assert!(store.shared.segments().last().unwrap().number > newest);
}

#[test]
fn the_number_of_a_lost_segment_is_not_used_again() {
    let (disk, mut store) = with_runs(1);
    while store.shared.segments().len() < 3 {
        store.put(2, vec![2; 3_000]).unwrap();
    }
    store.checkpoint();
    let lost = store.shared.segments().last().unwrap().number;
    disk.remove(&file_name(lost)).unwrap();
    let mut again = open(&disk, config()).unwrap();
    again.put(3, vec![3]).unwrap();
    assert!(again.shared.segments().last().unwrap().number > lost);
}

#[test]
fn runs_are_merged_only_where_there_is_space_for_a_copy() {
    let octets =
        |store: &Store| store.shared.tables().runs.0.iter().map(|run| run.entry.end).sum::<u64>();
    // A small part of what is kept free may be used.
    let (disk, store) = with_runs_and(4, LocalConfig { free_min_octets: 1 << 20, ..config() });
    disk.set_free(octets(&store));
    assert!(manifest::merge(&store.shared, false).unwrap());
    let (disk, store) = with_runs_and(4, LocalConfig { free_min_octets: 1_000, ..config() });
    let octets = octets(&store) + 1_000;
    disk.set_free(octets - 1);
    assert!(matches!(manifest::merge(&store.shared, false), Err(Error::Full)));
    assert_eq!(run_files(&disk), runs(&store));
    disk.set_free(octets);
    assert!(manifest::merge(&store.shared, false).unwrap());
    assert_eq!((run_files(&disk), runs(&store).len()), (runs(&store), 1));
}

#[test]
fn a_merge_that_fails_leaves_no_files() {
    let mut failures = 0;
    for at in OPERATIONS {
        let (disk, store) = with_runs(4);
        plan(&disk, failing(at));
        let merged = manifest::merge(&store.shared, false);
        plan(&disk, Plan::default());
        failures += u64::from(merged.is_err());
        store.checkpoint_anew();
        assert_eq!(run_files(&disk), runs(&store), "{at}");
        assert_eq!(open(&disk, config()).unwrap().keys(), [1, 2, 3, 4], "{at}: {merged:?}");
    }
    assert!(failures > 4, "{failures}");
}

/// The names of removed records leave the index, also when there is only one run.
#[test]
fn the_oldest_run_says_nothing_about_removed_keys() {
    let disk = SimDisk::new(true);
    let mut store = open(&disk, config()).unwrap();
    store.put(1, vec![1]).unwrap();
    store.delete(1).unwrap();
    store.checkpoint();
    assert_eq!(run_files(&disk), Vec::<u64>::new());
    store.group(vec![put(1, vec![1]), put(2, vec![2])]);
    store.checkpoint();
    store.delete(1).unwrap();
    store.checkpoint();
    manifest::merge(&store.shared, true).unwrap();
    let rows: u64 = store.shared.tables().runs.0.iter().map(|run| run.entry.rows).sum();
    assert_eq!(rows, 1);
}

#[test]
fn a_segment_that_cannot_be_read_does_not_keep_others_from_being_compacted() {
    let (disk, mut store) = with_runs(1);
    let first = store.shared.segments().first().unwrap().number;
    while store.shared.segments().len() < 4 {
        store.put(2, vec![2; 3_000]).unwrap();
    }
    // Everything in the first segments is replaced, so that all of them are worth compacting.
    store.put(1, vec![1; 10]).unwrap();
    disk.fail_reads(&file_name(first), true);
    compact_all(&mut store, Reason::Asked);
    let left: Vec<u64> = store.shared.segments().iter().map(|segment| segment.number).collect();
    assert!(left.contains(&first) && !left.contains(&(first + 1)), "{left:?}");
    assert_eq!(lock(&store.shared.unreadable).len(), 1);
    assert!(!compact::is_due(&store.shared), "it is not tried again by itself");
    disk.fail_reads(&file_name(first), false);
    compact_all(&mut store, Reason::Asked);
    assert!(store.shared.segment(first).is_none());
    assert_eq!(lock(&store.shared.unreadable).len(), 0);
}
