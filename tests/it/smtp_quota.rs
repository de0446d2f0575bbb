//! What a peer is told when a mailbox has no room.

use postern::gateway::OwnQuota;

use crate::harness::{MESSAGE, TestGateway, message};

const SMALL: u64 = MESSAGE.len() as u64;

async fn limit(gw: &TestGateway, name: &'static str, octets: u64) {
    let gateway = gw.gateway.clone();
    let own = OwnQuota { octets: Some(octets), messages: None };
    let set = tokio::task::spawn_blocking(move || gateway.account_quota(name, own));
    set.await.unwrap().unwrap();
}

/// P-24: a full mailbox is refused for the time being at RCPT, and takes mail again when its owner
/// made room.
#[tokio::test]
async fn a_full_mailbox_is_refused_at_rcpt_until_there_is_room() {
    let gw = TestGateway::start().await;
    limit(&gw, "dana", SMALL).await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    let reference = smtp.deliver("dana@example.org", MESSAGE).await.reference();
    smtp.send("MAIL FROM:<rachel@outside.example>").await.expect("250 2.1.0");
    smtp.send("RCPT TO:<dana@example.org>").await.expect("452 4.2.2 Mailbox full");
    smtp.send("RCPT TO:<omar@example.org>").await.expect("250 2.1.5");
    smtp.data(MESSAGE).await.reference();
    assert_eq!((gw.count("dana").await, gw.count("omar").await), (1, 1));

    gw.open("dana", reference).await;
    gw.as_owner("dana", move |gateway, actor| gateway.message_delete(actor, reference).unwrap())
        .await;
    smtp.deliver("dana@example.org", MESSAGE).await.reference();
    assert_eq!(gw.count("dana").await, 1);
}

/// The declared size (RFC 1870) decides for each recipient.
#[tokio::test]
async fn a_message_that_declares_too_much_is_refused_at_rcpt() {
    let gw = TestGateway::start().await;
    limit(&gw, "dana", 1_000).await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.send("MAIL FROM:<rachel@outside.example> SIZE=1001").await.expect("250 2.1.0");
    smtp.send("RCPT TO:<dana@example.org>").await.expect("452 4.2.2");
    smtp.send("RCPT TO:<omar@example.org>").await.expect("250 2.1.5");
    smtp.send("RSET").await.expect("250 ");
    smtp.send("MAIL FROM:<rachel@outside.example> SIZE=1000").await.expect("250 2.1.0");
    smtp.send("RCPT TO:<dana@example.org>").await.expect("250 2.1.5");
    smtp.data(MESSAGE).await.reference();
}

/// Without a declared size it shows after the last octet. If one of several recipients has room,
/// all get the message; nobody goes without while the peer believes otherwise.
#[tokio::test]
async fn a_message_that_turns_out_too_large_is_stored_for_all_or_for_nobody() {
    let gw = TestGateway::start().await;
    limit(&gw, "dana", 1_000).await;
    limit(&gw, "u1", 1_000).await;
    let large = message(100);
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.deliver("dana@example.org", &large).await.expect("452 4.2.2 Mailbox full");
    smtp.envelope("dana@example.org").await;
    smtp.send("RCPT TO:<u1@example.org>").await.expect("250 2.1.5");
    smtp.data(&large).await.expect("452 4.2.2 Mailbox full");
    assert_eq!((gw.count("dana").await, gw.count("u1").await), (0, 0));

    smtp.envelope("dana@example.org").await;
    smtp.send("RCPT TO:<omar@example.org>").await.expect("250 2.1.5");
    smtp.data(&large).await.reference();
    assert_eq!((gw.count("dana").await, gw.count("omar").await), (1, 1));
    // Dana is over her limit by this one message, and gets no other.
    smtp.send("MAIL FROM:<rachel@outside.example>").await.expect("250 2.1.0");
    smtp.send("RCPT TO:<dana@example.org>").await.expect("452 4.2.2");
    smtp.send("RSET").await.expect("250 ");

    // Two sessions at once: what was accepted at RCPT does not fill a mailbox further.
    let (mut first, mut second) = (gw.smtp().await, gw.smtp().await);
    for session in [&mut first, &mut second] {
        session.ehlo().await;
        session.envelope("u1@example.org").await;
        session.send("RCPT TO:<omar@example.org>").await.expect("250 2.1.5");
    }
    first.data(&large).await.reference();
    second.data(&large).await.expect("452 4.2.2 Mailbox full");
    assert_eq!((gw.count("u1").await, gw.count("omar").await), (1, 2));
}
