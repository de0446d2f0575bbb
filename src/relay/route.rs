//! Which hosts a message is sent to, in which order, and how the connection to each must be
//! protected.

use std::net::IpAddr;

use crate::config::SmarthostTls;
use crate::gateway::TlsNeed;
use crate::gateway::queue::rows::Leased;
use crate::mail::envelope::{ForwardPath, Recipient};
use crate::mail::status::EnhancedStatus;
use crate::net::dns::{DnsError, MailHosts};

use super::policy::{self, Hosts, Vouched};
use super::shared::Shared;
use super::trust::Check;

/// The hosts of a message's destination.
pub struct Route {
    pub hops: Vec<Hop>,
    /// No policy promises that the hosts have verifiable TLS: if they have none, the message is
    /// delivered in another way. Otherwise it waits, as MTA-STS and DANE require.
    pub may_lack_tls: bool,
}

/// One host.
#[derive(Clone)]
pub struct Hop {
    pub host: String,
    pub addresses: Vec<IpAddr>,
    pub port: u16,
    pub tls: Tls,
}

/// How the connection to a hop must be protected.
#[derive(Clone)]
pub enum Tls {
    None,
    /// STARTTLS when it is offered, with any certificate.
    Opportunistic,
    /// STARTTLS with a checked certificate; the message is not sent without it.
    Required(Check),
    /// TLS from the first octet (RFC 8314).
    Implicit(Check),
}

/// Why there is no route.
pub enum NoRoute {
    Later(String),
    Never(EnhancedStatus, String),
    /// The message needs verified TLS, but none can be verified for the destination.
    NotVerified(String),
}

/// Finds the route of a message; `key` is its destination's domain.
pub async fn find(shared: &Shared, key: &str, row: &Leased) -> Result<Route, NoRoute> {
    match shared.config.smarthost_parts() {
        Some((host, port)) => smarthost(shared, host, port, row).await,
        None => by_mx(shared, key, row).await,
    }
}

/// Returns the domain that a recipient is reached by; literals without their brackets.
pub fn domain_of(recipient: &Recipient) -> Option<String> {
    match &recipient.path {
        ForwardPath::Postmaster => None,
        ForwardPath::Address(address) => {
            Some(address.normalized().rsplit_once('@')?.1.trim_matches(['[', ']']).to_owned())
        }
    }
}

/// Returns whether a message may be sent only over verified TLS.
pub fn wants_checked(row: &Leased) -> bool {
    row.tls == TlsNeed::Verified || row.require_tls
}

/// Returns the route to the smarthost, which relays every message further; a message that needs
/// verified TLS is only verified as far as that host.
async fn smarthost(
    shared: &Shared,
    host: String,
    port: u16,
    row: &Leased,
) -> Result<Route, NoRoute> {
    let checked = wants_checked(row);
    let addresses = match host.as_str() {
        "localhost" => vec![IpAddr::from([127, 0, 0, 1])],
        _ => shared.resolver.addresses(&host).await.map_err(later)?,
    };
    let tls = match shared.config.smarthost_tls {
        SmarthostTls::None if checked => {
            return Err(NoRoute::NotVerified("the smarthost is used without TLS".to_owned()));
        }
        SmarthostTls::None => Tls::None,
        SmarthostTls::Opportunistic if checked => Tls::Required(Check::Valid),
        SmarthostTls::Opportunistic => Tls::Opportunistic,
        SmarthostTls::Required => Tls::Required(Check::Valid),
        SmarthostTls::Implicit => Tls::Implicit(Check::Valid),
    };
    let may_lack_tls = checked && shared.config.smarthost_tls == SmarthostTls::Opportunistic;
    Ok(Route { hops: vec![Hop { host, addresses, port, tls }], may_lack_tls })
}

async fn by_mx(shared: &Shared, key: &str, row: &Leased) -> Result<Route, NoRoute> {
    let bad =
        || NoRoute::Never(EnhancedStatus::BAD_RECIPIENT, "the address has no domain".to_owned());
    let domain = domain_of(&row.recipient).filter(|domain| domain == key).ok_or_else(bad)?;
    let (hosts, hosts_vouched) = match shared.resolver.mail_hosts(&domain).await {
        Ok(MailHosts::Hosts { hosts, vouched }) => (without_us(shared, hosts)?, vouched),
        Ok(MailHosts::NoMail) => {
            let text = "the domain does not accept mail (null MX)".to_owned();
            return Err(NoRoute::Never(EnhancedStatus(5, 1, 10), text));
        }
        Err(DnsError::NotFound) => {
            let text = "the domain does not exist".to_owned();
            return Err(NoRoute::Never(EnhancedStatus(5, 1, 2), text));
        }
        Err(DnsError::NoRecord) => {
            let text = "the domain has no mail server".to_owned();
            return Err(NoRoute::Never(EnhancedStatus(5, 4, 4), text));
        }
        Err(error) => return Err(later(error)),
    };
    let wanted = wants_checked(row);
    let vouched =
        policy::look_up(shared, &domain, Hosts { all: &hosts, vouched: hosts_vouched }).await;
    let vouched = vouched.map_err(NoRoute::Later)?;
    let mut hops = Vec::new();
    let mut failed = None;
    for (_, host) in hosts {
        let tls = match (vouched.of(&host), row.tls) {
            (Vouched::By(check), _) => Tls::Required(check),
            // MTA-STS in enforce mode names the hosts; no other host is used (RFC 8461 §5).
            (Vouched::Forbidden, _) => continue,
            (Vouched::Nothing, _) if wanted => continue,
            (Vouched::Nothing, TlsNeed::Required) => Tls::Required(Check::Valid),
            (Vouched::Nothing, _) => Tls::Opportunistic,
        };
        match shared.resolver.addresses(&host).await {
            Ok(addresses) => hops.push(Hop { host, addresses, port: shared.config.port, tls }),
            Err(error) => failed = Some(error),
        }
    }
    match (hops.is_empty(), failed) {
        (false, _) => Ok(Route { hops, may_lack_tls: false }),
        (true, Some(error)) => Err(later(error)),
        (true, None) if wanted => Err(NoRoute::NotVerified(
            "the domain has no mail host that MTA-STS or DANE can verify".to_owned(),
        )),
        (true, None) => Err(NoRoute::Later("no mail host of the domain may be used".to_owned())),
    }
}

/// Removes this server and all hosts that are not preferred to it (RFC 5321 §5.1). If none is left,
/// mail for the domain loops.
fn without_us(
    shared: &Shared,
    mut hosts: Vec<(u16, String)>,
) -> Result<Vec<(u16, String)>, NoRoute> {
    let ours = |host: &str| host.eq_ignore_ascii_case(&shared.host_name);
    if let Some(own) = hosts.iter().filter(|(_, host)| ours(host)).map(|(at, _)| *at).min() {
        hosts.retain(|(preference, _)| *preference < own);
    }
    match hosts.is_empty() {
        true => Err(NoRoute::Never(
            EnhancedStatus(5, 4, 6),
            "mail for the domain loops back to this host".to_owned(),
        )),
        false => Ok(hosts),
    }
}

fn later(error: DnsError) -> NoRoute {
    match error {
        DnsError::NotFound => NoRoute::Later("a mail host of the domain does not exist".to_owned()),
        DnsError::NoRecord => NoRoute::Later("a mail host of the domain has no address".to_owned()),
        DnsError::Temporary(text) => NoRoute::Later(text),
    }
}
