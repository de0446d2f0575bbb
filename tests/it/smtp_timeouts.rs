//! Peers that are too slow, or stall.

use crate::harness::{Client, TestGateway};

async fn cut_off(smtp: &mut Client) {
    smtp.reply().await.expect("421 4.4.2");
    smtp.expect_closed().await;
}

#[tokio::test]
async fn a_command_must_come_in_time_as_a_whole() {
    let gw = TestGateway::with(|smtp| smtp.command_timeout_secs = 1).await;
    let mut silent = gw.smtp().await;
    let mut trickles = gw.smtp().await;
    let started = std::time::Instant::now();
    let trickle = async {
        // Sending an octet now and then does not extend the timeout.
        loop {
            trickles.raw_or_gone(b"x").await;
            if started.elapsed().as_secs() >= 2 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::join!(cut_off(&mut silent), trickle);
    trickles.reply().await.expect("421 4.4.2");
}

#[tokio::test]
async fn a_pause_inside_a_message_must_not_be_too_long() {
    let gw = TestGateway::with(|smtp| smtp.data_timeout_secs = 1).await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.envelope("dana@example.org").await;
    smtp.send("DATA").await.expect("354 ");
    smtp.raw(b"From: a@b.example\r\n\r\nhalf a").await;
    cut_off(&mut smtp).await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.envelope("dana@example.org").await;
    smtp.raw(b"BDAT 100 LAST\r\nhalf a").await;
    cut_off(&mut smtp).await;
    assert!(gw.inbox("dana").await.is_empty());
}

#[tokio::test]
async fn a_tls_handshake_must_come_in_time() {
    let gw = TestGateway::with(|smtp| smtp.tls_timeout_secs = 1).await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.send("STARTTLS").await.expect("220 ");
    smtp.expect_closed().await;
}
