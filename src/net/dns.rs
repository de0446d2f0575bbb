//! DNS: a domain's mail hosts, addresses of hosts, and other records.
//!
//! A query without an answer is [`DnsError::Temporary`], never "there is none": the caller tries
//! again later and decides nothing.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::rr::rdata::TLSA;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

use crate::config::{Dns, Dnssec};

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    #[error("the name does not exist")]
    NotFound,
    #[error("the name has no record of this kind")]
    NoRecord,
    /// No server answered, or none could.
    #[error("the DNS lookup failed: {0}")]
    Temporary(String),
}

/// Why there is no resolver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The system's servers are to be asked, and it names none.
    #[error("no DNS server is known: /etc/resolv.conf: {0}; set dns.servers")]
    System(String),
    #[error("the DNS resolver cannot be set up: {0}")]
    Resolver(String),
}

/// The hosts that accept a domain's mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailHosts {
    /// Hosts with their preference, the most preferred first (RFC 5321 §5.1). Without MX records,
    /// the domain itself with preference 0. `vouched`: DNSSEC authenticates this list.
    Hosts { hosts: Vec<(u16, String)>, vouched: bool },
    /// The domain declares that it does not accept mail (null MX, RFC 7505).
    NoMail,
}

/// The resolver; clones share the cache.
#[derive(Clone)]
pub struct Resolver {
    inner: TokioResolver,
    dnssec: Dnssec,
}

impl Resolver {
    /// Creates a resolver from the configuration.
    pub fn new(dns: &Dns) -> Result<Resolver, SetupError> {
        let (config, mut options) = match dns.servers.as_slice() {
            [] => hickory_resolver::system_conf::read_system_conf()
                .map_err(|error| SetupError::System(error.to_string()))?,
            servers => (servers_of(servers), ResolverOpts::default()),
        };
        options.timeout = Duration::from_secs(dns.timeout_secs);
        options.attempts = dns.attempts;
        options.cache_size = dns.cache_entries;
        options.validate = dns.dnssec == Dnssec::Validate;
        // Names come from mail and are fully qualified.
        options.ndots = 0;
        let failed = |error: &dyn std::fmt::Display| SetupError::Resolver(error.to_string());
        let inner = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .with_tls_config(tls_unused().map_err(|error| failed(&error))?)
            .build()
            .map_err(|error| failed(&error))?;
        Ok(Resolver { inner, dnssec: dns.dnssec })
    }

    /// Returns what a library needs that makes its own queries; it shares the cache.
    pub fn shared(&self) -> TokioResolver {
        self.inner.clone()
    }

    /// Returns the hosts that accept a domain's mail.
    pub async fn mail_hosts(&self, domain: &str) -> Result<MailHosts, DnsError> {
        let lookup = match self.inner.lookup(name(domain)?, RecordType::MX).await {
            Ok(lookup) => lookup,
            Err(error) => match found_none(error) {
                // RFC 5321 §5.1: without an MX record, the domain is its own mail host.
                DnsError::NotFound | DnsError::NoRecord => return self.own_host(domain).await,
                other => return Err(other),
            },
        };
        let mut hosts: Vec<(u16, String)> = lookup
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::MX(mx) => Some((mx.preference, host_text(&mx.exchange))),
                _ => None,
            })
            .collect();
        if hosts.is_empty() {
            return self.own_host(domain).await;
        }
        if hosts.iter().all(|(_, host)| host.is_empty()) {
            return Ok(MailHosts::NoMail);
        }
        hosts.retain(|(_, host)| !host.is_empty());
        shuffle(&mut hosts)?;
        hosts.sort_by_key(|(preference, _)| *preference);
        Ok(MailHosts::Hosts { hosts, vouched: self.vouched(&lookup) })
    }

    /// Returns whether DNSSEC authenticates every record of an answer.
    fn vouched(&self, lookup: &Lookup) -> bool {
        match self.dnssec {
            Dnssec::Off => false,
            Dnssec::TrustServers => lookup.message().metadata.authentic_data,
            Dnssec::Validate => {
                let secure = |record: &Record| record.proof == Proof::Secure;
                !lookup.answers().is_empty() && lookup.answers().iter().all(secure)
            }
        }
    }

    async fn own_host(&self, domain: &str) -> Result<MailHosts, DnsError> {
        self.addresses(domain).await?;
        // The proof that there is no MX record is not checked, so it does not count as
        // authenticated.
        Ok(MailHosts::Hosts { hosts: vec![(0, domain.to_owned())], vouched: false })
    }

    /// Returns a host's addresses, IPv6 before IPv4.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let (mut found, mut failed, mut absent) = (Vec::new(), None, DnsError::NotFound);
        for kind in [RecordType::AAAA, RecordType::A] {
            match self.inner.lookup(name(host)?, kind).await {
                Ok(lookup) => {
                    found.extend(lookup.answers().iter().filter_map(|record| match &record.data {
                        RData::A(a) => Some(IpAddr::V4(a.0)),
                        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                        _ => None,
                    }))
                }
                Err(error) => match found_none(error) {
                    DnsError::NotFound => {}
                    DnsError::NoRecord => absent = DnsError::NoRecord,
                    other => failed = Some(other),
                },
            }
        }
        match (found.is_empty(), failed) {
            (false, _) => Ok(found),
            (true, Some(failed)) => Err(failed),
            (true, None) => Err(absent),
        }
    }

    /// Returns the records of a name that are of one kind; aliases are followed. The name may have any
    /// characters: SPF makes names of what strangers write (RFC 7208 §7.1).
    pub async fn records(&self, of: &str, kind: RecordType) -> Result<Vec<RData>, DnsError> {
        let lookup = self.inner.lookup(any_name(of)?, kind).await.map_err(found_none)?;
        let wanted = lookup.answers().iter().filter(|record| record.record_type() == kind);
        Ok(wanted.map(|record| record.data.clone()).collect())
    }

    /// Returns the names that an address has (PTR, RFC 1035 §3.5), in lower case.
    pub async fn names_of(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        let lookup = self.inner.lookup(Name::from(address), RecordType::PTR).await;
        let name = |record: &Record| match &record.data {
            RData::PTR(name) => Some(host_text(name)),
            _ => None,
        };
        Ok(lookup.map_err(found_none)?.answers().iter().filter_map(name).collect())
    }

    /// Returns the TXT records of a name, each as one text.
    pub async fn texts(&self, of: &str) -> Result<Vec<String>, DnsError> {
        // As `records`: SPF makes such names too. Only a name beyond ASCII has another form for DNS.
        let of = if of.is_ascii() { any_name(of)? } else { name(of)? };
        let lookup = self.inner.lookup(of, RecordType::TXT).await.map_err(found_none)?;
        let text = |record: &Record| match &record.data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        };
        Ok(lookup.answers().iter().filter_map(text).collect())
    }

    /// Returns the TLSA records of a host's port if DNSSEC authenticates them, and none otherwise
    /// (RFC 7672 §2.2).
    pub async fn tlsa(&self, host: &str, port: u16) -> Result<Vec<TLSA>, DnsError> {
        if self.dnssec == Dnssec::Off {
            return Ok(Vec::new());
        }
        let of = name(&format!("_{port}._tcp.{host}"))?;
        let lookup = match self.inner.lookup(of, RecordType::TLSA).await {
            Ok(lookup) => lookup,
            Err(error) => match found_none(error) {
                DnsError::NotFound | DnsError::NoRecord => return Ok(Vec::new()),
                other => return Err(other),
            },
        };
        if !self.vouched(&lookup) {
            return Ok(Vec::new());
        }
        Ok(lookup
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::TLSA(tlsa) => Some(tlsa.clone()),
                _ => None,
            })
            .collect())
    }
}

/// Servers are asked over UDP and TCP, never over TLS. Without a configuration for TLS the library
/// reads the system's authorities, and fails on a host that has none.
fn tls_unused() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

fn servers_of(servers: &[std::net::SocketAddr]) -> ResolverConfig {
    let server = |address: &std::net::SocketAddr| {
        let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
        (udp.port, tcp.port) = (address.port(), address.port());
        let mut server = NameServerConfig::udp_and_tcp(address.ip());
        server.connections = vec![udp, tcp];
        server
    };
    ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect())
}

fn name(text: &str) -> Result<Name, DnsError> {
    // Names of hosts must not have an underscore, and yet some mail servers have one.
    let mut name = Name::from_str_relaxed(text).map_err(|_| DnsError::NotFound)?;
    // Never completed with a search list.
    name.set_fqdn(true);
    Ok(name)
}

/// Returns the name with these labels, whatever is in them.
fn any_name(text: &str) -> Result<Name, DnsError> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let labels = text.split('.').map(str::as_bytes);
    let mut name = Name::from_labels(labels).map_err(|_| DnsError::NotFound)?;
    name.set_fqdn(true);
    Ok(name)
}

fn host_text(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_lowercase()
}

fn found_none(error: NetError) -> DnsError {
    if error.is_nx_domain() {
        return DnsError::NotFound;
    }
    match error.is_no_records_found() {
        true => DnsError::NoRecord,
        false => temporary(error),
    }
}

fn temporary(error: impl std::fmt::Display) -> DnsError {
    DnsError::Temporary(error.to_string())
}

/// Shuffles the hosts, so that those of the same preference share the load (RFC 5321 §5.1).
fn shuffle(hosts: &mut [(u16, String)]) -> Result<(), DnsError> {
    for last in (1..hosts.len()).rev() {
        let mut bytes = [0; 8];
        ::aws_lc_rs::rand::fill(&mut bytes).map_err(temporary)?;
        let pick = u64::from_be_bytes(bytes) % (last as u64 + 1);
        hosts.swap(last, usize::try_from(pick).unwrap_or_default());
    }
    Ok(())
}
