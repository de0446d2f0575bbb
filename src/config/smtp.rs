//! `[smtp]`: the listener for other mail servers, and its limits.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{Prefix, Problem};

/// What happens to a message that is not confirmed by the domain of its author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unconfirmed {
    /// It is refused (550).
    Refuse,
    /// It is accepted, and its reader is warned.
    Mark,
}

/// The listener for other mail servers, and its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Smtp {
    /// Where to listen. `[::]:25` accepts IPv4 connections as well. Sockets that systemd passes
    /// under the name `smtp` take precedence.
    pub listen: Vec<SocketAddr>,
    /// Refuse mail from clients that have not used STARTTLS (530). Much of the world's mail still
    /// arrives unencrypted; if this is off, such messages are marked.
    pub require_tls: bool,
    /// Check the sender of each message by SPF, DKIM and DMARC, which needs DNS.
    pub authentication: bool,
    /// How long these checks may take, in seconds.
    pub authentication_timeout_secs: u64,
    /// Your own relays, as addresses or prefixes (`192.0.2.0/24`). Messages from them count as
    /// authenticated, and no checks are made.
    pub trusted_relays: Vec<Prefix>,
    /// What to do with a message that the domain in its From field does not authenticate, if that
    /// domain asks to refuse such mail (DMARC `p=reject`): refuse or mark.
    pub dmarc_reject: Unconfirmed,
    /// What to do with a message from outside that names one of your own domains in its From field
    /// and is not authenticated by it: mark or refuse.
    pub own_domain_unconfirmed: Unconfirmed,
    /// Delay before the greeting, in milliseconds. A client that sends anything before it is
    /// refused. 0 greets at once.
    pub greeting_delay_millis: u64,

    /// Connections at the same time, in total. Further clients are told to try again later (421).
    pub connections_max: usize,
    /// Connections at the same time from one IPv4 address or one IPv6 /64.
    pub connections_per_address_max: usize,
    /// Recipients of one message; further ones must be sent in another message (452). RFC 5321
    /// §4.5.3.1.8 asks for at least 100.
    pub recipients_max: usize,
    /// Recipients that may be refused on one connection since the last accepted message, before the
    /// connection is closed (421).
    pub recipients_refused_max: u32,
    /// Invalid commands on one connection since the last accepted message, before the connection is
    /// closed (421).
    pub errors_max: u32,

    /// Size of one message, in octets (announced as SIZE, RFC 1870).
    pub size_octets_max: u64,
    /// One command line, in octets (RFC 5321 §4.5.3.1.4 says 512; extensions add to it).
    pub command_octets_max: usize,
    /// One line of a message, in octets. RFC 5321 §4.5.3.1.6 says 1,000; real mail exceeds it.
    pub line_octets_max: usize,
    /// A message's header, in octets.
    pub header_octets_max: usize,
    /// One line of a header, in octets.
    pub header_line_octets_max: usize,
    /// Fields in a header.
    pub header_fields_max: usize,
    /// Received fields in a header; a message with more is considered to be in a loop.
    pub received_max: usize,

    /// Memory for incoming messages, for all connections together, in octets. A message that finds
    /// no room waits, and is deferred (452) if that takes too long.
    pub memory_octets_max: u64,
    /// How many recipients and messages are checked and stored at the same time, in total;
    /// further ones wait. While the store cannot keep up, each message holds one thread.
    pub calls_at_once_max: usize,
    /// How long a message waits for memory, and a recipient or message for a thread, in seconds.
    /// After that it is deferred (452).
    pub memory_wait_secs: u64,

    /// How long a client may take until its next command, in seconds (RFC 5321 §4.5.3.2.7: at least
    /// 300).
    pub command_timeout_secs: u64,
    /// How long a client may pause inside a message, in seconds (RFC 5321 §4.5.3.2.5: 180).
    pub data_timeout_secs: u64,
    /// The minimum average transfer rate of a message, in octets per second, after the first half
    /// minute.
    pub octets_per_sec_min: u64,
    /// How long a TLS handshake may take, in seconds.
    pub tls_timeout_secs: u64,
    /// How long a client may take to read a reply, in seconds.
    pub write_timeout_secs: u64,
}

impl Default for Smtp {
    fn default() -> Self {
        Smtp {
            listen: vec![SocketAddr::from(([0; 16], 25))],
            require_tls: false,
            authentication: true,
            authentication_timeout_secs: 20,
            trusted_relays: Vec::new(),
            dmarc_reject: Unconfirmed::Refuse,
            own_domain_unconfirmed: Unconfirmed::Mark,
            greeting_delay_millis: 0,
            connections_max: 1_000,
            connections_per_address_max: 50,
            recipients_max: 500,
            recipients_refused_max: 100,
            errors_max: 20,
            size_octets_max: 50 << 20,
            command_octets_max: 2_048,
            line_octets_max: 1 << 20,
            header_octets_max: 256 << 10,
            header_line_octets_max: 16 << 10,
            header_fields_max: 1_000,
            received_max: 50,
            memory_octets_max: 256 << 20,
            calls_at_once_max: 64,
            memory_wait_secs: 20,
            command_timeout_secs: 300,
            data_timeout_secs: 180,
            octets_per_sec_min: 128,
            tls_timeout_secs: 30,
            write_timeout_secs: 60,
        }
    }
}

impl Smtp {
    /// Returns the settings for the demo: one port, and as many connections from one address as
    /// in total, since every peer is on this machine.
    pub fn for_demo(listen: SocketAddr) -> Smtp {
        let default = Smtp::default();
        let connections_per_address_max = default.connections_max;
        Smtp { listen: vec![listen], connections_per_address_max, ..default }
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.listen.is_empty() {
            return Err(Problem::new("smtp.listen", "[]", "at least one address with a port"));
        }
        self.check_counts()?;
        self.check_sizes()?;
        self.check_times()
    }

    fn check_counts(&self) -> Result<(), Problem> {
        let all = self.connections_max as u64;
        Problem::unless_in("smtp.connections_max", all, 1..=100_000)?;
        let here = self.connections_per_address_max as u64;
        Problem::unless_in("smtp.connections_per_address_max", here, 1..=100_000)?;
        Problem::unless_in("smtp.recipients_max", self.recipients_max as u64, 100..=10_000)?;
        let refused = u64::from(self.recipients_refused_max);
        Problem::unless_in("smtp.recipients_refused_max", refused, 1..=100_000)?;
        let calls = self.calls_at_once_max as u64;
        Problem::unless_in("smtp.calls_at_once_max", calls, 1..=1_024)?;
        Problem::unless_in("smtp.errors_max", u64::from(self.errors_max), 1..=1_000)?;
        let fields = self.header_fields_max as u64;
        Problem::unless_in("smtp.header_fields_max", fields, 50..=100_000)?;
        Problem::unless_in("smtp.received_max", self.received_max as u64, 20..=1_000)
    }

    fn check_sizes(&self) -> Result<(), Problem> {
        // RFC 5321 §4.5.3.1.7: messages of at least 64 KiB must be accepted.
        Problem::unless_in("smtp.size_octets_max", self.size_octets_max, 65_536..=1 << 30)?;
        let command = self.command_octets_max as u64;
        Problem::unless_in("smtp.command_octets_max", command, 1_024..=65_536)?;
        Problem::unless_in("smtp.line_octets_max", self.line_octets_max as u64, 1_000..=1 << 30)?;
        let header = self.header_octets_max as u64;
        Problem::unless_in("smtp.header_octets_max", header, 16_384..=16 << 20)?;
        let line = self.header_line_octets_max as u64;
        Problem::unless_in("smtp.header_line_octets_max", line, 998..=1 << 20)?;
        // There must be room for one message of the largest size, and for what is kept free for
        // small ones.
        let least = (self.size_octets_max + (self.size_octets_max >> 1)).max(1 << 20);
        Problem::unless_in("smtp.memory_octets_max", self.memory_octets_max, least..=1 << 40)
    }

    fn check_times(&self) -> Result<(), Problem> {
        Problem::unless_in("smtp.greeting_delay_millis", self.greeting_delay_millis, 0..=60_000)?;
        let secs = self.authentication_timeout_secs;
        Problem::unless_in("smtp.authentication_timeout_secs", secs, 1..=120)?;
        Problem::unless_in("smtp.memory_wait_secs", self.memory_wait_secs, 1..=170)?;
        Problem::unless_in("smtp.command_timeout_secs", self.command_timeout_secs, 1..=3_600)?;
        Problem::unless_in("smtp.data_timeout_secs", self.data_timeout_secs, 1..=3_600)?;
        Problem::unless_in("smtp.octets_per_sec_min", self.octets_per_sec_min, 1..=1 << 20)?;
        Problem::unless_in("smtp.tls_timeout_secs", self.tls_timeout_secs, 1..=300)?;
        Problem::unless_in("smtp.write_timeout_secs", self.write_timeout_secs, 1..=3_600)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_allowed() {
        assert_eq!(Smtp::default().check(), Ok(()));
        assert_eq!(Smtp::for_demo(SocketAddr::from(([127, 0, 0, 1], 0))).check(), Ok(()));
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        let key = |change: fn(&mut Smtp)| {
            let mut smtp = Smtp::default();
            change(&mut smtp);
            smtp.check().unwrap_err().key
        };
        assert_eq!(key(|s| s.listen.clear()), "smtp.listen");
        assert_eq!(key(|s| s.recipients_max = 99), "smtp.recipients_max");
        assert_eq!(key(|s| s.size_octets_max = 0), "smtp.size_octets_max");
        assert_eq!(key(|s| s.memory_octets_max = s.size_octets_max), "smtp.memory_octets_max");
        assert_eq!(key(|s| s.command_timeout_secs = 0), "smtp.command_timeout_secs");
    }
}
