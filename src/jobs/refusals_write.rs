//! Writes refused tries to open an account to the audit log, so that no answer waits for that.

use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::net::work;

/// Runs until `stop`, and then writes what waits: the edges may take long to stop, and the daemon may
/// be killed meanwhile. What is refused while they stop is written after them (`Running::stop`).
pub async fn run(gateway: Gateway, stop: CancellationToken) {
    let wake = gateway.refusals_wake();
    let mut is_last = false;
    while !is_last {
        tokio::select! {
            () = stop.cancelled() => is_last = true,
            () = wake.notified() => {}
        }
        let gateway = gateway.clone();
        if work::run(move || gateway.refusals_write()).await.is_err() {
            tracing::warn!("refused tries could not be recorded in the audit log");
        }
    }
}
