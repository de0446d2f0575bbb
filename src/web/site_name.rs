//! Which site a request is for. Every request names exactly one host, in its target or in its Host
//! field, and is answered only if that is one of ours: otherwise a page of somebody else that a
//! browser was led to by DNS, or a proof that was made for another site, would be as good as ours.
//!
//! | a request that | is answered |
//! | --- | --- |
//! | has no Host, several, one that is not valid, user information, or an `:authority` that differs from Host | 400 (RFC 9112 §3.2, RFC 9113 §8.3.1) |
//! | is for `http`, or for a host that is not one of ours | 421 (RFC 9110 §7.4) |
//! | asks whether the service works, for any host | as always: programs ask by address |

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config;
use crate::mail::mailboxes::ascii_domain;
use crate::net::authority::{Authority, checked_host, host_of};

use super::error::Problem;

/// The names of this site.
#[derive(Clone, Debug)]
pub struct SiteNames {
    /// The authority of the configured URL, which alone signed requests are for.
    public: Option<Authority>,
    /// Hosts that are ours at any port, since a router may forward another port than our own.
    hosts: Vec<String>,
}

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
        SiteNames { public, hosts }
    }

    /// Whether pages of ours are at this host.
    pub fn has(&self, host: &str) -> bool {
        let is_public = self.public.as_ref().is_some_and(|public| public.host == host);
        is_public || self.hosts.iter().any(|own| own == host)
    }

    /// Returns the origin that a request for `asked` is for, if it is one of ours.
    fn origin(&self, asked: &Authority) -> Option<String> {
        let is_ours = self.public.as_ref() == Some(asked) || self.hosts.contains(&asked.host);
        is_ours.then(|| self.public.as_ref().unwrap_or(asked).origin())
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
    let Some(asked) = asked else { return malformed().into_response() };
    let is_secure = request.uri().scheme_str().is_none_or(|scheme| scheme == "https");
    match names.origin(&asked).filter(|_| is_secure) {
        Some(origin) => drop(request.extensions_mut().insert(Origin(origin))),
        None if HEALTH.contains(&request.uri().path()) => {}
        None => return misdirected().into_response(),
    }
    next.run(request).await
}

/// Returns the one authority that a request names.
pub fn asked(uri: &Uri, headers: &HeaderMap, version: Version) -> Option<Authority> {
    let mut fields = headers.get_all(HOST).iter();
    let field = fields.next();
    if fields.next().is_some() {
        return None;
    }
    let field = match field {
        Some(value) => Some(Authority::parse(value.to_str().ok()?)?),
        None => None,
    };
    let target = match uri.authority() {
        Some(authority) => Some(Authority::parse(authority.as_str())?),
        None => None,
    };
    match (target, field) {
        (Some(target), Some(field)) if version >= Version::HTTP_2 && target != field => None,
        // RFC 9112 §3.2: a request in absolute form has a Host field too, which then does not count.
        (Some(_), None) if version == Version::HTTP_11 => None,
        (target, field) => target.or(field),
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

    fn named(uri: &str, hosts: &[&'static str], version: Version) -> Option<String> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_static(host));
        }
        asked(&uri.parse().unwrap(), &headers, version).map(|asked| asked.to_string())
    }

    #[test]
    fn a_request_names_exactly_one_host() {
        let table: [(&str, &[&str], Version, Option<&str>); 15] = [
            ("/", &["a.example"], Version::HTTP_11, Some("a.example")),
            ("/", &["A.example:443"], Version::HTTP_11, Some("a.example")),
            ("/", &[], Version::HTTP_11, None),
            ("/", &[""], Version::HTTP_11, None),
            ("/", &["a.example", "a.example"], Version::HTTP_11, None),
            ("/", &["u@a.example"], Version::HTTP_11, None),
            ("/", &["a.example, b.example"], Version::HTTP_11, None),
            ("/", &["a.example"], Version::HTTP_10, Some("a.example")),
            ("/", &[], Version::HTTP_10, None),
            ("https://b.example/", &["a.example"], Version::HTTP_11, Some("b.example")),
            ("https://b.example/", &[], Version::HTTP_11, None),
            ("https://b.example/", &[], Version::HTTP_2, Some("b.example")),
            ("https://b.example/", &["B.example:443"], Version::HTTP_2, Some("b.example")),
            ("https://b.example/", &["a.example"], Version::HTTP_2, None),
            ("https://u@b.example/", &[], Version::HTTP_2, None),
        ];
        for (uri, hosts, version, expected) in table {
            let found = named(uri, hosts, version);
            assert_eq!(found.as_deref(), expected, "{uri} {hosts:?} {version:?}");
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
        assert_eq!(found("web.example.org"), None, "signed requests would be refused");
        assert_eq!(found("mail.example.org"), None);
        let host_names = ["::1", "10.0.0.7", "b\u{fc}cher.example"].map(str::to_owned).to_vec();
        let https = config::Https { host_names, ..https };
        for other in ["[::1]", "10.0.0.7:9443", "xn--bcher-kva.example"] {
            assert_eq!(origin(&https, other), public, "{other}");
        }
    }
}
