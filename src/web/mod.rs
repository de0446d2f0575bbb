//! The web edge: HTTPS for browsers and scripts. It turns requests into calls of the gateway and
//! answers into JSON; it decides nothing.
//!
//! | file | what it is |
//! | --- | --- |
//! | `server` | listeners, TLS, HTTP/1.1 and HTTP/2, limits, the drain; `patience`: timeouts; `redirect`: plain HTTP |
//! | `router` | the index of routes, and the OpenAPI document made from it |
//! | `dpop`, `replay`, `auth` | who asks: a signed request (RFC 9449), never twice, a living session |
//! | `api` | one file for each noun |
//! | `ticket`, `download`, `view` | links for a minute: octets, and HTML mail in its own frame |
//! | `attempts` | slowing down who guesses passwords |
//! | `assets` | the browser UI, embedded |
//! | `body`, `error`, `headers` | limits on what is read; one table of answers; headers |
//!
//! What must hold: no cookie is ever set or read; a token without its key answers nothing;
//! no key is held between requests; no log names a ticket, a token or a proof.

mod api;
mod archive;
mod assets;
mod attempts;
mod auth;
mod body;
mod download;
mod dpop;
mod error;
mod headers;
mod patience;
mod redirect;
mod replay;
mod router;
pub mod server;
mod ticket;
mod view;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::clock::Timestamp;
use crate::config;
use crate::gateway::{self, Gateway};
use crate::net::picture::Pictures;
use crate::net::tls::Identity;

use attempts::Attempts;
use error::Problem;
use replay::Seen;
use ticket::Tickets;

/// What every request shares. Clones share it too.
#[derive(Clone)]
pub struct Web {
    shared: Arc<Shared>,
}

struct Shared {
    gateway: Gateway,
    config: config::Https,
    /// What the service shows as its own; here for the managers to see when it ends.
    identity: Identity,
    /// What fetches images that lie elsewhere, where readers may ask for them.
    pictures: OnceLock<Pictures>,
    /// Proofs from before this moment are refused: what was seen then is forgotten.
    started: Timestamp,
    seen: Seen,
    tickets: Tickets,
    attempts: Attempts,
    streams: api::event::Streams,
    /// Leave to work on the store.
    turns: Arc<Semaphore>,
    /// Leave to hold a whole message.
    contents: Arc<Semaphore>,
}

/// The connection that a request came on.
#[derive(Clone)]
struct Connection {
    peer: SocketAddr,
    /// Cancelled when the daemon is asked to stop.
    stop: CancellationToken,
}

/// What a piece of work holds in memory, and so which limit it counts against.
#[derive(Clone, Copy)]
enum Weight {
    Records,
    Content,
}

impl Web {
    /// The edge in front of `gateway`.
    pub fn new(gateway: Gateway, config: config::Https, identity: Identity) -> Web {
        let shared = Shared {
            identity,
            pictures: OnceLock::new(),
            started: gateway.clock().now(),
            seen: Seen::new(config.proofs_remembered_max, config.proof_age_secs),
            tickets: Tickets::new(&config),
            attempts: Attempts::default(),
            streams: api::event::Streams::new(config.event_streams_per_account_max),
            turns: Arc::new(Semaphore::new(config.requests_at_once_max)),
            contents: Arc::new(Semaphore::new(config.contents_at_once_max)),
            gateway,
            config,
        };
        Web { shared: Arc::new(shared) }
    }

    fn pictures(&self) -> Option<&Pictures> {
        self.shared.pictures.get()
    }

    fn gateway(&self) -> &Gateway {
        &self.shared.gateway
    }

    fn now(&self) -> Timestamp {
        self.shared.gateway.clock().now()
    }

    /// Calls the core off the async threads, when it is this request's turn. The work goes on
    /// when the client is gone, and keeps its turn until it is done.
    async fn run<T, E>(
        &self,
        weight: Weight,
        work: impl FnOnce(&Gateway) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let turns = match weight {
            Weight::Records => &self.shared.turns,
            Weight::Content => &self.shared.contents,
        };
        let patience = Duration::from_secs(self.shared.config.turn_timeout_secs);
        let turn = tokio::time::timeout(patience, turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Problem::from(gateway::Error::Busy))?;
        let turn = turn.expect("the semaphore is never closed");
        let done = self.blocking(move |gateway| {
            let answer = work(gateway);
            drop(turn);
            answer
        });
        done.await?.map_err(Into::into)
    }

    /// Runs `work` off the async threads at once.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Gateway) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let gateway = self.shared.gateway.clone();
        let done = tokio::task::spawn_blocking(move || work(&gateway)).await;
        done.map_err(|failure| Problem::broken(&failure))
    }
}
