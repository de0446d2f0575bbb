//! Measures how many durable transactions the store commits per second, compared with the disk
//! alone.
//!
//! Each transaction resembles an incoming message: six records of 250 octets (about 300 as stored)
//! and a content of 4 KiB. Run it with `cargo bench --bench store_commit`; `BENCH_SECS` and
//! `BENCH_FOLDER` set the duration and the location.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use postern::clock::Clock;
use postern::store::local::{LocalConfig, LocalEngine};
use postern::store::{ContentId, Error, Piece, Record, Store, Table};
use postern::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};

#[derive(serde::Serialize, serde::Deserialize)]
struct Row(Vec<u8>);

impl Record for Row {
    const VERSION: u8 = 1;
}

const ROWS: Table<(u64, u8), Row> = Table::new(100, "bench");
const RECORDS: u8 = 6;
const RECORD_OCTETS: usize = 250;
const CONTENT_OCTETS: usize = 4_096;

fn main() {
    // `cargo test` runs benches too, and then nothing is measured.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let seconds = std::env::var("BENCH_SECS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let time = Duration::from_secs(seconds);
    let folder = std::env::var_os("BENCH_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    let bare = bare(folder.path(), time);
    println!("one octet group after another, bare append and fdatasync: {bare:.0}/s");
    for threads in [1, 8, 64, 256] {
        let commits = commits(&folder.path().join(threads.to_string()), threads, time);
        println!(
            "{threads:>3} threads: {commits:.0} commits/s, {:.2} per bare sync",
            commits / bare
        );
    }
}

/// Repeatedly appends as many octets as one transaction has, each time with one fdatasync.
fn bare(folder: &Path, time: Duration) -> f64 {
    let octets = vec![1; CONTENT_OCTETS + usize::from(RECORDS) * (RECORD_OCTETS + 50)];
    let file = File::create(folder.join("bare")).unwrap();
    let start = Instant::now();
    let mut done = 0u64;
    while start.elapsed() < time {
        file.write_all_at(&octets, done * octets.len() as u64).unwrap();
        file.sync_data().unwrap();
        done += 1;
    }
    done as f64 / start.elapsed().as_secs_f64()
}

fn commits(folder: &Path, threads: u64, time: Duration) -> f64 {
    let vault =
        Vault::new(DaemonKey::generate().unwrap(), PoolLimits::default(), PasswordCost::default());
    let config = LocalConfig::in_folder(folder.to_owned());
    let engine =
        Arc::new(LocalEngine::open(config, vault.clone(), Clock::System, &mut |_, _| ()).unwrap());
    let store = Store::new(engine.clone(), vault);
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (store, stop, done) = (&store, &stop, &done);
            scope.spawn(move || {
                let mut at = thread << 40;
                while !stop.load(Ordering::Relaxed) {
                    at += 1;
                    commit(store, at).unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
    });
    let rate = done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
    engine.close().unwrap();
    rate
}

fn commit(store: &Store, at: u64) -> Result<(), Error> {
    let content = Bytes::from(vec![at as u8; CONTENT_OCTETS]);
    let mut id = [0; 16];
    id[..8].copy_from_slice(&at.to_be_bytes());
    let done = store.transact(move |tx| {
        for n in 0..RECORDS {
            tx.put(&ROWS, &(at, n), &Row(vec![n; RECORD_OCTETS]))?;
        }
        tx.content_put(ContentId(id), vec![Piece::Inline(content.clone())]);
        Ok(())
    });
    done.wait()
}
