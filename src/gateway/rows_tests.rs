//! What one incoming message writes and reads is what `docs/performance.md` says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::records::tables::*;
use super::tests::{gateway_on, inbound};
use super::*;
use crate::store::engine::{Engine, Job, RawTx};
use crate::store::memory::MemoryEngine;
use crate::store::{self, ContentId, Piece, Span, Staging, Verified, Visit};

const PAGE: &str = include_str!("../../docs/performance.md");

/// The table counts this many messages, because some rows are written for several at once.
const COUNTED: usize = 8;

/// Who asks the store.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Asks {
    #[default]
    Check,
    Prepare,
    Writer,
}

impl Asks {
    fn as_str(self) -> &'static str {
        match self {
            Asks::Check => "check",
            Asks::Prepare => "prepare",
            Asks::Writer => "writer",
        }
    }
}

/// The rows written in one table, and the longest key and value among them.
#[derive(Default)]
struct Written {
    put: usize,
    deleted: usize,
    key: usize,
    value: usize,
}

#[derive(Default)]
struct Counts {
    asks: Asks,
    written: BTreeMap<&'static str, Written>,
    reads: BTreeMap<(Asks, &'static str, &'static str), usize>,
}

impl Counts {
    fn read(&mut self, how: &'static str, key: &[u8]) {
        *self.reads.entry((self.asks, how, name_of(key))).or_default() += 1;
    }
}

/// An engine in memory that counts what is asked of it.
#[derive(Default)]
struct Counting {
    memory: MemoryEngine,
    counts: Arc<Mutex<Counts>>,
}

impl Counting {
    fn now(&self, asks: Asks) {
        self.counts.lock().unwrap().asks = asks;
    }
}

struct CountedJob {
    job: Box<dyn Job>,
    counts: Arc<Mutex<Counts>>,
}

struct CountedTx<'t> {
    tx: &'t mut dyn RawTx,
    counts: &'t Mutex<Counts>,
    /// What it wrote: what is written twice is one row.
    keys: BTreeSet<Vec<u8>>,
}

impl Job for CountedJob {
    fn run(&mut self, tx: &mut dyn RawTx) -> bool {
        let before = std::mem::replace(&mut self.counts.lock().unwrap().asks, Asks::Writer);
        let keys = BTreeSet::new();
        let commit = self.job.run(&mut CountedTx { tx, counts: &self.counts, keys });
        self.counts.lock().unwrap().asks = before;
        commit
    }

    fn done(self: Box<Self>, outcome: Result<(), store::Error>) {
        self.job.done(outcome);
    }
}

impl RawTx for CountedTx<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, store::Error> {
        self.counts.lock().unwrap().read("get", key);
        self.tx.get(key)
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), store::Error> {
        self.counts.lock().unwrap().read("scan", &span.from);
        self.tx.scan(span, visit)
    }

    fn put(&mut self, key: Vec<u8>, value: Bytes) {
        let mut counts = self.counts.lock().unwrap();
        let written = counts.written.entry(name_of(&key)).or_default();
        written.put += usize::from(self.keys.insert(key.clone()));
        written.key = written.key.max(key.len());
        written.value = written.value.max(value.len());
        self.tx.put(key, value);
    }

    fn delete(&mut self, key: Vec<u8>) {
        let mut counts = self.counts.lock().unwrap();
        let written = counts.written.entry(name_of(&key)).or_default();
        written.deleted += 1;
        written.key = written.key.max(key.len());
        self.tx.delete(key);
    }

    fn content_put(&mut self, id: ContentId, pieces: Vec<Piece>) {
        let octets: u64 = pieces.iter().map(Piece::length).sum();
        let mut counts = self.counts.lock().unwrap();
        let written = counts.written.entry("content").or_default();
        written.put += 1;
        written.key = id.0.len();
        written.value = written.value.max(usize::try_from(octets).unwrap());
        self.tx.content_put(id, pieces);
    }

    fn content_delete(&mut self, id: ContentId) {
        self.tx.content_delete(id);
    }

    fn content_length(&self, id: ContentId) -> Result<Option<u64>, store::Error> {
        self.tx.content_length(id)
    }
}

impl Engine for Counting {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, store::Error> {
        self.counts.lock().unwrap().read("get", key);
        self.memory.get(key)
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), store::Error> {
        self.counts.lock().unwrap().read("scan", &span.from);
        self.memory.scan(span, visit)
    }

    fn submit(&self, job: Box<dyn Job>) {
        self.memory.submit(Box::new(CountedJob { job, counts: self.counts.clone() }));
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

    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, store::Error> {
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

/// The name of the table that a raw key is in.
fn name_of(key: &[u8]) -> &'static str {
    let names = [
        (ACCOUNTS.id, ACCOUNTS.name),
        (ACCOUNT_KEYS.id, ACCOUNT_KEYS.name),
        (ADDRESSES.id, ADDRESSES.name),
        (MAILBOXES.id, MAILBOXES.name),
        (ENTRIES.id, ENTRIES.name),
        (PLACES.id, PLACES.name),
        (MESSAGES.id, MESSAGES.name),
        (EPOCHS.id, EPOCHS.name),
        (COUNTERS.id, COUNTERS.name),
        (CHANGES.id, CHANGES.name),
        (TEMPORARY.id, TEMPORARY.name),
        (ANSWERS.id, ANSWERS.name),
        (SEARCH_WAITING.id, SEARCH_WAITING.name),
        (CONVERSATION_IDS.id, CONVERSATION_IDS.name),
        (CONVERSATIONS.id, CONVERSATIONS.name),
        (OWN_IDS.id, OWN_IDS.name),
        (SITE.id, SITE.name),
    ];
    let found = names.iter().find(|(id, _)| *id == key[0]);
    found.map_or("another", |(_, name)| name)
}

/// A message of 4 KiB as most are: plain text with an identifier of its own.
fn text(number: usize) -> String {
    let header = format!(
        "From: <sender@outside.example>\nTo: <dana@example.org>\nSubject: load {number}\n\
         Message-ID: <{number}@outside.example>\nDate: Thu, 01 Jan 2026 00:00:00 +0000\n\
         MIME-Version: 1.0\nContent-Type: text/plain\n\n"
    );
    let line = "A line of a message, as long as lines in messages use to be.\n";
    header + &line.repeat(60)
}

/// Delivers `COUNTED` messages to an account that has some and keeps no more changes.
fn counted() -> Counts {
    let engine = Arc::new(Counting::default());
    let gateway = gateway_on(engine.clone(), |settings| settings.changes_kept = 16);
    let one = |number| {
        engine.now(Asks::Check);
        let to = ["dana@example.org"];
        let inbound = inbound(&gateway, "sender@outside.example", &to, &text(number));
        assert!((3_900..4_300).contains(&inbound.message.len()), "{}", inbound.message.len());
        engine.now(Asks::Prepare);
        gateway.receive(inbound).wait().unwrap();
    };
    (100..100 + 5 * COUNTED).for_each(one);
    *engine.counts.lock().unwrap() = Counts::default();
    (200..200 + COUNTED).for_each(one);
    std::mem::take(&mut *engine.counts.lock().unwrap())
}

/// The rows of the page's table below a heading, without the head of the table.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let below = PAGE.lines().skip_while(|line| *line != heading).skip(1);
    let lines = below.take_while(|line| !line.starts_with('#'));
    let rows = lines.filter(|line| line.starts_with('|')).skip(2);
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// One row or octet more in each message costs more than most code on its way; so does a page that
/// is no longer true.
#[test]
fn a_message_writes_what_the_page_says_and_no_more() {
    let counts = counted();
    let mut found: Vec<_> = counts.written.iter().collect();
    let page = table("## What one message writes");
    let order = |name: &str| page.iter().position(|row| row[0].trim_matches('`') == name);
    found.sort_by_key(|(name, _)| order(name).unwrap_or(usize::MAX));
    let shown: Vec<String> = found
        .iter()
        .map(|(name, w)| format!("{name} | {} | {} | {} | {}", w.put, w.deleted, w.key, w.value))
        .collect();
    let number = |row: &[&str], at: usize| row[at].parse::<usize>().unwrap_or(usize::MAX);
    // The number of an epoch is random, and has ten octets at most.
    let is_true = |(row, (name, w)): (&Vec<&str>, &(&&str, &Written))| {
        row[0].trim_matches('`') == **name
            && (number(row, 1), number(row, 2), number(row, 3)) == (w.put, w.deleted, w.key)
            && (w.value..w.value + 4).contains(&number(row, 4))
    };
    assert!(
        page.len() == found.len() && page.iter().zip(&found).all(is_true),
        "docs/performance.md should say:\n{}",
        shown.join("\n")
    );
}

#[test]
fn a_message_reads_what_the_page_says_and_no_more() {
    let reads = counted().reads;
    let shown: Vec<String> = reads
        .iter()
        .map(|((asks, how, name), count)| format!("`{name}` | {} | {how} | {count}", asks.as_str()))
        .collect();
    let page: Vec<String> =
        table("## What one message reads").iter().map(|row| row[..4].join(" | ")).collect();
    assert_eq!(page, shown, "docs/performance.md should say:\n{}", shown.join("\n"));
}
