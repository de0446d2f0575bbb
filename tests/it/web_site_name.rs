//! Which site a request is for: it names one host, and that is one of ours.

use hyper::Version;
use hyper::header::HeaderMap;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::web_harness::{
    Browser, PASSWORD, TLS_BOTH, TestWeb, Wire, client_tls, header, shake, within,
};

/// Sends a head over HTTP/1.1 as it is, and returns the status and the body.
async fn told(web: &TestWeb, head: &str) -> (u16, String) {
    let tls = client_tls(TLS_BOTH, &[b"http/1.1"]);
    let mut stream = shake(web.https, tls).await.unwrap();
    let request = format!("{head}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = within(stream.read_to_end(&mut answer)).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// RFC 9112 §3.2
#[tokio::test]
async fn a_request_names_one_host() {
    let web = TestWeb::start().await;
    let port = web.https.port();
    let own = format!("localhost:{port}");
    let bad = [
        "GET / HTTP/1.1".to_owned(),
        "GET /healthz HTTP/1.1".to_owned(),
        "GET / HTTP/1.1\r\nHost:".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: {own}\r\nHost: {own}"),
        format!("GET / HTTP/1.1\r\nHost: {own}\r\nHost: evil.example"),
        format!("GET / HTTP/1.1\r\nHost: {own}, {own}"),
        format!("GET / HTTP/1.1\r\nHost: dana@{own}"),
        format!("GET / HTTP/1.1\r\nHost: {own}/x"),
        format!("GET / HTTP/1.1\r\nHost: https://{own}"),
        "GET / HTTP/1.1\r\nHost: localhost:http".to_owned(),
        "GET / HTTP/1.1\r\nHost: localhost:65536".to_owned(),
        "GET / HTTP/1.1\r\nHost: ::1".to_owned(),
        format!("GET https://{own}/ HTTP/1.1"),
        format!("GET https://dana@{own}/ HTTP/1.1\r\nHost: {own}"),
        format!("GET https://{own}/ HTTP/1.1\r\nHost: {own}\r\nHost: {own}"),
    ];
    for head in bad {
        let (status, body) = told(&web, &head).await;
        assert_eq!(status, 400, "{head}: {body}");
    }
    for head in [format!("GET / HTTP/1.1\r\nHost: {own}"), format!("GET / HTTP/1.0\r\nHost: {own}")]
    {
        assert_eq!(told(&web, &head).await.0, 200, "{head}");
    }
}

#[tokio::test]
async fn a_request_for_another_site_is_refused() {
    let web = TestWeb::start().await;
    let port = web.https.port();
    let own = format!("localhost:{port}");
    let not_ours = [
        "GET / HTTP/1.1\r\nHost: evil.example".to_owned(),
        format!("GET /api/brand HTTP/1.1\r\nHost: evil.example:{port}"),
        "GET /api/brand HTTP/1.1\r\nHost: localhost.".to_owned(),
        "GET /dl/x HTTP/1.1\r\nHost: 10.1.2.3".to_owned(),
        "GET /healthz/more HTTP/1.1\r\nHost: 10.1.2.3".to_owned(),
        "GET / HTTP/1.0\r\nHost: localhost.evil.example".to_owned(),
        "GET / HTTP/1.0".to_owned(),
        // RFC 9112 §3.2.2: the target counts, not the Host field.
        format!("GET https://evil.example/ HTTP/1.1\r\nHost: {own}"),
        format!("GET http://{own}/ HTTP/1.1\r\nHost: {own}"),
    ];
    for head in not_ours {
        let (status, body) = told(&web, &head).await;
        assert_eq!(status, 421, "{head}: {body}");
        assert!(body.contains("unknown-host") && body.contains("https.host_names"), "{body}");
    }
    for host in ["LOCALHOST", "localhost:443", "127.0.0.1", "[::1]", "[0:0:0::1]:1"] {
        let (status, body) = told(&web, &format!("GET /api/brand HTTP/1.1\r\nHost: {host}")).await;
        assert_eq!(status, 200, "{host}: {body}");
    }
    let absolute = format!("GET https://{own}/api/brand HTTP/1.1\r\nHost: evil.example");
    assert_eq!(told(&web, &absolute).await.0, 200);
    // Programs that watch over the service know its address alone.
    for path in ["/healthz", "/readyz"] {
        for head in
            [format!("GET {path} HTTP/1.1\r\nHost: 10.1.2.3"), format!("GET {path} HTTP/1.0")]
        {
            let (status, body) = told(&web, &head).await;
            assert_eq!((status, body.lines().count()), (200, 1), "{head}: {body}");
        }
    }
}

/// RFC 9113 §8.3.1
#[tokio::test]
async fn over_http_2_the_authority_is_the_host() {
    let web = TestWeb::start().await;
    let port = web.https.port();
    let mut browser = web.browser().await;
    let brand = browser.url("/api/brand");
    for host in [format!("localhost:{port}"), format!("LOCALHOST:{port}")] {
        browser.follow_to(&brand, header("host", &host)).await.expect_status(200);
    }
    for host in ["evil.example", "localhost", &format!("dana@localhost:{port}")] {
        let answer = browser.follow_to(&brand, header("host", host)).await;
        answer.expect_problem(400, "bad-host");
    }
    let mut twice = header("host", &format!("localhost:{port}"));
    twice.append("host", format!("localhost:{port}").parse().unwrap());
    browser.follow_to(&brand, twice).await.expect_problem(400, "bad-host");
    let with_user = format!("https://dana@localhost:{port}/api/brand");
    let answer = browser.follow_to(&with_user, HeaderMap::new()).await;
    answer.expect_problem(400, "bad-host");
    for other in ["https://evil.example/api/brand", &format!("http://localhost:{port}/api/brand")] {
        let answer = browser.follow_to(other, HeaderMap::new()).await;
        answer.expect_problem(421, "unknown-host");
    }
}

/// P-05: what was signed for another site is no good here, whatever the request says (RFC 9449 §4.3,
/// check 9).
#[tokio::test]
async fn a_proof_for_another_site_opens_nothing() {
    let web = TestWeb::start().await;
    let body =
        Some(json!({"name": "dana", "password": PASSWORD, "profile": "browser"}).to_string());
    let evil = "https://evil.example/api/session";
    for wire in [Wire::http2(web.https).await, Wire::http1(web.https).await] {
        let mut browser = Browser::on(wire, &web);
        let claims = browser.key.claims("POST", evil, None, browser.now());
        let proof = browser.key.sign(&browser.key.header(), &claims);
        let mut headers = browser.with_proof(&proof);
        let target = match browser.wire {
            Wire::Http1(_) => "/api/session",
            Wire::Http2(_) => evil,
        };
        if target != evil {
            headers.insert("host", "evil.example".parse().unwrap());
        }
        let answer = browser.raw_to("POST", target, headers, body.clone()).await;
        answer.expect_problem(421, "unknown-host");
        let own = browser.with_proof(&proof);
        let answer = browser.raw("POST", "/api/session", own, body.clone()).await;
        answer.expect_problem(401, "signed-out");
    }
}

/// An HTTP/1.1 client that sends absolute targets, as one behind a proxy does, signs in and reads.
#[tokio::test]
async fn a_target_in_absolute_form_is_answered() {
    let web = TestWeb::start().await;
    let mut browser = web.old_browser().await;
    let url = browser.url("/api/session");
    let body =
        Some(json!({"name": "dana", "password": PASSWORD, "profile": "browser"}).to_string());
    let headers = browser.credentials("POST", "/api/session");
    let answer = browser.raw_to("POST", &url, headers, body).await.expect_status(201);
    assert_eq!(answer.version, Version::HTTP_11);
    browser.token = Some(answer.json()["token"].as_str().unwrap().to_owned());
    let headers = browser.credentials("GET", "/api/session");
    browser.raw_to("GET", &url, headers, None).await.expect_status(200);
}

/// Whatever name of the site a request comes by, what is signed is for its public URL.
#[tokio::test]
async fn signed_requests_are_for_the_public_url_alone() {
    let web = TestWeb::with(|config| {
        config.public_url = Some("https://mail.example.org".to_owned());
        config.host_names = vec!["proxy.example.org".to_owned()];
    });
    let web = web.await;
    let mut browser = web.browser().await;
    let table = [
        ("mail.example.org", 200),
        ("mail.example.org:443", 200),
        ("proxy.example.org", 200),
        // Some proxies leave the port out of the Host field, others send their own.
        ("mail.example.org:8443", 200),
        ("localhost", 421),
        ("127.0.0.1", 421),
    ];
    for (host, status) in table {
        let answer =
            browser.follow_to(&format!("https://{host}/api/brand"), HeaderMap::new()).await;
        assert_eq!(answer.status, status, "{host}");
    }
    let signed = [
        ("mail.example.org", "mail.example.org", 201),
        ("proxy.example.org", "mail.example.org", 201),
        ("mail.example.org:8443", "mail.example.org", 201),
        ("proxy.example.org", "proxy.example.org", 401),
        ("mail.example.org:8443", "mail.example.org:8443", 401),
    ];
    for (host, signed_for, status) in signed {
        let htu = format!("https://{signed_for}/api/session");
        let claims = browser.key.claims("POST", &htu, None, browser.now());
        let proof = browser.key.sign(&browser.key.header(), &claims);
        let body = json!({"name": "dana", "password": PASSWORD, "profile": "browser"});
        let target = format!("https://{host}/api/session");
        let headers = browser.with_proof(&proof);
        let answer = browser.raw_to("POST", &target, headers, Some(body.to_string())).await;
        assert_eq!(answer.status, status, "{host} {signed_for}");
    }
}
