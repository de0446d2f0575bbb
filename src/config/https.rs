//! `[https]`: the listener for browsers and scripts, and its limits.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::Problem;
use super::server::is_host_name;

/// The listener for browsers and scripts, and its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Https {
    /// Where to listen. `[::]:443` accepts IPv4 connections as well. Sockets that systemd passes
    /// under the name `https` take precedence.
    pub listen: Vec<SocketAddr>,
    /// Where to answer plain HTTP requests with a redirect to HTTPS; `[]`: nowhere. Sockets that
    /// systemd passes under the name `http` take precedence.
    pub redirect_listen: Vec<SocketAddr>,
    /// The address that people type, such as `https://mail.example.org`, without a path. Requests
    /// for any other host are refused (421), and signed ones must be signed for it. If it is not
    /// set, it is `server.host_name`, at whatever port the browser names.
    pub public_url: Option<String>,
    /// Further names and addresses that requests may be for, at any port; for example the one that
    /// a proxy puts into the Host field. With `public_url`, signed requests are nevertheless for that
    /// alone: a browser that comes by another name gets the pages, but cannot sign in.
    pub host_names: Vec<String>,

    /// Connections at the same time, in total. Further ones are closed.
    pub connections_max: usize,
    /// Connections at the same time from one IPv4 address or one IPv6 /64.
    pub connections_per_address_max: usize,
    /// Requests at the same time on one HTTP/2 connection.
    pub streams_per_connection_max: u32,
    /// Requests that read or write the store at the same time, in total; further ones wait.
    pub requests_at_once_max: usize,
    /// Those of one account.
    pub requests_per_account_max: usize,
    /// Requests that hold a whole message in memory at the same time, in total; further ones wait.
    pub contents_at_once_max: usize,
    /// Those of one account. If it is less than in total, no account keeps another waiting.
    pub contents_per_account_max: usize,
    /// Event streams of one account at the same time; further ones are refused (429).
    pub event_streams_per_account_max: usize,

    /// Memory for the bodies of requests and responses, for all connections together, in octets. An
    /// eighth is for clients that are not signed in. A request that finds no room waits, and is
    /// refused (503) if that takes too long.
    pub memory_octets_max: usize,
    /// The part of it that one account may use, in octets: at least one import.
    pub memory_octets_per_account_max: usize,
    /// The part of it that clients in one network (an IPv4 /24, an IPv6 /48) may use that are not
    /// signed in, in octets.
    pub memory_octets_per_network_max: usize,

    /// A request's header, in octets.
    pub header_octets_max: usize,
    /// A request's body, in octets.
    pub body_octets_max: usize,
    /// A message that is being written, without its attachments, in octets.
    pub message_octets_max: usize,
    /// A message that is imported from a file, in octets.
    pub import_octets_max: usize,
    /// References in one request that changes many messages.
    pub batch_references_max: usize,

    /// How long a TLS handshake may take, in seconds.
    pub tls_timeout_secs: u64,
    /// How long a request's header may take to arrive, and how long a connection may be idle
    /// between requests, in seconds.
    pub header_timeout_secs: u64,
    /// How long a request's body may take to arrive, in seconds.
    pub body_timeout_secs: u64,
    /// How long a client may take to read a part of a response, in seconds.
    pub write_timeout_secs: u64,
    /// How long a request may wait to be processed before it is refused (503), in seconds.
    pub turn_timeout_secs: u64,

    /// How old the time of a signature may be, in seconds (RFC 9449 §11.1). It may be 5 seconds ahead.
    pub proof_age_secs: u64,
    /// Signatures that are remembered so that none is accepted twice. If there is no room for one,
    /// its request is refused for the moment.
    pub proofs_remembered_max: usize,
    /// How long a link to a download or a message's HTML is valid, in seconds.
    pub ticket_secs: u64,
    /// Such links at the same time, in total.
    pub tickets_max: usize,
    /// Such links of one account at the same time.
    #[serde(alias = "tickets_per_session_max")]
    pub tickets_per_account_max: usize,
}

impl Default for Https {
    fn default() -> Self {
        Https {
            listen: vec![SocketAddr::from(([0; 16], 443))],
            redirect_listen: vec![SocketAddr::from(([0; 16], 80))],
            public_url: None,
            host_names: Vec::new(),
            connections_max: 2_000,
            connections_per_address_max: 200,
            streams_per_connection_max: 64,
            requests_at_once_max: 64,
            requests_per_account_max: 32,
            contents_at_once_max: 4,
            contents_per_account_max: 2,
            event_streams_per_account_max: 32,
            memory_octets_max: 288 << 20,
            memory_octets_per_account_max: 64 << 20,
            memory_octets_per_network_max: 512 << 10,
            header_octets_max: 32 << 10,
            body_octets_max: 64 << 10,
            message_octets_max: 4 << 20,
            import_octets_max: 64 << 20,
            batch_references_max: 500,
            tls_timeout_secs: 20,
            header_timeout_secs: 30,
            body_timeout_secs: 20,
            write_timeout_secs: 60,
            turn_timeout_secs: 30,
            proof_age_secs: 60,
            proofs_remembered_max: 200_000,
            ticket_secs: 60,
            tickets_max: 10_000,
            tickets_per_account_max: 200,
        }
    }
}

impl Https {
    /// Returns the settings for the demo: one port, no plain HTTP, the names of this machine, and
    /// as many connections from one address as in total, since every browser and script is on it.
    pub fn for_demo(listen: SocketAddr) -> Https {
        let default = Https::default();
        let connections_per_address_max = default.connections_max;
        let mut host_names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        if !listen.ip().is_unspecified() && !listen.ip().is_loopback() {
            host_names.push(listen.ip().to_string());
        }
        let (listen, redirect_listen) = (vec![listen], Vec::new());
        Https { listen, redirect_listen, host_names, connections_per_address_max, ..default }
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.listen.is_empty() {
            return Err(Problem::new("https.listen", "[]", "at least one address with a port"));
        }
        self.check_public_url()?;
        self.check_host_names()?;
        self.check_counts()?;
        self.check_sizes()?;
        self.check_times()
    }

    fn check_public_url(&self) -> Result<(), Problem> {
        let Some(url) = &self.public_url else { return Ok(()) };
        let host = url.strip_prefix("https://").unwrap_or_default();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
        // The parser takes more than this and corrects it, but no host or port that is none.
        if !host.is_empty() && host.chars().all(plain) && url::Url::parse(url).is_ok() {
            return Ok(());
        }
        let allowed = "https:// and a host in lower case, without a path";
        Err(Problem::new("https.public_url", url.clone(), allowed))
    }

    fn check_host_names(&self) -> Result<(), Problem> {
        let is_host = |name: &&String| is_host_name(name) || name.parse::<IpAddr>().is_ok();
        match self.host_names.iter().find(|name| !is_host(name)) {
            Some(bad) => {
                let allowed = "host names in lower case and addresses, without a port";
                Err(Problem::new("https.host_names", bad, allowed))
            }
            None => Ok(()),
        }
    }

    fn check_counts(&self) -> Result<(), Problem> {
        let all = self.connections_max as u64;
        Problem::unless_in("https.connections_max", all, 1..=100_000)?;
        let here = self.connections_per_address_max as u64;
        Problem::unless_in("https.connections_per_address_max", here, 1..=100_000)?;
        let streams = u64::from(self.streams_per_connection_max);
        Problem::unless_in("https.streams_per_connection_max", streams, 8..=1_000)?;
        // Each request takes a thread of its own.
        let requests = self.requests_at_once_max as u64;
        Problem::unless_in("https.requests_at_once_max", requests, 1..=256)?;
        let contents = self.contents_at_once_max as u64;
        Problem::unless_in("https.contents_at_once_max", contents, 1..=256)?;
        let one = self.requests_per_account_max as u64;
        Problem::unless_in("https.requests_per_account_max", one, 1..=256)?;
        let one = self.contents_per_account_max as u64;
        Problem::unless_in("https.contents_per_account_max", one, 1..=256)?;
        let events = self.event_streams_per_account_max as u64;
        Problem::unless_in("https.event_streams_per_account_max", events, 1..=1_000)?;
        let proofs = self.proofs_remembered_max as u64;
        Problem::unless_in("https.proofs_remembered_max", proofs, 1_000..=100_000_000)?;
        Problem::unless_in("https.tickets_max", self.tickets_max as u64, 100..=1_000_000)?;
        let tickets = self.tickets_per_account_max as u64;
        Problem::unless_in("https.tickets_per_account_max", tickets, 10..=1_000_000)?;
        let batch = self.batch_references_max as u64;
        Problem::unless_in("https.batch_references_max", batch, 1..=500)
    }

    fn check_sizes(&self) -> Result<(), Problem> {
        let header = self.header_octets_max as u64;
        Problem::unless_in("https.header_octets_max", header, 8_192..=1 << 20)?;
        let body = self.body_octets_max as u64;
        // A batch of 500 references needs some 14 KiB.
        Problem::unless_in("https.body_octets_max", body, 16_384..=16 << 20)?;
        let import = self.import_octets_max as u64;
        Problem::unless_in("https.import_octets_max", import, 1 << 20..=1 << 30)?;
        self.check_memory(import.max(self.message_octets_max as u64))
    }

    /// Each share must have room for the largest body that it may need, and the whole for more than
    /// one share.
    fn check_memory(&self, largest: u64) -> Result<(), Problem> {
        let account = self.memory_octets_per_account_max as u64;
        Problem::unless_in("https.memory_octets_per_account_max", account, largest..=1 << 40)?;
        let network = self.memory_octets_per_network_max as u64;
        Problem::unless_in("https.memory_octets_per_network_max", network, 16 << 10..=1 << 40)?;
        let all = self.memory_octets_max as u64;
        let least = (4 * account).max(16 * network);
        Problem::unless_in("https.memory_octets_max", all, least..=1 << 40)
    }

    fn check_times(&self) -> Result<(), Problem> {
        Problem::unless_in("https.tls_timeout_secs", self.tls_timeout_secs, 1..=300)?;
        Problem::unless_in("https.header_timeout_secs", self.header_timeout_secs, 1..=600)?;
        Problem::unless_in("https.body_timeout_secs", self.body_timeout_secs, 1..=600)?;
        Problem::unless_in("https.write_timeout_secs", self.write_timeout_secs, 1..=3_600)?;
        Problem::unless_in("https.turn_timeout_secs", self.turn_timeout_secs, 1..=300)?;
        Problem::unless_in("https.proof_age_secs", self.proof_age_secs, 5..=300)?;
        Problem::unless_in("https.ticket_secs", self.ticket_secs, 5..=600)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_allowed() {
        assert_eq!(Https::default().check(), Ok(()));
        assert_eq!(Https::for_demo(SocketAddr::from(([127, 0, 0, 1], 0))).check(), Ok(()));
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        let key = |change: fn(&mut Https)| {
            let mut https = Https::default();
            change(&mut https);
            https.check().unwrap_err().key
        };
        assert_eq!(key(|h| h.listen.clear()), "https.listen");
        assert_eq!(key(|h| h.streams_per_connection_max = 0), "https.streams_per_connection_max");
        assert_eq!(key(|h| h.body_octets_max = 0), "https.body_octets_max");
        assert_eq!(key(|h| h.proof_age_secs = 0), "https.proof_age_secs");
        for url in [
            "http://a.example",
            "https://",
            "https://a.example/x",
            "https://A.example",
            "https://:8443",
            "https://a.example:b",
            "https://a.example:99999",
            "https://[",
        ] {
            let https = Https { public_url: Some(url.to_owned()), ..Https::default() };
            assert_eq!(https.check().unwrap_err().key, "https.public_url", "{url}");
        }
        for name in ["", "A.example", "a.example:443", "https://a.example", "[::1]", "a b"] {
            let https = Https { host_names: vec![name.to_owned()], ..Https::default() };
            assert_eq!(https.check().unwrap_err().key, "https.host_names", "{name}");
        }
        let url = Some("https://mail.example.org:8443".to_owned());
        assert_eq!(Https { public_url: url, ..Https::default() }.check(), Ok(()));
    }
}
