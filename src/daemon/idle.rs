//! Gives back memory that is only worth keeping while there is work.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::net::work;
use crate::vault::Vault;

/// How long the memory in which passwords are checked is kept after the last check.
pub const PASSWORD_MEMORY: Duration = Duration::from_secs(20);

/// Runs until `stop`, and gives back what was not used for a time.
pub async fn run(vault: Vault, time: Duration, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(time / 2) => {}
        }
        let Some(unused_since) = Instant::now().checked_sub(time) else { continue };
        if vault.passwords().kept_octets() == 0 {
            continue;
        }
        // Wiping it takes some milliseconds.
        let vault = vault.clone();
        if let Err(error) = work::run(move || vault.passwords().give_back(unused_since)).await {
            tracing::error!(%error, "unused memory could not be given back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{DaemonKey, Password, PasswordCost, PoolLimits};

    #[tokio::test]
    async fn the_memory_of_passwords_is_given_back_some_time_after_the_last_check() {
        let cost = PasswordCost { memory_kib: 1024, passes: 1, lanes: 1 };
        let vault = Vault::new(DaemonKey::from_bytes([1; 32]), PoolLimits::default(), cost);
        let stop = CancellationToken::new();
        let time = Duration::from_millis(100);
        let running = tokio::spawn(run(vault.clone(), time, stop.clone()));
        vault.passwords().decoy(&Password::new("x").unwrap()).unwrap();
        assert!(vault.passwords().kept_octets() >= 1024 * 1024);
        let gone = async {
            while vault.passwords().kept_octets() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
        stop.cancel();
        running.await.unwrap();
    }
}
