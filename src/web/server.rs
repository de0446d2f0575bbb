//! The HTTPS service: accepts connections, performs the TLS handshake, and speaks HTTP/1.1 or
//! HTTP/2.
//!
//! | limit | protects against |
//! | --- | --- |
//! | connections, in total and per address | floods |
//! | handshake, header, body, write and idle timeouts | deliberately slow peers, and those that ask nothing |
//! | memory for bodies, with a share for each account and network | large bodies, and answers that are not read |
//! | header and body sizes, streams, resets | requests that cost more to process than to send |
//! | octets that belong to no request | frames that ask nothing |
//!
//! On shutdown it accepts nothing new, lets requests finish, and ends event streams.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::config;
use crate::gateway::Gateway;
use crate::net::listen::{self, Limits, Permits};
use crate::net::remote_image::RemoteImages;
use crate::net::throttles::Throttles;
use crate::net::tls::Identity;
use crate::net::{self, tls};

use super::activity::{Activity, Over};
use super::asker::Asker;
use super::ledger::{Counted, Ledger};
use super::redirect::{self, Target};
use super::router;
use super::sent::sent;
use super::state::{Connection, Web};
use super::timeout::TimedStream;

/// The HTTPS service. Clones share the limits, so that one service can have many listeners.
#[derive(Clone)]
pub struct Server {
    router: Router,
    web: Web,
    config: Arc<config::Https>,
    tls: Arc<ServerConfig>,
    permits: Permits,
    redirect_permits: Permits,
}

/// The maximum number of pending stream resets before an HTTP/2 connection is closed
/// (CVE-2023-44487).
const RESETS_MAX: usize = 32;
const HTTP2_PING_SECS: u64 = 30;
/// How long a client that is idle has to take note of the end.
const GOODBYE: Duration = Duration::from_secs(5);
const HTTP1_HEADERS_MAX: usize = 64;

impl Server {
    /// Creates the service in front of `gateway`, with the certificate of `identity`. Failed
    /// sign-ins count in `throttles`.
    pub fn new(
        gateway: Gateway,
        config: config::Https,
        identity: &Identity,
        throttles: Arc<Throttles>,
    ) -> Result<Server, net::Error> {
        let limits = Limits {
            connections_max: config.connections_max,
            per_address_max: config.connections_per_address_max,
        };
        let web = Web::new(gateway, config.clone(), identity.clone(), throttles);
        Ok(Server {
            router: router::app(web.clone()),
            web,
            config: Arc::new(config),
            tls: identity.server_config(&[b"h2", b"http/1.1"])?,
            permits: Permits::new(limits),
            redirect_permits: Permits::new(limits),
        })
    }

    /// Makes the service fetch remote images for readers who ask for them.
    pub fn showing(self, remote_images: RemoteImages) -> Server {
        // This is set once, before the service starts.
        let _ = self.web.shared.remote_images.set(remote_images);
        self
    }

    /// Memory that bodies of requests and answers take at the moment, in octets.
    pub fn memory_in_use(&self) -> usize {
        self.web.shared.memory.in_use()
    }

    /// Serves HTTPS on one listener until `stop` is cancelled; `tasks` tracks the connections.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken, tasks: TaskTracker) {
        let (permits, connection_stop) = (self.permits.clone(), stop.clone());
        let session = move |stream, peer| {
            let (this, connection) =
                (self.clone(), Connection { peer, stop: connection_stop.clone() });
            async move { ended(peer, this.watched(stream, connection).await) }
        };
        // Before the handshake there is no way to send a refusal.
        listen::accept(listener, permits, stop, tasks, b"", session).await;
    }

    /// Redirects plain HTTP requests on one listener to HTTPS, which is on `https_port`.
    pub async fn serve_redirect(
        self,
        listener: TcpListener,
        https_port: u16,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) {
        let permits = self.redirect_permits.clone();
        let names = self.web.shared.names.clone();
        let target = Target { public_url: self.config.public_url.clone(), names, https_port };
        let connection_stop = stop.clone();
        let session = move |stream, peer| {
            let (this, target, stop) = (self.clone(), target.clone(), connection_stop.clone());
            async move { ended(peer, this.redirect(stream, target, &stop).await) }
        };
        listen::accept(listener, permits, stop, tasks, b"", session).await;
    }

    /// Speaks with one client until nothing happens any more; see `activity`.
    async fn watched(&self, stream: TcpStream, connection: Connection) -> io::Result<()> {
        let activity = Activity::new(self.permits.clone(), connection.peer);
        let idle = Duration::from_secs(self.config.header_timeout_secs);
        let write = Duration::from_secs(self.config.write_timeout_secs);
        let close = connection.stop.child_token();
        let mut spoken = pin!(self.secure(stream, connection, &activity, &close));
        let over = tokio::select! {
            done = spoken.as_mut() => return done,
            over = activity.over(idle, write) => over,
        };
        if over == Over::Idle {
            // A client that is about to ask is told first (RFC 9113 §6.8).
            close.cancel();
            let _ = tokio::time::timeout(GOODBYE, spoken).await;
        }
        Err(io::Error::other(over.as_str()))
    }

    async fn secure(
        &self,
        stream: TcpStream,
        connection: Connection,
        activity: &Arc<Activity>,
        close: &CancellationToken,
    ) -> io::Result<()> {
        // Responses are written whole, so waiting to fill packets would only delay them.
        stream.set_nodelay(true)?;
        let limit = Duration::from_secs(self.config.tls_timeout_secs);
        let stream = tls::accept(self.tls.clone(), stream, limit).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let builder = match is_http2 {
            true => self.builder().http2_only(),
            false => self.builder().http1_only(),
        };
        let activity = activity.clone();
        let ledger = Ledger::new(self.config.header_octets_max);
        let asked = ledger.clone();
        let (router, memory) = (self.router.clone(), self.web.shared.memory.clone());
        let answer = move |mut request: Request<Incoming>| {
            let (exchange, asker) = (activity.begin(), Asker::new(connection.peer.ip()));
            request.extensions_mut().insert(connection.clone());
            request.extensions_mut().insert(asker.clone());
            let request = request.map(|body| asked.request(body));
            let (router, memory) = (router.clone(), memory.clone());
            async move {
                let response = route(router, request).await;
                Ok::<Response<Body>, Infallible>(sent(&memory, response, exchange, &asker).await)
            }
        };
        self.run_session(&builder, (stream, ledger), answer, close).await
    }

    async fn redirect(
        &self,
        stream: TcpStream,
        target: Target,
        stop: &CancellationToken,
    ) -> io::Result<()> {
        let answer = move |request: Request<Incoming>| {
            let response = redirect::answer(&request, &target);
            async move { Ok::<Response<Body>, Infallible>(response) }
        };
        let ledger = Ledger::new(self.config.header_octets_max);
        let builder = self.builder().http1_only();
        self.run_session(&builder, (stream, ledger), answer, stop).await
    }

    /// Speaks HTTP until the peer disconnects, or until `stop` is cancelled and the requests in
    /// progress have finished.
    async fn run_session<S, A, F>(
        &self,
        builder: &Builder<TokioExecutor>,
        (stream, ledger): (S, Arc<Ledger>),
        answer: A,
        stop: &CancellationToken,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        A: Fn(Request<Incoming>) -> F,
        F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
    {
        let header = Duration::from_secs(self.config.header_timeout_secs);
        let write = Duration::from_secs(self.config.write_timeout_secs);
        let stream = TokioIo::new(TimedStream::new(stream, ledger, header, write));
        let mut conversation = pin!(builder.serve_connection(stream, service_fn(answer)));
        let done = tokio::select! {
            done = conversation.as_mut() => Some(done),
            () = stop.cancelled() => None,
        };
        let done = match done {
            Some(done) => done,
            None => {
                conversation.as_mut().graceful_shutdown();
                conversation.await
            }
        };
        done.map_err(io::Error::other)
    }

    fn builder(&self) -> Builder<TokioExecutor> {
        let config = &self.config;
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(config.header_timeout_secs))
            .max_headers(HTTP1_HEADERS_MAX)
            .max_buf_size(config.header_octets_max);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(config.header_octets_max).unwrap_or(u32::MAX))
            .max_concurrent_streams(config.streams_per_connection_max)
            .max_pending_accept_reset_streams(RESETS_MAX)
            .max_local_error_reset_streams(RESETS_MAX)
            .keep_alive_interval(Duration::from_secs(HTTP2_PING_SECS))
            .keep_alive_timeout(Duration::from_secs(config.header_timeout_secs));
        builder
    }
}

async fn route(router: Router, request: Request<Counted>) -> Response<Body> {
    match router.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Logs how a connection ended, for developers; a broken connection is no error of this server.
fn ended(peer: SocketAddr, done: io::Result<()>) {
    if let Err(error) = done {
        tracing::debug!(peer.ip = %peer.ip(), %error, "connection ended");
    }
}
