//! A session on a server, and what a script does with mail in it.

use std::io::Write;
use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::mail::reference::Reference;

use super::http::{Body, Connection};
use super::problem::{Error, checked};
use super::proof::ProofKey;

/// A message as the list shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    pub reference: Reference,
    pub mailbox: String,
    pub from: Sender,
    pub subject: String,
    pub received_at: String,
    pub size: u64,
    pub attachments: u32,
    pub opened: bool,
    pub unread: bool,
    pub starred: bool,
    pub protection: Value,
}

/// The sender as the message's header states it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sender {
    pub name: Option<String>,
    pub address: Option<String>,
    /// What the check of the sender said.
    pub check: String,
    /// What contradicts the sender.
    pub warnings: Vec<Warning>,
}

/// What contradicts a sender, and what it is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Warning {
    pub kind: String,
    pub about: String,
    pub author: String,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Item>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct SignedIn {
    token: String,
}

#[derive(Deserialize)]
struct Ticket {
    url: String,
}

/// The longest page that the API returns.
pub(super) const PAGE: usize = 200;
/// The largest refusal of a stream that is read, in octets.
const PROBLEM_OCTETS_MAX: usize = 64 << 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// A session on a server.
pub struct Client {
    pub(super) connection: Connection,
    /// The origin that proofs name, such as `https://host:port`.
    origin: String,
    ca: PathBuf,
    key: Arc<ProofKey>,
    token: Option<String>,
}

impl Client {
    /// Connects to `url`, trusting the certificate authorities in the PEM file `ca`, and signs in.
    pub async fn sign_in(
        url: &str,
        ca: &Path,
        user: &str,
        password: &str,
    ) -> Result<Client, Error> {
        Client::sign_in_with(url, ca, user, password, None).await
    }

    /// Works like [`Client::sign_in`]; `own` is the passphrase that the owner of a temporary
    /// account chooses in the same step as it uses the one-time password.
    pub async fn sign_in_with(
        url: &str,
        ca: &Path,
        user: &str,
        password: &str,
        own: Option<&str>,
    ) -> Result<Client, Error> {
        let mut client = Client::connect(url, ca).await?;
        let mut body = json!({ "name": user, "password": password, "profile": "shared" });
        if let Some(own) = own {
            body["newPassword"] = own.into();
        }
        let signed_in: SignedIn = client.call(Method::POST, "/api/session", Some(body)).await?;
        client.token = Some(signed_in.token);
        Ok(client)
    }

    /// Connects without signing in.
    pub async fn connect(url: &str, ca: &Path) -> Result<Client, Error> {
        let connection = Client::connection(url, ca).await?;
        let origin = url.trim_end_matches('/').to_owned();
        let key = Arc::new(ProofKey::generate()?);
        Ok(Client { connection, origin, ca: ca.to_owned(), key, token: None })
    }

    /// The same session on another connection.
    pub async fn beside(&self) -> Result<Client, Error> {
        let connection = Client::connection(&self.origin, &self.ca).await?;
        let (origin, ca) = (self.origin.clone(), self.ca.clone());
        Ok(Client { connection, origin, ca, key: self.key.clone(), token: self.token.clone() })
    }

    async fn connection(url: &str, ca: &Path) -> Result<Connection, Error> {
        let wrong = || Error::Url(url.to_owned());
        let authority = url.strip_prefix("https://").ok_or_else(wrong)?.trim_end_matches('/');
        let parsed: hyper::http::uri::Authority = authority.parse().map_err(|_| wrong())?;
        let host = parsed.host().trim_matches(['[', ']']).to_owned();
        let port = parsed.port_u16().unwrap_or(443);
        let mut addresses = (host.as_str(), port)
            .to_socket_addrs()
            .map_err(|error| Error::Local { what: host.clone(), problem: error.to_string() })?;
        let address = addresses.next().ok_or_else(wrong)?;
        let opening = Connection::open(address, &host, authority, ca);
        let connection = tokio::time::timeout(CONNECT_TIMEOUT, opening)
            .await
            .map_err(|_| Error::Connection("the server did not answer in time".to_owned()))??;
        Ok(connection)
    }

    /// Opens the stream of events on this connection, which then serves nothing else.
    pub(super) async fn events(&mut self) -> Result<Incoming, Error> {
        let path = "/api/events";
        let headers = self.signed("GET", path)?;
        let (status, body) = self.connection.stream(path, &headers).await?;
        if status.is_success() {
            return Ok(body);
        }
        let body = Limited::new(body, PROBLEM_OCTETS_MAX).collect().await;
        let body = body.map_err(|error| Error::Connection(error.to_string()))?;
        checked(status, body.to_bytes())?;
        Err(Error::Answer("the stream did not open".to_owned()))
    }

    /// Returns all messages in a mailbox, given by id or role, newest first.
    pub async fn list(&mut self, mailbox: &str) -> Result<Vec<Item>, Error> {
        let (mut items, mut cursor) = (Vec::new(), None);
        loop {
            let before = cursor.map(|at: String| format!("&before={at}")).unwrap_or_default();
            let path = format!("/api/messages?mailbox={mailbox}&limit={PAGE}{before}");
            let page: Page = self.call(Method::GET, &path, None).await?;
            items.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(items);
            }
        }
    }

    /// Returns one message as the list shows it, without opening it.
    pub async fn show(&mut self, reference: Reference) -> Result<Item, Error> {
        self.call(Method::GET, &format!("/api/messages/{reference}/item"), None).await
    }

    /// Returns a message's octets. Opens the message if necessary, which may notify its sender.
    pub async fn get(&mut self, reference: Reference) -> Result<Bytes, Error> {
        let mut octets = Vec::new();
        self.get_to(reference, &mut octets).await?;
        Ok(octets.into())
    }

    /// Works like [`Client::get`], but writes the octets to `out` piece by piece.
    pub async fn get_to(
        &mut self,
        reference: Reference,
        out: &mut impl Write,
    ) -> Result<(), Error> {
        let path = format!("/api/messages/{reference}");
        let _: Value = self.call(Method::POST, &format!("{path}/open"), None).await?;
        let ticket = json!({ "kind": "raw" });
        let ticket: Ticket =
            self.call(Method::POST, &format!("{path}/ticket"), Some(ticket)).await?;
        let (status, octets) = self.connection.fetch(&ticket.url, &[], out).await?;
        checked(status, octets).map(|_| ())
    }

    /// Writes the octets that a signed request is answered with to `out` piece by piece.
    pub async fn octets_to(&mut self, path: &str, out: &mut impl Write) -> Result<(), Error> {
        let headers = self.headers(&Method::GET, path)?;
        let (status, octets) = self.connection.fetch(path, &headers, out).await?;
        checked(status, octets).map(|_| ())
    }

    /// Rejects a message unread, and returns the time of the rejection.
    pub async fn reject(&mut self, reference: Reference) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Rejected {
            at: String,
        }
        let path = format!("/api/messages/{reference}/reject");
        let body = json!({ "reason": null });
        let rejected: Rejected = self.call(Method::POST, &path, Some(body)).await?;
        Ok(rejected.at)
    }

    /// Ends the session.
    pub async fn sign_out(mut self) -> Result<(), Error> {
        self.done(Method::DELETE, "/api/session", None).await
    }

    /// Sends one signed request whose response has no body.
    pub async fn done(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(), Error> {
        let (status, octets) = self.send(method, path, body).await?;
        checked(status, octets).map(|_| ())
    }

    /// Sends one signed request and parses its JSON response.
    pub async fn call<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, Error> {
        let (status, octets) = self.send(method, path, body).await?;
        let octets = checked(status, octets)?;
        serde_json::from_slice(&octets).map_err(|error| Error::Answer(error.to_string()))
    }

    /// The same for a change of what had a version.
    pub async fn change<T: DeserializeOwned>(
        &mut self,
        (method, path): (Method, &str),
        version: u32,
        body: Value,
    ) -> Result<T, Error> {
        let over = [("if-match", format!("\"{version}\""))];
        let (status, octets) = self.send_with(method, path, &over, Some(body).into()).await?;
        let octets = checked(status, octets)?;
        serde_json::from_slice(&octets).map_err(|error| Error::Answer(error.to_string()))
    }

    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(StatusCode, Bytes), Error> {
        self.send_with(method, path, &[], body.into()).await
    }

    /// The headers that sign a request.
    fn signed(&self, method: &str, path: &str) -> Result<Vec<(&'static str, String)>, Error> {
        // The proof names the URL without its query (RFC 9449 §4.2).
        let target = path.split('?').next().unwrap_or(path);
        let url = format!("{}{target}", self.origin);
        let mut headers = vec![("dpop", self.key.prove(method, &url, self.token.as_deref())?)];
        headers.extend(self.token.iter().map(|token| ("authorization", format!("DPoP {token}"))));
        Ok(headers)
    }

    pub(super) async fn send_with(
        &mut self,
        method: Method,
        path: &str,
        more: &[(&'static str, String)],
        body: Body,
    ) -> Result<(StatusCode, Bytes), Error> {
        let mut headers = self.headers(&method, path)?;
        headers.extend_from_slice(more);
        self.connection.request(method, path, &headers, body).await
    }

    /// The proof of a request, and the token.
    fn headers(&self, method: &Method, path: &str) -> Result<Vec<(&'static str, String)>, Error> {
        // The proof names the URL without its query (RFC 9449 §4.2).
        let target = path.split('?').next().unwrap_or(path);
        let url = format!("{}{target}", self.origin);
        let proof = self.key.prove(method.as_str(), &url, self.token.as_deref())?;
        let mut headers = vec![("dpop", proof)];
        if let Some(token) = &self.token {
            headers.push(("authorization", format!("DPoP {token}")));
        }
        Ok(headers)
    }
}

/// Percent-encodes text as a value in a query (RFC 3986 §2.1).
pub(super) fn percent(text: &str) -> String {
    let encode = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(octet).to_string()
        }
        octet => format!("%{octet:02X}"),
    };
    text.bytes().map(encode).collect()
}
