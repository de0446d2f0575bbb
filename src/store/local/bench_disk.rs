//! A store on the simulated disk, which runs step by step, for the tests of faults and damage.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use bytes::Bytes;

use super::config::LocalConfig;
use super::disk::sim::{Dice, Plan, SimDisk};
use super::journal::segment::HEADER;
use super::recovery::{OpenReport, recover};
use super::request::Request;
use super::shared::Shared;
use super::writer::Writer;
use super::{format, manifest};
use crate::clock::Clock;
use crate::store::engine::{Job, Piece, RawTx};
use crate::store::error::Error;
use crate::store::span::{ContentId, Order, Span};
use crate::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};

pub struct Store {
    pub shared: Arc<Shared>,
    pub writer: Writer,
    pub report: OpenReport,
}

pub fn vault(key: u8) -> Vault {
    let cost = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };
    Vault::new(DaemonKey::from_bytes([key; 32]), PoolLimits::default(), cost)
}

pub fn config() -> LocalConfig {
    LocalConfig {
        segment_octets: HEADER + 6 * 1024,
        free_min_octets: 0,
        retry_first: Duration::ZERO,
        ..LocalConfig::in_folder(PathBuf::new())
    }
}

pub fn open(disk: &SimDisk, config: LocalConfig) -> Result<Store, Error> {
    open_with(disk, config, vault(9))
}

pub fn open_with(disk: &SimDisk, config: LocalConfig, vault: Vault) -> Result<Store, Error> {
    open_at(disk, config, vault, Clock::System)
}

/// Opens the store on the disk, with a clock that a test may set.
pub fn open_at(
    disk: &SimDisk,
    config: LocalConfig,
    vault: Vault,
    clock: Clock,
) -> Result<Store, Error> {
    format::claim(disk)?;
    let shared = Arc::new(Shared::new(Arc::new(disk.clone()), vault, config, clock));
    let found = recover(&shared, &mut |_, _| ())?;
    let writer = Writer::new(shared.clone(), found.position, found.last, found.number);
    Ok(Store { shared, writer, report: found.report })
}

pub type Run = Box<dyn FnMut(&mut dyn RawTx) -> bool + Send>;

struct Step(Run, Sender<Result<(), Error>>);

impl Job for Step {
    fn run(&mut self, tx: &mut dyn RawTx) -> bool {
        (self.0)(tx)
    }

    fn done(self: Box<Self>, outcome: Result<(), Error>) {
        self.1.send(outcome).unwrap();
    }
}

impl Store {
    /// Runs transactions as one group and returns the outcome of each.
    pub fn group(&mut self, runs: Vec<Run>) -> Vec<Result<(), Error>> {
        let (requests, receiver): (Vec<_>, Vec<_>) = runs
            .into_iter()
            .map(|run| {
                let (sender, receiver) = channel();
                (Request::Job(Box::new(Step(run, sender))), receiver)
            })
            .unzip();
        self.writer.group(requests);
        receiver.iter().map(|receiver| receiver.try_recv().unwrap()).collect()
    }

    pub fn put(&mut self, key: u8, value: Vec<u8>) -> Result<(), Error> {
        self.group(vec![put(key, value)]).remove(0)
    }

    pub fn delete(&mut self, key: u8) -> Result<(), Error> {
        let run: Run = Box::new(move |tx| {
            tx.delete(vec![1, key]);
            true
        });
        self.group(vec![run]).remove(0)
    }

    pub fn content(&mut self, id: u8, octets: Vec<u8>) -> Result<(), Error> {
        let octets = Bytes::from(octets);
        let run: Run = Box::new(move |tx| {
            tx.content_put(ContentId([id; 16]), vec![Piece::Inline(octets.clone())]);
            true
        });
        self.group(vec![run]).remove(0)
    }

    pub fn get(&self, key: u8) -> Result<Option<Bytes>, Error> {
        self.shared.value(&[1, key])
    }

    pub fn content_get(&self, id: u8) -> Result<Option<Vec<u8>>, Error> {
        let id = ContentId([id; 16]);
        let Some(pieces) = self.shared.pieces(id)? else { return Ok(None) };
        let mut octets = Vec::new();
        for piece in pieces {
            octets.extend_from_slice(&self.shared.piece(id, piece)?);
        }
        Ok(Some(octets))
    }

    pub fn keys(&self) -> Vec<u8> {
        let mut keys = Vec::new();
        let span = Span::prefix(&[1], Order::Ascending);
        let scanned = self.shared.scan_rows(&span, &mut |key, _| {
            keys.push(key[1]);
            ControlFlow::Continue(())
        });
        scanned.unwrap();
        keys
    }

    pub fn refusing(&self) -> Option<String> {
        super::shared::lock(&self.shared.refusing).clone()
    }

    /// Writes a checkpoint even if nothing changed since the last one.
    pub fn checkpoint_anew(&self) {
        super::shared::lock(&self.shared.keeper).manifest.position.seq = 0;
        self.checkpoint();
    }

    pub fn checkpoint(&self) {
        manifest::write(&self.shared).unwrap();
    }
}

pub fn put(key: u8, value: Vec<u8>) -> Run {
    let value = Bytes::from(value);
    Box::new(move |tx| {
        tx.put(vec![1, key], value.clone());
        true
    })
}

/// Plans what will fail from now on.
pub fn plan(disk: &SimDisk, plan: Plan) {
    disk.plan(plan, Dice::new(1));
}
