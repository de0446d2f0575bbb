//! Runs blocking work off the async threads. This is the only way in which an edge calls the core,
//! which reads from disk, seals, and waits for the store's writer under load; what the core tells
//! from memory, an edge may ask directly.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinError;

use crate::wipe::{wipe_registers, wipe_stack};

/// Why work was not done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// It was not started.
    #[error("too much is being done at once")]
    Busy,
    #[error("the work failed: {0}")]
    Failed(String),
}

impl From<JoinError> for NotDone {
    fn from(error: JoinError) -> NotDone {
        NotDone::Failed(error.to_string())
    }
}

/// Runs `work` off the async threads, on one of the runtime's own blocking threads. It continues
/// even if the caller stops waiting. For work that is rare or long; for each request there are
/// [`Workers`].
pub async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotDone> {
    let work = || {
        let done = work();
        wipe_registers();
        done
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// A limited number of worker threads. Clones share them.
///
/// They have a queue of their own, because a message costs two or three calls of the core: on the
/// runtime's blocking threads, which park after each call, every call costs two more switches of
/// threads (about a tenth of the rate at which messages are accepted).
#[derive(Clone)]
pub struct Workers {
    permits: Arc<Semaphore>,
    timeout: Duration,
    threads: Arc<Threads>,
}

impl Workers {
    /// Allows at most `at_once` pieces of work at the same time, each immediately on a thread of its
    /// own; further ones wait for at most `timeout`.
    pub fn new(at_once: usize, timeout: Duration) -> Workers {
        Workers::growing(at_once, at_once, timeout)
    }

    /// As [`Workers::new`], for many short pieces of work: as many threads as the machine has cores,
    /// and one more, share them. Further threads help only while these do not keep up, as when they
    /// wait for the disk.
    pub fn few(at_once: usize, timeout: Duration) -> Workers {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Workers::growing((cores + 1).min(at_once), at_once, timeout)
    }

    fn growing(usual: usize, at_once: usize, timeout: Duration) -> Workers {
        Workers {
            permits: Arc::new(Semaphore::new(at_once)),
            timeout,
            threads: Arc::new(Threads { usual, max: at_once, ..Threads::default() }),
        }
    }

    /// Runs `work` when there is a permit for it, and holds the permit until it is done. It
    /// continues even if the caller stops waiting; a panic is a failure of this work alone.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let permit = tokio::time::timeout(self.timeout, self.permits.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| NotDone::Busy)?.expect("the semaphore is never closed");
        let (sender, mut done) = oneshot::channel();
        self.threads.run(Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(work));
            drop(permit);
            // The caller may have stopped waiting.
            drop(sender.send(outcome));
        }));
        let outcome = loop {
            match tokio::time::timeout(HELP_AFTER, &mut done).await {
                Ok(outcome) => break outcome,
                Err(_) => self.threads.help(),
            }
        };
        match outcome {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(NotDone::Failed("it panicked".to_owned())),
            Err(_) => Err(NotDone::Failed("no thread could be started".to_owned())),
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that are started when there is work for them, and end when there is none for some time.
#[derive(Default)]
struct Threads {
    /// As many are started without waiting.
    usual: usize,
    max: usize,
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    all: usize,
    idle: usize,
}

/// A thread without work ends after this time.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// When a piece of work has taken this time, and again after it, a further thread is started if
/// work waits for one.
const HELP_AFTER: Duration = Duration::from_millis(20);

impl Threads {
    /// Runs `job` on a thread that is idle, or new, or the first to finish its present job. If
    /// there is no thread at all and none can be started, the job is dropped.
    fn run(self: &Arc<Self>, job: Job) {
        let mut state = self.lock();
        state.queue.push_back(job);
        if state.queue.len() <= state.idle || state.all >= self.usual {
            drop(state);
            self.more.notify_one();
            return;
        }
        self.start(state);
    }

    /// Starts a further thread if work waits for one.
    fn help(self: &Arc<Self>) {
        let state = self.lock();
        if state.queue.len() > state.idle && state.all < self.max {
            self.start(state);
        }
    }

    fn start(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let threads = self.clone();
        let started = thread::Builder::new().name("worker".to_owned()).spawn(move || {
            threads.work();
            // The system keeps the stacks of ended threads for new ones.
            wipe_stack();
        });
        match started {
            Ok(_) => state.all += 1,
            Err(error) => {
                tracing::error!(%error, "a worker thread could not be started");
                if state.all == 0 {
                    state.queue.clear();
                }
            }
        }
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.queue.pop_front() {
                drop(state);
                job();
                state = self.lock();
                continue;
            }
            if state.all > self.usual {
                state.all -= 1;
                return;
            }
            state.idle += 1;
            wipe_registers();
            let waited = self.more.wait_timeout_while(state, IDLE_MAX, |s| s.queue.is_empty());
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.idle -= 1;
            if state.queue.is_empty() {
                state.all -= 1;
                return;
            }
        }
    }

    /// Jobs do not run while this is locked, so a panic cannot leave it half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_over_the_limit_waits_for_a_permit_and_no_longer_than_it_may() {
        let workers = Workers::new(1, Duration::from_millis(50));
        let (started, has_started) = tokio::sync::oneshot::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let workers = workers.clone();
            async move {
                let work = move || {
                    started.send(()).unwrap();
                    may_end.recv().unwrap();
                };
                workers.run(work).await
            }
        });
        has_started.await.unwrap();
        assert!(matches!(workers.run(|| ()).await, Err(NotDone::Busy)));
        // The work keeps its permit even when the caller stops waiting.
        first.abort();
        assert!(matches!(workers.run(|| ()).await, Err(NotDone::Busy)));
        end.send(()).unwrap();
        let patient = Workers { timeout: Duration::from_secs(60), ..workers };
        assert_eq!(patient.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_of_that_work_alone() {
        let workers = Workers::new(1, Duration::from_secs(60));
        let failed = workers.run(|| assert_eq!(1, 2, "on purpose")).await;
        assert!(matches!(failed, Err(NotDone::Failed(_))));
        assert_eq!(workers.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn work_at_once_has_threads_at_once_and_no_more() {
        let workers = Workers::new(4, Duration::from_secs(60));
        for _ in 0..100 {
            workers.run(|| ()).await.unwrap();
        }
        let together = Arc::new(std::sync::Barrier::new(4));
        for workers in [workers, Workers::growing(1, 4, Duration::from_secs(60))] {
            let four: Vec<_> = (0..4)
                .map(|_| {
                    let (workers, together) = (workers.clone(), together.clone());
                    tokio::spawn(async move { workers.run(move || together.wait()).await })
                })
                .collect();
            for one in four {
                one.await.unwrap().unwrap();
            }
            assert!(workers.threads.lock().all <= 4);
        }
    }
}
