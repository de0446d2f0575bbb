//! The store: records and contents, which are durable before they are acknowledged.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Table`] | typed keys and records; each value is sealed and bound to its table and key |
//! | [`Store::transact`] | runs a closure that reads and writes, alone on the only writer |
//! | contents | message octets, already sealed by the vault, keyed by reference number |
//! | [`engine::Engine`] | the bytes below: the local journal and its index, or memory |
//! | [`Error`] | why an operation of any of these failed |
//!
//! There are deliberately no queries, no automatic secondary indexes and no locks. A feature
//! maintains its own index rows in the same transaction.

#[cfg(test)]
mod conformance;
pub mod engine;
mod error;
pub mod local;
pub mod memory;
mod span;
pub mod table;

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::vault::Vault;

pub use engine::{BackedUp, BackupPart, Engine, Piece, Room, Staged, Staging, Verified};
pub use error::Error;
pub use span::{ContentId, Order, Span, Visit, VisitKey};
pub use table::{Key, Record, Table, migrated, read_record};

/// A handle on the store; clones share it.
#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    vault: Vault,
}

impl Store {
    /// Returns a store on `engine`, whose records are sealed by `vault`.
    pub fn new(engine: Arc<dyn Engine>, vault: Vault) -> Store {
        Store { engine, vault }
    }

    /// Runs `work` alone on the writer and returns its result once everything it wrote is on
    /// disk. `work` may be run again, so it must have no side effects. An `Err` writes nothing.
    pub fn transact<T, E, F>(&self, work: F) -> Pending<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.transact_then(work, |_| ())
    }

    /// As [`Store::transact`], and calls `after` with the answer once it is settled, on the
    /// writer, before the caller hears of it: for hints to the listeners. `after`
    /// is quick and never blocks.
    pub fn transact_then<T, E, F, A>(&self, work: F, after: A) -> Pending<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        A: FnOnce(&Result<T, E>) + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let vault = self.vault.clone();
        self.engine.submit(Box::new(Work { work, after, vault, answer: None, sender }));
        Pending(receiver)
    }

    /// Begins to write a piece of a large content before the transaction that will refer to it.
    pub fn content_stage_begin(&self, piece: Bytes) -> Staging {
        self.engine.content_stage_begin(piece)
    }

    /// Writes a piece of a large content before the transaction that will refer to it.
    pub fn content_stage(&self, piece: Bytes) -> Result<Staged, Error> {
        self.engine.content_stage(piece)
    }

    /// Returns the stored length of a content in octets; `None` if it does not exist.
    pub fn content_length(&self, id: ContentId) -> Result<Option<u64>, Error> {
        self.engine.content_length(id)
    }

    /// Reads at most `length` octets of a content from `offset`, as they were stored.
    pub fn content_read(&self, id: ContentId, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        self.engine.content_read(id, offset, length)
    }

    /// Visits the records whose keys begin with `prefix`, in whatever order takes the least time; as
    /// [`Read::scan_readable`] does, it skips those that cannot be read.
    pub fn scan_any_order<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        prefix: &impl Key,
        visit: impl FnMut(K, V) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let span = Span::prefix(&table.raw(prefix), Order::Ascending);
        self.engine.scan_any_order(&span, &mut readable(&self.vault, table, visit))
    }

    /// Returns the engine, for operations on the whole store: verify, checkpoint, compact.
    pub fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }
}

/// Reads typed records: from the store, or inside a transaction.
pub trait Read {
    #[doc(hidden)]
    fn raw_get(&self, key: &[u8]) -> Result<Option<Bytes>, Error>;
    #[doc(hidden)]
    fn raw_scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error>;
    #[doc(hidden)]
    fn raw_has(&self, key: &[u8]) -> Result<bool, Error>;
    #[doc(hidden)]
    fn raw_scan_keys(&self, span: &Span, visit: VisitKey<'_>) -> Result<(), Error>;
    #[doc(hidden)]
    fn vault(&self) -> &Vault;

    /// Returns the record under `key`, or `None`.
    fn get<K: Key, V: Record>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, Error> {
        let raw = table.raw(key);
        match self.raw_get(&raw)? {
            Some(sealed) => open_record(self.vault(), table, &raw, &sealed).map(Some),
            None => Ok(None),
        }
    }

    /// Returns whether there is a record under `key`; does not open it.
    fn has<K: Key, V: Record>(&self, table: &Table<K, V>, key: &K) -> Result<bool, Error> {
        self.raw_has(&table.raw(key))
    }

    /// Returns how many records have keys that begin with `prefix`; opens none.
    fn count<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        prefix: &impl Key,
    ) -> Result<u64, Error> {
        let mut count = 0;
        self.raw_scan_keys(&Span::prefix(&table.raw(prefix), Order::Ascending), &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        })?;
        Ok(count)
    }

    /// Visits the records whose keys begin with `prefix` until `visit` breaks.
    fn scan<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        prefix: &impl Key,
        order: Order,
        visit: impl FnMut(K, V) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.scan_span(table, &Span::prefix(&table.raw(prefix), order), visit)
    }

    /// As [`Read::scan`], for work that must not stop at one record: one that cannot be read, because
    /// it is damaged or a later version of the program wrote it, is logged and skipped.
    fn scan_readable<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        prefix: &impl Key,
        visit: impl FnMut(K, V) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let span = Span::prefix(&table.raw(prefix), Order::Ascending);
        self.scan_span_readable(table, &span, visit)
    }

    /// As [`Read::scan_readable`], in a range of raw keys (see [`Table::raw`]).
    fn scan_span_readable<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        span: &Span,
        visit: impl FnMut(K, V) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.raw_scan(span, &mut readable(self.vault(), table, visit))
    }

    /// Visits the keys that begin with `prefix`, and opens no record.
    fn scan_keys<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        prefix: &impl Key,
        visit: impl FnMut(K) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.scan_keys_in(table, prefix, Order::Ascending, visit)
    }

    /// As [`Read::scan_keys`], in an order.
    fn scan_keys_in<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        prefix: &impl Key,
        order: Order,
        mut visit: impl FnMut(K) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let span = Span::prefix(&table.raw(prefix), order);
        self.raw_scan_keys(&span, &mut |raw| match table.key(raw) {
            Some(key) => visit(key),
            None => ControlFlow::Continue(()),
        })
    }

    /// Visits the records in a range of raw keys (see [`Table::raw`]) until `visit` breaks.
    fn scan_span<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        span: &Span,
        mut visit: impl FnMut(K, V) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut failed = None;
        self.raw_scan(span, &mut |raw, sealed| {
            let record = open_record(self.vault(), table, raw, sealed);
            match (table.key(raw), record) {
                (Some(key), Ok(record)) => visit(key, record),
                (None, _) => {
                    failed = Some(Error::Damaged(format!("a key in table {}", table.name)));
                    ControlFlow::Break(())
                }
                (_, Err(error)) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }
}

impl Read for Store {
    fn raw_get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.engine.get(key)
    }

    fn raw_scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        self.engine.scan(span, visit)
    }

    fn raw_has(&self, key: &[u8]) -> Result<bool, Error> {
        self.engine.has(key)
    }

    fn raw_scan_keys(&self, span: &Span, visit: VisitKey<'_>) -> Result<(), Error> {
        self.engine.scan_keys(span, visit)
    }

    fn vault(&self) -> &Vault {
        &self.vault
    }
}

/// Records are seldom longer.
const RECORD_OCTETS: usize = 256;

/// One transaction, which reads the committed state and its own writes.
pub struct Tx<'t> {
    raw: &'t mut dyn engine::RawTx,
    vault: &'t Vault,
}

impl Tx<'_> {
    /// Writes `record` under `key`, replacing an existing one.
    pub fn put<K: Key, V: Record>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        record: &V,
    ) -> Result<(), Error> {
        let raw = table.raw(key);
        // Most records fit: a buffer that grows is copied and wiped each time.
        let plain = postcard::to_extend(record, Vec::with_capacity(RECORD_OCTETS));
        let plain = zeroize::Zeroizing::new(plain.map_err(|_| Error::Seal)?);
        let sealed = self.vault.record_seal(table.id, V::VERSION, &raw, &plain)?;
        self.raw.put(raw, sealed.into());
        Ok(())
    }

    /// Writes `record` unless there is one under `key`; returns whether it was written.
    pub fn insert<K: Key, V: Record>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        record: &V,
    ) -> Result<bool, Error> {
        if self.raw.has(&table.raw(key))? {
            return Ok(false);
        }
        self.put(table, key, record)?;
        Ok(true)
    }

    /// Removes the record under `key`, if there is one.
    pub fn delete<K: Key, V: Record>(&mut self, table: &Table<K, V>, key: &K) {
        self.raw.delete(table.raw(key));
    }

    /// Stores a content, whose pieces are already sealed.
    pub fn content_put(&mut self, id: ContentId, pieces: Vec<Piece>) {
        self.raw.content_put(id, pieces);
    }

    /// Removes a content, if it exists.
    pub fn content_delete(&mut self, id: ContentId) {
        self.raw.content_delete(id);
    }

    /// Returns whether a content is stored under `id`.
    pub fn content_exists(&self, id: ContentId) -> Result<bool, Error> {
        Ok(self.raw.content_length(id)?.is_some())
    }
}

impl Read for Tx<'_> {
    fn raw_get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.raw.get(key)
    }

    fn raw_scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        self.raw.scan(span, visit)
    }

    fn raw_has(&self, key: &[u8]) -> Result<bool, Error> {
        self.raw.has(key)
    }

    fn raw_scan_keys(&self, span: &Span, visit: VisitKey<'_>) -> Result<(), Error> {
        self.raw.scan_keys(span, visit)
    }

    fn vault(&self) -> &Vault {
        self.vault
    }
}

/// A visitor of raw rows that passes on the records which can be read.
fn readable<K: Key, V: Record>(
    vault: &Vault,
    table: &Table<K, V>,
    mut visit: impl FnMut(K, V) -> ControlFlow<()>,
) -> impl FnMut(&[u8], &[u8]) -> ControlFlow<()> {
    move |raw, sealed| match (table.key(raw), open_record(vault, table, raw, sealed)) {
        (Some(key), Ok(record)) => visit(key, record),
        (_, read) => {
            let error = read.err().map(|error| error.to_string()).unwrap_or_default();
            tracing::error!(table = table.name, error, "a record was skipped");
            ControlFlow::Continue(())
        }
    }
}

fn open_record<K: Key, V: Record>(
    vault: &Vault,
    table: &Table<K, V>,
    raw: &[u8],
    sealed: &[u8],
) -> Result<V, Error> {
    let moved =
        || Error::Damaged(format!("a record in table {}: it was changed or moved", table.name));
    let (version, plain) = vault.record_open(table.id, raw, sealed).map_err(|_| moved())?;
    read_record(table.name, version, &plain)
}

/// A result that arrives once the transaction is durable. Await it at an edge, or [`wait`] for
/// it on a thread that may block.
///
/// [`wait`]: Pending::wait
#[must_use = "if nothing waits for a transaction, its failure goes unnoticed"]
pub struct Pending<T, E>(oneshot::Receiver<Result<T, E>>);

impl<T, E: From<Error>> Pending<T, E> {
    /// Returns a result that is already known, for what failed before it reached the writer.
    pub fn ready(answer: Result<T, E>) -> Pending<T, E> {
        let (sender, receiver) = oneshot::channel();
        // The receiver still exists here, so this cannot fail.
        let _ = sender.send(answer);
        Pending(receiver)
    }

    /// Blocks until the result arrives. Must not be called on an async thread.
    pub fn wait(self) -> Result<T, E> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(Error::Closed.into()))
    }
}

impl<T, E: From<Error>> Future for Pending<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|receiver| receiver.unwrap_or_else(|_| Err(Error::Closed.into())))
    }
}

struct Work<T, E, F, A> {
    work: F,
    after: A,
    vault: Vault,
    answer: Option<Result<T, E>>,
    sender: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F, A> engine::Job for Work<T, E, F, A>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    A: FnOnce(&Result<T, E>) + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, tx: &mut dyn engine::RawTx) -> bool {
        let answer = (self.work)(&mut Tx { raw: tx, vault: &self.vault });
        let commit = answer.is_ok();
        self.answer = Some(answer);
        commit
    }

    fn done(self: Box<Self>, outcome: Result<(), Error>) {
        let answer = match outcome {
            Ok(()) => self.answer.unwrap_or_else(|| Err(Error::Closed.into())),
            Err(error) => Err(error.into()),
        };
        (self.after)(&answer);
        // The caller may have gone away; the transaction is committed all the same.
        let _ = self.sender.send(answer);
    }
}
