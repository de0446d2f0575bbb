//! One account, or one stranger, takes what it can get; the others go on as before.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::header::HeaderMap;
use postern::config;
use postern::mail::reference::Reference;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::web_harness::{
    Browser, MESSAGE, PASSWORD, TLS_BOTH, TestWeb, client_tls, shake, within,
};

const MIB: usize = 1 << 20;
/// A message that takes 5 MiB while it is opened, and 1 MiB while it is sent.
const LARGE: usize = 2 * MIB;

/// Room for one large message beside one that is being sent.
fn narrow(config: &mut config::Https) {
    config.memory_octets_max = 40 * MIB;
    config.memory_octets_per_account_max = 8 * MIB;
    config.memory_octets_per_network_max = 64 << 10;
    config.turn_timeout_secs = 1;
}

/// A message with one file of `LARGE` octets, as mail programs write it.
fn large() -> Bytes {
    use base64::Engine;
    let file = base64::engine::general_purpose::STANDARD.encode(vec![7; LARGE / 4 * 3]);
    let lines: Vec<&str> =
        file.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let head = "From: Rachel <rachel@outside.example>\r\nSubject: Plans\r\nMIME-Version: 1.0\r\n\
                Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHere.\r\n--b\r\n\
                Content-Type: application/pdf\r\n\
                Content-Disposition: attachment; filename=p.pdf\r\n\
                Content-Transfer-Encoding: base64\r\n\r\n";
    Bytes::from(format!("{head}{}\r\n--b--\r\n", lines.join("\r\n")))
}

async fn received(web: &TestWeb, browser: &mut Browser, name: &str) -> Reference {
    let reference = web.deliver_octets(name, large()).await;
    browser.read(reference).await;
    reference
}

/// Regression: a whole message stayed in memory for each link that was followed and not read, for as
/// long as the client answered PINGs.
#[tokio::test]
async fn answers_that_nobody_reads_take_a_share_and_end() {
    let web = TestWeb::with(|config| {
        narrow(config);
        config.write_timeout_secs = 20;
        config.header_timeout_secs = 120;
    });
    let web = web.await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let reference = received(&web, &mut dana, "dana").await;
    let other = received(&web, &mut omar, "omar").await;
    let kinds = [json!({"kind": "raw"}), json!({"kind": "attachments"})];
    let mut stalling = web.stalling_browser(0).await;
    let mut sent = Vec::new();
    for kind in kinds.iter().cycle() {
        let url = dana.ticket(reference, kind).await;
        let answer = stalling.open("GET", &url, HeaderMap::new(), None).await;
        match answer.status().as_u16() {
            200 => sent.push(answer),
            503 => break,
            status => panic!("{status}"),
        }
    }
    assert!((1..8).contains(&sent.len()), "{} sent", sent.len());
    // What is small finds room beside them.
    let small = web.deliver("dana", MESSAGE).await;
    dana.read(small).await;
    // Meanwhile others download what they like.
    for kind in &kinds {
        let url = omar.ticket(other, kind).await;
        let answer = omar.follow(&url).await.expect_status(200);
        assert!(answer.body.len() > 1_000);
    }
    stalling.wire.ended().await;
    // What was taken has come back with the end of the connection.
    for kind in &kinds {
        let url = dana.ticket(reference, kind).await;
        dana.follow(&url).await.expect_status(200);
    }
}

/// A stream that is read slowly goes on: what must come in time is the next piece, not all of them.
#[tokio::test]
async fn a_slow_reader_gets_all_of_it() {
    const TIMEOUT: Duration = Duration::from_secs(2);
    let web = TestWeb::with(|config| config.write_timeout_secs = TIMEOUT.as_secs()).await;
    let mut dana = web.signed_in("dana").await;
    let reference = received(&web, &mut dana, "dana").await;
    // The daemon sends no more than this before it is read.
    let mut slow = web.stalling_browser(64 << 10).await;
    let url = dana.ticket(reference, &json!({"kind": "attachment", "part": 2})).await;
    let mut answer = slow.open("GET", &url, HeaderMap::new(), None).await;
    let (began, mut file) = (Instant::now(), Vec::new());
    while let Some(frame) = within(answer.body_mut().frame()).await {
        file.extend_from_slice(&frame.unwrap().into_data().unwrap());
        if began.elapsed() < 3 * TIMEOUT {
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    }
    assert!(file == vec![7; LARGE / 4 * 3], "{} octets", file.len());
    assert!(began.elapsed() > 2 * TIMEOUT, "it was no slow reader: {:?}", began.elapsed());
}

/// Opens a connection with a request whose body of `declared` octets never arrives completely.
async fn half_a_body(
    web: &TestWeb,
    browser: &Browser,
    path: &str,
    declared: usize,
) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    let mut stream = shake(web.https, client_tls(TLS_BOTH, &[b"http/1.1"])).await.unwrap();
    let headers = browser.credentials("POST", path.split('?').next().unwrap());
    let kind = if path.contains("import") { "octet-stream" } else { "json" };
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/{kind}\r\n\
         Content-Length: {declared}\r\n",
        web.https.port()
    );
    for (name, value) in &headers {
        request.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    stream.write_all(format!("{request}\r\n{{").as_bytes()).await.unwrap();
    stream
}

/// Reads the status that is answered, if the request was not taken.
async fn refusal(stream: &mut tokio_rustls::client::TlsStream<tokio::net::TcpStream>) -> String {
    let mut octets = vec![0; 12];
    within(stream.read_exact(&mut octets)).await.unwrap();
    String::from_utf8(octets).unwrap()
}

/// Regression: each request could make the daemon collect its whole body, before anything was
/// checked, on any number of connections.
#[tokio::test]
async fn bodies_of_strangers_take_a_share_of_their_network_and_nothing_of_those_inside() {
    let web = TestWeb::with(narrow).await;
    let mut dana = web.signed_in("dana").await;
    let stranger = web.browser().await;
    let mut large = half_a_body(&web, &stranger, "/api/session", 60_000).await;
    assert_eq!(refusal(&mut large).await, "HTTP/1.1 413");
    // Each has arrived but for its last octet, until the network has no room left.
    let mut half = Vec::new();
    let refused = async {
        loop {
            let mut next = half_a_body(&web, &stranger, "/api/session", 8_000).await;
            next.write_all(&[b' '; 7_998]).await.unwrap();
            let soon = std::time::Duration::from_millis(200);
            if let Ok(answer) = tokio::time::timeout(soon, refusal(&mut next)).await {
                return answer;
            }
            half.push(next);
        }
    };
    assert_eq!(within(refused).await, "HTTP/1.1 503");
    dana.get("/api/mailboxes").await.expect_status(200);
    // People elsewhere sign in as before.
    let mut omar = web.browser_at(IpAddr::from([127, 0, 2, 1])).await;
    omar.sign_in("omar", PASSWORD).await.expect_status(201);
}

#[tokio::test]
async fn imports_that_never_end_take_a_share_of_their_account() {
    let web = TestWeb::with(narrow).await;
    let (dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let path = "/api/messages/import?mailbox=inbox";
    let mut half = Vec::new();
    for _ in 0..3 {
        half.push(half_a_body(&web, &dana, path, 5 * MIB).await);
    }
    // One holds 5 of 8 MiB, and the others give up after a second.
    let refused = first_refusal(&mut half).await;
    assert_eq!(refused, "HTTP/1.1 503");
    let mut headers = omar.credentials("POST", "/api/messages/import");
    headers.insert("content-type", "application/octet-stream".parse().unwrap());
    let imported = omar.raw("POST", path, headers, Some(MESSAGE.replace('\n', "\r\n"))).await;
    imported.expect_status(201);
}

/// Returns the first refusal of several requests.
async fn first_refusal(
    half: &mut [tokio_rustls::client::TlsStream<tokio::net::TcpStream>],
) -> String {
    let [first, second, third] = half else { panic!("three requests") };
    tokio::select! {
        refused = refusal(first) => refused,
        refused = refusal(second) => refused,
        refused = refusal(third) => refused,
    }
}

/// Regression: a connection that asked nothing stayed for ever, if its client answered PINGs.
#[tokio::test]
async fn a_connection_without_a_request_ends_and_an_event_stream_does_not() {
    let web = TestWeb::with(|config| config.header_timeout_secs = 2).await;
    let mut dana = web.signed_in("dana").await;
    let headers = dana.credentials("GET", "/api/events");
    let events = dana.open("GET", "/api/events", headers, None).await;
    assert_eq!(events.status(), 200);
    for mut idle in [web.browser().await, web.old_browser().await] {
        idle.wire.ended().await;
    }
    dana.get("/api/mailboxes").await.expect_status(200);
    drop(events);
}

#[tokio::test]
async fn the_idlest_connection_makes_room_for_a_new_one() {
    let web = TestWeb::with(|config| config.connections_max = 3).await;
    let mut dana = web.signed_in("dana").await;
    let headers = dana.credentials("GET", "/api/events");
    let events = dana.open("GET", "/api/events", headers, None).await;
    let mut idle = web.browser().await;
    let mut later = web.browser().await;
    for _ in 0..5 {
        web.browser().await.follow("/healthz").await.expect_status(200);
    }
    idle.wire.ended().await;
    later.wire.ended().await;
    dana.get("/api/mailboxes").await.expect_status(200);
    drop(events);
}

/// Regression: a sign-in took room in the memory of used signatures before anything was checked, so
/// that strangers could fill it, and every signed request was refused.
#[tokio::test]
async fn sign_ins_that_are_refused_take_no_room_from_those_inside() {
    let web = TestWeb::with(|config| config.proofs_remembered_max = 48).await;
    let mut dana = web.signed_in("dana").await;
    for address in 1..=4 {
        let address = IpAddr::from([127, 0, 9, address]);
        for number in 0..20 {
            let mut stranger = web.browser_at(address).await;
            stranger.sign_in(&format!("nobody {address} {number}"), "guess").await;
        }
    }
    dana.get("/api/mailboxes").await.expect_status(200);
    web.signed_in("omar").await.get("/api/mailboxes").await.expect_status(200);
}

/// Regression: the share was that of a key, and an account has as many keys as sessions.
#[tokio::test]
async fn one_account_with_many_sessions_has_one_share() {
    let web = TestWeb::with(|config| {
        config.proofs_remembered_max = 80;
        config.tickets_per_account_max = 4;
    });
    let web = web.await;
    let reference = web.deliver("dana", MESSAGE).await;
    let other = web.deliver("omar", MESSAGE).await;
    let (mut one, mut two) = (web.signed_in("dana").await, web.signed_in("dana").await);
    one.read(reference).await;
    let mut links = Vec::new();
    for browser in [&mut one, &mut two] {
        links.push(browser.ticket(reference, &json!({"kind": "view"})).await);
        links.push(browser.ticket(reference, &json!({"kind": "view"})).await);
    }
    let path = format!("/api/messages/{reference}/ticket");
    let more = two.post(&path, &json!({"kind": "view"})).await;
    more.expect_problem(429, "slow-down");
    // That were eight of its ten signatures: two sign-ins, and six requests.
    for browser in [&mut one, &mut two] {
        browser.get("/api/mailboxes").await.expect_status(200);
    }
    for browser in [&mut one, &mut two] {
        browser.get("/api/mailboxes").await.expect_problem(429, "slow-down");
    }
    let mut omar = web.signed_in("omar").await;
    omar.read(other).await;
    omar.ticket(other, &json!({"kind": "view"})).await;
}

#[tokio::test]
async fn one_more_sign_in_ends_the_session_that_was_used_longest_ago() {
    let web = TestWeb::start().await;
    let most = web.gateway.settings().sessions_max;
    let mut oldest = web.signed_in("dana").await;
    web.clock().advance_secs(61);
    let mut used = web.signed_in("dana").await;
    for _ in 2..most {
        web.clock().advance_secs(1);
        web.signed_in("dana").await;
    }
    web.clock().advance_secs(61);
    for browser in [&mut oldest, &mut used] {
        browser.get("/api/session").await.expect_status(200);
    }
    let mut newest = web.signed_in("dana").await;
    let listed = newest.get("/api/sessions").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), most);
    for browser in [&mut oldest, &mut used, &mut newest] {
        browser.get("/api/session").await.expect_status(200);
    }
}

/// Regression: turns were given first come, first served, and one of a ZIP took a second.
#[tokio::test]
async fn many_archives_of_one_account_keep_no_other_waiting() {
    let web = TestWeb::with(|config| config.turn_timeout_secs = 120).await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let reference = received(&web, &mut dana, "dana").await;
    let small = web.deliver("omar", MESSAGE).await;
    let mut archives = Vec::new();
    for _ in 0..6 {
        let url = dana.ticket(reference, &json!({"kind": "attachments"})).await;
        let mut browser = web.browser().await;
        archives.push(tokio::spawn(async move { browser.follow(&url).await.status }));
    }
    omar.read(small).await;
    let done = archives.iter().filter(|archive| archive.is_finished()).count();
    assert!(done < 6, "all {done} came first");
    for archive in archives {
        assert_eq!(within(archive).await.unwrap(), 200);
    }
}
