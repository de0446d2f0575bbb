//! Tests damage on the medium: every flipped bit is detected, and all data outside is served.

use std::collections::BTreeMap;

use super::bench_disk::{Store, config, open, open_with, vault};
use super::disk::Disk;
use super::disk::sim::{Dice, SimDisk};
use super::journal::segment::{HEADER, file_name};
use super::verify::verify;
use super::{LocalConfig, LocalEngine};
use crate::clock::Clock;
use crate::store::error::Error;

const FLIPS: u64 = 10_000;

struct Filled {
    disk: SimDisk,
    records: BTreeMap<u8, Vec<u8>>,
    contents: BTreeMap<u8, Vec<u8>>,
    segments: Vec<u64>,
}

/// Creates a store of several segments, and writes a checkpoint.
fn filled() -> Filled {
    let disk = SimDisk::new(true);
    let mut store = open(&disk, config()).unwrap();
    let (mut records, mut contents) = (BTreeMap::new(), BTreeMap::new());
    for key in 0..24u8 {
        let value = vec![key; if key % 6 == 0 { 7_000 } else { 10 * usize::from(key) }];
        store.put(key, value.clone()).unwrap();
        records.insert(key, value);
        if key % 4 == 0 {
            let octets = vec![key ^ 0xFF; 1_500];
            store.content(key, octets.clone()).unwrap();
            contents.insert(key, octets);
        }
        if key % 5 == 0 {
            store.delete(key).unwrap();
            records.remove(&key);
        }
    }
    store.checkpoint();
    let segments = store.shared.segments().iter().map(|segment| segment.number).collect();
    Filled { disk, records, contents, segments }
}

/// Removes the runs of the index, so that it is built again.
fn lose_runs(disk: &SimDisk) {
    let names = disk.names().unwrap();
    let runs = names.iter().filter(|name| name.ends_with(".run"));
    assert!(runs.map(|name| disk.remove(name).unwrap()).count() > 0);
}

impl Filled {
    fn check(&self, store: &Store, what: &str) -> usize {
        let mut lost = 0;
        for (key, value) in &self.records {
            match store.get(*key) {
                Ok(Some(found)) => assert_eq!(found, *value, "{what}: record {key}"),
                Ok(None) | Err(Error::Damaged(_)) => lost += 1,
                Err(error) => panic!("{what}: {error}"),
            }
        }
        for (id, octets) in &self.contents {
            match store.content_get(*id) {
                Ok(Some(found)) => assert_eq!(found, *octets, "{what}: content {id}"),
                Ok(None) | Err(Error::Damaged(_)) => lost += 1,
                Err(error) => panic!("{what}: {error}"),
            }
        }
        lost
    }
}

/// P-12 for the store: every flipped bit is detected and located; at most the data of the damaged
/// frame is lost, both with the index and when only the journal is left.
#[test]
fn every_flipped_bit_is_found_and_everything_else_is_served() {
    let filled = filled();
    assert!(filled.segments.len() > 4);
    let mut dice = Dice::new(84);
    for _ in 0..FLIPS {
        let number = filled.segments[dice.below(filled.segments.len() as u64) as usize];
        let name = file_name(number);
        let size = filled.disk.size(&name);
        // These small segments consist mostly of headers, but frames matter most.
        let octet =
            if dice.chance(20) { dice.below(size) } else { HEADER + dice.below(size - HEADER) };
        let bit = octet * 8 + dice.below(8);
        let what = format!("segment {number}, octet {octet}");
        filled.disk.flip(&name, bit);
        let store = open(&filled.disk, config()).unwrap();
        let found = verify(&store.shared, &mut |_, _| ()).unwrap();
        // Opening a store settles its newest segment, which repairs a copy of the header.
        let mended = octet < HEADER && Some(&number) == filled.segments.last();
        assert!(!found.damage.is_empty() || mended, "{what}: not detected");
        assert!(filled.check(&store, &what) <= 1, "{what}: too much is lost");
        if dice.chance(10) {
            let copy = filled.disk.copy();
            lose_runs(&copy);
            let store = open(&copy, config()).unwrap();
            assert!(filled.check(&store, &what) <= 1, "{what}: too much is lost without the index");
            let receiver = !store.report.damage.is_empty() || octet < HEADER;
            assert!(receiver || !verify(&store.shared, &mut |_, _| ()).unwrap().damage.is_empty());
        }
        if !mended {
            filled.disk.flip(&name, bit);
        }
    }
    let store = open(&filled.disk, config()).unwrap();
    assert_eq!(filled.check(&store, "repaired"), 0);
    assert_eq!(verify(&store.shared, &mut |_, _| ()).unwrap().damage, Vec::<String>::new());
}

#[test]
fn a_segment_without_a_readable_header_is_reported_and_kept() {
    let filled = filled();
    let newest = *filled.segments.last().unwrap();
    for copy in [0, 4096] {
        filled.disk.flip(&file_name(newest), (copy + 20) * 8);
    }
    let store = open(&filled.disk, config()).unwrap();
    assert!(!store.report.damage.is_empty());
    assert!(filled.disk.size(&file_name(newest)) > 0);
    // After the copies are repaired by hand, everything can be read again.
    for copy in [0, 4096] {
        filled.disk.flip(&file_name(newest), (copy + 20) * 8);
    }
    let store = open(&filled.disk, config()).unwrap();
    assert_eq!(filled.check(&store, "repaired"), 0);
}

#[test]
fn another_daemon_key_opens_nothing_and_harms_nothing() {
    let filled = filled();
    let wrong = open_with(&filled.disk, config(), vault(8)).map(|_| ());
    assert!(matches!(&wrong, Err(Error::Damaged(why)) if why.contains("daemon key")), "{wrong:?}");
    let store = open(&filled.disk, config()).unwrap();
    assert_eq!(store.report.damage, Vec::<String>::new());
    assert_eq!(filled.check(&store, "after the wrong key"), 0);
}

#[test]
fn another_daemon_key_removes_no_file_of_a_real_store() {
    let folder = tempfile::tempdir().unwrap();
    let open = |key| {
        let config =
            LocalConfig { free_min_octets: 0, ..LocalConfig::in_folder(folder.path().to_owned()) };
        LocalEngine::open(config, vault(key), Clock::System, &mut |_, _| ())
    };
    let engine = open(1).unwrap();
    let put = crate::store::conformance::transact(&engine, |tx| {
        tx.put(b"\x01a".to_vec(), bytes::Bytes::from_static(b"1"));
        true
    });
    put.unwrap();
    drop(engine);
    assert!(open(2).is_err());
    let engine = open(1).unwrap();
    let found = crate::store::engine::Engine::get(&engine, b"\x01a").unwrap();
    assert_eq!(found.unwrap(), bytes::Bytes::from_static(b"1"));
}

#[test]
fn a_journal_that_lost_its_newest_segment_says_so() {
    let filled = filled();
    let newest = *filled.segments.last().unwrap();
    filled.disk.remove(&file_name(newest)).unwrap();
    let store = open(&filled.disk, config()).unwrap();
    let name = format!("segment {newest}: it is missing");
    assert!(store.report.damage.contains(&name), "{:?}", store.report.damage);
}
