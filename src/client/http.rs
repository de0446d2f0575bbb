//! One HTTP/1.1 connection over TLS.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::problem::Error;

pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
}

/// The body of a request.
pub enum Body {
    None,
    Json(Value),
    Octets(Bytes),
}

impl From<Option<Value>> for Body {
    fn from(json: Option<Value>) -> Body {
        json.map_or(Body::None, Body::Json)
    }
}

/// The largest response body that is accepted, in octets.
const ANSWER_OCTETS_MAX: usize = 256 * 1024 * 1024;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

impl Connection {
    /// Opens a connection to `address`, which must present a certificate for `host` issued by an
    /// authority in `ca`.
    pub async fn open(
        address: SocketAddr,
        host: &str,
        authority: &str,
        ca: &Path,
    ) -> Result<Connection, Error> {
        let failed = |error: std::io::Error| Error::Connection(error.to_string());
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| Error::Url(authority.to_owned()))?;
        let connector = TlsConnector::from(Arc::new(trusting(ca)?));
        let stream = TcpStream::connect(address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let stream = connector.connect(name, stream).await.map_err(failed)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Error::Connection(error.to_string()))?;
        // The task ends with the sender; a connection error surfaces in the request in progress.
        tokio::spawn(connection);
        Ok(Connection { sender, authority: authority.to_owned() })
    }

    /// Sends one request and returns the whole response.
    pub async fn request(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Body,
    ) -> Result<(StatusCode, Bytes), Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.authority)
            .header("user-agent", concat!("postern/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let body = match body {
            Body::Json(json) => {
                request = request.header("content-type", "application/json");
                Bytes::from(json.to_string())
            }
            Body::Octets(octets) => {
                request = request.header("content-type", "application/octet-stream");
                octets
            }
            Body::None => Bytes::new(),
        };
        let request =
            request.body(Full::new(body)).map_err(|error| Error::Answer(error.to_string()))?;
        tokio::time::timeout(ANSWER_TIMEOUT, self.exchange(request))
            .await
            .map_err(|_| Error::Connection("the server did not answer in time".to_owned()))?
    }

    /// Follows a link and writes the response body piece by piece, whatever its size. The body of
    /// an unsuccessful response is returned whole instead.
    pub async fn fetch(
        &mut self,
        path: &str,
        headers: &[(&'static str, String)],
        out: &mut impl Write,
    ) -> Result<(StatusCode, Bytes), Error> {
        let late = |_| Error::Connection("the server did not answer in time".to_owned());
        let broken = |error: hyper::Error| Error::Connection(error.to_string());
        let mut request = Request::get(path).header("host", &self.authority);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(Bytes::new()))
            .map_err(|error| Error::Answer(error.to_string()))?;
        self.sender.ready().await.map_err(broken)?;
        let asked = tokio::time::timeout(ANSWER_TIMEOUT, self.sender.send_request(request));
        let response = asked.await.map_err(late)?.map_err(broken)?;
        let (status, mut body) = (response.status(), response.into_body());
        if !status.is_success() {
            let body = Limited::new(body, ANSWER_OCTETS_MAX).collect().await;
            let body = body.map_err(|error| Error::Connection(error.to_string()))?;
            return Ok((status, body.to_bytes()));
        }
        while let Some(frame) =
            tokio::time::timeout(ANSWER_TIMEOUT, body.frame()).await.map_err(late)?
        {
            if let Ok(octets) = frame.map_err(broken)?.into_data() {
                let written = out.write_all(&octets);
                written.map_err(|error| Error::Local {
                    what: "the message".to_owned(),
                    problem: error.to_string(),
                })?;
            }
        }
        Ok((status, Bytes::new()))
    }

    /// Sends a request whose response goes on as long as the server likes, and returns its beginning.
    pub async fn stream(
        &mut self,
        path: &str,
        headers: &[(&str, String)],
    ) -> Result<(StatusCode, Incoming), Error> {
        let broken = |error: hyper::Error| Error::Connection(error.to_string());
        let mut request = Request::get(path).header("host", &self.authority);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::new()));
        let request = request.map_err(|error| Error::Answer(error.to_string()))?;
        self.sender.ready().await.map_err(broken)?;
        let asked = tokio::time::timeout(ANSWER_TIMEOUT, self.sender.send_request(request));
        let late = |_| Error::Connection("the server did not answer in time".to_owned());
        let response = asked.await.map_err(late)?.map_err(broken)?;
        Ok((response.status(), response.into_body()))
    }

    async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), Error> {
        let broken = |error: hyper::Error| Error::Connection(error.to_string());
        self.sender.ready().await.map_err(broken)?;
        let response = self.sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_OCTETS_MAX).collect().await;
        let body = body.map_err(|error| Error::Connection(error.to_string()))?;
        Ok((status, body.to_bytes()))
    }
}

fn trusting(ca: &Path) -> Result<ClientConfig, Error> {
    let failed = |problem: String| Error::Local { what: ca.display().to_string(), problem };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(ca).map_err(|error| failed(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(failed("the file contains no certificate".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
