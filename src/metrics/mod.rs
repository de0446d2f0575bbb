//! Numbers for programs that watch the daemon, on a listener of its own that only this machine
//! reaches.
//!
//! | path | answer |
//! | --- | --- |
//! | `/metrics` | the numbers, in the form of OpenMetrics 1.0 |
//! | `/healthz` | `ok`: the process answers |
//! | `/readyz` | `ready`, or 503 while no mail can be stored |
//! | any other | 404 |
//!
//! Labels are words of the program and status codes of SMTP, so there is a limited number of them, and
//! none says an address or a name.

mod numbers;
mod text;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::gateway::Gateway;
use crate::net::listen::{self, Limits, Permits};
use crate::net::work;

pub use numbers::Gauge;

const CONNECTIONS_MAX: usize = 16;
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection ends after this time, whatever happens on it.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);
const HEADER_OCTETS_MAX: usize = 16 * 1024;
/// The numbers are collected at most once in this time, however often they are asked for.
const FRESH: Duration = Duration::from_secs(15);

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// The service. Clones share what was collected.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
    permits: Permits,
}

struct Shared {
    gateway: Gateway,
    gauges: Vec<Gauge>,
    collected: Mutex<Option<(Instant, String)>>,
}

impl Server {
    /// Creates the service; `gauges` are the numbers that other parts of the daemon know.
    pub fn new(gateway: Gateway, gauges: Vec<Gauge>) -> Server {
        let limits = Limits { connections_max: CONNECTIONS_MAX, per_address_max: CONNECTIONS_MAX };
        let collected = Mutex::default();
        let shared = Arc::new(Shared { gateway, gauges, collected });
        Server { shared, permits: Permits::new(limits) }
    }

    /// Serves one listener until `stop`.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken, tasks: TaskTracker) {
        let permits = self.permits.clone();
        let session = move |stream, _| {
            let shared = self.shared.clone();
            async move {
                if let Err(error) = session(shared, stream).await {
                    tracing::debug!(%error, "a connection for metrics ended");
                }
            }
        };
        listen::accept(listener, permits, stop, tasks, b"", session).await;
    }
}

async fn session(shared: Arc<Shared>, stream: TcpStream) -> io::Result<()> {
    let answer = move |request: Request<Incoming>| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(answer(&shared, &request).await) }
    };
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let spoken = builder
        .max_buf_size(HEADER_OCTETS_MAX)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    match tokio::time::timeout(CONNECTION_TIMEOUT, spoken).await {
        Ok(done) => done.map_err(io::Error::other),
        Err(_) => Ok(()),
    }
}

async fn answer(shared: &Shared, request: &Request<Incoming>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return response(StatusCode::METHOD_NOT_ALLOWED, PLAIN, String::new());
    }
    match request.uri().path() {
        "/metrics" => match collected(shared).await {
            Some(text) => response(StatusCode::OK, OPENMETRICS, text),
            None => response(StatusCode::SERVICE_UNAVAILABLE, PLAIN, "not now\n".to_owned()),
        },
        "/healthz" => response(StatusCode::OK, PLAIN, "ok\n".to_owned()),
        "/readyz" => match ready(shared).await {
            true => response(StatusCode::OK, PLAIN, "ready\n".to_owned()),
            false => response(StatusCode::SERVICE_UNAVAILABLE, PLAIN, "not ready\n".to_owned()),
        },
        _ => response(StatusCode::NOT_FOUND, PLAIN, "not found\n".to_owned()),
    }
}

async fn ready(shared: &Shared) -> bool {
    let gateway = shared.gateway.clone();
    work::run(move || gateway.is_ready()).await.unwrap_or(false)
}

async fn collected(shared: &Shared) -> Option<String> {
    let mut known = shared.collected.lock().await;
    if let Some((when, text)) = &*known
        && when.elapsed() < FRESH
    {
        return Some(text.clone());
    }
    let gateway = shared.gateway.clone();
    let numbers = work::run(move || numbers::of(&gateway)).await;
    let mut text = match numbers {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the metrics could not be collected");
            return None;
        }
        Err(error) => {
            tracing::error!(%error, "the metrics could not be collected");
            return None;
        }
    };
    shared.gauges.iter().for_each(|gauge| gauge.write(&mut text));
    let text = text.finish();
    *known = Some((Instant::now(), text.clone()));
    Some(text)
}

fn response(status: StatusCode, kind: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
