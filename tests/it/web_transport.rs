//! The HTTPS listener itself: TLS, plain HTTP, limits, headers, and the absence of cookies.

use std::time::Duration;

use hyper::header::HeaderMap;
use rustls::NamedGroup;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::web_harness::{
    Answer, Browser, MESSAGE, TLS_BOTH, TestWeb, client_tls, header, shake, within,
};

/// P-02
#[tokio::test]
async fn modern_sides_agree_on_tls_13_with_the_hybrid_key_exchange() {
    let web = TestWeb::start().await;
    let stream = shake(web.https, client_tls(TLS_BOTH, &[b"h2", b"http/1.1"])).await.unwrap();
    let connection = stream.get_ref().1;
    assert_eq!(connection.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    let group = connection.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(group, NamedGroup::X25519MLKEM768);
    assert_eq!(connection.alpn_protocol(), Some(b"h2".as_slice()));
    let old = shake(web.https, client_tls(&[&rustls::version::TLS12], &[])).await.unwrap();
    assert_eq!(old.get_ref().1.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_2));
}

/// P-02. No library here speaks TLS 1.1 any more, so its ClientHello (RFC 4346 §7.4.1.2) is written
/// out.
#[tokio::test]
async fn tls_11_is_refused() {
    let web = TestWeb::start().await;
    let mut hello = vec![3, 2];
    hello.extend_from_slice(&[7; 32]); // random
    hello.push(0); // no session
    hello.extend_from_slice(&[0, 4, 0xc0, 0x13, 0x00, 0x2f, 1, 0]); // two suites, no compression
    // Curve P-256, uncompressed points, ECDSA with SHA-256: only the version is unacceptable.
    hello.extend_from_slice(&[0, 22, 0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0]);
    hello.extend_from_slice(&[0, 13, 0, 4, 0, 2, 4, 3]);
    let length = u16::try_from(hello.len()).unwrap().to_be_bytes();
    let mut record = vec![22, 3, 1];
    record.extend_from_slice(&(u16::try_from(hello.len() + 4).unwrap()).to_be_bytes());
    record.extend_from_slice(&[1, 0, length[0], length[1]]);
    record.extend_from_slice(&hello);
    let mut stream = TcpStream::connect(web.https).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    within(stream.read_to_end(&mut answer)).await.unwrap();
    // A fatal alert: protocol_version (RFC 5246 §7.2).
    assert_eq!((answer[0], &answer[5..7]), (21, &[2, 70][..]), "{answer:?}");
}

/// Sends `request` to the plain HTTP listener and returns its answer.
pub(super) async fn plain(web: &TestWeb, request: &str) -> String {
    let mut stream = TcpStream::connect(web.http).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

/// P-02, P-36
#[tokio::test]
async fn plain_http_answers_only_a_redirect() {
    let web = TestWeb::start().await;
    let port = web.https.port();
    let table = [
        ("GET /mail/inbox?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n", "/mail/inbox"),
        ("GET / HTTP/1.1\r\nHost: localhost:80\r\nCookie: a=b\r\n\r\n", "/"),
        ("GET /dl/secret HTTP/1.1\r\nHost: localhost\r\n\r\n", "/"),
        ("GET /api/session HTTP/1.1\r\nHost: localhost\r\n\r\n", "/"),
        (
            "POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n\
             {\"password\":\"secret\"}",
            "/",
        ),
    ];
    for (request, path) in table {
        let answer = plain(&web, request).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 308 "), "{head}");
        let location = format!("\r\nlocation: https://localhost:{port}{path}\r\n");
        assert!(head.contains(&location), "{head}");
        assert_eq!(body, "");
        assert!(!head.to_lowercase().contains("cookie"), "{head}");
        assert!(!answer.contains("secret"), "{answer}");
    }
    // Nobody is sent to somebody else's site from here.
    for (host, status) in [("Host: a@b", 400), ("X: y", 400), ("Host: evil.example", 421)] {
        let answer = plain(&web, &format!("GET / HTTP/1.1\r\n{host}\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(!answer.to_lowercase().contains("location"), "{answer}");
    }
    // The HTTPS port does not answer in clear at all.
    let mut stream = TcpStream::connect(web.https).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = within(stream.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

const ALL: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("strict-transport-security", "max-age=31536000"),
];

/// Returns a response from every route, for valid and invalid requests, signed in and not.
async fn everything(web: &TestWeb, dana: &mut Browser) -> Vec<(String, Answer)> {
    let references = [web.deliver("dana", MESSAGE).await, web.deliver("dana", MESSAGE).await]
        .map(|r| r.to_string());
    let [one, two] = &references;
    let made = dana.post("/api/mailboxes", &json!({"name": "Plans"})).await;
    let mailbox = made.json()["id"].as_str().unwrap().to_owned();
    let message = |tail: &str| format!("/api/messages/{one}{tail}");
    let mut answers = vec![("POST /api/mailboxes".to_owned(), made)];
    let requests = [
        ("POST", "/api/session".to_owned(), Some(json!({}))),
        ("GET", "/api/session".to_owned(), None),
        ("GET", "/api/sessions".to_owned(), None),
        ("DELETE", "/api/sessions/x".to_owned(), None),
        ("GET", "/api/mailboxes".to_owned(), None),
        ("PATCH", format!("/api/mailboxes/{mailbox}"), Some(json!({"name": "More"}))),
        ("DELETE", format!("/api/mailboxes/{mailbox}"), None),
        ("GET", "/api/messages?mailbox=inbox".to_owned(), None),
        ("POST", "/api/messages/batch".to_owned(), Some(json!({"references": [], "change": {}}))),
        ("GET", message("/item"), None),
        ("POST", message("/open"), None),
        ("GET", message(""), None),
        ("PATCH", message(""), Some(json!({"starred": true}))),
        ("POST", message("/ticket"), Some(json!({"kind": "raw"}))),
        ("POST", format!("/api/messages/{two}/reject"), Some(json!({"reason": null}))),
        ("DELETE", message(""), None),
        ("GET", "/api/changes?since=0".to_owned(), None),
        ("GET", "/api/openapi.json".to_owned(), None),
        ("GET", "/api/nothing".to_owned(), None),
        ("PUT", "/api/session".to_owned(), None),
        ("GET", "/dl/x".to_owned(), None),
        ("GET", "/m/x/".to_owned(), None),
        ("GET", "/m/x/cid/1".to_owned(), None),
        ("GET", "/".to_owned(), None),
        ("GET", "/mail/inbox".to_owned(), None),
        ("GET", "/missing.js".to_owned(), None),
        ("POST", "/mail/inbox".to_owned(), None),
        ("DELETE", "/api/session".to_owned(), None),
    ];
    for (method, path, body) in &requests {
        let bare = dana.raw(method, path, HeaderMap::new(), body.as_ref().map(|b| b.to_string()));
        answers.push((format!("{method} {path}, not signed in"), bare.await));
        let signed = dana.signed(method, path, body.as_ref()).await;
        answers.push((format!("{method} {path}"), signed));
    }
    answers
}

/// P-02, P-08: no response sets a cookie, and every response has the security headers.
#[tokio::test]
async fn no_response_sets_a_cookie_and_each_has_its_policy() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let answers = everything(&web, &mut dana).await;
    assert!(answers.len() > 50);
    for (what, answer) in &answers {
        assert!(!answer.headers.contains_key("set-cookie"), "{what}");
        for (name, value) in ALL {
            assert_eq!(answer.header(name), value, "{what}: {name}");
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';"), "{what}: {policy}");
        if what.contains(" /api/") || what.contains(" /dl/") || what.contains(" /m/") {
            assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        }
        let is_open = ["/api/session, not", "/api/openapi.json", " /dl/", " /m/"];
        if what.contains(" /api/")
            && what.ends_with("not signed in")
            && !is_open.iter().any(|open| what.contains(open))
            && !what.contains("/api/nothing")
        {
            assert_eq!(answer.status, 401, "{what}");
        }
    }
    // A cookie in a request has no effect.
    let mut headers = header("cookie", "session=1");
    headers.extend(header("authorization", "DPoP x"));
    dana.raw("GET", "/api/session", headers, None).await.expect_problem(401, "signed-out");
}

#[tokio::test]
async fn a_wrong_method_or_path_is_a_problem_too() {
    let web = TestWeb::start().await;
    let mut browser = web.browser().await;
    for (method, path) in [("PUT", "/api/session"), ("POST", "/"), ("TRACE", "/api/mailboxes")] {
        let answer = browser.raw(method, path, HeaderMap::new(), None).await;
        answer.expect_problem(405, "wrong-method");
    }
    for path in ["/api", "/api/", "/api/none", "/dl", "/m", "/m/"] {
        browser.follow(path).await.expect_problem(404, "not-found");
    }
    for path in ["/.well-known/jmap", "/.well-known/caldav", "/metrics", "/healthz/more"] {
        browser.follow(path).await.expect_status(404);
    }
    for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        assert_eq!(browser.follow(path).await.expect_status(200).text(), text);
    }
}

#[tokio::test]
async fn a_body_too_large_or_of_another_kind_is_refused() {
    let web = TestWeb::start().await;
    for mut browser in [web.browser().await, web.old_browser().await] {
        browser.sign_in("dana", super::web_harness::PASSWORD).await.expect_status(201);
        let big = json!({"name": "x".repeat(100_000)});
        let answer = browser.post("/api/mailboxes", &big).await;
        answer.expect_problem(413, "too-large");
    }
    let mut browser = web.signed_in("dana").await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let mut headers = browser.credentials("POST", "/api/mailboxes");
        headers.insert("content-type", kind.parse().unwrap());
        let body = Some(json!({"name": "Plans"}).to_string());
        let answer = browser.raw("POST", "/api/mailboxes", headers, body).await;
        answer.expect_problem(415, "not-json");
    }
    for body in ["", "{", "\"x\"", "{\"name\": 7}", "\u{0}"] {
        let headers = browser.credentials("POST", "/api/mailboxes");
        let answer = browser.raw("POST", "/api/mailboxes", headers, Some(body.to_owned())).await;
        answer.expect_problem(422, "invalid");
    }
}

#[tokio::test]
async fn a_client_that_is_slow_on_purpose_is_cut_off() {
    let web = TestWeb::with(|config| {
        config.tls_timeout_secs = 1;
        config.header_timeout_secs = 1;
        config.body_timeout_secs = 1;
    });
    let web = web.await;
    let closed = |what: &'static str, octets: std::io::Result<usize>| {
        // Closed cleanly, or reset.
        assert!(matches!(octets, Ok(0) | Err(_)), "{what}: {octets:?}");
    };
    // A client that never starts the handshake.
    let mut silent = TcpStream::connect(web.https).await.unwrap();
    closed("silent", within(silent.read(&mut [0])).await);
    // A handshake and nothing else, or half a preface. An HTTP/2 server speaks first: it sends a
    // SETTINGS frame, type 4 (RFC 9113 §3.4).
    for (alpn, first_words) in
        [(b"http/1.1".as_slice(), b"HTTP/1.1 4".as_slice()), (b"h2", &[0, 0, 24, 4])]
    {
        let mut idle = shake(web.https, client_tls(TLS_BOTH, &[alpn])).await.unwrap();
        idle.write_all(b"PRI").await.unwrap();
        let mut rest = Vec::new();
        let _ = within(idle.read_to_end(&mut rest)).await;
        assert!(rest.is_empty() || rest.starts_with(first_words), "{rest:?}");
    }
    // Half a header.
    let mut half = shake(web.https, client_tls(TLS_BOTH, &[b"http/1.1"])).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await.unwrap();
    let mut rest = Vec::new();
    let _ = within(half.read_to_end(&mut rest)).await;
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{rest:?}");
    // Half a body.
    let browser = web.old_browser().await;
    let proof = browser.credentials("POST", "/api/session");
    let proof = proof["dpop"].to_str().unwrap();
    let mut half = shake(web.https, client_tls(TLS_BOTH, &[b"http/1.1"])).await.unwrap();
    let request = format!(
        "POST /api/session HTTP/1.1\r\nHost: localhost:{}\r\nDPoP: {proof}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"name\":",
        web.https.port()
    );
    half.write_all(request.as_bytes()).await.unwrap();
    let mut rest = vec![0; 1_024];
    let read = within(half.read(&mut rest)).await.unwrap();
    assert!(rest[..read].starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test]
async fn connections_of_one_address_are_limited() {
    let web = TestWeb::with(|config| config.connections_per_address_max = 2).await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        kept.push(web.browser().await);
    }
    let refused = shake(web.https, client_tls(TLS_BOTH, &[b"h2"])).await;
    assert!(refused.is_err());
    for browser in &mut kept {
        browser.follow("/api/openapi.json").await.expect_status(200);
    }
}

#[tokio::test]
async fn a_request_in_progress_is_finished_when_the_daemon_stops() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let mut other = web.signed_in("omar").await;
    web.stop.cancel();
    web.tasks.close();
    within(web.tasks.wait()).await;
    let refused = tokio::time::timeout(Duration::from_secs(5), TcpStream::connect(web.https)).await;
    assert!(refused.unwrap().is_err());
    drop((dana.token.take(), other.token.take()));
}

#[tokio::test]
async fn the_api_describes_itself() {
    let web = TestWeb::start().await;
    let mut browser = web.browser().await;
    let answer = browser.follow("/api/openapi.json").await.expect_status(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/api/messages/{ref}/reject"]["post"].is_object());
    let committed: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    assert!(document == committed, "the document is served as it was committed");
}

#[tokio::test]
async fn exactly_the_methods_that_the_document_names_are_served() {
    let web = TestWeb::start().await;
    let mut browser = web.browser().await;
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        // A segment in braces stands for any text.
        let segments = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let address = segments.collect::<Vec<_>>().join("/");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = browser.raw(method, &address, HeaderMap::new(), None).await;
            let is_served = answer.status != 405;
            let is_named = item[method.to_lowercase()].is_object();
            assert_eq!(is_served, is_named, "{method} {path}: {}", answer.status);
            asked += usize::from(is_named);
        }
    }
    assert!(asked > 80, "the document names almost nothing: {asked}");
}
