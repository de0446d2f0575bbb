//! Runs blocking work off the async threads. This is the only way in which an edge calls the core,
//! which reads from disk, seals, and waits for the store's writer under load.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinError;

/// Why work was not done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// It was not started.
    #[error("too many requests are in progress")]
    Busy,
    #[error("the work failed: {0}")]
    Failed(#[from] JoinError),
}

/// Runs `work` off the async threads. It continues even if the caller stops waiting.
pub async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotDone> {
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// A limited number of workers. Clones share the limit.
#[derive(Clone)]
pub struct Workers {
    permits: Arc<Semaphore>,
    timeout: Duration,
}

impl Workers {
    /// Allows at most `at_once` pieces of work at the same time; further ones wait for at most
    /// `timeout`.
    pub fn new(at_once: usize, timeout: Duration) -> Workers {
        Workers { permits: Arc::new(Semaphore::new(at_once)), timeout }
    }

    /// Runs `work` when there is a permit for it, and holds the permit until it is done.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let permit = tokio::time::timeout(self.timeout, self.permits.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| NotDone::Busy)?.expect("the semaphore is never closed");
        run(move || {
            let done = work();
            drop(permit);
            done
        })
        .await
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
}
