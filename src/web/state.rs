//! What every request shares, and the one way in which the web edge calls the core.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Timestamp;
use crate::config;
use crate::gateway::{self, Gateway};
use crate::net::remote_image::RemoteImages;
use crate::net::tls::Identity;
use crate::net::work::{self, NotDone, Workers};

use super::attempts::Attempts;
use super::error::Problem;
use super::replay::Seen;
use super::streams::Streams;
use super::ticket::Tickets;

/// What every request shares. Clones share it too.
#[derive(Clone)]
pub struct Web {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) gateway: Gateway,
    pub(super) config: config::Https,
    /// What the service shows as its own; here for the managers to see when it ends.
    pub(super) identity: Identity,
    /// What fetches images that lie elsewhere, where readers may ask for them.
    pub(super) remote_images: OnceLock<RemoteImages>,
    /// Proofs from before this moment are refused: what was seen then is forgotten.
    pub(super) started: Timestamp,
    pub(super) seen: Seen,
    pub(super) tickets: Tickets,
    pub(super) attempts: Attempts,
    pub(super) streams: Streams,
    /// Who works on records.
    pub(super) records: Workers,
    /// Who works on what holds a whole message.
    pub(super) contents: Workers,
}

/// The connection that a request came on.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    /// Cancelled when the daemon is asked to stop.
    pub(super) stop: CancellationToken,
}

/// What a piece of work holds in memory, and so which limit it counts against.
#[derive(Clone, Copy)]
pub(super) enum CostClass {
    Records,
    Content,
}

impl Web {
    /// The edge in front of `gateway`.
    pub fn new(gateway: Gateway, config: config::Https, identity: Identity) -> Web {
        let timeout = Duration::from_secs(config.turn_timeout_secs);
        let shared = Shared {
            identity,
            remote_images: OnceLock::new(),
            started: gateway.clock().now(),
            seen: Seen::new(config.proofs_remembered_max, config.proof_age_secs),
            tickets: Tickets::new(&config),
            attempts: Attempts::default(),
            streams: Streams::new(config.event_streams_per_account_max),
            records: Workers::new(config.requests_at_once_max, timeout),
            contents: Workers::new(config.contents_at_once_max, timeout),
            gateway,
            config,
        };
        Web { shared: Arc::new(shared) }
    }

    pub(super) fn remote_images(&self) -> Option<&RemoteImages> {
        self.shared.remote_images.get()
    }

    pub(super) fn gateway(&self) -> &Gateway {
        &self.shared.gateway
    }

    pub(super) fn now(&self) -> Timestamp {
        self.shared.gateway.clock().now()
    }

    /// Calls the core off the async threads, when it is this request's turn. The work goes on
    /// when the client is gone, and keeps its turn until it is done.
    pub(super) async fn run<T, E>(
        &self,
        class: CostClass,
        work: impl FnOnce(&Gateway) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let workers = match class {
            CostClass::Records => &self.shared.records,
            CostClass::Content => &self.shared.contents,
        };
        let gateway = self.shared.gateway.clone();
        workers.run(move || work(&gateway)).await?.map_err(Into::into)
    }

    /// Runs `work` off the async threads at once.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Gateway) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let gateway = self.shared.gateway.clone();
        Ok(work::run(move || work(&gateway)).await?)
    }
}

impl From<NotDone> for Problem {
    fn from(reason: NotDone) -> Problem {
        match reason {
            NotDone::Busy => gateway::Error::Busy.into(),
            NotDone::Failed(failure) => Problem::broken(&failure),
        }
    }
}
