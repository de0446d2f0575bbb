//! Plain HTTP: only redirects to HTTPS. There is no content and no session, and a redirect
//! repeats nothing of the request but the path of a page.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONNECTION, HOST, LOCATION};
use axum::http::{HeaderValue, Request, Response, StatusCode, Uri};

use super::headers::NO_STORE;

/// Where to redirect to: the configured URL, or else the requested host with our HTTPS port.
#[derive(Clone, Debug)]
pub struct Target {
    pub public_url: Option<String>,
    pub https_port: u16,
}

/// Answers any request.
pub fn answer<B>(request: &Request<B>, target: &Target) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    if let Some(location) = location(request, target) {
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response.headers_mut().insert(LOCATION, location);
    }
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn location<B>(request: &Request<B>, target: &Target) -> Option<HeaderValue> {
    let path = page(request.uri());
    let text = match &target.public_url {
        Some(origin) => format!("{origin}{path}"),
        None => {
            let host = request.headers().get(HOST)?.to_str().ok()?;
            let host = without_port(host)?;
            match target.https_port {
                443 => format!("https://{host}{path}"),
                port => format!("https://{host}:{port}{path}"),
            }
        }
    };
    HeaderValue::try_from(text).ok()
}

/// Returns the path of a page of the UI, or `/` for anything else. An API call or a secret link
/// was sent in the clear, which a redirect would only hide.
fn page(uri: &Uri) -> &str {
    let path = uri.path();
    let is_ours = path.starts_with('/') && !path.starts_with("//");
    let is_secret = ["/api", "/dl", "/m/"].iter().any(|secret| path.starts_with(secret));
    if is_ours && !is_secret { path } else { "/" }
}

fn without_port(host: &str) -> Option<&str> {
    // An IPv6 address is enclosed in brackets (RFC 3986 §3.2.2).
    let name = match host.find(']') {
        Some(end) => &host[..=end],
        None => host.split(':').next().unwrap_or_default(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(host: &str, path: &str, public_url: Option<&str>) -> Option<String> {
        let request = Request::get(path).header(HOST, host).body(()).unwrap();
        let target = Target { public_url: public_url.map(str::to_owned), https_port: 8443 };
        let response = answer(&request, &target);
        let location = response.headers().get(LOCATION)?.to_str().unwrap().to_owned();
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        Some(location)
    }

    #[test]
    fn a_page_is_found_on_https() {
        let to = |host, path| redirect(host, path, None).unwrap();
        assert_eq!(to("mail.example", "/mail/inbox"), "https://mail.example:8443/mail/inbox");
        assert_eq!(to("mail.example:80", "/?token=x"), "https://mail.example:8443/");
        assert_eq!(to("[2001:db8::1]:80", "/"), "https://[2001:db8::1]:8443/");
        let public = redirect("other", "/x", Some("https://mail.example"));
        assert_eq!(public.as_deref(), Some("https://mail.example/x"));
    }

    #[test]
    fn nothing_secret_is_repeated() {
        for path in ["/api/session", "/dl/secret", "/m/secret/", "//evil.example/"] {
            assert_eq!(redirect("h", path, None).as_deref(), Some("https://h:8443/"), "{path}");
        }
    }

    #[test]
    fn a_host_that_is_none_is_refused() {
        for host in ["", "a b", "a/b", "a@b", "a\\b"] {
            assert_eq!(redirect(host, "/", None), None, "{host}");
        }
    }
}
