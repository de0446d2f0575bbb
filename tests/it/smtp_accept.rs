//! Messages that are accepted, and what happens to them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use postern::gateway::Protection;
use postern::store::engine::Job;
use postern::store::memory::MemoryEngine;
use postern::store::{ContentId, Engine, Error, Room, Span, Staging, Verified, Visit};
use postern::terms::AcceptFrom;

use crate::harness::{MESSAGE, TestGateway, message, until};

/// P-40, P-42, P-43: ordinary mail software delivers, with and without TLS; the reply contains the
/// reference number that the message has in the inbox; the message shows how it travelled.
#[tokio::test]
async fn a_message_arrives_and_is_kept_as_it_was_sent() {
    let gw = TestGateway::start().await;
    let mut clear = gw.smtp().await;
    clear.ehlo().await;
    let first = clear.deliver("dana@example.org", MESSAGE).await.reference();
    let mut tls = gw.smtp_tls().await;
    let second = tls.deliver("dana@example.org", MESSAGE).await.reference();
    tls.send("QUIT").await.expect("221 2.0.0");
    tls.expect_closed().await;

    let inbox = gw.inbox("dana").await;
    assert_eq!(inbox.len(), 2);
    let item = |reference| inbox.iter().find(|item| item.reference == reference).unwrap();
    let peer = "client.example [127.0.0.1]".to_owned();
    assert_eq!(item(first).protection, Protection::Clear { peer: peer.clone() });
    assert_eq!(item(second).protection, Protection::Tls { version: "TLSv1.3".into(), peer });
    assert_eq!(item(first).subject, "The contract");

    let raw = gw.open("dana", second).await;
    assert!(raw.ends_with(MESSAGE), "{}", String::from_utf8_lossy(&raw));
    let trace = String::from_utf8(raw[..raw.len() - MESSAGE.len()].to_vec()).unwrap();
    assert!(trace.starts_with("Return-Path: <rachel@outside.example>\r\nReceived: from "));
    let unfolded = trace.replace("\r\n\t", " ");
    assert!(unfolded.contains("by gw.test with ESMTPS id "), "{trace}");
    assert!(trace.contains(&second.to_string()) && trace.contains("TLSv1.3"), "{trace}");
}

/// P-41: an unknown recipient is refused during the session, so there is nothing to bounce.
#[tokio::test]
async fn an_unknown_recipient_is_refused_at_once() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.send("MAIL FROM:<rachel@outside.example>").await.expect("250 ");
    smtp.send("RCPT TO:<nobody@example.org>").await.expect("550 5.1.1");
    smtp.send("RCPT TO:<dana@elsewhere.example>").await.expect("550 5.7.1");
    smtp.send("DATA").await.expect("554 5.5.1");
    smtp.send("RCPT TO:<dana@example.org>").await.expect("250 2.1.5");
    smtp.data(MESSAGE).await.reference();
    assert_eq!(gw.inbox("dana").await.len(), 1);
}

#[tokio::test]
async fn postmaster_is_always_there() {
    let gw = TestGateway::start().await;
    let gateway = gw.gateway.clone();
    let shut = move || gateway.account_accept_from("dana", AcceptFrom::Inside).unwrap();
    tokio::task::spawn_blocking(shut).await.unwrap();
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.send("MAIL FROM:<rachel@outside.example>").await.expect("250 ");
    smtp.send("RCPT TO:<dana@example.org>").await.expect("550 5.7.1");
    smtp.send("RCPT TO:<Postmaster>").await.expect("250 ");
    smtp.send("RCPT TO:<postmaster@EXAMPLE.org>").await.expect("250 ");
    // RFC 2142: so are the mailboxes for complaints.
    smtp.send("RCPT TO:<Abuse@example.org>").await.expect("250 ");
    smtp.send("RCPT TO:<hostmaster@example.org>").await.expect("250 ");
    smtp.send("RCPT TO:<nobody@example.org>").await.expect("550 5.1.1");
    smtp.data(MESSAGE).await.reference();
    assert_eq!(gw.inbox("dana").await.len(), 1);
}

/// P-42: one message has one number, for all of its recipients.
#[tokio::test]
async fn a_message_for_several_is_stored_once() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.send("MAIL FROM:<>").await.expect("250 2.1.0");
    for to in ["dana@example.org", "omar@example.org", "u1+x@example.org", "U1@example.org"] {
        smtp.send(&format!("RCPT TO:<{to}>")).await.expect("250 2.1.5");
    }
    let reference = smtp.data(MESSAGE).await.reference();
    for name in ["dana", "omar", "u1"] {
        let inbox = gw.inbox(name).await;
        assert_eq!(inbox.iter().map(|item| item.reference).collect::<Vec<_>>(), [reference]);
    }
}

#[tokio::test]
async fn dots_chunks_and_empty_lines_come_through_unchanged() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp_tls().await;
    let tricky =
        b"From: a@b.example\r\n\r\n.\r\n..\r\n...x\r\n\r\n.\r\n\xff\xfe 8-bit\r\n".to_vec();
    let by_dot = smtp.deliver("dana@example.org", &tricky).await.reference();
    smtp.envelope("dana@example.org").await;
    // In chunks that split lines, CRLF and dots; commands and chunks in one write.
    let mut wire = Vec::new();
    for chunk in tricky.chunks(7) {
        wire.extend_from_slice(format!("BDAT {}\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
    }
    wire.extend_from_slice(b"BDAT 0 LAST\r\n");
    smtp.raw(&wire).await;
    for _ in tricky.chunks(7) {
        smtp.reply().await.expect("250 2.0.0");
    }
    let by_chunk = smtp.reply().await.reference();
    for reference in [by_dot, by_chunk] {
        assert!(gw.open("dana", reference).await.ends_with(&tricky));
    }
}

#[tokio::test]
async fn large_messages_in_a_row_come_through_unchanged() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp_tls().await;
    for lines in [10, 20_000, 10, 50_000] {
        let message = message(lines);
        let reference = smtp.deliver("dana@example.org", &message).await.reference();
        let raw = gw.open("dana", reference).await;
        assert!(raw.ends_with(&message), "{lines} lines");
    }
    let budget = gw.server.budget().clone();
    let all = usize::try_from(gw.server.shared().config.memory_octets_max).unwrap();
    until("all memory to be released", || budget.free() == all).await;
}

#[tokio::test]
async fn replies_to_pipelined_commands_come_in_order() {
    let gw = TestGateway::start().await;
    let mut smtp = gw.smtp().await;
    smtp.raw(
        b"EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@example.org>\r\n\
          RCPT TO:<dana@example.org>\r\nNOOP\r\nVRFY dana\r\nDATA\r\n",
    )
    .await;
    for start in ["250 ", "250 2.1.0", "550 5.1.1", "250 2.1.5", "250 2.0.0", "252 ", "354 "] {
        smtp.reply().await.expect(start);
    }
    smtp.raw(b"From: a@b.example\r\n\r\nx\r\n.\r\nRSET\r\nMAIL FROM:<>\r\nQUIT\r\n").await;
    smtp.reply().await.reference();
    for start in ["250 2.0.0", "250 2.1.0", "221 "] {
        smtp.reply().await.expect(start);
    }
    smtp.expect_closed().await;
}

/// An engine that holds transactions back, refuses them, or panics.
struct Sluggish {
    memory: MemoryEngine,
    full: AtomicBool,
    panics: AtomicBool,
    hold: AtomicBool,
    held: Mutex<Vec<Box<dyn Job>>>,
}

impl Sluggish {
    fn new() -> Arc<Sluggish> {
        Arc::new(Sluggish {
            memory: MemoryEngine::new(),
            full: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            hold: AtomicBool::new(false),
            held: Mutex::default(),
        })
    }

    fn release(&self) {
        self.hold.store(false, Ordering::SeqCst);
        for job in self.held.lock().unwrap().drain(..) {
            self.memory.submit(job);
        }
    }
}

impl Engine for Sluggish {
    fn submit(&self, job: Box<dyn Job>) {
        assert!(!self.panics.load(Ordering::SeqCst), "the test makes this engine panic");
        if self.full.load(Ordering::SeqCst) {
            job.done(Err(Error::Full));
        } else if self.hold.load(Ordering::SeqCst) {
            self.held.lock().unwrap().push(job);
        } else {
            self.memory.submit(job);
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.memory.get(key)
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        self.memory.scan(span, visit)
    }

    fn content_stage_begin(&self, piece: Bytes) -> Staging {
        if !self.full.load(Ordering::SeqCst) {
            return self.memory.content_stage_begin(piece);
        }
        let (sender, staging) = Staging::begin();
        sender.send(Err(Error::Full)).unwrap();
        staging
    }

    fn content_length(&self, id: ContentId) -> Result<Option<u64>, Error> {
        self.memory.content_length(id)
    }

    fn content_read(&self, id: ContentId, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        self.memory.content_read(id, offset, length)
    }

    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, Error> {
        self.memory.verify(progress)
    }

    fn checkpoint(&self) -> Result<(), Error> {
        self.memory.checkpoint()
    }

    fn compact(&self) -> Result<u64, Error> {
        self.memory.compact()
    }

    fn room(&self) -> Result<Room, Error> {
        self.memory.room()
    }
}

#[tokio::test]
async fn the_reply_waits_until_the_message_is_durable() {
    let engine = Sluggish::new();
    let gw = TestGateway::on(engine.clone(), |_| ()).await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.envelope("dana@example.org").await;
    engine.hold.store(true, Ordering::SeqCst);
    smtp.send("DATA").await.expect("354 ");
    // NOOP follows: if the first reply were not held back, both replies would arrive.
    smtp.raw(b"From: a@b.example\r\n\r\nx\r\n.\r\nNOOP\r\n").await;
    until("the store to hold the message", || !engine.held.lock().unwrap().is_empty()).await;
    let early = std::time::Duration::from_millis(100);
    assert!(tokio::time::timeout(early, smtp.reply()).await.is_err(), "answered too early");
    engine.release();
    smtp.reply().await.reference();
    smtp.reply().await.expect("250 2.0.0");
}

#[tokio::test]
async fn a_full_store_defers_mail_and_accepts_it_later() {
    let engine = Sluggish::new();
    let gw = TestGateway::on(engine.clone(), |_| ()).await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    engine.full.store(true, Ordering::SeqCst);
    smtp.deliver("dana@example.org", MESSAGE).await.expect("452 4.3.1");
    smtp.deliver("dana@example.org", &message(20_000)).await.expect("452 4.3.1");
    engine.full.store(false, Ordering::SeqCst);
    smtp.deliver("dana@example.org", MESSAGE).await.reference();
    assert_eq!(gw.inbox("dana").await.len(), 1);
}

#[tokio::test]
async fn a_panic_over_one_message_is_that_messages_failure_and_no_more() {
    let engine = Sluggish::new();
    let gw = TestGateway::on(engine.clone(), |_| ()).await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    engine.panics.store(true, Ordering::SeqCst);
    smtp.deliver("dana@example.org", MESSAGE).await.expect("451 4.3.0");
    smtp.deliver("dana@example.org", &message(20_000)).await.expect("451 4.3.0");
    engine.panics.store(false, Ordering::SeqCst);
    smtp.deliver("dana@example.org", MESSAGE).await.reference();
    assert_eq!(gw.inbox("dana").await.len(), 1);
}

#[tokio::test]
async fn asked_to_stop_a_session_finishes_its_message_and_says_goodbye() {
    let gw = TestGateway::start().await;
    let (mut busy, mut idle) = (gw.smtp().await, gw.smtp().await);
    busy.ehlo().await;
    busy.envelope("dana@example.org").await;
    busy.send("DATA").await.expect("354 ");
    gw.stop.cancel();
    idle.reply().await.expect("421 4.3.2");
    idle.expect_closed().await;
    busy.raw(b"From: a@b.example\r\n\r\nx\r\n.\r\n").await;
    busy.reply().await.reference();
    busy.reply().await.expect("421 4.3.2");
    busy.expect_closed().await;
    gw.tasks.close();
    gw.tasks.wait().await;
}
