//! Peers that misbehave, by mistake or on purpose.

use crate::harness::{Client, MESSAGE, TestGateway, message, until};

async fn in_data(gw: &TestGateway) -> Client {
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.envelope("dana@example.org").await;
    smtp.send("DATA").await.expect("354 ");
    smtp
}

/// RFC 5321 §2.3.8 and §4.1.1.4: an octet sequence that another server might take for the end of a
/// message is refused; nothing of the message is kept, and nothing after it is taken as a command.
#[tokio::test]
async fn no_message_can_be_smuggled_in_another() {
    let gw = TestGateway::start().await;
    let ends: [&[u8]; 14] = [
        b"\n.\n",
        b"\n.\r\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\r\n.\n",
        b"\r\n.\r",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
        b"\r\0\n.\r\n",
        b"\r\n.\r\r\n",
        b"\n\n.\r\n",
        b"\n\r.\r\n",
        b"\r\r.\r\n",
        b"\r\n\r.\r\n",
    ];
    for end in ends {
        let mut smtp = in_data(&gw).await;
        let mut wire = b"From: a@b.example\r\n\r\nvisible".to_vec();
        wire.extend_from_slice(end);
        wire.extend_from_slice(
            b"MAIL FROM:<evil@outside.example>\r\nRCPT TO:<omar@example.org>\r\nDATA\r\n\
              From: boss@example.org\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n",
        );
        smtp.raw(&wire).await;
        smtp.reply().await.expect("554 5.6.11");
        smtp.expect_closed().await;
    }
    assert!(gw.inbox("omar").await.is_empty());
    assert!(gw.inbox("dana").await.is_empty());
}

#[tokio::test]
async fn chunks_are_held_to_the_same_line_ends() {
    let gw = TestGateway::start().await;
    for body in [b"From: a@b.example\n\nx".as_slice(), b"From: a@b.example\r\n\r\nx\r", b"a\0b"] {
        let mut smtp = gw.smtp().await;
        smtp.ehlo().await;
        smtp.envelope("dana@example.org").await;
        smtp.raw(&[format!("BDAT {} LAST\r\n", body.len()).as_bytes(), body].concat()).await;
        smtp.reply().await.expect("554 5.6.11");
        smtp.expect_closed().await;
    }
}

/// RFC 3207 §4.2, §5: commands received in clear before the handshake are neither executed nor
/// remembered.
#[tokio::test]
async fn commands_injected_before_tls_are_forgotten() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.envelope("dana@example.org").await;
    smtp.raw(b"STARTTLS\r\nEHLO evil.example\r\nMAIL FROM:<evil@outside.example>\r\n").await;
    smtp.reply().await.expect("220 ");
    smtp.handshake().await;
    smtp.send("RCPT TO:<dana@example.org>").await.expect("503 5.5.1 EHLO first");
    let offered = smtp.ehlo().await;
    assert!(!offered.has("STARTTLS") && offered.has("REQUIRETLS"), "{offered:?}");
    smtp.send("RCPT TO:<dana@example.org>").await.expect("503 5.5.1 MAIL first");
    smtp.send("STARTTLS").await.expect("503 ");
    smtp.deliver("dana@example.org", MESSAGE).await.reference();
}

#[tokio::test]
async fn a_bare_lf_ends_the_session() {
    let gw = TestGateway::start().await;
    for line in [b"EHLO a.example\n".as_slice(), b"\n", b"NOOP\nNOOP\r\n"] {
        let mut smtp = gw.smtp().await;
        smtp.raw(line).await;
        smtp.reply().await.expect("500 5.5.2");
        smtp.expect_closed().await;
    }
}

/// A host name that is no host name is a mistake in an argument, not an unknown command.
#[tokio::test]
async fn a_greeting_in_unicode_is_told_what_is_wrong_with_it() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp().await;
    smtp.raw("EHLO bücher.example\r\n".as_bytes()).await;
    smtp.reply().await.expect("501 5.5.4");
    smtp.raw("bücher\r\n".as_bytes()).await;
    smtp.reply().await.expect("500 ");
}

#[tokio::test]
async fn the_tail_of_a_line_that_is_too_long_is_no_command() {
    let gw = TestGateway::with(|smtp| smtp.command_octets_max = 1_024).await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.send("MAIL FROM:<a@b.example>").await.expect("250 ");
    let mut line = vec![b'x'; 5_000];
    line.extend_from_slice(b"RCPT TO:<dana@example.org>\r\n");
    // In one write, in several writes, and with the CR and the LF in separate writes.
    smtp.raw(&line).await;
    smtp.reply().await.expect("500 5.5.2");
    for piece in line.chunks(1_000) {
        smtp.raw(piece).await;
    }
    smtp.reply().await.expect("500 5.5.2");
    smtp.raw(&line[..line.len() - 1]).await;
    smtp.raw(b"\n").await;
    smtp.reply().await.expect("500 5.5.2");
    smtp.send("DATA").await.expect("554 5.5.1");
}

#[tokio::test]
async fn a_wrong_chunk_length_ends_the_session() {
    let gw = TestGateway::start().await;
    for line in ["BDAT 99999999999999999999999 LAST", "BDAT 9999999999 LAST", "BDAT x"] {
        let mut smtp = gw.smtp().await;
        smtp.ehlo().await;
        smtp.envelope("dana@example.org").await;
        smtp.raw(format!("{line}\r\nMAIL FROM:<evil@x.example>\r\n").as_bytes()).await;
        let code = smtp.reply().await.code().to_owned();
        assert!(code == "501" || code == "552", "{line}: {code}");
        smtp.expect_closed().await;
    }
}

#[tokio::test]
async fn chunks_out_of_turn_are_read_and_refused() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp().await;
    // The octets of these chunks look like commands.
    smtp.raw(b"BDAT 6 LAST\r\nQUIT\r\n").await;
    smtp.reply().await.expect("503 5.5.1 EHLO first");
    smtp.ehlo().await;
    smtp.raw(b"BDAT 6\r\nQUIT\r\n").await;
    smtp.reply().await.expect("503 5.5.1 MAIL first");
    smtp.send("MAIL FROM:<>").await.expect("250 ");
    smtp.raw(b"BDAT 6 LAST\r\nQUIT\r\n").await;
    smtp.reply().await.expect("554 5.5.1");
    smtp.send("RCPT TO:<dana@example.org>").await.expect("250 ");
    smtp.raw(b"BDAT 2\r\nFr").await;
    smtp.reply().await.expect("250 ");
    smtp.send("DATA").await.expect("503 ");
    smtp.send("RCPT TO:<omar@example.org>").await.expect("503 ");
    smtp.send("MAIL FROM:<>").await.expect("503 ");
    smtp.send("RSET").await.expect("250 ");
    smtp.deliver("dana@example.org", MESSAGE).await.reference();
}

#[tokio::test]
async fn a_message_over_the_size_limit_is_refused_before_data_and_inside_it() {
    let gw = TestGateway::with(|smtp| smtp.size_octets_max = 100_000).await;
    let mut smtp = gw.smtp().await;
    assert!(smtp.ehlo().await.has("SIZE 100000"));
    smtp.send("MAIL FROM:<a@example.org> SIZE=100001").await.expect("552 5.3.4");
    let large = message(2_000);
    assert!(large.len() > 100_000);
    smtp.deliver("dana@example.org", &large).await.expect("552 5.3.4");
    // In chunks: the chunk that exceeds the limit is refused, and so are those after it.
    smtp.envelope("dana@example.org").await;
    let half = &large[..large.len() / 2];
    for code in ["250", "250", "552", "552"] {
        smtp.raw(&[format!("BDAT {}\r\n", half.len()).as_bytes(), half].concat()).await;
        let code = if code == "250" && half.len() * 2 > 100_000 { "" } else { code };
        let reply = smtp.reply().await;
        assert!(reply.code().starts_with(code), "{reply:?}");
    }
    smtp.send("BDAT 0 LAST").await.expect("552 5.3.4");
    // The session continues, and a message of exactly the limit is accepted.
    let mut exact = MESSAGE.to_vec();
    while exact.len() < 100_000 {
        let octets = (100_000 - exact.len()).min(70);
        exact.extend_from_slice(&vec![b'x'; octets.saturating_sub(2)]);
        exact.extend_from_slice(b"\r\n");
    }
    exact.truncate(100_000 - 2);
    exact.extend_from_slice(b"\r\n");
    smtp.deliver("dana@example.org", &exact).await.reference();
}

#[tokio::test]
async fn a_line_of_many_megabytes_is_refused_with_a_reason() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    let mut message = b"From: a@b.example\r\n\r\n".to_vec();
    message.resize(8 << 20, b'x');
    message.extend_from_slice(b"\r\n");
    smtp.deliver("dana@example.org", &message).await.expect("554 5.6.0");
    smtp.deliver("dana@example.org", MESSAGE).await.reference();
}

#[tokio::test]
async fn headers_that_two_readers_could_read_differently_are_refused() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    for (header, start) in [
        ("From: a@b.example\r\nFrom: c@d.example\r\n", "550 5.6.0"),
        ("Fr om: a@b.example\r\n", "550 5.6.0"),
        ("Subject: none\r\n", "550 5.6.0"),
        ("no header at all\r\n", "550 5.6.0"),
        (&"Received: x\r\n".repeat(51), "55"),
        (&format!("From: a@b.example\r\n{}", "Received: x\r\n".repeat(51)), "554 5.4.6"),
        (&format!("From: a@b.example\r\nX: {}\r\n", "y".repeat(20_000)), "552 5.3.4"),
    ] {
        let message = format!("{header}\r\ntext\r\n");
        smtp.deliver("dana@example.org", message.as_bytes()).await.expect(start);
    }
    assert!(gw.inbox("dana").await.is_empty());
}

#[tokio::test]
async fn a_peer_with_too_many_errors_is_disconnected() {
    let gw = TestGateway::with(|smtp| {
        smtp.errors_max = 3;
        smtp.recipients_refused_max = 2;
    })
    .await;
    let mut smtp = gw.smtp().await;
    for _ in 0..3 {
        smtp.send("FOO").await.expect("500 ");
    }
    smtp.send("FOO").await.expect("500 ");
    smtp.reply().await.expect("421 4.7.0");
    smtp.expect_closed().await;
    // Refused recipients count as well; an accepted message resets the count.
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    for _ in 0..3 {
        smtp.send("MAIL FROM:<>").await.expect("250 ");
        smtp.send("RCPT TO:<nobody@example.org>").await.expect("550 ");
        smtp.send("RCPT TO:<noone@example.org>").await.expect("550 ");
        smtp.send("RCPT TO:<dana@example.org>").await.expect("250 ");
        smtp.data(MESSAGE).await.reference();
    }
    smtp.send("MAIL FROM:<>").await.expect("250 ");
    for _ in 0..3 {
        smtp.send("RCPT TO:<nobody@example.org>").await.expect("550 ");
    }
    smtp.reply().await.expect("421 4.7.0");
    smtp.expect_closed().await;
}

#[tokio::test]
async fn recipients_beyond_the_limit_are_deferred() {
    let gw = TestGateway::with(|smtp| smtp.recipients_max = 2).await;
    let mut smtp = gw.smtp().await;
    assert!(smtp.ehlo().await.has("LIMITS RCPTMAX=2"));
    smtp.envelope("dana@example.org").await;
    smtp.send("RCPT TO:<omar@example.org>").await.expect("250 ");
    smtp.send("RCPT TO:<u1@example.org>").await.expect("452 4.5.3");
    smtp.data(MESSAGE).await.reference();
    assert!(gw.inbox("u1").await.is_empty());
}

#[tokio::test]
async fn connections_beyond_the_limits_are_refused_with_a_reply() {
    let gw = TestGateway::with(|smtp| smtp.connections_per_address_max = 2).await;
    let first = gw.smtp().await;
    let _second = gw.smtp().await;
    let mut third = gw.connect().await;
    third.reply().await.expect("421 4.3.2");
    third.expect_closed().await;
    drop(first);
    // Its slot is free once the server has noticed the disconnect.
    let mut tries = 0;
    loop {
        tries += 1;
        assert!(tries < 1_000, "the slot never became free");
        if gw.connect().await.reply().await.code() == "220" {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_peer_that_talks_before_the_greeting_is_refused_where_that_is_set() {
    let gw = TestGateway::with(|smtp| smtp.greeting_delay_millis = 300).await;
    let mut early = gw.connect().await;
    early.raw(b"EHLO early.example\r\n").await;
    early.reply().await.expect("554 5.5.1");
    early.expect_closed().await;
    gw.smtp().await.ehlo().await;
}

#[tokio::test]
async fn a_peer_that_leaves_in_the_middle_leaves_nothing_behind() {
    let gw = TestGateway::start().await;
    let all = gw.server.budget().free();
    let mut smtp = in_data(&gw).await;
    smtp.raw(&message(5_000)).await;
    let budget = gw.server.budget().clone();
    until("part of the message to arrive", || budget.free() < all).await;
    drop(smtp);
    until("all memory to be released", || budget.free() == all).await;
    assert!(gw.inbox("dana").await.is_empty());
}
