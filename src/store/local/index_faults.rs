//! Tests what happens to the index when a medium fails, fills up, or loses a file.

use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::bench_disk::{Store, config, open, plan, put};
use super::compact::{self, Reason};
use super::config::LocalConfig;
use super::disk::Disk;
use super::disk::sim::{Plan, SimDisk};
use super::faults::compact_all;
use super::index::run;
use super::journal::segment::{HEADER, file_name};
use super::manifest;
use super::recovery::restore_index;
use super::request::Request;
use super::shared::lock;
use crate::store::error::Error;

/// Returns a store with `count` runs of one row each.
fn with_runs(count: u8) -> (SimDisk, Store) {
    let disk = SimDisk::new(true);
    let mut store = open(&disk, config()).unwrap();
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
    for at in 1..8 {
        let (disk, store) = with_runs(3);
        let before = runs(&store);
        let failing = Plan { write_fails_at: Some(at), sync_fails_at: Some(at), ..Plan::default() };
        plan(&disk, failing);
        let restored = restore_index(&store.shared);
        assert_eq!(restored.is_err(), disk.has_failed(), "{at}: {restored:?}");
        assert_eq!(run_files(&disk), runs(&store), "{at}");
        if restored.is_err() {
            assert_eq!(runs(&store), before);
        }
        assert_eq!(store.get(2).unwrap().unwrap(), vec![2; 100]);
    }
}

#[test]
fn what_the_journal_lost_is_reported_when_the_index_is_built_again() {
    let (disk, store) = with_runs(3);
    let segment = store.shared.segments().first().unwrap().number;
    disk.flip(&file_name(segment), (HEADER + 40) * 8);
    restore_index(&store.shared).unwrap();
    assert!(!damage(&store).is_empty());
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
    let (disk, store) = with_runs(4);
    let octets: u64 = store.shared.tables().runs.0.iter().map(|run| run.entry.end).sum();
    disk.set_free(octets - 1);
    assert!(matches!(manifest::merge(&store.shared, false), Err(Error::Full)));
    assert_eq!(run_files(&disk), runs(&store));
    disk.set_free(octets);
    assert!(manifest::merge(&store.shared, false).unwrap());
    assert_eq!((run_files(&disk), runs(&store).len()), (runs(&store), 1));
}

#[test]
fn a_merge_that_fails_leaves_no_files() {
    for at in 1..8 {
        let (disk, store) = with_runs(4);
        let before = runs(&store);
        let failing = Plan { write_fails_at: Some(at), sync_fails_at: Some(at), ..Plan::default() };
        plan(&disk, failing);
        let merged = manifest::merge(&store.shared, false);
        assert_eq!(merged.is_err(), disk.has_failed(), "{at}: {merged:?}");
        assert_eq!(run_files(&disk), runs(&store), "{at}");
        if merged.is_err() {
            assert_eq!(runs(&store), before);
        }
    }
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
    assert_eq!(damage(&store).len(), 1);
    assert!(!compact::is_due(&store.shared), "it is not tried again by itself");
    disk.fail_reads(&file_name(first), false);
    compact_all(&mut store, Reason::Asked);
    assert!(store.shared.segment(first).is_none());
}
