//! The numbers for programs that watch the daemon, as such a program asks for them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use postern::client::sending::Outgoing;
use serde_json::Value;

use crate::settled;
use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};

const MORE: &str = "[auto_response]\naccepted = false\n[outgoing]\nmode = \"fixed\"\n\
                    choice = \"plain\"\nundo_secs = 0\n[telemetry]\n\
                    metrics_listen = [\"127.0.0.1:0\"]\n";

/// Where the daemon says that it serves the numbers.
fn listener(site: &Site) -> SocketAddr {
    let log = site.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = lines.filter_map(|line| Some(line["fields"]["metrics"].as_str()?.to_owned()));
    found.collect::<Vec<_>>().pop().expect("it says where").parse().unwrap()
}

/// Asks over plain HTTP/1.1; returns the status and the whole answer.
fn asked(at: SocketAddr, method: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

/// The value of a sample.
fn value(text: &str, sample: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in {text}")).parse().unwrap()
}

/// Messages that were accepted, refused and delivered are counted, health is told, and neither an
/// address nor a name stands in the numbers. Other paths and methods are refused.
#[tokio::test]
async fn what_happens_is_counted_and_nobody_is_named() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, MORE));
    let at = listener(&site);
    assert!(at.ip().is_loopback());
    let eve = "eve@outside.example";
    for _ in 0..3 {
        crate::accepted(crate::deliver(
            site.smtp,
            eve,
            "dana@example.org",
            "From: eve@outside.example\r\nSubject: x\r\n\r\nx\r\n",
        ));
    }
    crate::deliver(site.smtp, eve, "nobody@example.org", "x").expect_code("550 5.1.1");
    let mut dana = site.client("dana").await;
    let to = ["eve@outside.example".to_owned()];
    let message = Outgoing { to: &to, subject: "x", text: "x", ..Outgoing::default() };
    let sent = dana.submit(&message).await.unwrap();
    settled(&mut dana, sent.reference).await;
    site.drain();
    let (status, text) = asked(at, "GET", "/metrics");
    assert_eq!(status, 200);
    assert!(text.contains("content-type: application/openmetrics-text; version=1.0.0"), "{text}");
    assert!(text.trim_end().ends_with("# EOF"), "{text}");
    assert!(value(&text, "postern_messages_accepted_total") >= 3.0);
    let unknown = "postern_refused_total{what=\"recipient\",status=\"5.1.1\"}";
    assert!(value(&text, unknown) >= 1.0);
    assert!(value(&text, "postern_delivery_attempts_total{outcome=\"delivered\"}") >= 1.0);
    assert!(value(&text, "postern_queue_recipients{state=\"waiting\"}") < 1.0);
    assert!(value(&text, "postern_sessions") >= 1.0);
    assert!(value(&text, "postern_store_used_bytes") > 0.0);
    assert!(value(&text, "postern_store_refusing") < 1.0);
    assert!(value(&text, "postern_password_checks_total") >= 3.0);
    assert!(value(&text, "postern_memory_resident_bytes") > 1e6);
    assert!(value(&text, "postern_certificate_expiry_seconds") > 1.7e9);
    for name in ["dana", "eve", "outside.example", "example.org"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    assert_eq!(asked(at, "GET", "/healthz").0, 200);
    assert_eq!(asked(at, "GET", "/readyz").0, 200);
    assert_eq!(asked(at, "GET", "/").0, 404);
    assert_eq!(asked(at, "GET", "/api/session").0, 404);
    assert_eq!(asked(at, "POST", "/metrics").0, 405);
    site.stop();
}

/// Without the setting nothing more listens, and an address that others reach is refused.
#[test]
fn the_numbers_are_off_unless_set_and_never_for_others() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    assert_eq!(site.ports().len(), 3, "SMTP, HTTPS, and the redirect");
    site.end();
    let mut command = site.prepared(&["check-config"]);
    command.env("POSTERN_TELEMETRY__METRICS_LISTEN", "[\"0.0.0.0:0\"]");
    let out = command.output().unwrap();
    assert_eq!(out.status.code(), Some(78));
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(said.contains("telemetry.metrics_listen"), "{said}");
}
