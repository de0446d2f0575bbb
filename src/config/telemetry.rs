//! `[telemetry]`: numbers for programs that watch the daemon.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Problem;

/// Numbers for programs that watch the daemon.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// A loopback address, such as `127.0.0.1:9464`, at which `/metrics`, `/healthz` and `/readyz` are
    /// answered over plain HTTP; empty for none.
    pub metrics_listen: Vec<SocketAddr>,
}

impl Telemetry {
    pub(super) fn check(&self) -> Result<(), Problem> {
        match self.metrics_listen.iter().find(|address| !address.ip().is_loopback()) {
            Some(address) => {
                let allowed = "an address of this machine alone, such as 127.0.0.1:9464";
                Err(Problem::new("telemetry.metrics_listen", address.to_string(), allowed))
            }
            None => Ok(()),
        }
    }
}
