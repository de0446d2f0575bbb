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
    /// Our own name.
    pub host: String,
    /// `None`: STARTTLS is not offered.
    pub tls: Option<Arc<ServerConfig>>,
    pub budget: Budget,
    /// The threads that call the core, which reads, seals, and waits for the store.
    pub workers: Workers,
    /// The verifier of senders; senders are not verified without it.
    pub verifier: OnceLock<Verifier>,
}

impl Shared {
    /// Calls the core off the async threads, once a worker is free.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Gateway) -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let gateway = self.gateway.clone();
        self.workers.run(move || work(&gateway)).await
    }
}
