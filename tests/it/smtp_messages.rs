//! Every kind of message in the fixtures, and hostile messages.

use std::path::Path;

use crate::harness::{Client, MESSAGE, TestGateway, message};

#[path = "../../fixtures/hostile/mod.rs"]
#[allow(dead_code)]
mod hostile;

use hostile::Outcome;

/// Delivers a message in BDAT chunks, all in one write.
async fn by_chunks(smtp: &mut Client, message: &[u8], octets: usize) -> crate::harness::Reply {
    smtp.envelope("dana@example.org").await;
    let mut wire = Vec::new();
    for chunk in message.chunks(octets) {
        wire.extend_from_slice(format!("BDAT {}\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
    }
    wire.extend_from_slice(b"BDAT 0 LAST\r\n");
    smtp.raw(&wire).await;
    for _ in message.chunks(octets) {
        smtp.reply().await;
    }
    smtp.reply().await
}

/// P-40: the messages of real software are accepted, by DATA and by BDAT, and stored octet for
/// octet.
#[tokio::test]
async fn every_kind_of_message_is_kept_octet_for_octet() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/messages");
    let mut count = 0;
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp_tls().await;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "eml") {
            continue;
        }
        count += 1;
        let message = std::fs::read(&file).unwrap();
        let by_dot = smtp.deliver("dana@example.org", &message).await;
        assert_eq!(by_dot.code(), "250", "{}: {by_dot:?}", file.display());
        let by_chunk = by_chunks(&mut smtp, &message, 1 + message.len() / 3).await;
        for reference in [by_dot.reference(), by_chunk.reference()] {
            let raw = gw.open("dana", reference).await;
            assert!(raw.ends_with(&message), "{}", file.display());
        }
    }
    assert!(count >= 60, "{count} fixtures");
}

/// Whether or not this server checks senders itself, a reader believes what is said in its name.
#[tokio::test]
async fn what_a_message_says_in_our_name_is_removed() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp_tls().await;
    let host = smtp.ehlo().await.0[0][4..].split(' ').next().unwrap().to_owned();
    let foreign = "Authentication-Results: relay.example; dmarc=fail\r\n";
    let rest = "From: Rachel <rachel@outside.example>\r\nSubject: Forged\r\n\r\nText.\r\n";
    let forged = format!("Authentication-Results: (x) {host};\r\n\tdmarc=pass\r\n");
    let arrived = format!("{forged}{foreign}{forged}{rest}");
    let reply = smtp.deliver("dana@example.org", arrived.as_bytes()).await;
    let raw = String::from_utf8(gw.open("dana", reply.reference()).await).unwrap();
    assert!(raw.ends_with(&format!("{foreign}{rest}")) && !raw.contains("dmarc=pass"), "{raw}");
}

#[tokio::test]
async fn hostile_messages_are_kept_or_refused_with_a_reason() {
    let gw = TestGateway::start().await;
    let mut cases = hostile::small();
    let case = |name, outcome, message| hostile::Hostile { name, outcome, message };
    cases.push(case("10,000 levels", Outcome::KeptOrRefused, hostile::nested(10_000)));
    cases.push(case("5,000 forwarded", Outcome::KeptOrRefused, hostile::forwarded(5_000)));
    cases.push(case("200,000 parts", Outcome::KeptOrRefused, hostile::parts(200_000)));
    cases.push(case("a 50 MiB line", Outcome::Refused, hostile::long_line(50 << 20)));
    cases.push(case("20,000 fields", Outcome::KeptOrRefused, hostile::many_fields(20_000)));
    for case in cases {
        let mut smtp = gw.smtp().await;
        smtp.ehlo().await;
        let before = gw.count("dana").await;
        let reply = smtp.deliver("dana@example.org", &case.message).await;
        let kept = reply.code() == "250";
        let fits = match case.outcome {
            Outcome::Kept => kept,
            Outcome::Refused => reply.code().starts_with('5'),
            Outcome::KeptOrRefused => kept || reply.code().starts_with('5'),
        };
        assert!(fits, "{}: {reply:?}", case.name);
        assert_eq!(gw.count("dana").await, before + u64::from(kept), "{}", case.name);
        if kept {
            let raw = gw.open("dana", reply.reference()).await;
            assert!(raw.ends_with(&case.message), "{}", case.name);
        }
        let mut next = gw.smtp().await;
        next.ehlo().await;
        next.deliver("omar@example.org", MESSAGE).await.reference();
    }
}

#[tokio::test]
async fn a_message_of_thirty_megabytes_arrives_whole() {
    let gw = TestGateway::start().await;
    let message = message(450_000);
    assert!(message.len() > 30_000_000, "{}", message.len());
    let mut smtp = gw.smtp_tls().await;
    let reference = smtp.deliver("dana@example.org", &message).await.reference();
    assert!(gw.open("dana", reference).await.ends_with(&message));
}
