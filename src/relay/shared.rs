//! What every session of the relay shares.

use crate::config;
use crate::gateway::{self, Gateway};
use crate::net::dns::Resolver;
use crate::net::work;

use super::dkim::Signers;
use super::trust::Trust;

/// What every session of the relay shares.
pub(super) struct Shared {
    pub(super) gateway: Gateway,
    pub(super) resolver: Resolver,
    pub(super) config: config::Relay,
    pub(super) host_name: String,
    pub(super) signers: Signers,
    pub(super) trust: Trust,
}

/// Calls the core off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Gateway) -> Result<T, gateway::Error> + Send + 'static,
) -> Result<T, gateway::Error> {
    let gateway = shared.gateway.clone();
    work::run(move || work(&gateway)).await.unwrap_or(Err(gateway::Error::BrokeOff))
}
