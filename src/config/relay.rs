//! `[dns]`, `[relay]`, `[dkim]`: how outgoing mail is sent.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Problem;

/// Whether DNS answers can be trusted enough for DANE (RFC 7672).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dnssec {
    /// They cannot be trusted: no DANE.
    Off,
    /// The servers validate, and the path to them is trusted.
    TrustServers,
    /// Every signature is checked here.
    Validate,
}

/// DNS look-ups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dns {
    /// DNS servers with their ports; `[]`: those of the system.
    pub servers: Vec<SocketAddr>,
    /// How long one query may take, in seconds.
    pub timeout_secs: u64,
    /// How often a query is sent.
    pub attempts: usize,
    /// How many answers are cached.
    pub cache_entries: u64,
    /// `off`, `trust-servers` or `validate`.
    pub dnssec: Dnssec,
}

impl Default for Dns {
    fn default() -> Self {
        Dns {
            servers: Vec::new(),
            timeout_secs: 5,
            attempts: 2,
            cache_entries: 4_096,
            dnssec: Dnssec::Off,
        }
    }
}

impl Dns {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("dns.timeout_secs", self.timeout_secs, 1..=60)?;
        Problem::unless_in("dns.attempts", self.attempts as u64, 1..=10)
    }
}

/// How the connection to the smarthost is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmarthostTls {
    /// STARTTLS with a valid certificate; without it, nothing is sent.
    Required,
    /// TLS from the first octet (RFC 8314), with a valid certificate.
    Implicit,
    /// STARTTLS if it is offered, with any certificate.
    Opportunistic,
    /// No TLS, for a smarthost on the same machine.
    None,
}

/// How outgoing mail is sent: to a smarthost, or to each domain's own servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Relay {
    /// `host:port` of a server that all mail is sent to; empty: each domain's own servers (MX).
    pub smarthost: String,
    /// `required`, `implicit`, `opportunistic` or `none`.
    pub smarthost_tls: SmarthostTls,
    /// Login name at the smarthost; empty: none.
    pub smarthost_user: String,
    /// The file that contains the password.
    pub smarthost_password_file: PathBuf,
    /// A PEM file with the certificate authorities to trust instead of the public ones; empty: the
    /// public ones.
    pub authorities: PathBuf,
    /// The port of a domain's own servers.
    pub port: u16,
    /// The port where domains publish their MTA-STS policies (RFC 8461 §3.3).
    pub policy_port: u16,
    /// Connections at the same time: in total, and to one domain.
    pub connections_max: usize,
    pub connections_per_destination_max: usize,
    /// The largest message that is sent as ordinary mail, in octets.
    pub size_octets_max: u64,
    /// How long to wait, in seconds: for a connection, for TLS, for the reply to a command, for a
    /// message to be accepted (RFC 5321 §4.5.3.2).
    pub connect_timeout_secs: u64,
    pub tls_timeout_secs: u64,
    pub command_timeout_secs: u64,
    pub data_timeout_secs: u64,
    /// How long an idle connection is kept for the next message, in seconds.
    pub idle_secs: u64,
    /// How many mail servers of one domain are tried before the message is deferred.
    pub hosts_tried_max: usize,
}

impl Default for Relay {
    fn default() -> Self {
        Relay {
            smarthost: String::new(),
            smarthost_tls: SmarthostTls::Required,
            smarthost_user: String::new(),
            smarthost_password_file: PathBuf::new(),
            authorities: PathBuf::new(),
            port: 25,
            policy_port: 443,
            connections_max: 20,
            connections_per_destination_max: 5,
            size_octets_max: 64 << 20,
            connect_timeout_secs: 30,
            tls_timeout_secs: 30,
            command_timeout_secs: 300,
            data_timeout_secs: 600,
            idle_secs: 5,
            hosts_tried_max: 5,
        }
    }
}

impl Relay {
    pub(super) fn check(&self) -> Result<(), Problem> {
        if !self.smarthost.is_empty() && self.smarthost_parts().is_none() {
            return Err(Problem::new("relay.smarthost", self.smarthost.clone(), "host:port"));
        }
        Problem::unless_in("relay.connections_max", self.connections_max as u64, 1..=1_000)?;
        let per = self.connections_per_destination_max as u64;
        Problem::unless_in("relay.connections_per_destination_max", per, 1..=100)?;
        for (key, secs) in [
            ("relay.connect_timeout_secs", self.connect_timeout_secs),
            ("relay.tls_timeout_secs", self.tls_timeout_secs),
            ("relay.command_timeout_secs", self.command_timeout_secs),
            ("relay.data_timeout_secs", self.data_timeout_secs),
        ] {
            Problem::unless_in(key, secs, 1..=3_600)?;
        }
        Problem::unless_in("relay.idle_secs", self.idle_secs, 0..=300)?;
        Problem::unless_in("relay.hosts_tried_max", self.hosts_tried_max as u64, 1..=20)
    }

    /// Returns the smarthost's host and port; `None` if they cannot be parsed.
    pub fn smarthost_parts(&self) -> Option<(String, u16)> {
        let (host, port) = self.smarthost.rsplit_once(':')?;
        let host = host.trim_matches(['[', ']']);
        (!host.is_empty()).then_some((host.to_owned(), port.parse().ok()?))
    }
}

/// A key that signs outgoing mail (RFC 6376).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DkimKey {
    /// The domain of the From address.
    pub domain: String,
    pub selector: String,
    /// The key file: RSA or Ed25519, PKCS #8, PEM. `postern dkim new` creates one.
    pub key_file: PathBuf,
}

/// Keys that sign outgoing mail; a message is signed with each key of its From domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dkim {
    pub keys: Vec<DkimKey>,
}
