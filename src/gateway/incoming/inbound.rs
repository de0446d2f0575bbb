//! A message as the SMTP edge hands it over, with the facts that the edge gathered.

use std::net::IpAddr;

use bytes::Bytes;

use crate::gateway::incoming::recipient::AcceptedRecipient;
use crate::mail::envelope::Envelope;
use crate::mail::header::HeaderFacts;

/// A message as the SMTP edge accepted it.
pub struct Inbound {
    pub envelope: Envelope,
    pub recipients: Vec<AcceptedRecipient>,
    pub facts: HeaderFacts,
    /// The octets as sent, after dot-unstuffing.
    pub message: Bytes,
    pub arrival: Arrival,
    /// Whether the sender's domain authenticates it (DMARC), or a trusted relay delivered it.
    pub authenticated: bool,
    /// The Authentication-Results field about the sender (RFC 8601), or nothing.
    pub results: String,
}

/// The last hop as the SMTP edge saw it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub peer: IpAddr,
    pub helo: String,
    pub tls: Option<TlsFacts>,
    /// RFC 3848 and RFC 6531: `ESMTPS`, `UTF8SMTPS`, …
    pub protocol: &'static str,
    /// Our own name.
    pub host: String,
}

/// How a hop was protected.
#[derive(Clone, Debug)]
pub struct TlsFacts {
    pub version: String,
    pub cipher: String,
}
