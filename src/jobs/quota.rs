//! Warns the owners of accounts that fill up: when one reaches a level, at most 100 at a time. At
//! first it counts what earlier versions did not count.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::gateway::{Error, Gateway};
use crate::net::work;

const AT_ONCE: usize = 100;
/// How often it looks by itself: the configured limits may have changed, or a pass may have failed.
const IDLE: Duration = Duration::from_secs(600);

/// Runs until `stop`.
pub async fn run(gateway: Gateway, stop: CancellationToken) {
    let wake = gateway.quota_wake();
    loop {
        if let Err(error) = pass(&gateway).await {
            tracing::warn!(%error, "the quotas could not be checked");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = wake.notified() => {}
            () = tokio::time::sleep(IDLE) => {}
        }
    }
}

async fn pass(gateway: &Gateway) -> Result<(), Error> {
    let gateway = gateway.clone();
    let done = work::run(move || {
        while gateway.quotas_count(AT_ONCE)? == AT_ONCE {}
        gateway.quotas_warn(AT_ONCE).map(drop)
    });
    done.await.unwrap_or(Err(Error::BrokeOff))
}
