//! Crash simulation: random transactions on a disk that fails and forgets. A seed makes every run
//! repeatable (`CRASH_SEED=42`), and many can be run (`CRASH_SEEDS=1000000`).
//!
//! A crash may occur at any operation, including during recovery and compaction. After each crash,
//! the store opens without help; every acknowledged transaction is in it exactly; of the group that
//! was being written, only a prefix of whole transactions, or nothing, is in it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::time::Duration;

use bytes::Bytes;

use super::compact::{self, Reason};
use super::config::LocalConfig;
use super::disk::sim::{Dice, Plan, SimDisk, Survival};
use super::journal::segment::HEADER;
use super::recovery::{Recovered, recover, restore_index};
use super::request::Request;
use super::shared::Shared;
use super::tables::CONTENTS;
use super::writer::Writer;
use super::{format, manifest, verify};
use crate::clock::Clock;
use crate::store::engine::{Job, Piece, RawTx, Staged};
use crate::store::error::Error;
use crate::store::span::{ContentId, Order, Span};
use crate::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};

/// What the store must contain: records by key, contents by id.
#[derive(Clone, Default, PartialEq, Eq)]
struct Model {
    records: BTreeMap<u8, Bytes>,
    contents: BTreeMap<u8, Bytes>,
}

/// One transaction's changes.
#[derive(Clone, Default)]
struct Change {
    records: Vec<(u8, Option<Bytes>)>,
    contents: Vec<(u8, Option<Bytes>)>,
    aborts: bool,
}

impl Model {
    fn apply(&mut self, change: &Change) {
        if change.aborts {
            return;
        }
        for (key, value) in &change.records {
            match value {
                Some(value) => self.records.insert(*key, value.clone()),
                None => self.records.remove(key),
            };
        }
        for (id, value) in &change.contents {
            match value {
                Some(value) => self.contents.insert(*id, value.clone()),
                None => self.contents.remove(id),
            };
        }
    }
}

struct Step {
    change: Change,
    staged: BTreeMap<u8, Staged>,
    sender: std::sync::mpsc::Sender<Result<(), Error>>,
}

impl Job for Step {
    fn run(&mut self, tx: &mut dyn RawTx) -> bool {
        for (key, value) in &self.change.records {
            match value {
                Some(value) => tx.put(vec![1, *key], value.clone()),
                None => tx.delete(vec![1, *key]),
            }
        }
        for (id, value) in &self.change.contents {
            let content = ContentId([*id; 16]);
            match (value, self.staged.get(id)) {
                (Some(_), Some(staged)) => {
                    tx.content_put(content, vec![Piece::Staged(staged.clone())]);
                }
                (Some(value), None) => tx.content_put(content, vec![Piece::Inline(value.clone())]),
                (None, _) => tx.content_delete(content),
            }
        }
        !self.change.aborts
    }

    fn done(self: Box<Self>, outcome: Result<(), Error>) {
        self.sender.send(outcome).unwrap();
    }
}

/// The world of one seed.
struct World {
    dice: Dice,
    disk: SimDisk,
    vault: Vault,
    model: Model,
    /// Groups that failed since the last one that did not: a prefix of one of them may be in the
    /// store. It cannot be of two, since the second one is written after a header that discards the
    /// first.
    in_doubt: Vec<Vec<Change>>,
    crashes: u64,
    acknowledged: u64,
}

struct Open {
    shared: Arc<Shared>,
    writer: Writer,
}

fn vault() -> Vault {
    let cost = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };
    Vault::new(DaemonKey::from_bytes([9; 32]), PoolLimits::default(), cost)
}

fn config() -> LocalConfig {
    LocalConfig {
        segment_octets: HEADER + 6 * 1024,
        free_min_octets: 0,
        erase_secs: 0,
        retry_first: Duration::ZERO,
        // So little that replaying a few segments has to write runs.
        memory_octets: 4 * 1024,
        ..LocalConfig::in_folder(PathBuf::new())
    }
}

impl World {
    fn new(seed: u64, vault: &Vault) -> World {
        let mut dice = Dice::new(seed);
        let disk = SimDisk::new(dice.chance(50));
        World {
            dice,
            disk,
            vault: vault.clone(),
            model: Model::default(),
            in_doubt: Vec::new(),
            crashes: 0,
            acknowledged: 0,
        }
    }

    fn run(&mut self, seed: u64) {
        for _ in 0..self.dice.below(5) + 2 {
            self.plan();
            if let Some(mut open) = self.open(seed) {
                self.live(&mut open, seed);
            }
            self.crashes += u64::from(self.disk.has_crashed());
            if self.dice.chance(25) {
                // Only the process died: what it wrote can be read, but may not be on the medium.
                self.disk.process_restart();
                continue;
            }
            let survival = match self.dice.below(3) {
                0 => Survival::Nothing,
                1 => Survival::Everything,
                _ => Survival::AnySectors,
            };
            self.disk.restart(survival, &mut self.dice);
        }
        // In the end, everything works, and all data must be intact.
        self.disk.plan(Plan::default(), self.dice.clone());
        let open = self.open(seed).unwrap_or_else(|| panic!("seed {seed}: does not open"));
        let found = verify::verify(&open.shared, &mut |_, _| ()).unwrap();
        assert!(found.damage.is_empty(), "seed {seed}: {:?}", found.damage);
    }

    fn plan(&mut self) {
        let dice = &mut self.dice;
        let plan = Plan {
            crash_at: dice.chance(85).then(|| dice.below(120) + 1),
            sync_fails_at: dice.chance(20).then(|| dice.below(80)),
            full_at: dice.chance(20).then(|| {
                let from = dice.below(60);
                (from, from + dice.below(30))
            }),
            write_fails_at: dice.chance(15).then(|| dice.below(80)),
            names_fail_at: dice.chance(15).then(|| dice.below(80)),
        };
        self.disk.plan(plan, self.dice.clone());
    }

    /// Opens the store; `None` if the power failed meanwhile.
    fn open(&mut self, seed: u64) -> Option<Open> {
        let disk = Arc::new(self.disk.clone());
        let vault = self.vault.clone();
        let shared = Arc::new(Shared::new(disk.clone(), vault, config(), Clock::System));
        let opened = format::claim(&*disk).and_then(|()| recover(&shared, &mut |_, _| ()));
        let Recovered { position, last, number, report } = match opened {
            // The index is written last, and the store opens without it.
            Ok(_) if self.disk.has_crashed() => return None,
            Ok(recovered) => recovered,
            Err(_) if self.disk.has_crashed() => return None,
            Err(error) => {
                // The medium failed during opening; the next attempt is made without failures.
                assert!(self.disk.has_failed(), "seed {seed}: does not open: {error}");
                self.disk.plan(Plan::default(), self.dice.clone());
                return self.open(seed);
            }
        };
        assert!(report.damage.is_empty(), "seed {seed}: {:?}", report.damage);
        self.settle(&read(&shared), seed);
        let writer = Writer::new(shared.clone(), position, last, number);
        Some(Open { shared, writer })
    }

    /// Checks that the store contains what was acknowledged, and at most a prefix of what was in
    /// doubt.
    fn settle(&mut self, found: &Model, seed: u64) {
        let mut fits = self.model == *found;
        for group in std::mem::take(&mut self.in_doubt) {
            let mut model = self.model.clone();
            for change in &group {
                model.apply(change);
                fits |= model == *found;
            }
        }
        assert!(
            fits,
            "seed {seed}: lost or incomplete: expected {:?}, found {:?}",
            self.model.records.keys().collect::<Vec<_>>(),
            found.records.keys().collect::<Vec<_>>(),
        );
        self.model = found.clone();
    }

    fn live(&mut self, open: &mut Open, seed: u64) {
        for _ in 0..self.dice.below(30) {
            if self.disk.has_crashed() {
                return;
            }
            match self.dice.below(13) {
                12 => self.index_built_again(open, seed),
                0 => drop(manifest::merge(&open.shared, self.dice.chance(50))),
                1 => drop(manifest::write(&open.shared)),
                2 => self.compact(open),
                _ => self.group(open),
            }
            if !self.disk.has_crashed() && self.dice.chance(20) {
                assert!(read(&open.shared) == self.model, "seed {seed}: readers see another state");
            }
        }
        if !self.disk.has_crashed() && self.dice.chance(30) {
            drop(manifest::write(&open.shared));
        }
    }

    /// Builds the index again as its thread would if a part of it could not be read.
    fn index_built_again(&mut self, open: &mut Open, seed: u64) {
        let restored = restore_index(&open.shared);
        let is_excused = self.disk.has_crashed() || self.disk.has_failed();
        assert!(restored.is_ok() || is_excused, "seed {seed}: {restored:?}");
    }

    fn compact(&mut self, open: &mut Open) {
        let Open { shared, writer } = open;
        let reason = if self.dice.chance(50) { Reason::Asked } else { Reason::Due };
        if compact::newest_must_close(shared, reason) {
            let (sender, receiver) = sync_channel(1);
            writer.group(vec![Request::Close(sender)]);
            let _ = receiver.recv().unwrap();
        }
        // After a failure, everything is still in its place.
        let _ = compact::compact(shared, reason, &mut |moved| {
            let (sender, receiver) = sync_channel(1);
            writer.group(vec![Request::Move(moved, sender)]);
            receiver.recv().unwrap()
        });
    }

    fn group(&mut self, open: &mut Open) {
        let changes: Vec<Change> = (0..self.dice.below(4) + 1).map(|_| self.change()).collect();
        let mut receiver: Vec<Receiver<Result<(), Error>>> = Vec::new();
        let mut requests = Vec::new();
        for change in &changes {
            let staged = self.stage(open, change);
            let (sender, answer) = channel();
            receiver.push(answer);
            requests.push(Request::Job(Box::new(Step { change: change.clone(), staged, sender })));
        }
        open.writer.group(requests);
        let answers: Vec<_> = receiver.iter().map(|answer| answer.try_recv().unwrap()).collect();
        // The model does not contain staged pieces, so only the group matters here.
        if answers.iter().all(Result::is_ok) {
            changes.iter().for_each(|change| self.model.apply(change));
            self.acknowledged += changes.len() as u64;
            self.in_doubt.clear();
        } else {
            assert!(answers.iter().all(Result::is_err), "a group is acknowledged as a whole");
            self.in_doubt.push(changes);
        }
    }

    /// Stages some contents before their transaction.
    fn stage(&mut self, open: &mut Open, change: &Change) -> BTreeMap<u8, Staged> {
        let mut staged = BTreeMap::new();
        for (id, value) in &change.contents {
            if let Some(value) = value
                && self.dice.chance(40)
            {
                let (sender, receiver) = sync_channel(1);
                open.writer.group(vec![Request::Stage(value.clone(), sender)]);
                if let Ok(done) = receiver.recv().unwrap() {
                    staged.insert(*id, done);
                }
            }
        }
        staged
    }

    fn change(&mut self) -> Change {
        let dice = &mut self.dice;
        let mut change = Change { aborts: dice.chance(10), ..Change::default() };
        let records: BTreeMap<u8, Option<Bytes>> = (0..dice.below(4))
            .map(|_| {
                let size = if dice.chance(10) { 7_000 } else { dice.below(300) };
                let value = vec![dice.next() as u8; size as usize];
                (dice.below(30) as u8, dice.chance(75).then(|| value.into()))
            })
            .collect();
        change.records = records.into_iter().collect();
        if dice.chance(40) {
            let value = vec![dice.next() as u8; dice.below(3_000) as usize];
            change.contents = vec![(dice.below(8) as u8, dice.chance(80).then(|| value.into()))];
        }
        change
    }
}

/// Returns everything in the store, as a reader sees it.
fn read(shared: &Shared) -> Model {
    let mut model = Model::default();
    let span = Span::prefix(&[1], Order::Ascending);
    let records = shared.scan(&span, &mut |key, value| {
        model.records.insert(key[1], Bytes::copy_from_slice(value));
        ControlFlow::Continue(())
    });
    records.unwrap();
    let mut ids = Vec::new();
    let span = Span::prefix(&[CONTENTS], Order::Ascending);
    let contents = shared.scan(&span, &mut |key, _| {
        ids.push(key[1]);
        ControlFlow::Continue(())
    });
    contents.unwrap();
    for id in ids {
        let content = ContentId([id; 16]);
        let mut octets = Vec::new();
        for piece in shared.pieces(content).unwrap().unwrap() {
            octets.extend_from_slice(&shared.piece(content, piece).unwrap());
        }
        model.contents.insert(id, octets.into());
    }
    model
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The first guarantee: nothing acknowledged is ever lost.
#[test]
fn nothing_acknowledged_is_lost_by_any_crash() {
    const SEEDS: u64 = 3_000;
    let vault = vault();
    let run = |seed: u64| {
        let mut world = World::new(seed, &vault);
        world.run(seed);
        (world.crashes, world.acknowledged)
    };
    if let Some(seed) = number_from("CRASH_SEED") {
        run(seed);
        return;
    }
    let seeds = number_from("CRASH_SEEDS").unwrap_or(SEEDS);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    let totals: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let run = &run;
        let workers: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || {
                    let mine = (first..seeds).step_by(threads as usize);
                    mine.map(run).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let (crashes, acknowledged) =
        totals.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("{seeds} seeds, {crashes} crashes, {acknowledged} transactions acknowledged");
    assert!(crashes > seeds && acknowledged > 10 * seeds, "the simulation did almost nothing");
}
