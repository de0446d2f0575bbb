//! SPF (RFC 7208): whether a domain allows a host to send in its name.
//!
//! A query that DNS did not answer is `temperror`, and a record that does not follow the grammar is
//! `permerror`: neither says anything about the message. The standard's limits hold for the whole
//! evaluation, with every record that is included; the caller limits its time.

use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::join_all;
use hickory_resolver::proto::rr::{RData, RecordType};
use mail_auth::SpfResult;

use crate::mail::mailboxes::ascii_domain;
use crate::mail::spf::{
    Mechanism, Prefixes, Qualifier, Record, Spec, Values, is_record, reverse_name,
};
use crate::net::dns::{DnsError, Resolver};

/// How many terms that need DNS are evaluated, and how many of them may find nothing (§4.6.4).
const TERMS_MAX: u32 = 10;
const VOIDS_MAX: u32 = 2;
/// How many mail hosts of a domain, or names of an address, are looked at (§4.6.4).
const NAMES_MAX: usize = 10;

/// The names of the peer's address, and then their addresses, are asked for within this part of the time
/// each. The zone of these names may be the forger's own: if it does not answer, they match nothing
/// (§5.5), and the time for all else is left.
const REVERSE_PART: u32 = 4;

/// Who sends, and from where.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub peer: IpAddr,
    pub helo: &'a str,
    /// The address in MAIL FROM; without one, the host's own name is checked (§2.4).
    pub sender: &'a str,
}

/// Returns the result, and the domain that it is for. The caller ends the check after `timeout`.
pub(super) async fn check(
    resolver: &Resolver,
    asked: Asked<'_>,
    timeout: Duration,
) -> (SpfResult, String) {
    let (local_part, sender_domain) = split(asked);
    // §4.3: what DNS cannot be asked about has no record.
    let Some(domain) = askable(sender_domain) else {
        return (SpfResult::None, sender_domain.to_owned());
    };
    let mut evaluation = Evaluation {
        resolver,
        ip: asked.peer.to_canonical(),
        helo: asked.helo,
        local_part,
        sender_domain: &domain,
        reverse_timeout: timeout / REVERSE_PART,
        own_names: None,
        terms: 0,
        voids: 0,
    };
    let found = evaluation.check_host(&domain).await.unwrap_or_else(|stop| match stop {
        Stop::Temporary => SpfResult::TempError,
        Stop::Permanent => SpfResult::PermError,
    });
    (found, sender_domain.to_owned())
}

/// The domain that a check is for.
pub(super) fn domain_of<'a>(asked: Asked<'a>) -> &'a str {
    split(asked).1
}

fn split<'a>(asked: Asked<'a>) -> (&'a str, &'a str) {
    match asked.sender.rsplit_once('@') {
        Some(("", domain)) => ("postmaster", domain),
        Some(parts) => parts,
        None => ("postmaster", asked.helo),
    }
}

/// A domain as DNS knows it: at least two labels, each of 63 octets at most.
fn askable(domain: &str) -> Option<String> {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let ascii = match domain.is_ascii() {
        true => domain.to_owned(),
        false => ascii_domain(domain)?,
    };
    let is_label = |label: &str| (1..=63).contains(&label.len());
    let fits = ascii.contains('.') && ascii.len() <= 253 && ascii.split('.').all(is_label);
    // An address literal is no domain.
    (fits && ascii.parse::<IpAddr>().is_err()).then_some(ascii)
}

/// Why an evaluation ends without a result.
enum Stop {
    Temporary,
    Permanent,
}

/// The names of the peer's address.
#[derive(Clone, Default)]
struct OwnNames {
    /// Those that have the address.
    names: Vec<String>,
    /// Whether DNS answered that the address has no name at all (§4.6.4).
    is_void: bool,
}

struct Evaluation<'e> {
    resolver: &'e Resolver,
    ip: IpAddr,
    helo: &'e str,
    local_part: &'e str,
    sender_domain: &'e str,
    reverse_timeout: Duration,
    /// The names that the peer's address has, once they were asked for.
    own_names: Option<OwnNames>,
    terms: u32,
    voids: u32,
}

type Checked<'c> = Pin<Box<dyn Future<Output = Result<SpfResult, Stop>> + Send + 'c>>;

impl Evaluation<'_> {
    /// `check_host()` of §4 for one domain. It calls itself for other records, and the limit of terms
    /// ends that.
    fn check_host<'c>(&'c mut self, domain: &'c str) -> Checked<'c> {
        Box::pin(async move {
            let Some(record) = self.record(domain).await? else { return Ok(SpfResult::None) };
            for directive in &record.directives {
                if self.matches(&directive.mechanism, domain).await? {
                    return Ok(match directive.qualifier {
                        Qualifier::Pass => SpfResult::Pass,
                        Qualifier::Fail => SpfResult::Fail,
                        Qualifier::Neutral => SpfResult::Neutral,
                        Qualifier::SoftFail => SpfResult::SoftFail,
                    });
                }
            }
            let Some(redirect) = &record.redirect else { return Ok(SpfResult::Neutral) };
            self.count_term()?;
            let target = self.name(Some(redirect), domain).await;
            // §6.1: a domain without a record is an error of the one that names it.
            match self.check_host(&target).await? {
                SpfResult::None => Err(Stop::Permanent),
                found => Ok(found),
            }
        })
    }

    /// §4.5: exactly one of a domain's TXT records may be an SPF record.
    async fn record(&self, domain: &str) -> Result<Option<Record>, Stop> {
        let texts = match self.resolver.texts(domain).await {
            Ok(texts) => texts,
            Err(DnsError::NotFound | DnsError::NoRecord) => return Ok(None),
            Err(DnsError::Temporary(_)) => return Err(Stop::Temporary),
        };
        let mut records = texts.iter().filter(|text| is_record(text));
        match (records.next(), records.next()) {
            (None, _) => Ok(None),
            (Some(text), None) => Record::parse(text).map(Some).ok_or(Stop::Permanent),
            (Some(_), Some(_)) => Err(Stop::Permanent),
        }
    }

    async fn matches(&mut self, mechanism: &Mechanism, domain: &str) -> Result<bool, Stop> {
        if !matches!(mechanism, Mechanism::All | Mechanism::Ip(..)) {
            self.count_term()?;
        }
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip(network, prefixes) => Ok(prefixes.hold(*network, self.ip)),
            Mechanism::Include(spec) => {
                let target = self.name(Some(spec), domain).await;
                // §5.2: only a pass matches, and a domain without a record is an error.
                match self.check_host(&target).await? {
                    SpfResult::Pass => Ok(true),
                    SpfResult::None => Err(Stop::Permanent),
                    _ => Ok(false),
                }
            }
            Mechanism::A(spec, prefixes) => {
                let target = self.name(spec.as_ref(), domain).await;
                let found = self.addresses(&target).await;
                let found = self.counted(found)?;
                Ok(self.are_any(&found, *prefixes))
            }
            Mechanism::Mx(spec, prefixes) => {
                let target = self.name(spec.as_ref(), domain).await;
                self.is_mail_host(&target, *prefixes).await
            }
            Mechanism::Ptr(spec) => {
                let target = self.name(spec.as_ref(), domain).await;
                let below = format!(".{}", target.to_ascii_lowercase());
                let own = self.own_names().await;
                self.count_void(own.is_void)?;
                Ok(own.names.iter().any(|name| name == &below[1..] || name.ends_with(&below)))
            }
            Mechanism::Exists(spec) => {
                let target = self.name(Some(spec), domain).await;
                // §5.7: IPv4 addresses, also for a peer with IPv6.
                let found = self.resolver.records(&target, RecordType::A).await;
                Ok(!self.counted(found)?.is_empty())
            }
        }
    }

    fn count_term(&mut self) -> Result<(), Stop> {
        self.terms += 1;
        if self.terms > TERMS_MAX { Err(Stop::Permanent) } else { Ok(()) }
    }

    /// Counts a query that found nothing.
    fn counted<T>(&mut self, found: Result<Vec<T>, DnsError>) -> Result<Vec<T>, Stop> {
        let found = match found {
            Err(DnsError::Temporary(_)) => return Err(Stop::Temporary),
            Err(DnsError::NotFound | DnsError::NoRecord) => Vec::new(),
            Ok(found) => found,
        };
        self.count_void(found.is_empty())?;
        Ok(found)
    }

    fn count_void(&mut self, is_void: bool) -> Result<(), Stop> {
        self.voids += u32::from(is_void);
        if self.voids > VOIDS_MAX { Err(Stop::Permanent) } else { Ok(()) }
    }

    fn are_any(&self, addresses: &[IpAddr], prefixes: Prefixes) -> bool {
        addresses.iter().any(|address| prefixes.hold(*address, self.ip))
    }

    /// The addresses of a host, of the peer's kind.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        let kind = if self.ip.is_ipv4() { RecordType::A } else { RecordType::AAAA };
        let found = self.resolver.records(host, kind).await?;
        let address = |data: RData| match data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
            _ => None,
        };
        Ok(found.into_iter().filter_map(address).collect())
    }

    async fn is_mail_host(&mut self, domain: &str, prefixes: Prefixes) -> Result<bool, Stop> {
        let found = self.resolver.records(domain, RecordType::MX).await;
        let found = self.counted(found)?;
        // §4.6.4: more are an error, not a reason to look at some.
        if found.len() > NAMES_MAX {
            return Err(Stop::Permanent);
        }
        for data in found {
            let RData::MX(mx) = data else { continue };
            match self.addresses(&mx.exchange.to_ascii()).await {
                Ok(addresses) if self.are_any(&addresses, prefixes) => return Ok(true),
                Ok(_) | Err(DnsError::NotFound | DnsError::NoRecord) => {}
                Err(DnsError::Temporary(_)) => return Err(Stop::Temporary),
            }
        }
        Ok(false)
    }

    /// The names that the peer's address says it has and that have this address, in lower case. They are
    /// asked for once, however many terms need them.
    async fn own_names(&mut self) -> OwnNames {
        if let Some(known) = &self.own_names {
            return known.clone();
        }
        let found = self.find_own_names().await;
        self.own_names.insert(found).clone()
    }

    async fn find_own_names(&self) -> OwnNames {
        let reverse = reverse_name(self.ip);
        let asked = self.resolver.records(&reverse, RecordType::PTR);
        let found = match tokio::time::timeout(self.reverse_timeout, asked).await {
            Ok(Ok(found)) => found,
            Ok(Err(DnsError::NotFound | DnsError::NoRecord)) => Vec::new(),
            // §5.5: what DNS does not answer here does not match.
            Ok(Err(DnsError::Temporary(_))) | Err(_) => return OwnNames::default(),
        };
        let is_void = found.is_empty();
        let name = |data: RData| match data {
            RData::PTR(name) => Some(name.0.to_ascii().trim_end_matches('.').to_ascii_lowercase()),
            _ => None,
        };
        let names: Vec<String> = found.into_iter().filter_map(name).take(NAMES_MAX).collect();
        let is_own = join_all(names.iter().map(|name| self.is_own_name(name))).await;
        let own = names.into_iter().zip(is_own).filter_map(|(name, own)| own.then_some(name));
        OwnNames { names: own.collect(), is_void }
    }

    /// Whether a name has the peer's address. One of which DNS says nothing in time is passed over.
    async fn is_own_name(&self, name: &str) -> bool {
        let found = tokio::time::timeout(self.reverse_timeout, self.addresses(name)).await;
        found.is_ok_and(|found| found.is_ok_and(|found| found.contains(&self.ip)))
    }

    /// The name that a term is about; the domain itself if it names none.
    async fn name(&mut self, spec: Option<&Spec>, domain: &str) -> String {
        let Some(spec) = spec else { return domain.to_owned() };
        let validated = match spec.needs_validated() {
            true => self.validated(domain).await,
            false => None,
        };
        spec.expand(&Values {
            ip: self.ip,
            helo: self.helo,
            local_part: self.local_part,
            sender_domain: self.sender_domain,
            domain,
            validated: validated.as_deref().unwrap_or("unknown"),
        })
    }

    /// The value of `%{p}` (§7.3): a name of the peer that has its address; the domain itself, or else
    /// one below it, comes before others.
    async fn validated(&mut self, domain: &str) -> Option<String> {
        let names = self.own_names().await.names;
        let domain = domain.to_ascii_lowercase();
        let below = format!(".{domain}");
        names.into_iter().min_by_key(|name| match name {
            name if *name == domain => 0,
            name if name.ends_with(&below) => 1,
            _ => 2,
        })
    }
}
