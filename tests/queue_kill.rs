//! A daemon that is killed while it delivers loses no message.

mod support;

use std::collections::HashMap;
use std::time::Duration;

use postern::client::sending::Outgoing;
use postern::mail::reference::Reference;
use support::daemon::Daemon;
use support::sink::Sink;
use support::wait_for;

const LIMIT: Duration = Duration::from_secs(120);

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// P-38: a thousand messages wait in the queue, and the daemon is killed again and again while it
/// delivers them. Each arrives at least once. A message arrives twice only if the daemon died after
/// the next hop had accepted it and before the daemon had recorded that (RFC 5321 §4.5.4.1: better
/// twice than never). `QUEUE_MESSAGES`, `QUEUE_KILLS` and `QUEUE_SEED` change the size and the
/// seed.
#[test]
fn a_thousand_queued_messages_survive_being_killed() {
    let (messages, kills) = (number("QUEUE_MESSAGES", 1000), number("QUEUE_KILLS", 8));
    let mut random = fastrand::Rng::with_seed(number("QUEUE_SEED", 1) as u64);
    let sink = Sink::start_shut();
    let relay = sink.at.to_string();
    let words = ["--relay", &relay, "--undo-secs", "0", "--choice", "plain"];
    let mut daemon = Daemon::start_with(&words);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sent = runtime.block_on(send(&daemon, messages));
    assert_eq!(sink.count(), 0, "no message is accepted before all of them are queued");

    sink.open();
    for _ in 0..kills {
        // A random moment during delivery, or any moment once nothing is left to deliver.
        let next = (sink.count() + random.usize(1..=messages / kills)).min(messages);
        wait_for("some more messages", LIMIT, || (sink.count() >= next).then_some(()));
        std::thread::sleep(Duration::from_micros(random.u64(0..5000)));
        daemon = daemon.kill_and_start(&words);
    }
    let mut waiting = sent.clone();
    wait_for("every message to be delivered", LIMIT, || {
        waiting = runtime.block_on(undelivered(&daemon, &waiting));
        waiting.is_empty().then_some(())
    });
    let mut arrived: HashMap<Reference, usize> = HashMap::new();
    for message in sink.messages() {
        *arrived.entry(reference_of(&message)).or_default() += 1;
    }
    let lost: Vec<&Reference> = sent.iter().filter(|one| !arrived.contains_key(one)).collect();
    assert!(lost.is_empty(), "lost {}: {lost:?}", lost.len());
    assert_eq!(arrived.len(), messages, "no other message arrived");
    let twice: usize = arrived.values().map(|times| times - 1).sum();
    println!("{messages} messages, {kills} kills, {twice} arrived twice");
    // A session has at most one message between its last octet and the recording of its reply.
    let sessions = postern::config::Relay::default().connections_per_destination_max;
    assert!(twice <= kills * sessions, "{twice} arrived twice");
    daemon.stop();
}

async fn send(daemon: &Daemon, messages: usize) -> Vec<Reference> {
    let mut client = daemon.client("u1").await;
    let to = ["eve@outside.example".to_owned()];
    let mut sent = Vec::with_capacity(messages);
    for n in 0..messages {
        let (subject, text) = (format!("Message {n}"), format!("Number {n}.\n"));
        let message = Outgoing { to: &to, subject: &subject, text: &text, ..Outgoing::default() };
        sent.push(client.submit(&message).await.expect("the submission is accepted").reference);
    }
    sent
}

/// Returns those of `messages` that the daemon does not report as delivered.
async fn undelivered(daemon: &Daemon, messages: &[Reference]) -> Vec<Reference> {
    let mut client = daemon.client("u1").await;
    let mut waiting = Vec::new();
    for message in messages {
        let status = client.status(*message).await.expect("its status");
        if status.recipients.iter().any(|one| one.state != "delivered") {
            waiting.push(*message);
        }
    }
    waiting
}

fn reference_of(message: &[u8]) -> Reference {
    let text = String::from_utf8_lossy(message);
    let line = text.lines().find_map(|line| line.strip_prefix("Postern-Reference: "));
    line.expect("every message has a reference field").trim().parse().expect("a reference number")
}
