//! The index in sled 0.34, of which only the reliable parts are used: one tree, plain batches from
//! one thread, small values, no transactions, no `flush_async`.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::{Changes, Index, IndexError, Row};
use crate::store::span::{Order, Span};

/// How long to wait for the lock of a dropped handle.
const LOCK_WAIT: Duration = Duration::from_secs(2);
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Rows in a sled database, in a folder of its own.
pub struct SledIndex {
    folder: PathBuf,
    cache_octets: u64,
    /// `None` between a failure and the next `reopen` or `wipe`.
    db: RwLock<Option<sled::Db>>,
}

impl From<sled::Error> for IndexError {
    fn from(error: sled::Error) -> IndexError {
        IndexError(error.to_string())
    }
}

impl SledIndex {
    /// Opens the folder, or leaves it closed if it cannot be opened: the caller then wipes it.
    pub fn open(folder: &Path, cache_octets: u64) -> SledIndex {
        let index = SledIndex { folder: folder.to_owned(), cache_octets, db: RwLock::new(None) };
        if let Err(error) = index.reopen() {
            tracing::warn!(%error, "the index cannot be opened and will be rebuilt");
        }
        index
    }

    fn open_db(&self) -> Result<sled::Db, IndexError> {
        let config = sled::Config::new()
            .path(&self.folder)
            .cache_capacity(self.cache_octets)
            .flush_every_ms(None)
            .mode(sled::Mode::HighThroughput);
        let until = Instant::now() + LOCK_WAIT;
        loop {
            let opened = guarded(|| Ok(config.open()?));
            // sled's own threads may keep the previous handle for a moment after it was dropped.
            match opened {
                Err(error) if error.0.contains("lock") && Instant::now() < until => {
                    std::thread::sleep(LOCK_PAUSE);
                }
                opened => return opened,
            }
        }
    }

    fn db(&self) -> Result<sled::Db, IndexError> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        db.clone().ok_or_else(|| IndexError("closed".to_owned()))
    }

    fn replace(&self, db: Option<sled::Db>) {
        *self.db.write().unwrap_or_else(PoisonError::into_inner) = db;
    }
}

impl Index for SledIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Row>, IndexError> {
        let db = self.db()?;
        let found = guarded(|| Ok(db.get(key)?))?;
        found.map(|octets| decode(&octets)).transpose()
    }

    fn scan(
        &self,
        span: &Span,
        visit: &mut dyn FnMut(&[u8], Row) -> ControlFlow<()>,
    ) -> Result<(), IndexError> {
        let db = self.db()?;
        let mut range = match &span.to {
            Some(to) if *to <= span.from => return Ok(()),
            Some(to) => db.range(span.from.clone()..to.clone()),
            None => db.range(span.from.clone()..),
        };
        let mut visit_row = |entry: sled::Result<(sled::IVec, sled::IVec)>| {
            let (key, octets) = entry?;
            Ok::<_, IndexError>(visit(&key, decode(&octets)?))
        };
        // Only sled's steps are guarded; a panic of the visitor is passed on.
        loop {
            let next = guarded(|| {
                Ok(match span.order {
                    Order::Ascending => range.next(),
                    Order::Descending => range.next_back(),
                })
            })?;
            let Some(entry) = next else { return Ok(()) };
            if visit_row(entry)?.is_break() {
                return Ok(());
            }
        }
    }

    fn apply(&self, changes: &Changes) -> Result<(), IndexError> {
        let mut batch = sled::Batch::default();
        for (key, row) in changes {
            match row {
                Some(row) => batch.insert(key.as_slice(), row.encode()),
                None => batch.remove(key.as_slice()),
            }
        }
        let db = self.db()?;
        guarded(|| Ok(db.apply_batch(batch)?))
    }

    fn flush(&self) -> Result<(), IndexError> {
        let db = self.db()?;
        guarded(|| Ok(db.flush()?))?;
        // On Linux, sled's flush uses sync_file_range, which makes nothing durable. The page cache
        // belongs to the file, so it can be synced through any descriptor.
        let file = File::open(self.folder.join("db"));
        file.and_then(|file| file.sync_all()).map_err(|error| IndexError(error.to_string()))
    }

    fn reopen(&self) -> Result<(), IndexError> {
        // The folder's lock is released with the old handle, which a reader may still be using.
        self.replace(None);
        let db = self.open_db()?;
        self.replace(Some(db));
        Ok(())
    }

    fn wipe(&self) -> Result<(), IndexError> {
        self.replace(None);
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(IndexError(error.to_string()));
            }
            _ => {}
        }
        self.reopen()
    }
}

/// Runs a call of sled, which may panic on damaged files; a panic becomes an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    done.unwrap_or_else(|_| Err(IndexError("sled panicked".to_owned())))
}

fn decode(octets: &[u8]) -> Result<Row, IndexError> {
    Row::decode(octets).ok_or_else(|| IndexError("a row cannot be read".to_owned()))
}
