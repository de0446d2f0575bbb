//! Releases submissions that can no longer be undone: when one becomes due or is submitted, at
//! most 100 at a time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::gateway::{Error, Gateway};
use crate::net::work;

const AT_ONCE: usize = 100;
/// How long to wait if no submission is held or the store cannot be read.
const IDLE: Duration = Duration::from_secs(30);

/// Runs until `stop`.
pub async fn run(gateway: Gateway, stop: CancellationToken) {
    let wake = gateway.hold_wake();
    loop {
        let pause = match pass(&gateway).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "held submissions could not be released");
                IDLE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Releases the submissions that are due; returns the time until the next one is.
async fn pass(gateway: &Gateway) -> Result<Duration, Error> {
    let gateway = gateway.clone();
    let done = work::run(move || {
        if gateway.messages_release(AT_ONCE)? == AT_ONCE {
            // There may be more.
            return Ok(Duration::ZERO);
        }
        let due = gateway.messages_next_due()?;
        let now = gateway.clock().now();
        Ok(due.map_or(IDLE, |due| {
            Duration::from_millis(u64::try_from(due.0 - now.0).unwrap_or_default()).min(IDLE)
        }))
    });
    done.await.unwrap_or(Err(Error::BrokeOff))
}
