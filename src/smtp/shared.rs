//! The state that all sessions of one service share.

use std::sync::{Arc, OnceLock};

use rustls::ServerConfig;

use crate::config;
use crate::gateway::Gateway;
use crate::net::work::{NotDone, Workers};

use super::budget::Budget;
use super::verify::Verifier;

/// The state that all sessions of one service share.
pub struct Shared {
    pub gateway: Gateway,
    pub config: config::Smtp,
    /// Our own host name.
    pub host: String,
    /// `None`: STARTTLS is not offered.
    pub tls: Option<Arc<ServerConfig>>,
    pub budget: Budget,
    /// Runs calls of the core, which read, seal, and wait for the store.
    pub workers: Workers,
    /// Checks SPF, DKIM and DMARC for incoming messages; nothing is checked without it.
    pub verifier: OnceLock<Verifier>,
}

impl Shared {
    /// Calls the core off the async threads, as soon as a worker is free.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Gateway) -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let gateway = self.gateway.clone();
        self.workers.run(move || work(&gateway)).await
    }
}
