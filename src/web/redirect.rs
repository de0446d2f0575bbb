//! Plain HTTP: only redirects to HTTPS. There is no content and no session, and a redirect
//! repeats nothing of the request but the path of a page.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONNECTION, LOCATION};
use axum::http::{HeaderValue, Request, Response, StatusCode, Uri};

use crate::net::authority::Authority;

use super::headers::NO_STORE;
use super::site_name::{Malformed, SiteNames, asked};

/// Where to redirect to: the configured URL, or else the requested host with our HTTPS port, if it
/// is one of ours.
#[derive(Clone, Debug)]
pub struct Target {
    pub public_url: Option<String>,
    pub names: SiteNames,
    pub https_port: u16,
}

/// Answers any request.
pub fn answer<B>(request: &Request<B>, target: &Target) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    match location(request, target) {
        Ok(location) => {
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
            response.headers_mut().insert(LOCATION, location);
        }
        Err(status) => *response.status_mut() = status,
    }
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn location<B>(request: &Request<B>, target: &Target) -> Result<HeaderValue, StatusCode> {
    let asked = asked(request.uri(), request.headers(), request.version());
    let asked = asked.map_err(|Malformed| StatusCode::BAD_REQUEST)?;
    let origin = match (&target.public_url, asked) {
        (Some(origin), _) => origin.clone(),
        (None, Some(asked)) if target.names.has(&asked.host) => {
            Authority { port: target.https_port, ..asked }.origin()
        }
        (None, _) => return Err(StatusCode::MISDIRECTED_REQUEST),
    };
    let text = format!("{origin}{}", page(request.uri()));
    HeaderValue::try_from(text).map_err(|_| StatusCode::BAD_REQUEST)
}

/// Returns the path of a page of the UI, or `/` for anything else. An API call or a secret link
/// was sent in the clear, which a redirect would only hide.
fn page(uri: &Uri) -> &str {
    let path = uri.path();
    let is_ours = path.starts_with('/') && !path.starts_with("//");
    let is_secret = ["/api", "/dl", "/m/"].iter().any(|secret| path.starts_with(secret));
    if is_ours && !is_secret { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use axum::http::header::HOST;

    use super::*;
    use crate::config;

    fn redirect(host: &str, path: &str, public_url: Option<&str>) -> Result<String, u16> {
        let request = Request::get(path).header(HOST, host).body(()).unwrap();
        let public_url = public_url.map(str::to_owned);
        let host_names = ["2001:db8::1", "h"].map(str::to_owned).to_vec();
        let https = config::Https { public_url, host_names, ..config::Https::default() };
        let names = SiteNames::new(&https, "mail.example");
        let response =
            answer(&request, &Target { public_url: https.public_url, names, https_port: 8443 });
        match response.headers().get(LOCATION) {
            Some(location) => {
                assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
                Ok(location.to_str().unwrap().to_owned())
            }
            None => Err(response.status().as_u16()),
        }
    }

    #[test]
    fn a_page_is_found_on_https() {
        let to = |host, path| redirect(host, path, None).unwrap();
        assert_eq!(to("mail.example", "/mail/inbox"), "https://mail.example:8443/mail/inbox");
        assert_eq!(to("mail.example:80", "/?token=x"), "https://mail.example:8443/");
        assert_eq!(to("[2001:db8::1]:80", "/"), "https://[2001:db8::1]:8443/");
        let public = redirect("other", "/x", Some("https://mail.example"));
        assert_eq!(public.as_deref(), Ok("https://mail.example/x"));
    }

    #[test]
    fn nothing_secret_is_repeated() {
        for path in ["/api/session", "/dl/secret", "/m/secret/", "//evil.example/"] {
            let found = redirect("h", path, None);
            assert_eq!(found.as_deref(), Ok("https://h:8443/"), "{path}");
        }
    }

    #[test]
    fn a_host_that_is_none_or_not_ours_is_refused() {
        for host in ["", "a b", "a/b", "a@b", "a\\b"] {
            assert_eq!(redirect(host, "/", None), Err(400), "{host}");
        }
        for host in ["evil.example", "mail.example.evil.example", "127.0.0.1"] {
            assert_eq!(redirect(host, "/", None), Err(421), "{host}");
        }
    }
}
