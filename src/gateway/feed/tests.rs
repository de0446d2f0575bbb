//! Hints come once, not before their change is durable, and never if it failed.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use crate::clock::Clock;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::event::{Event, EventKind};
use crate::gateway::feed::tx::{Bell, Tx};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::mailbox::{ChangeRowV1, CountersV1};
use crate::gateway::records::tables::{CHANGES, COUNTERS};
use crate::gateway::tests::{MESSAGE, deliver, gateway, gateway_with, sign_in};
use crate::gateway::{Gateway, Settings};
use crate::mail::reference::Reference;
use crate::store::engine::{Engine, Job, RawTx};
use crate::store::memory::MemoryEngine;
use crate::store::{
    self, ContentId, Order, Pending, Piece, Read, Room, Span, Staging, Store, Table, Visit,
};
use crate::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};

const DANA: AccountId = AccountId([1; 16]);
const OMAR: AccountId = AccountId([2; 16]);
const MESSAGE_KEY: [u8; 16] = [7; 16];

type Done = (Box<dyn Job>, Result<(), store::Error>);

/// An engine that runs each transaction twice, as an engine may, and reports completion only when
/// `settle` is called.
#[derive(Default)]
struct SlowEngine {
    memory: MemoryEngine,
    done: Arc<Mutex<Vec<Done>>>,
}

impl SlowEngine {
    /// Reports the last transaction as durable, or as failed on the disk.
    fn settle(&self, failure: Option<store::Error>) {
        let (job, outcome) = self.done.lock().unwrap().pop().unwrap();
        job.done(failure.map_or(outcome, Err));
    }
}

struct SlowJob {
    job: Box<dyn Job>,
    done: Arc<Mutex<Vec<Done>>>,
}

impl Job for SlowJob {
    fn run(&mut self, tx: &mut dyn RawTx) -> bool {
        self.job.run(&mut Forgotten(tx));
        self.job.run(tx)
    }

    fn done(self: Box<Self>, outcome: Result<(), store::Error>) {
        self.done.lock().unwrap().push((self.job, outcome));
    }
}

/// A run that does not count: its writes are discarded.
struct Forgotten<'t>(&'t dyn RawTx);

impl RawTx for Forgotten<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, store::Error> {
        self.0.get(key)
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), store::Error> {
        self.0.scan(span, visit)
    }

    fn put(&mut self, _: Vec<u8>, _: Bytes) {}

    fn delete(&mut self, _: Vec<u8>) {}

    fn content_put(&mut self, _: ContentId, _: Vec<Piece>) {}

    fn content_delete(&mut self, _: ContentId) {}

    fn content_length(&self, id: ContentId) -> Result<Option<u64>, store::Error> {
        self.0.content_length(id)
    }
}

impl Engine for SlowEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, store::Error> {
        self.memory.get(key)
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), store::Error> {
        self.memory.scan(span, visit)
    }

    fn submit(&self, job: Box<dyn Job>) {
        self.memory.submit(Box::new(SlowJob { job, done: self.done.clone() }));
    }

    fn content_stage_begin(&self, piece: Bytes) -> Staging {
        self.memory.content_stage_begin(piece)
    }

    fn content_length(&self, id: ContentId) -> Result<Option<u64>, store::Error> {
        self.memory.content_length(id)
    }

    fn content_read(&self, id: ContentId, from: u64, length: u64) -> Result<Vec<u8>, store::Error> {
        self.memory.content_read(id, from, length)
    }

    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<store::Verified, store::Error> {
        self.memory.verify(progress)
    }

    fn checkpoint(&self) -> Result<(), store::Error> {
        self.memory.checkpoint()
    }

    fn compact(&self) -> Result<u64, store::Error> {
        self.memory.compact()
    }

    fn room(&self) -> Result<Room, store::Error> {
        self.memory.room()
    }
}

/// A gateway without accounts, its engine, and the hints for two accounts.
struct Fixture {
    gateway: Gateway,
    engine: Arc<SlowEngine>,
    dana: Receiver<Event>,
    omar: Receiver<Event>,
}

fn fixture() -> Fixture {
    let cost = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };
    let vault = Vault::new(DaemonKey::from_bytes([3; 32]), PoolLimits::default(), cost);
    let engine = Arc::new(SlowEngine::default());
    let store = Store::new(engine.clone(), vault.clone());
    let gateway = Gateway::new(store, vault, Clock::System, Settings::default());
    let listen = |account| gateway.inner.events.subscribe(account);
    let (dana, omar) = (listen(DANA), listen(OMAR));
    Fixture { gateway, engine, dana, omar }
}

fn mail(modseq: u64) -> Event {
    Event { kind: EventKind::Mail, state: modseq.to_string() }
}

fn modseq(gateway: &Gateway, account: AccountId) -> u64 {
    gateway.store().get(&COUNTERS, &account).unwrap().unwrap_or_default().modseq
}

/// Whether it was notified since the last call.
fn rang(bell: &tokio::sync::Notify) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    std::pin::pin!(bell.notified()).poll(&mut cx) == Poll::Ready(())
}

/// A transaction with every kind of follow-up; `answer` is its result.
fn everything(
    gateway: &Gateway,
    stepped: &Arc<AtomicBool>,
    answer: fn() -> Result<(), Error>,
) -> Pending<(), Error> {
    let stepped = stepped.clone();
    gateway.transact(move |tx: &mut Tx<'_, '_>| {
        tx.changed(DANA, Changed::Updated(MESSAGE_KEY))?;
        tx.ring(Bell::Queue);
        tx.ring(Bell::Hold);
        let stepped = stepped.clone();
        tx.then(move |_| stepped.store(true, Ordering::SeqCst));
        answer()
    })
}

#[test]
fn nothing_is_announced_before_it_is_durable() {
    let Fixture { gateway, engine, mut dana, .. } = fixture();
    let stepped = Arc::default();
    let done = everything(&gateway, &stepped, || Ok(()));
    assert_eq!(modseq(&gateway, DANA), 1, "it ran, and its end was not announced yet");
    assert_eq!(dana.try_recv(), Err(TryRecvError::Empty));
    assert!(!rang(&gateway.queue_wake()) && !rang(&gateway.hold_wake()));
    assert!(!stepped.load(Ordering::SeqCst));
    engine.settle(None);
    assert_eq!(dana.try_recv(), Ok(mail(1)), "announced before the caller has its result");
    assert!(rang(&gateway.queue_wake()) && rang(&gateway.hold_wake()));
    assert!(stepped.load(Ordering::SeqCst));
    done.wait().unwrap();
}

#[test]
fn nothing_that_failed_is_announced() {
    let refuses: fn() -> Result<(), Error> = || Err(Error::OverQuota);
    let failures = [(refuses, None), (|| Ok(()), Some(store::Error::Full))];
    for (answer, failure) in failures {
        let Fixture { gateway, engine, mut dana, .. } = fixture();
        let stepped = Arc::default();
        let done = everything(&gateway, &stepped, answer);
        engine.settle(failure);
        assert!(done.wait().is_err());
        assert_eq!(dana.try_recv(), Err(TryRecvError::Empty));
        assert!(!rang(&gateway.queue_wake()) && !rang(&gateway.hold_wake()));
        assert!(!stepped.load(Ordering::SeqCst));
    }
}

#[test]
fn what_runs_twice_is_announced_once_and_as_the_last_run_had_it() {
    let Fixture { gateway, engine, mut dana, mut omar } = fixture();
    let (runs, steps) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (counted, stepping) = (runs.clone(), steps.clone());
    let done = gateway.transact(move |tx| {
        tx.changed(DANA, Changed::Updated(MESSAGE_KEY))?;
        let steps = stepping.clone();
        tx.then(move |_| _ = steps.fetch_add(1, Ordering::SeqCst));
        // What the first run sees no longer holds in the second.
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            tx.changed(OMAR, Changed::Updated(MESSAGE_KEY))?;
        }
        Ok(())
    });
    engine.settle(None);
    done.wait().unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(steps.load(Ordering::SeqCst), 1);
    assert_eq!((dana.try_recv(), dana.try_recv()), (Ok(mail(1)), Err(TryRecvError::Empty)));
    assert_eq!(omar.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn many_changes_of_an_account_are_one_hint_of_each_kind() {
    let Fixture { gateway, engine, mut dana, mut omar } = fixture();
    let done = gateway.transact(|tx| {
        for message in 0..3 {
            tx.changed(DANA, Changed::Updated([message; 16]))?;
        }
        tx.changed(DANA, Changed::Mailboxes)?;
        tx.changed(OMAR, Changed::Removed(MESSAGE_KEY))
    });
    engine.settle(None);
    assert_eq!(done.wait().unwrap(), 1, "each account has numbers of its own");
    let mailboxes = Event { kind: EventKind::Mailboxes, state: "4".to_owned() };
    assert_eq!((dana.try_recv(), dana.try_recv()), (Ok(mail(3)), Ok(mailboxes)));
    assert_eq!(dana.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(omar.try_recv(), Ok(mail(1)));
}

/// A hint's number is the state of a list that is read now.
#[test]
fn a_reader_who_opens_a_message_gets_the_hint_before_the_answer() {
    let gateway = gateway();
    let reference = deliver(&gateway, &["dana@example.org"], MESSAGE);
    let dana = sign_in(&gateway, "dana");
    let mut events = gateway.events(&dana);
    gateway.message_open(&dana, reference, None).unwrap();
    let state = gateway.state(dana.account()).unwrap();
    assert_eq!(events.try_recv(), Ok(Event { kind: EventKind::Mail, state }));
    assert_eq!(events.try_recv(), Err(TryRecvError::Empty));
}

/// A change of one message; each has its own.
fn numbered(number: u64) -> Reference {
    Reference::from_parts(1_795_424_523_000, number)
}

fn change(gateway: &Gateway, account: AccountId, number: u64) {
    let changed = Changed::Updated(numbered(number).to_bytes());
    gateway.transact(move |tx| tx.changed(account, changed)).wait().unwrap();
}

/// How many changes the rows of an account have.
fn in_rows(gateway: &Gateway, account: AccountId) -> usize {
    let mut found = 0;
    let scan = gateway.store().scan(&CHANGES, &account, Order::Ascending, |_, row| {
        found += row.changes.len();
        std::ops::ControlFlow::Continue(())
    });
    scan.unwrap();
    found
}

/// Wherever a row of changes ends, a reader gets every change after the state that it knows, once;
/// and never one of the last that are kept less.
#[test]
fn changes_are_found_whether_they_have_a_row_yet_or_not() {
    let gateway = gateway_with(|settings| settings.changes_kept = 20);
    let dana = sign_in(&gateway, "dana");
    for last in 1..=60 {
        change(&gateway, dana.account(), last);
        for since in 0..=last {
            let wanted: Vec<Reference> = (since + 1..=last).map(numbered).collect();
            match gateway.changes_since(&dana, &since.to_string()) {
                Ok(changes) => {
                    assert_eq!(changes.updated, wanted, "{since} to {last}");
                    assert_eq!((changes.state, changes.more), (last.to_string(), false));
                }
                Err(error) => {
                    assert!(matches!(error, Error::Conflict(Conflict::TooOld)));
                    assert!(last - since > 20, "{since} to {last} is forgotten too early");
                }
            }
        }
        assert!(in_rows(&gateway, dana.account()) < 20 + 8, "{last}: they grow without end");
    }
    assert!(gateway.changes_since(&dana, "0").is_err(), "nothing is ever forgotten");
}

/// Changes that an earlier version stored, each in a row of its own, are found and forgotten as
/// well.
#[test]
fn changes_of_an_earlier_version_are_found_and_forgotten() {
    let gateway = gateway_with(|settings| settings.changes_kept = 20);
    let dana = sign_in(&gateway, "dana");
    let account = dana.account();
    let stored = gateway.store().transact(move |tx| {
        let rows: Table<(AccountId, u64), ChangeRowV1> = Table::new(CHANGES.id, CHANGES.name);
        for number in 1..=30 {
            let reference = numbered(number).to_bytes();
            tx.put(&rows, &(account, number), &ChangeRowV1 { reference, removed: false })?;
        }
        let counters: Table<AccountId, CountersV1> = Table::new(COUNTERS.id, COUNTERS.name);
        let before = CountersV1 { modseq: 30, forgotten: 0, mailbox_next: 6 };
        Ok::<_, Error>(tx.put(&counters, &account, &before)?)
    });
    stored.wait().unwrap();
    let since = |state: u64| gateway.changes_since(&dana, &state.to_string());
    assert_eq!(since(0).unwrap().updated, (1..=30).map(numbered).collect::<Vec<_>>());
    (31..=33).for_each(|number| change(&gateway, account, number));
    assert_eq!(since(28).unwrap().updated, (29..=33).map(numbered).collect::<Vec<_>>());
    (34..=60).for_each(|number| change(&gateway, account, number));
    assert!(since(0).is_err());
    assert_eq!(since(38).unwrap().updated, (39..=60).map(numbered).collect::<Vec<_>>());
    assert!(in_rows(&gateway, account) < 20 + 8);
}

/// A reader that was away for long gets the changes in several answers.
#[test]
fn many_changes_come_in_several_answers() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let account = dana.account();
    let all = gateway.transact(move |tx| {
        for number in 1..=1_003 {
            tx.changed(account, Changed::Updated(numbered(number).to_bytes()))?;
        }
        Ok(())
    });
    all.wait().unwrap();
    let (mut state, mut found, mut answers) = ("0".to_owned(), Vec::new(), 0);
    loop {
        let changes = gateway.changes_since(&dana, &state).unwrap();
        (state, answers) = (changes.state, answers + 1);
        found.extend(changes.updated);
        if !changes.more {
            break;
        }
    }
    assert_eq!((state.as_str(), answers), ("1003", 3));
    assert_eq!(found, (1..=1_003).map(numbered).collect::<Vec<_>>());
}
