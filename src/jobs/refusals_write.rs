//! Writes refused tries to open an account to the audit log, so that no answer waits for that.

use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::net::work;

/// Runs until `stop`, and writes what is left then.
pub async fn run(gateway: Gateway, stop: CancellationToken) {
    let wake = gateway.refusals_wake();
    loop {
        let is_last = tokio::select! {
            () = stop.cancelled() => true,
            () = wake.notified() => false,
        };
        let gateway = gateway.clone();
        if work::run(move || gateway.refusals_write()).await.is_err() {
            tracing::warn!("refused tries could not be recorded in the audit log");
        }
        if is_last {
            return;
        }
    }
}
