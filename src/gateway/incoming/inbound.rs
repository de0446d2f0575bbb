//! A message as the SMTP edge passes it on, with the facts that the edge gathered.

use std::net::IpAddr;

use bytes::Bytes;

use crate::gateway::incoming::recipient::AcceptedRecipient;
use crate::mail::envelope::Envelope;
use crate::mail::header::HeaderFacts;
use crate::terms::SenderCheck;

/// A message that the SMTP edge accepted.
pub struct Inbound {
    pub envelope: Envelope,
    pub recipients: Vec<AcceptedRecipient>,
    pub facts: HeaderFacts,
    /// The octets as sent, after dot-unstuffing.
    pub message: Bytes,
    pub arrival: Arrival,
    /// The sender's domain authenticates it (DMARC), or a trusted relay passed it on.
    pub authenticated: bool,
    /// What its reader is told about its authors.
    pub sender: SenderCheck,
    /// The Authentication-Results field (RFC 8601), or empty.
    pub results: String,
}

/// The last hop, as the SMTP edge saw it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub peer: IpAddr,
    pub helo: String,
    pub tls: Option<TlsFacts>,
    /// The protocol name of RFC 3848 and RFC 6531: `ESMTPS`, `UTF8SMTPS`, …
    pub protocol: &'static str,
    /// This host's name.
    pub host: String,
}

/// The TLS parameters of a hop.
#[derive(Clone, Debug)]
pub struct TlsFacts {
    pub version: String,
    pub cipher: String,
}
