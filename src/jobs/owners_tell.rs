//! Tells the owners of accounts what happened to the ways into them, at most 100 at a time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::gateway::{Error, Gateway};
use crate::net::work;

const AT_ONCE: usize = 100;
/// How often it looks by itself: a pass may have failed.
const IDLE: Duration = Duration::from_secs(600);

/// Runs until `stop`.
pub async fn run(gateway: Gateway, stop: CancellationToken) {
    let wake = gateway.news_wake();
    loop {
        if let Err(error) = pass(&gateway).await {
            tracing::warn!(%error, "owners could not be told of changes to their accounts");
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
        // What could not be told waits for the next pass.
        while gateway.owners_tell(AT_ONCE)? == (AT_ONCE, true) {}
        Ok(())
    });
    done.await.unwrap_or(Err(Error::BrokeOff))
}
