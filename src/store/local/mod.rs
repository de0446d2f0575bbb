//! The local engine: the journal, its writer thread, and the threads for the index and compaction.
//!
//! | file | what it is, the lowest layer first |
//! | --- | --- |
//! | `config` | the engine's settings |
//! | `disk`, `cache` | one folder of files; what was read lately |
//! | `index`, `journal` | the place of each value; sealed frames |
//! | `format` | the number of the format in which all of it is written |
//! | `tables`, `pins`, `shared` | what readers, the writer and the background threads share |
//! | `manifest` | what is on disk of the index, and up to where |
//! | `request`, `group`, `writer` | requests to the writer, what it writes at once, its work |
//! | `recovery` | opening a store |
//! | `compact`, `verify` | reclaiming space and erasing; reading everything back |
//! | `backup`, `restore` | a sealed copy of the journal in one file, and a folder made from it |
//!
//! A file uses only those above it or beside it in the table, and never this one.

mod backup;
#[cfg(test)]
mod backup_tests;
#[cfg(test)]
mod bench_disk;
mod cache;
mod compact;
mod config;
#[cfg(test)]
mod damage;
mod disk;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod faults;
mod format;
#[doc(hidden)]
pub mod forms;
mod group;
mod index;
#[cfg(test)]
mod index_faults;
mod journal;
mod manifest;
mod pins;
mod recovery;
#[cfg(test)]
mod reopen;
mod request;
pub mod restore;
mod shared;
#[cfg(test)]
mod sim;
mod tables;
mod verify;
mod writer;

use std::fs::File;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::fs::{FlockOperation, flock};

use crate::clock::Clock;
use crate::store::engine::{BackedUp, BackupPart, Engine, Job, Room, Staging, Verified};
use crate::store::error::Error;
use crate::store::span::{ContentId, Span, Visit, VisitKey};
use crate::vault::Vault;

use self::compact::Reason;
use self::disk::os::OsDisk;
use self::recovery::{Progress, recover, restore_index};
use self::request::{Moved, Request};
use self::shared::{Shared, lock};
use self::writer::Writer;

pub use self::config::LocalConfig;
pub use self::recovery::OpenReport;

/// The engine that stores records and contents on the local disk.
pub struct LocalEngine {
    shared: Arc<Shared>,
    report: OpenReport,
    requests: Mutex<Option<SyncSender<Request>>>,
    background: Arc<Background>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held as long as the engine exists, so that no second one opens the folder.
    _lock: File,
}

/// Wakes the background threads, and tells them to end.
#[derive(Default)]
struct Background {
    state: Mutex<Signal>,
    changed: Condvar,
}

#[derive(Default)]
struct Signal {
    work: bool,
    stop: bool,
}

const INDEX_RETRY: Duration = Duration::from_secs(1);
/// How often it is checked whether runs of the index should be merged.
const MERGE_LOOK_EVERY: Duration = Duration::from_secs(2);
/// The longest pause after runs could not be merged, for example for want of space.
const MERGE_RETRY_LAST: Duration = Duration::from_secs(300);
/// How long the writer keeps the memory of its last group while nothing is written. Under load the
/// next group comes within milliseconds, and memory that was just given back has to be mapped,
/// filled and wiped again.
const BUFFER_KEPT: Duration = Duration::from_secs(1);
/// How long writers wait for an index that has fallen behind, before they are refused.
const INDEX_WAIT: Duration = Duration::from_secs(10);

impl LocalEngine {
    /// Opens the folder, and creates it if it does not exist. `clock` measures how long deleted
    /// data has been waiting to be erased. `progress` is called if the index has to be rebuilt. An
    /// error says why the folder cannot be used, for example because another process has it open.
    pub fn open(
        config: LocalConfig,
        vault: Vault,
        clock: Clock,
        progress: Progress<'_>,
    ) -> Result<LocalEngine, Error> {
        let disk = Arc::new(OsDisk::new(&config.folder.join("journal")));
        // This is checked before anything is created, so that a refused folder is not changed.
        format::check(&*disk)?;
        make_folders(&config.folder)?;
        let held = lock_folder(&config)?;
        format::claim(&*disk)?;
        remove_earlier_index(&config.folder)?;
        let shared = Arc::new(Shared::new(disk, vault, config, clock));
        let recovered = recover(&shared, progress)?;
        let report = recovered.report;
        let (sender, receiver) = sync_channel(shared.config.waiting_max);
        let background = Arc::new(Background::default());
        let writer =
            Writer::new(shared.clone(), recovered.position, recovered.last, recovered.number);
        let engine = LocalEngine {
            shared: shared.clone(),
            report,
            requests: Mutex::new(Some(sender.clone())),
            background: background.clone(),
            threads: Mutex::default(),
            _lock: held,
        };
        let waker = background.clone();
        let writing = shared.clone();
        engine.spawn("store-writer", move || write_loop(writer, &writing, &receiver, &waker))?;
        let (indexing, waker) = (shared.clone(), background.clone());
        engine.spawn("store-index", move || index_loop(&indexing, &waker))?;
        let (merging, waker) = (shared.clone(), background.clone());
        engine.spawn("store-merge", move || merge_loop(&merging, &waker))?;
        engine.spawn("store-compact", move || compact_loop(&shared, &background, &sender))?;
        Ok(engine)
    }

    /// Returns what opening found and did.
    pub fn report(&self) -> &OpenReport {
        &self.report
    }

    /// Finishes waiting requests, ends the threads, and writes a checkpoint. Later requests are
    /// refused.
    pub fn close(&self) -> Result<(), Error> {
        if lock(&self.requests).take().is_none() {
            return Ok(());
        }
        self.shared.closing.store(true, Ordering::Release);
        self.background.signal(|signal| signal.stop = true);
        for thread in lock(&self.threads).drain(..) {
            thread.join().map_err(|_| Error::Io("a store thread panicked".to_owned()))?;
        }
        manifest::write(&self.shared)
    }

    /// Wakes the thread that brings the index on disk up to date.
    #[cfg(test)]
    fn checkpoint_now(&self) {
        self.background.signal(|signal| signal.work = true);
    }

    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work)?;
        lock(&self.threads).push(thread);
        Ok(())
    }

    /// Passes a request to the writer, or answers that it is not done.
    fn send(&self, request: Request) {
        let sender = lock(&self.requests).clone();
        let Some(sender) = sender else { return request.fail(&Error::Closed) };
        match sender.try_send(request) {
            Ok(()) => {}
            Err(TrySendError::Full(request)) => request.fail(&Error::Busy),
            Err(TrySendError::Disconnected(request)) => request.fail(&Error::Closed),
        }
    }
}

impl Drop for LocalEngine {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "the store was not closed cleanly; the next start repairs it");
        }
    }
}

/// Creates the folders, accessible only to their owner, and makes their names durable, since
/// everything that is acknowledged later is below them.
fn make_folders(folder: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder.join("journal"))?;
    for folder in folder.ancestors().take(2).filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Removes the index of store format 2, which contained copies of records, also of those that were
/// deleted. The index is built again from the journal.
fn remove_earlier_index(folder: &Path) -> Result<(), Error> {
    let gone = [
        std::fs::remove_dir_all(folder.join("index")),
        std::fs::remove_file(folder.join("journal").join("checkpoint")),
    ];
    for removed in gone {
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn lock_folder(config: &LocalConfig) -> Result<File, Error> {
    let path = config.folder.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        Error::Io(format!("{}: another process has this store open", path.display()))
    })?;
    Ok(file)
}

/// Collects the waiting requests and passes them to the writer as one group; while one group is
/// being synced, the next one accumulates.
fn write_loop(
    mut writer: Writer,
    shared: &Shared,
    requests: &Receiver<Request>,
    background: &Background,
) {
    let next = |writer: &mut Writer| {
        requests.recv_timeout(BUFFER_KEPT).or_else(|_| {
            writer.rest();
            requests.recv()
        })
    };
    while let Ok(first) = next(&mut writer) {
        let mut group = vec![first];
        while group.len() < shared.config.group_max
            && let Ok(next) = requests.try_recv()
        {
            group.push(next);
        }
        if shared.wait_for_index(INDEX_WAIT) {
            writer.group(group);
        } else {
            let why = "the index cannot keep up".to_owned();
            writer.refuse_all(group, &Error::Refusing(why));
        }
        if shared.should_checkpoint() {
            background.signal(|signal| signal.work = true);
        }
    }
    writer.finish();
}

/// Regularly checks whether segments should be compacted. It ends when it is told to, which drops
/// its `sender`, so that the writer can end. It has a thread of its own, because it waits for the
/// writer, which may wait for the index.
fn compact_loop(shared: &Shared, background: &Background, sender: &SyncSender<Request>) {
    while !background.is_stopping() {
        background.pause(shared.config.compact_look_every);
        if !background.is_stopping() {
            run_compaction(shared, sender, background);
        }
    }
}

/// Brings the index on disk up to date when much is only in memory, or after some time. It ends
/// when it is told to.
fn index_loop(shared: &Shared, background: &Background) {
    let (mut last, mut aged) = (Instant::now(), Instant::now());
    while background.wait(shared.config.checkpoint_every) {
        if last.elapsed() < shared.config.checkpoint_every && !shared.should_checkpoint() {
            continue;
        }
        if let Err(error) = manifest::write(shared) {
            tracing::error!(%error, "the index could not be brought up to date");
            background.pause(INDEX_RETRY);
            background.signal(|signal| signal.work = true);
        }
        if aged.elapsed() >= shared.config.checkpoint_every {
            shared.age();
            aged = Instant::now();
        }
        last = Instant::now();
    }
}

/// Merges runs of the index, so that there are few of them, and builds the index again where it is
/// damaged. It has a thread of its own, because both take longer than the rows in memory may wait.
fn merge_loop(shared: &Shared, background: &Background) {
    let (mut merging, mut restoring) = (Attempts::default(), Attempts::default());
    let mut dropping = Dropping::default();
    while !background.is_stopping() {
        if shared.index_damaged.load(Ordering::Acquire) && restoring.is_due() {
            // What was just written may be damaged as well, so a success is no reason to hurry.
            restoring.made(restore_index(shared).map(|()| false), "built again");
        }
        let has_more = merging.is_due() && merging.made(merge_due(shared, &mut dropping), "merged");
        if !has_more {
            background.pause(MERGE_LOOK_EVERY);
        }
    }
}

/// Merges of all runs, which drop removed rows. They take a small part of the time, however often
/// reads meet removed rows.
#[derive(Default)]
struct Dropping {
    not_before: Option<Instant>,
}

/// After a merge of all runs there is none for this many times as long as it took.
const DROPPING_PAUSE: u32 = 20;

/// Merges some runs, or all if that makes scans faster; returns whether there is more to do.
fn merge_due(shared: &Shared, dropping: &mut Dropping) -> Result<bool, Error> {
    let started = Instant::now();
    let may_drop = dropping.not_before.is_none_or(|moment| moment <= started);
    if may_drop && shared.should_drop_removed() {
        // What was removed lately is only in memory.
        let dropped = manifest::write(shared).and_then(|()| manifest::merge(shared, true));
        dropping.not_before = Some(Instant::now() + started.elapsed() * DROPPING_PAUSE);
        match dropped {
            // Where there is too little space for a copy of all, a part is better than nothing.
            Err(Error::Full) => {}
            dropped => return dropped,
        }
    }
    manifest::merge(shared, false)
}

/// When something that failed is tried again.
#[derive(Default)]
struct Attempts {
    due: Option<Instant>,
    pause: Duration,
}

impl Attempts {
    fn is_due(&self) -> bool {
        self.due.is_none_or(|due| due <= Instant::now())
    }

    /// Records an attempt; returns whether there is more to do.
    fn made(&mut self, outcome: Result<bool, Error>, what: &str) -> bool {
        let failed = match &outcome {
            Ok(_) | Err(Error::Closed) => false,
            Err(error) => {
                tracing::warn!(%error, "the index could not be {what}");
                true
            }
        };
        let longer = (self.pause * 2).clamp(MERGE_LOOK_EVERY, MERGE_RETRY_LAST);
        self.pause = if failed { longer } else { MERGE_LOOK_EVERY };
        let has_more = matches!(outcome, Ok(true));
        self.due = (!has_more).then(|| Instant::now() + self.pause);
        has_more
    }
}

fn run_compaction(shared: &Shared, sender: &SyncSender<Request>, background: &Background) {
    if !compact::is_due(shared) {
        return;
    }
    let result = compact_all(shared, Reason::Due, sender, &mut |moved| {
        if background.is_stopping() {
            return Err(Error::Closed);
        }
        let octets = moved.iter().map(octets_of).sum::<u64>();
        let pause = octets as f64 / shared.config.compact_octets_per_sec as f64;
        background.pause(Duration::from_secs_f64(pause));
        ask(sender, moved)
    });
    match result {
        Ok(octets) => tracing::info!(octets, "compacted"),
        Err(Error::Closed) => {}
        Err(error) => tracing::warn!(%error, "compaction did not finish"),
    }
}

/// Closes the newest segment if it must be compacted as well, and compacts.
fn compact_all(
    shared: &Shared,
    reason: Reason,
    sender: &SyncSender<Request>,
    rewrite: compact::Rewrite<'_>,
) -> Result<u64, Error> {
    if compact::newest_must_close(shared, reason) {
        let (reply, outcome) = sync_channel(1);
        sender.send(Request::Close(reply)).map_err(|_| Error::Closed)?;
        outcome.recv().map_err(|_| Error::Closed)??;
    }
    compact::compact(shared, reason, rewrite)
}

fn octets_of(moved: &Moved) -> u64 {
    match moved {
        Moved::Record { place, .. } => u64::from(place.length),
        Moved::Piece { place, .. } => u64::from(place.length),
        Moved::Tombstone { key } => key.len() as u64,
    }
}

fn ask(sender: &SyncSender<Request>, moved: Vec<Moved>) -> Result<(), Error> {
    let (reply, outcome) = sync_channel(1);
    sender.send(Request::Move(moved, reply)).map_err(|_| Error::Closed)?;
    outcome.recv().map_err(|_| Error::Closed)?
}

impl Background {
    fn signal(&self, change: impl FnOnce(&mut Signal)) {
        change(&mut lock(&self.state));
        self.changed.notify_all();
    }

    /// Waits for work, for at most `limit`; returns `false` when it is time to end.
    fn wait(&self, limit: Duration) -> bool {
        let state = lock(&self.state);
        let idle = |signal: &mut Signal| !signal.work && !signal.stop;
        let waited = self.changed.wait_timeout_while(state, limit, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.work = false;
        !state.stop
    }

    /// Waits for `time`, or until it is time to end.
    fn pause(&self, time: Duration) {
        let state = lock(&self.state);
        let waited = self.changed.wait_timeout_while(state, time, |signal| !signal.stop);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn is_stopping(&self) -> bool {
        lock(&self.state).stop
    }
}

impl Engine for LocalEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.shared.value(key)
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        self.shared.scan(span, visit)
    }

    fn scan_any_order(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        self.shared.scan_any_order(span, visit)
    }

    fn has(&self, key: &[u8]) -> Result<bool, Error> {
        Ok(self.shared.row(key)?.is_some())
    }

    fn scan_keys(&self, span: &Span, visit: VisitKey<'_>) -> Result<(), Error> {
        self.shared.scan_rows(span, &mut |key, _| visit(key))
    }

    fn submit(&self, job: Box<dyn Job>) {
        self.send(Request::Job(job));
    }

    fn content_stage_begin(&self, piece: Bytes) -> Staging {
        let (reply, staging) = Staging::begin();
        self.send(Request::Stage(piece, reply));
        staging
    }

    fn content_length(&self, id: ContentId) -> Result<Option<u64>, Error> {
        let pieces = self.shared.pieces(id)?;
        Ok(pieces.map(|pieces| pieces.iter().map(|one| u64::from(one.length)).sum()))
    }

    fn content_read(&self, id: ContentId, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        self.shared.content(id, offset, length)?.ok_or(Error::NotFound)
    }

    fn verify(&self, progress: Progress<'_>) -> Result<Verified, Error> {
        verify::verify(&self.shared, progress)
    }

    fn backup(
        &self,
        write: &mut dyn FnMut(BackupPart<'_>) -> Result<(), Error>,
    ) -> Result<BackedUp, Error> {
        backup::write(&self.shared, write)
    }

    fn checkpoint(&self) -> Result<(), Error> {
        manifest::write(&self.shared)
    }

    fn compact(&self) -> Result<u64, Error> {
        let sender = lock(&self.requests).clone().ok_or(Error::Closed)?;
        let freed =
            compact_all(&self.shared, Reason::Asked, &sender, &mut |moved| ask(&sender, moved))?;
        // The names of deleted records go with the older runs.
        manifest::write(&self.shared)?;
        match manifest::merge(&self.shared, true) {
            Err(Error::Full) => tracing::warn!("there is too little space to merge the index"),
            merged => drop(merged?),
        }
        Ok(freed)
    }

    fn refusing(&self) -> Result<Option<String>, Error> {
        let (free, needed) = (self.shared.disk.free_octets()?, self.shared.config.free_min_octets);
        let trouble = lock(&self.shared.refusing).clone();
        let too_little = || format!("{} MiB are free, {} are needed", free >> 20, needed >> 20);
        Ok(trouble.or_else(|| (free < needed).then(too_little)))
    }

    fn room(&self) -> Result<Room, Error> {
        Ok(Room {
            used: self.shared.disk.used_octets()?,
            free: Some(self.shared.disk.free_octets()?),
            refusing: self.refusing()?,
        })
    }
}
