//! The state that all requests share, and the only way in which the web edge calls the core.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::clock::Timestamp;
use crate::config;
use crate::gateway::{self, AccountId, Actor, Gateway};
use crate::mail::reference::Reference;
use crate::net::remote_image::RemoteImages;
use crate::net::shares::{Held, Limits, Shares};
use crate::net::throttles::Throttles;
use crate::net::tls::Identity;
use crate::net::work::{self, NotDone, Workers};

use super::asker::Holder;
use super::attempts::Attempts;
use super::error::Problem;
use super::memory::{Memory, STREAM_OCTETS};
use super::replay::Seen;
use super::site_name::SiteNames;
use super::ticket::Tickets;

/// The state that all requests share. Clones share it too.
#[derive(Clone)]
pub struct Web {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) gateway: Gateway,
    pub(super) config: config::Https,
    pub(super) names: SiteNames,
    /// The service's certificate, kept here so that administrators can see when it expires.
    pub(super) identity: Identity,
    /// Fetches remote images, if readers may ask for them.
    pub(super) remote_images: OnceLock<RemoteImages>,
    /// Proofs created before this time are refused, because those used before then are unknown.
    pub(super) started: Timestamp,
    pub(super) seen: Seen,
    pub(super) tickets: Tickets,
    pub(super) attempts: Attempts,
    /// Open event streams.
    pub(super) streams: Shares<AccountId>,
    /// Octets of bodies.
    pub(super) memory: Memory,
    /// Whether mail could be stored, and when that was found out.
    ready: tokio::sync::Mutex<Option<(Instant, bool)>>,
    /// Runs work that only touches records.
    records: Turns,
    /// Runs work that holds a whole message in memory.
    contents: Turns,
}

/// Workers, and who may use how many of them at the same time.
struct Turns {
    shares: Shares<Holder>,
    workers: Workers,
    timeout: Duration,
}

impl Turns {
    fn new(at_once: usize, each: usize, timeout: Duration) -> Turns {
        let shares = Shares::new(Limits::new(at_once, each));
        Turns { shares, workers: Workers::new(at_once, timeout), timeout }
    }

    async fn run<T: Send + 'static>(
        &self,
        holder: Holder,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let turn = self.shares.wait(&holder, 1, self.timeout).await.map_err(|_| NotDone::Busy)?;
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        self.workers.run(work).await
    }
}

/// The connection that a request came on.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    /// Cancelled when the daemon is stopping.
    pub(super) stop: CancellationToken,
}

/// What is read of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    Itself,
    /// A message within it, however deep.
    Within,
}

impl Reads {
    /// How many times its octets are in memory: as it was stored, as the parser reads it, its parts
    /// decoded, and the one that is wanted; and so is the message within it.
    const fn copies(self) -> usize {
        match self {
            Reads::Itself => 4,
            Reads::Within => 5,
        }
    }
}

/// All who are not signed in, where it does not matter who they are.
const ANYBODY: Holder = Holder::Network(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

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
            names: SiteNames::new(&config, &gateway.settings().host_name),
            remote_images: OnceLock::new(),
            started: gateway.clock().now(),
            seen: Seen::new(config.proofs_remembered_max, config.proof_age_secs),
            tickets: Tickets::new(&config),
            attempts: Attempts::new(throttles, gateway.password_checks_at_once()),
            streams: Shares::new(Limits::new(usize::MAX, config.event_streams_per_account_max)),
            memory: Memory::new(&config),
            ready: tokio::sync::Mutex::default(),
            records: Turns::new(
                config.requests_at_once_max,
                config.requests_per_account_max,
                timeout,
            ),
            contents: Turns::new(
                config.contents_at_once_max,
                config.contents_per_account_max,
                timeout,
            ),
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

    /// Calls the core for somebody who is not signed in; see [`Web::run_for`].
    pub(super) async fn run<T, E>(
        &self,
        class: CostClass,
        work: impl FnOnce(&Gateway) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        self.run_for(ANYBODY, class, work).await
    }

    /// Calls the core off the async threads, once a turn is available, as one of the turns of
    /// `holder`. The work continues when the client disconnects, and keeps its turn until it is
    /// done.
    pub(super) async fn run_for<T, E>(
        &self,
        holder: Holder,
        class: CostClass,
        work: impl FnOnce(&Gateway) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let turns = match class {
            CostClass::Records => &self.shared.records,
            CostClass::Content => &self.shared.contents,
        };
        let gateway = self.shared.gateway.clone();
        turns.run(holder, move || work(&gateway)).await?.map_err(Into::into)
    }

    /// Calls the core for work that holds the message with this reference in memory. Room for it is
    /// taken before, and returned with the result, whose part may stay in memory.
    pub(super) async fn run_message<T, E>(
        &self,
        (holder, actor): (Holder, Actor),
        (reference, reads): (Reference, Reads),
        work: impl FnOnce(&Gateway, &Actor) -> Result<T, E> + Send + 'static,
    ) -> Result<(T, Held<Holder>), Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let sized = self.run_for(holder, CostClass::Records, move |gateway| {
            let octets = gateway.message_octets(&actor, reference)?;
            Ok::<_, gateway::Error>((octets, actor))
        });
        let (octets, actor) = sized.await.map_err(Problem::of_message)?;
        let octets = match reads {
            Reads::Itself => octets.shown,
            Reads::Within => octets.stored,
        };
        let octets = usize::try_from(octets).unwrap_or(usize::MAX);
        // No more than a part of a share, so that what the account has open already leaves room.
        let most = self.shared.config.memory_octets_per_account_max / 2;
        let room = octets.saturating_mul(reads.copies()).min(most) + STREAM_OCTETS;
        let held = self.shared.memory.wait(&holder, room).await?;
        let done = self.run_for(holder, CostClass::Content, move |gateway| {
            work(gateway, &actor).map(|done| (done, held))
        });
        done.await.map_err(Problem::of_message)
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
