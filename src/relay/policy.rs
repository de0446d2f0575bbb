//! What a domain publishes about its hosts' TLS: DANE (RFC 7672), else MTA-STS (RFC 8461).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::net::dns::DnsError;

use super::shared::{Shared, blocking};
use super::trust::Check;

/// A domain's TLS policies for its hosts.
#[derive(Debug, Default)]
pub struct Policies {
    dane: HashMap<String, Check>,
    sts: Option<Sts>,
}

/// The TLS policy for one host.
#[derive(Clone, Debug)]
pub enum Vouched {
    By(Check),
    /// The domain names its hosts, and this host is not one of them.
    Forbidden,
    Nothing,
}

/// An MTA-STS policy (RFC 8461 §3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sts {
    pub enforce: bool,
    pub hosts: Vec<String>,
}

const POLICY_OCTETS_MAX: usize = 64 * 1024;

impl Policies {
    /// Returns the policy for a host.
    pub fn of(&self, host: &str) -> Vouched {
        if let Some(check) = self.dane.get(host) {
            return Vouched::By(check.clone());
        }
        match &self.sts {
            // RFC 8461 §5: a policy in testing mode changes nothing.
            Some(sts) if !sts.enforce => Vouched::Nothing,
            Some(sts) if sts.names(host) => Vouched::By(Check::Valid),
            Some(_) => Vouched::Forbidden,
            None => Vouched::Nothing,
        }
    }
}

impl Sts {
    /// Parses a policy; returns `None` if the text is not a policy that restricts hosts.
    pub fn parse(text: &str) -> Option<Sts> {
        let (mut version, mut mode, mut hosts) = (None, None, Vec::new());
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key.trim() {
                "version" => version = Some(value.to_owned()),
                "mode" => mode = Some(value.to_owned()),
                "mx" => hosts.push(value.to_lowercase()),
                _ => {}
            }
        }
        let mode = mode.filter(|_| version.as_deref() == Some("STSv1"))?;
        match mode.as_str() {
            "enforce" | "testing" if !hosts.is_empty() => {
                max_age(text)?;
                Some(Sts { enforce: mode == "enforce", hosts })
            }
            _ => None,
        }
    }

    /// Returns whether the policy names a host; `*.` stands for one label (RFC 8461 §4.1).
    pub fn names(&self, host: &str) -> bool {
        self.hosts.iter().any(|named| match named.strip_prefix("*.") {
            Some(rest) => host.split_once('.').is_some_and(|(_, tail)| tail == rest),
            None => named == host,
        })
    }
}

/// A domain's hosts, by preference.
#[derive(Clone, Copy)]
pub struct Hosts<'h> {
    pub all: &'h [(u16, String)],
    /// Whether DNSSEC authenticates them.
    pub vouched: bool,
}

/// Looks up a domain's TLS policies for its hosts. A missing answer does not mean that there is no
/// policy: the message waits.
pub async fn look_up(shared: &Shared, domain: &str, hosts: Hosts<'_>) -> Result<Policies, String> {
    let mut policies = Policies::default();
    // RFC 7672 §2.2.1: an attacker who can forge the list of hosts can name a host with its own
    // TLSA records, so DANE counts only where DNSSEC authenticates the list of hosts too.
    for (_, host) in hosts.all.iter().filter(|_| hosts.vouched) {
        let records = shared.resolver.tlsa(host, shared.config.port).await;
        let records = records.map_err(|error| error.to_string())?;
        if !records.is_empty() {
            policies.dane.insert(host.clone(), Check::Dane(records));
        }
    }
    policies.sts = sts(shared, domain).await?;
    Ok(policies)
}

async fn sts(shared: &Shared, domain: &str) -> Result<Option<Sts>, String> {
    let name = domain.to_owned();
    let kept = blocking(shared, move |gateway| gateway.tls_policy(&name)).await;
    let kept = kept.map_err(|error| error.to_string())?;
    let texts = match shared.resolver.texts(&format!("_mta-sts.{domain}")).await {
        Ok(texts) => texts,
        Err(DnsError::NotFound | DnsError::NoRecord) => Vec::new(),
        Err(error) if kept.is_none() => return Err(error.to_string()),
        Err(_) => Vec::new(),
    };
    // RFC 8461 §3.1: anything but exactly one record counts as none. A cached policy still applies
    // (§5.1): a domain withdraws its policy by publishing one with mode `none`.
    let mut records = texts.iter().filter(|text| text.starts_with("v=STSv1"));
    let id = match (records.next(), records.next()) {
        (Some(record), None) => policy_id(record),
        _ => return Ok(kept.and_then(|kept| Sts::parse(&kept.text))),
    };
    if let Some(kept) = kept.as_ref().filter(|kept| kept.id == id) {
        return Ok(Sts::parse(&kept.text));
    }
    let limit = Duration::from_secs(shared.config.connect_timeout_secs);
    let fetched = match tokio::time::timeout(limit, fetch(shared, domain)).await {
        Ok(fetched) => fetched.map_err(|error| error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    };
    match fetched {
        Ok(text) => keep(shared, domain, id, text).await,
        // RFC 8461 §3.3: the cached policy applies, if there is one.
        Err(error) => {
            tracing::warn!(%error, domain, "MTA-STS policy could not be fetched");
            Ok(kept.and_then(|kept| Sts::parse(&kept.text)))
        }
    }
}

/// Returns the policy in `text`, and caches it for its `max_age`.
async fn keep(
    shared: &Shared,
    domain: &str,
    id: String,
    text: String,
) -> Result<Option<Sts>, String> {
    let sts = Sts::parse(&text);
    if let Some(max_age_secs) = max_age(&text) {
        let name = domain.to_owned();
        let kept =
            blocking(shared, move |gateway| gateway.tls_policy_keep(&name, id, text, max_age_secs));
        kept.await.map_err(|error| error.to_string())?;
    }
    Ok(sts)
}

/// Returns the `id` of a record such as `v=STSv1; id=20160831085700Z;`.
fn policy_id(record: &str) -> String {
    let fields = record.split(';').filter_map(|field| field.trim().split_once('='));
    let mut ids = fields.filter(|(key, _)| key.trim() == "id");
    ids.next().map(|(_, id)| id.trim().to_owned()).unwrap_or_default()
}

fn max_age(text: &str) -> Option<u64> {
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    let mut ages = fields.filter(|(key, _)| key.trim() == "max_age");
    ages.next().and_then(|(_, age)| age.trim().parse().ok())
}

async fn fetch(
    shared: &Shared,
    domain: &str,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let host = format!("mta-sts.{domain}");
    let addresses = shared.resolver.addresses(&host).await?;
    let address = *addresses.first().ok_or("no address")?;
    let stream = TcpStream::connect((address, shared.config.policy_port)).await?;
    let connector = TlsConnector::from(Arc::new(shared.trust.https()?));
    let stream = connector.connect(ServerName::try_from(host.clone())?, stream).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the sender; its errors also appear in the request.
    tokio::spawn(connection);
    let request = hyper::Request::get("/.well-known/mta-sts.txt")
        .header("host", &host)
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    // RFC 8461 §3.3: redirects are not followed.
    if response.status() != hyper::StatusCode::OK {
        return Err(format!("status {}", response.status()).into());
    }
    let body = Limited::new(response.into_body(), POLICY_OCTETS_MAX).collect().await?;
    Ok(String::from_utf8(body.to_bytes().to_vec())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_its_hosts() {
        let sts = Sts::parse(
            "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n",
        )
        .unwrap();
        assert!(sts.enforce);
        for (host, named) in [
            ("mail.example.com", true),
            ("a.example.net", true),
            ("a.b.example.net", false),
            ("example.net", false),
            ("mail.example.org", false),
        ] {
            assert_eq!(sts.names(host), named, "{host}");
        }
        let policies = Policies { dane: HashMap::new(), sts: Some(sts) };
        assert!(matches!(policies.of("mail.example.com"), Vouched::By(Check::Valid)));
        assert!(matches!(policies.of("evil.example.org"), Vouched::Forbidden));
    }

    #[test]
    fn what_is_no_policy_is_none() {
        for text in [
            "",
            "version: STSv2\nmode: enforce\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: none\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmx: a",
        ] {
            assert_eq!(Sts::parse(text), None, "{text}");
        }
    }
}
