//! The daemon as an operator sets it up, with users inside and mail servers outside, one file per
//! behaviour. All outgoing mail goes to a sink, which keeps every octet.

#[path = "../support/mod.rs"]
mod support;

mod accept_from;
mod answers;
mod backup;
mod commands;
mod dns;
#[path = "../it/dns_stub.rs"]
#[allow(dead_code, reason = "each binary uses its own part")]
mod dns_stub;
mod files;
mod flood;
mod groups;
mod guessing;
mod hand_off;
mod import;
mod intranet;
mod journal;
mod metrics;
mod notices;
mod numbers;
mod reports;
mod set_up;
mod transport;

use std::time::{Duration, Instant};

use postern::client::Client;
use postern::client::sending::Sent;
use postern::mail::reference::Reference;
use support::smtp::{Delivery, Reply, Smtp};

/// Returns the reference number in the `250` to an outside server.
#[track_caller]
fn accepted(reply: Reply) -> Reference {
    let reply = reply.expect_code("250 2.0.0 Accepted, reference ");
    let number = reply.lines[0].rsplit(' ').next().unwrap();
    number.parse().unwrap_or_else(|error| panic!("{number}: {error}"))
}

/// Opens a plaintext session and sends EHLO.
fn in_clear(to: std::net::SocketAddr) -> Smtp {
    let mut session = Smtp::connect(to);
    session.line("EHLO client.example").expect_code("250");
    session
}

/// Delivers a message in clear.
fn deliver(smtp: std::net::SocketAddr, from: &str, to: &str, message: &str) -> Reply {
    let mut session = in_clear(smtp);
    let mail = Delivery { from, to: &[to], message: message.as_bytes(), parameters: "" };
    let reply = session.deliver(&mail);
    session.quit();
    reply
}

/// Returns the header field of that name in a message, unfolded.
fn field(message: &[u8], name: &str) -> Option<String> {
    let (header, _) = support::messages::split(message);
    let header = String::from_utf8_lossy(header).replace("\r\n ", " ").replace("\r\n\t", " ");
    let start = format!("{}:", name.to_lowercase());
    let line = header.lines().find(|line| line.to_lowercase().starts_with(&start))?;
    Some(line[start.len()..].trim().to_owned())
}

/// Waits until no recipient of a message is in the state `accepted` any more, and returns its
/// status.
async fn settled(client: &mut Client, reference: Reference) -> Sent {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let sent = client.status(reference).await.expect("the status of one's own message");
        if sent.recipients.iter().all(|one| one.state != "accepted") {
            return sent;
        }
        assert!(Instant::now() < end, "it never left: {sent:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
