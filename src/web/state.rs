//! The state that all requests share, and the only way in which the web edge calls the core.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::clock::Timestamp;
use crate::config;
use crate::gateway::{self, Gateway};
use crate::net::remote_image::RemoteImages;
use crate::net::throttles::Throttles;
use crate::net::tls::Identity;
use crate::net::work::{self, NotDone, Workers};

use super::attempts::Attempts;
use super::error::Problem;
use super::replay::Seen;
use super::streams::Streams;
use super::ticket::Tickets;

/// The state that all requests share. Clones share it too.
#[derive(Clone)]
pub struct Web {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) gateway: Gateway,
    pub(super) config: config::Https,
    /// The service's certificate, kept here so that administrators can see when it expires.
    pub(super) identity: Identity,
    /// Fetches remote images, if readers may ask for them.
    pub(super) remote_images: OnceLock<RemoteImages>,
    /// Proofs created before this time are refused, because those used before then are unknown.
    pub(super) started: Timestamp,
    pub(super) seen: Seen,
    pub(super) tickets: Tickets,
    pub(super) attempts: Attempts,
    pub(super) streams: Streams,
    /// Whether mail could be stored, and when that was found out.
    ready: tokio::sync::Mutex<Option<(Instant, bool)>>,
    /// Runs work that only touches records.
    pub(super) records: Workers,
    /// Runs work that holds a whole message in memory.
    pub(super) contents: Workers,
}

/// The connection that a request came on.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    /// Cancelled when the daemon is stopping.
    pub(super) stop: CancellationToken,
}

/// How long the answer to whether mail can be stored is good.
const READY_FOR: Duration = Duration::from_secs(1);

/// What a piece of work holds in memory, which decides the limit that it counts against.
#[derive(Clone, Copy)]
pub(super) enum CostClass {
    Records,
    Content,
}

impl Web {
    /// Creates the state of an edge in front of `gateway`. Failed sign-ins count in `throttles`.
    pub fn new(
        gateway: Gateway,
        config: config::Https,
        identity: Identity,
        throttles: Arc<Throttles>,
    ) -> Web {
        let timeout = Duration::from_secs(config.turn_timeout_secs);
        let shared = Shared {
            identity,
            remote_images: OnceLock::new(),
            started: gateway.clock().now(),
            seen: Seen::new(config.proofs_remembered_max, config.proof_age_secs),
            tickets: Tickets::new(&config),
            attempts: Attempts::new(throttles),
            streams: Streams::new(config.event_streams_per_account_max),
            ready: tokio::sync::Mutex::default(),
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

    /// Calls the core off the async threads, once a permit is available. The work continues when
    /// the client disconnects, and keeps its permit until it is done.
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

    /// Returns whether mail can be stored. Anybody may ask, so it is found out only once a second.
    pub(super) async fn is_ready(&self) -> bool {
        let mut known = self.shared.ready.lock().await;
        if let Some((when, ready)) = *known
            && when.elapsed() < READY_FOR
        {
            return ready;
        }
        let ready = self.blocking(Gateway::is_ready).await.unwrap_or(false);
        *known = Some((Instant::now(), ready));
        ready
    }

    /// Runs `work` off the async threads immediately, without a permit.
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
