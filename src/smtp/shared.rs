//! What every session of one service shares.

use std::sync::{Arc, OnceLock};

use rustls::ServerConfig;

use crate::config;
use crate::gateway::Gateway;

use super::budget::Budget;
use super::verify::Verifier;

/// What every session of one service shares.
pub struct Shared {
    pub gateway: Gateway,
    pub config: config::Smtp,
    /// Our own name.
    pub host: String,
    /// `None`: STARTTLS is not offered.
    pub tls: Option<Arc<ServerConfig>>,
    pub budget: Budget,
    /// Who vouches for what comes in; nobody is asked without it.
    pub verifier: OnceLock<Verifier>,
}
