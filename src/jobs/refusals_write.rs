//! Writes refused tries to open an account to the audit log, so that no answer waits for that.

use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::net::work;

/// Runs until `stop`. What is refused while the edges stop is written after them (`Running::stop`).
pub async fn run(gateway: Gateway, stop: CancellationToken) {
    let wake = gateway.refusals_wake();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = wake.notified() => {}
        }
        let gateway = gateway.clone();
        if work::run(move || gateway.refusals_write()).await.is_err() {
            tracing::warn!("refused tries could not be recorded in the audit log");
        }
    }
}
