//! Runs a job when it is woken, and by itself from time to time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::gateway::{Error, Gateway};
use crate::net::work;

/// A job that is woken when there is something to do.
pub struct Job {
    /// The log message if the job fails.
    pub failure: &'static str,
    pub wake: fn(&Gateway) -> Arc<Notify>,
    /// How often it looks by itself: a pass may have failed.
    pub idle: Duration,
    /// How long it waits after a pass in any case, so that what happens at about the same time is done
    /// together.
    pub gather: Duration,
    /// Does a bounded amount of work.
    pub pass: fn(&Gateway) -> Result<Again, Error>,
}

/// When a job looks again if nothing wakes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Something waits.
    AtOnce,
    WhenIdle,
}

/// Runs until `stop`.
pub async fn run(job: &'static Job, gateway: Gateway, stop: CancellationToken) {
    let wake = (job.wake)(&gateway);
    loop {
        let this = gateway.clone();
        let done = work::run(move || (job.pass)(&this)).await.unwrap_or(Err(Error::BrokeOff));
        let pause = match done {
            Ok(Again::AtOnce) => Duration::ZERO,
            Ok(Again::WhenIdle) => job.idle,
            Err(error) => {
                tracing::warn!(%error, "{}", job.failure);
                job.idle
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(job.gather) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
