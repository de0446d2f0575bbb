//! Tests what a failing medium must not cause, case by case. The simulation tries the same at
//! random.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::bench_disk::{Store, config, open, plan, put};
use super::compact::{self, Reason};
use super::config::LocalConfig;
use super::disk::Disk;
use super::disk::sim::{Dice, Plan, SimDisk, Survival};
use super::request::Request;
use super::{manifest, verify};
use crate::store::engine::Piece;
use crate::store::error::Error;
use crate::store::span::ContentId;

fn fresh() -> (SimDisk, Store) {
    fresh_with(config())
}

fn fresh_with(config: LocalConfig) -> (SimDisk, Store) {
    let disk = SimDisk::new(true);
    let mut store = open(&disk, config).unwrap();
    store.put(1, vec![1; 100]).unwrap();
    (disk, store)
}

/// Makes the next sync fail.
fn sync_fails_next(disk: &SimDisk) {
    // Operations are counted from one: the write of the group, then its sync.
    plan(disk, Plan { sync_fails_at: Some(2), ..Plan::default() });
}

#[test]
fn a_group_costs_one_sync_however_many_share_it() {
    // Creating a segment costs syncs of its own, so the first one is large enough here.
    let large = LocalConfig { segment_octets: 1 << 20, ..config() };
    let (disk, mut store) = fresh_with(large);
    let before = disk.syncs();
    let mut runs: Vec<_> = (0..40).map(|key| put(key, vec![key; 20])).collect();
    runs.push(Box::new(|tx| {
        let piece = Piece::Inline(vec![7; 2_000].into());
        tx.content_put(ContentId([1; 16]), vec![piece]);
        true
    }));
    assert!(store.group(runs).iter().all(Result::is_ok));
    assert_eq!(disk.syncs() - before, 1);
    // A group that wrote nothing costs no sync.
    store.group(vec![Box::new(|_| true), Box::new(|_| false)]);
    assert_eq!(disk.syncs() - before, 1);
}

#[test]
fn a_content_is_stored_once() {
    let (_, mut store) = fresh_with(LocalConfig { segment_octets: 1 << 20, ..config() });
    let before = store.shared.segments().last().unwrap().end();
    store.content(1, vec![5; 100_000]).unwrap();
    let grown = store.shared.segments().last().unwrap().end() - before;
    assert!((100_000..100_400).contains(&grown), "{grown}");
}

#[test]
fn a_failed_sync_is_never_repeated_and_its_group_never_seen() {
    let (disk, mut store) =
        fresh_with(LocalConfig { retry_first: Duration::from_secs(3_600), ..config() });
    sync_fails_next(&disk);
    let segment = store.shared.segments().last().unwrap().number;
    let syncs = disk.syncs();
    let failed = store.group(vec![put(1, vec![2; 10]), put(2, vec![2; 10])]);
    assert!(failed.iter().all(|outcome| matches!(outcome, Err(Error::Io(_)))), "{failed:?}");
    assert_eq!(disk.syncs() - syncs, 1);
    assert_eq!(store.get(1).unwrap().unwrap(), vec![1; 100], "existing data is still served");
    assert_eq!(store.get(2).unwrap(), None);
    // Until the next retry is due, nothing is tried, and the reason is reported.
    assert!(store.refusing().unwrap().contains("input/output error"));
    let operations = disk.operations();
    assert!(matches!(store.put(3, vec![3]), Err(Error::Refusing(_))));
    assert_eq!(disk.operations(), operations);
    assert_eq!(store.shared.segments().last().unwrap().number, segment);
}

#[test]
fn writes_resume_on_a_new_segment_that_cuts_the_failed_one() {
    let (disk, mut store) = fresh();
    sync_fails_next(&disk);
    store.put(1, vec![2; 10]).unwrap_err();
    let failed = store.shared.segments().last().unwrap().number;
    store.put(3, vec![3; 10]).unwrap();
    assert!(store.shared.segments().last().unwrap().number > failed);
    assert_eq!(store.refusing(), None);
    // The failed group's octets may be on the medium, but they are not part of the store.
    for survival in [Survival::Everything, Survival::Nothing, Survival::AnySectors] {
        disk.restart(survival, &mut Dice::new(3));
        let again = open(&disk, config()).unwrap();
        assert_eq!(again.get(1).unwrap().unwrap(), vec![1; 100]);
        assert_eq!(again.get(3).unwrap().unwrap(), vec![3; 10]);
        assert_eq!(again.report.damage, Vec::<String>::new());
    }
}

#[test]
fn a_write_that_fails_half_way_leaves_nothing_of_its_group() {
    let (disk, mut store) = fresh();
    plan(&disk, Plan { write_fails_at: Some(1), ..Plan::default() });
    let outcome = store.group(vec![put(1, vec![2; 900]), put(2, vec![2; 900])]);
    assert!(outcome.iter().all(Result::is_err));
    assert_eq!(store.keys(), [1]);
    store.put(4, vec![4]).unwrap();
    disk.restart(Survival::Everything, &mut Dice::new(1));
    let again = open(&disk, config()).unwrap();
    assert_eq!(again.keys(), [1, 4]);
    assert_eq!(again.get(1).unwrap().unwrap(), vec![1; 100]);
}

/// With a full disk, writes are refused, existing data is served, and service resumes by itself.
#[test]
fn a_full_disk_refuses_and_service_resumes_when_there_is_room() {
    let (disk, mut store) = fresh();
    plan(&disk, Plan { full_at: Some((0, 1_000)), ..Plan::default() });
    for _ in 0..5 {
        assert!(matches!(store.put(2, vec![2; 10]), Err(Error::Full)));
        assert_eq!(store.get(1).unwrap().unwrap(), vec![1; 100]);
    }
    assert!(store.refusing().unwrap().contains("no space"));
    plan(&disk, Plan::default());
    store.put(2, vec![2; 10]).unwrap();
    assert_eq!(store.refusing(), None);
    disk.restart(Survival::Nothing, &mut Dice::new(1));
    assert_eq!(open(&disk, config()).unwrap().keys(), [1, 2]);
}

#[test]
fn an_index_that_cannot_be_written_hides_nothing_and_is_written_later() {
    let (disk, mut store) = fresh();
    store.checkpoint();
    store.put(2, vec![2; 10]).unwrap();
    // The run, its sync, or the manifest cannot be written.
    for at in 1..8 {
        plan(&disk, Plan { write_fails_at: Some(at), sync_fails_at: Some(at), ..Plan::default() });
        let written = manifest::write(&store.shared);
        assert_eq!(written.is_err(), disk.has_failed(), "{at}: {written:?}");
        let files = disk.names().unwrap().iter().filter(|name| name.ends_with(".run")).count();
        assert_eq!(files, store.shared.tables().runs.0.len(), "{at}: it was tried in vain");
        plan(&disk, Plan::default());
        store.put(3 + at as u8, vec![3; 10]).unwrap();
        assert_eq!(store.keys().len(), 2 + at as usize, "what was not written is in memory");
        let again = open(&disk, config()).unwrap();
        assert_eq!(again.keys(), store.keys());
        assert!(!again.report.rebuilt, "{at}: the index before is untouched");
    }
    plan(&disk, Plan { full_at: Some((0, 100)), ..Plan::default() });
    assert!(matches!(manifest::write(&store.shared), Err(Error::Full)));
    assert_eq!(store.get(2).unwrap().unwrap(), vec![2; 10]);
    plan(&disk, Plan::default());
    store.checkpoint();
    disk.restart(Survival::Nothing, &mut Dice::new(1));
    let again = open(&disk, config()).unwrap();
    assert_eq!((again.keys(), again.report.replayed), (store.keys(), 0));
}

#[test]
fn what_a_killed_process_left_is_durable_before_anything_is_built_on_it() {
    let (disk, mut store) = fresh();
    // Only the process dies, between the write and the sync.
    plan(&disk, Plan { crash_at: Some(2), ..Plan::default() });
    store.put(2, vec![2; 10]).unwrap_err();
    disk.process_restart();
    let mut again = open(&disk, config()).unwrap();
    if again.get(2).unwrap().is_some() {
        again.put(3, vec![3; 10]).unwrap();
        disk.restart(Survival::Nothing, &mut Dice::new(1));
        let last = open(&disk, config()).unwrap();
        assert_eq!(last.keys(), [1, 2, 3]);
        assert_eq!(last.report.damage, Vec::<String>::new());
    }
}

/// Deleted and replaced data is erased from the medium in time, even from the newest segment.
#[test]
fn what_was_replaced_is_erased_from_the_medium_in_time() {
    let secret = b"the key of a message that was rejected";
    let (disk, mut store) = fresh_with(LocalConfig { erase_secs: 0, ..config() });
    store.put(2, secret.to_vec()).unwrap();
    store.put(2, b"rejected".to_vec()).unwrap();
    store.put(3, vec![3; 10]).unwrap();
    let old: Vec<u64> = store.shared.segments().iter().map(|segment| segment.number).collect();
    assert!(compact::is_due(&store.shared));
    compact_all(&mut store, Reason::Due);
    assert!(old.iter().all(|number| store.shared.segment(*number).is_none()));
    assert!(!disk.holds_segment(old[0]));
    assert_eq!(store.get(2).unwrap().unwrap(), b"rejected".to_vec());
    assert_eq!(store.keys(), [1, 2, 3]);
    disk.restart(Survival::Nothing, &mut Dice::new(1));
    let again = open(&disk, config()).unwrap();
    assert_eq!(again.keys(), [1, 2, 3]);
    assert_eq!(verify::verify(&again.shared, &mut |_, _| ()).unwrap().damage, Vec::<String>::new());
}

#[test]
fn what_was_to_be_erased_is_remembered_over_a_crash() {
    let (disk, mut store) = fresh();
    store.checkpoint();
    let first = store.shared.segments().last().unwrap().number;
    store.delete(1).unwrap();
    disk.restart(Survival::Nothing, &mut Dice::new(1));
    let again = open(&disk, config()).unwrap();
    assert!(again.shared.tables().space.erasable.contains_key(&first));
}

pub fn compact_all(store: &mut Store, reason: Reason) {
    if compact::newest_must_close(&store.shared, reason) {
        let (sender, receiver) = sync_channel(1);
        store.writer.group(vec![Request::Close(sender)]);
        receiver.recv().unwrap().unwrap();
    }
    let Store { shared, writer, .. } = store;
    let done = compact::compact(shared, reason, &mut |moved| {
        let (sender, receiver) = sync_channel(1);
        writer.group(vec![Request::Move(moved, sender)]);
        receiver.recv().unwrap()
    });
    done.unwrap();
}
