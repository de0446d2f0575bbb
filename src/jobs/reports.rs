//! Writes delivery reports to senders: when something is to be reported, at most every two seconds,
//! and again as long as a report waits for other recipients of its message.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::gateway::{Error, Gateway};
use crate::net::work;

/// How often it looks whether a report may be written.
const LOOK: Duration = Duration::from_secs(2);
/// How long to wait if nothing is to be reported, or the store cannot be read.
const IDLE: Duration = Duration::from_secs(60);

/// Runs until `stop`.
pub async fn run(gateway: Gateway, stop: CancellationToken) {
    let wake = gateway.report_wake();
    loop {
        let more = match pass(&gateway).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => IDLE,
            Err(error) => {
                tracing::warn!(%error, "reports could not be written");
                IDLE
            }
        };
        // Recipients fail one after another: a pass looks at all that failed since the last one.
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = wake.notified() => {}
            () = tokio::time::sleep(more) => {}
        }
    }
}

/// Returns whether a report waits.
async fn pass(gateway: &Gateway) -> Result<bool, Error> {
    let gateway = gateway.clone();
    work::run(move || gateway.reports_write()).await.unwrap_or(Err(Error::BrokeOff))
}
