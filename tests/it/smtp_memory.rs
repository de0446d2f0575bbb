//! The memory budget that all incoming messages share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{MESSAGE, TestGateway, stuffed, until};

const KIB: u64 = 1024;

/// Three hundred peers each send a message of the largest size, with memory for a sixth of them:
/// every peer gets a reply, every accepted message is stored, and small messages get through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_peers_cannot_exhaust_the_memory() {
    const PEERS: usize = 300;
    let gw = TestGateway::with(|smtp| {
        smtp.size_octets_max = 128 * KIB;
        smtp.memory_octets_max = 6 * 1024 * KIB;
        smtp.memory_wait_secs = 2;
    })
    .await;
    let gw = Arc::new(gw);
    let mut message = b"From: a@b.example\r\n\r\n".to_vec();
    while message.len() < 120 * 1024 {
        message.extend_from_slice(&[b'x'; 70]);
        message.extend_from_slice(b"\r\n");
    }
    let wire = Arc::new(stuffed(&message));
    let started = Arc::new(AtomicUsize::new(0));
    let mut peers = Vec::new();
    for _ in 0..PEERS {
        let (gw, wire, started) = (gw.clone(), wire.clone(), started.clone());
        peers.push(tokio::spawn(async move {
            let mut smtp = gw.smtp().await;
            smtp.ehlo().await;
            smtp.envelope("dana@example.org").await;
            let go_on = smtp.send("DATA").await;
            if go_on.code() == "452" {
                // Once many are in the middle of a message, not even the first reservation fits.
                started.fetch_add(1, Ordering::SeqCst);
                smtp.send("NOOP").await.expect("250 ");
                return false;
            }
            go_on.expect("354 ");
            // All peers stop in the middle of a message, so that none can finish before the others.
            let (half, rest) = wire.split_at(wire.len() / 2);
            smtp.raw(half).await;
            started.fetch_add(1, Ordering::SeqCst);
            until("all peers to be mid-message", || started.load(Ordering::SeqCst) == PEERS).await;
            smtp.raw(rest).await;
            let reply = smtp.reply().await;
            assert!(matches!(reply.code(), "250" | "452"), "{reply:?}");
            // The session continues whether or not the message was accepted.
            smtp.send("NOOP").await.expect("250 ");
            reply.code() == "250"
        }));
    }
    let budget = gw.server.budget().clone();
    until("the memory to be in use", || budget.free() < 2 << 20).await;
    // Who comes now waits for those in the middle of a message, not for further ones to arrive.
    until("all peers to be mid-message", || started.load(Ordering::SeqCst) == PEERS).await;
    let mut small = gw.smtp().await;
    small.ehlo().await;
    small.deliver("omar@example.org", MESSAGE).await.reference();
    let mut accepted = 0;
    for peer in peers {
        accepted += u64::from(peer.await.unwrap());
    }
    assert!((1..PEERS as u64).contains(&accepted), "{accepted} of {PEERS} got through");
    until("all memory to be released", || budget.free() == 6 << 20).await;
    assert_eq!(gw.count("dana").await, accepted);
}

#[tokio::test]
async fn a_message_that_finds_no_memory_is_deferred_and_accepted_later() {
    let gw = TestGateway::with(|smtp| {
        smtp.memory_octets_max = 256 * KIB;
        smtp.memory_wait_secs = 1;
    })
    .await;
    let mut hog = gw.server.budget().share();
    hog.grow_to(200 * 1024, None, std::time::Duration::from_secs(1)).await.unwrap();
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    // A declared size reserves no more than the first step, which does not fit here.
    smtp.send("MAIL FROM:<a@b.example> SIZE=100000").await.expect("250 ");
    smtp.send("RCPT TO:<dana@example.org>").await.expect("250 ");
    smtp.send("DATA").await.expect("452 4.3.1");
    drop(hog);
    smtp.deliver("dana@example.org", MESSAGE).await.reference();
}
