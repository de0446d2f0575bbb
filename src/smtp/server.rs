//! The SMTP service: accepts connections, runs a session on each, and upgrades to TLS in between.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config;
use crate::gateway::Gateway;
use crate::gateway::incoming::inbound::TlsFacts;
use crate::net::listen::{self, Limits, Permits};
use crate::net::tls;
use crate::net::work::Workers;

use super::budget::Budget;
use super::reply;
use super::session::{End, Session};
use super::shared::Shared;
use super::verify::Verifier;

/// The SMTP service. Clones share limits and memory, so it can serve many listeners.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
    permits: Permits,
}

impl Server {
    pub fn new(
        gateway: Gateway,
        config: config::Smtp,
        host: String,
        tls: Option<Arc<ServerConfig>>,
    ) -> Server {
        let permits = Permits::new(Limits {
            connections_max: config.connections_max,
            per_address_max: config.connections_per_address_max,
        });
        let memory = usize::try_from(config.memory_octets_max).unwrap_or(usize::MAX);
        let budget = Budget::new(memory);
        let timeout = Duration::from_secs(config.memory_wait_secs);
        let workers = Workers::few(config.calls_at_once_max, timeout);
        let verifier = OnceLock::new();
        Server {
            shared: Arc::new(Shared { gateway, config, host, tls, budget, workers, verifier }),
            permits,
        }
    }

    /// Returns the same service, which also checks SPF, DKIM and DMARC for incoming messages.
    pub fn verifying(self, verifier: Verifier) -> Server {
        // Set once, where the service is created.
        let _ = self.shared.verifier.set(verifier);
        self
    }

    /// Serves one listener until `stop`. `tasks` tracks the sessions in progress: each finishes the
    /// message that it is receiving and then ends with 421.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken, tasks: TaskTracker) {
        let session_stop = stop.clone();
        let session = move |stream, peer| {
            let (shared, stop) = (self.shared.clone(), session_stop.clone());
            async move { session(&shared, stream, peer, stop).await }
        };
        listen::accept(listener, self.permits, stop, tasks, reply::TURNED_AWAY, session).await;
    }

    /// The memory budget that incoming messages share.
    pub fn budget(&self) -> &Budget {
        &self.shared.budget
    }

    /// What sessions share, for running one on another kind of stream.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }
}

/// Octets that are read from the network at a time inside TLS: as many as a record has at most,
/// with its head (RFC 8446 §5.2).
const RECORD_OCTETS: usize = 5 + 16 * 1024 + 256;

/// Serves one connection: in clear, and inside TLS once the peer asks for it.
async fn session(shared: &Shared, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
    // Replies are written whole, so waiting for more to send would only add delay.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let session = Session::new(shared, stream, peer.ip(), None, stop.clone());
    let (end, stream) = session.greet_and_run().await;
    let (End::StartTls, Some(config)) = (end, &shared.tls) else { return };
    let limit = Duration::from_secs(shared.config.tls_timeout_secs);
    // rustls asks for 4 KiB at a time; a system call for each would cost as much as opening them.
    let stream = BufReader::with_capacity(RECORD_OCTETS, stream);
    match tls::accept(config.clone(), stream, limit).await {
        Ok(stream) => {
            let (version, cipher) = tls::facts(stream.get_ref().1);
            let facts = Some(TlsFacts { version, cipher });
            // Boxed apart from the first session, so that neither future includes the other's size.
            Box::pin(Session::new(shared, stream, peer.ip(), facts, stop).run()).await;
        }
        Err(error) => tracing::info!(peer.ip = %peer.ip(), %error, "TLS handshake failed"),
    }
}
