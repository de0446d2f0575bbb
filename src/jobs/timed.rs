//! Runs a job at regular intervals.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::gateway::{Error, Gateway};
use crate::net::work;

/// A job that is started by a timer.
pub struct Job {
    /// The log message if the job fails.
    pub failure: &'static str,
    pub every: Duration,
    /// Does a bounded amount of work.
    pub pass: fn(&Gateway) -> Result<(), Error>,
}

/// Runs until `stop`.
pub async fn run(job: &'static Job, gateway: Gateway, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(job.every) => {}
        }
        let gateway = gateway.clone();
        match work::run(move || (job.pass)(&gateway)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "{}", job.failure),
            Err(error) => tracing::error!(%error, "{}", job.failure),
        }
    }
}
