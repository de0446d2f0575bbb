//! Which site a request is for. Every request names exactly one host, in its target or in its Host
//! field, and is answered only if that is one of ours: otherwise a page of somebody else that a
//! browser was led to by DNS, or a proof that was made for another site, would be as good as ours.
//!
//! | a request that | is answered |
//! | --- | --- |
//! | has no Host, several, one that is not valid, user information, or an `:authority` that differs from Host | 400 (RFC 9112 §3.2, RFC 9113 §8.3.1); HTTP/1.0 may have none, which is none of ours |
//! | is for `http`, or for a host that is not one of ours | 421 (RFC 9110 §7.4) |
//! | asks whether the service works, for any host | as always: programs ask by address |

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config;
use crate::mail::mailboxes::ascii_domain;
use crate::net::authority::{Authority, checked_host, host_of};
use crate::net::listen::Refused;

use super::error::Problem;

/// The names of this site.
#[derive(Clone, Debug)]
pub struct SiteNames(Arc<Names>);

#[derive(Debug)]
struct Names {
    /// The authority of the configured URL, which alone signed requests are for.
    public: Option<Authority>,
    /// Hosts that are ours. They, and the public one, are ours at any port: a router may forward
    /// another port than our own, and a proxy may leave the port out of the Host field.
    hosts: Vec<String>,
    /// The requests for other hosts.
    refused: Mutex<Refused>,
}

/// A request that names its host in a way that none may.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// The origin of our pages, as the browser that sent a request sees it.
#[derive(Clone, Debug)]
pub struct Origin(pub String);

/// The paths that tell whether the service works, and nothing else.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

impl SiteNames {
    /// The names of a service on the host `host_name`.
    pub fn new(config: &config::Https, host_name: &str) -> SiteNames {
        let public = config.public_url.as_deref().and_then(|url| url.strip_prefix("https://"));
        let public = public.and_then(Authority::parse);
        let own = public.is_none().then_some(host_name);
        let named = config.host_names.iter().map(String::as_str).chain(own);
        let hosts = named.filter_map(written_host).collect();
        SiteNames(Arc::new(Names { public, hosts, refused: Mutex::default() }))
    }

    /// Whether pages of ours are at this host.
    pub fn has(&self, host: &str) -> bool {
        let is_public = self.0.public.as_ref().is_some_and(|public| public.host == host);
        is_public || self.0.hosts.iter().any(|own| own == host)
    }

    /// Returns the origin that a request for `asked` is for, if it is one of ours.
    fn origin(&self, asked: &Authority) -> Option<String> {
        self.has(&asked.host).then(|| self.0.public.as_ref().unwrap_or(asked).origin())
    }

    /// Logs that a request was for another host: it may be a name that the configuration lacks.
    /// Peers decide how many there are, so there is one line for all of some time.
    fn log_refused(&self, asked: Option<&Authority>) {
        let line =
            self.0.refused.lock().unwrap_or_else(PoisonError::into_inner).line(Instant::now());
        if let Some(requests) = line {
            let host = asked.map(|asked| asked.host.as_str()).unwrap_or_default();
            tracing::warn!(host, requests, "refused: not a name of this site (https.host_names)");
        }
    }
}

/// Returns the form in which a browser sends a configured host: names have A-labels (RFC 5891 §4).
fn written_host(host: &str) -> Option<String> {
    match host.parse() {
        Ok(address) => Some(host_of(address)),
        Err(_) => checked_host(host).or_else(|| ascii_domain(host)),
    }
}

/// Answers requests that are not for this site, and tells the others which origin they are for.
pub async fn checked(State(names): State<SiteNames>, mut request: Request, next: Next) -> Response {
    let asked = asked(request.uri(), request.headers(), request.version());
    let Ok(asked) = asked else { return malformed().into_response() };
    let is_secure = request.uri().scheme_str().is_none_or(|scheme| scheme == "https");
    match asked.as_ref().and_then(|asked| names.origin(asked)).filter(|_| is_secure) {
        Some(origin) => drop(request.extensions_mut().insert(Origin(origin))),
        None if HEALTH.contains(&request.uri().path()) => {}
        None => {
            names.log_refused(asked.as_ref());
            return misdirected().into_response();
        }
    }
    next.run(request).await
}

/// Returns the one authority that a request names; one of HTTP/1.0 may name none.
pub fn asked(
    uri: &Uri,
    headers: &HeaderMap,
    version: Version,
) -> Result<Option<Authority>, Malformed> {
    let parsed = |text: &str| Authority::parse(text).ok_or(Malformed);
    let mut fields = headers.get_all(HOST).iter();
    let field = fields.next().map(|value| parsed(value.to_str().map_err(|_| Malformed)?));
    if fields.next().is_some() {
        return Err(Malformed);
    }
    let field = field.transpose()?;
    let target = uri.authority().map(|authority| parsed(authority.as_str())).transpose()?;
    match (target, field) {
        (Some(target), Some(field)) if version >= Version::HTTP_2 && target != field => {
            Err(Malformed)
        }
        // RFC 9112 §3.2: a request in absolute form has a Host field too, which then does not count.
        (_, None) if version == Version::HTTP_11 => Err(Malformed),
        (None, None) if version >= Version::HTTP_2 => Err(Malformed),
        (target, field) => Ok(target.or(field)),
    }
}

fn malformed() -> Problem {
    let detail = "The request does not name exactly one host.";
    Problem::new(StatusCode::BAD_REQUEST, "bad-host", detail)
}

fn misdirected() -> Problem {
    let detail = "This server does not have the site that the request is for. An administrator can \
                  set https.public_url or https.host_names.";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "unknown-host", detail)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn named(uri: &str, hosts: &[&'static str], version: Version) -> Result<String, Malformed> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_static(host));
        }
        let asked = asked(&uri.parse().unwrap(), &headers, version)?;
        Ok(asked.map(|asked| asked.to_string()).unwrap_or_default())
    }

    /// A target, the Host fields, the version, and what is asked for.
    type Row = (&'static str, &'static [&'static str], Version, Result<&'static str, Malformed>);

    #[test]
    fn a_request_names_exactly_one_host() {
        let table: [Row; 15] = [
            ("/", &["a.example"], Version::HTTP_11, Ok("a.example")),
            ("/", &["A.example:443"], Version::HTTP_11, Ok("a.example")),
            ("/", &[], Version::HTTP_11, Err(Malformed)),
            ("/", &[""], Version::HTTP_11, Err(Malformed)),
            ("/", &["a.example", "a.example"], Version::HTTP_11, Err(Malformed)),
            ("/", &["u@a.example"], Version::HTTP_11, Err(Malformed)),
            ("/", &["a.example, b.example"], Version::HTTP_11, Err(Malformed)),
            ("/", &["a.example"], Version::HTTP_10, Ok("a.example")),
            ("/", &[], Version::HTTP_10, Ok("")),
            ("https://b.example/", &["a.example"], Version::HTTP_11, Ok("b.example")),
            ("https://b.example/", &[], Version::HTTP_11, Err(Malformed)),
            ("https://b.example/", &[], Version::HTTP_2, Ok("b.example")),
            ("https://b.example/", &["B.example:443"], Version::HTTP_2, Ok("b.example")),
            ("https://b.example/", &["a.example"], Version::HTTP_2, Err(Malformed)),
            ("https://u@b.example/", &[], Version::HTTP_2, Err(Malformed)),
        ];
        for (uri, hosts, version, expected) in table {
            let found = named(uri, hosts, version);
            assert_eq!(found, expected.map(str::to_owned), "{uri} {hosts:?} {version:?}");
        }
    }

    fn origin(https: &config::Https, asked: &str) -> Option<String> {
        SiteNames::new(https, "mail.example.org").origin(&Authority::parse(asked).unwrap())
    }

    #[test]
    fn a_site_has_its_own_name_or_the_one_of_its_url() {
        let https = config::Https::default();
        let found = |asked| origin(&https, asked);
        assert_eq!(found("mail.example.org").as_deref(), Some("https://mail.example.org"));
        assert_eq!(
            found("mail.example.org:8443").as_deref(),
            Some("https://mail.example.org:8443")
        );
        for other in ["example.org", "localhost", "127.0.0.1", "mail.example.org.", "[::1]"] {
            assert_eq!(found(other), None, "{other}");
        }
        let url = Some("https://web.example.org:8443".to_owned());
        let https = config::Https { public_url: url, ..https };
        let found = |asked| origin(&https, asked);
        let public = Some("https://web.example.org:8443".to_owned());
        assert_eq!(found("web.example.org:8443"), public);
        assert_eq!(found("web.example.org"), public, "some proxies leave the port out");
        assert_eq!(found("mail.example.org"), None);
        let host_names = ["::1", "10.0.0.7", "b\u{fc}cher.example"].map(str::to_owned).to_vec();
        let https = config::Https { host_names, ..https };
        for other in ["[::1]", "10.0.0.7:9443", "xn--bcher-kva.example"] {
            assert_eq!(origin(&https, other), public, "{other}");
        }
    }
}
