//! A daemon that is killed while it delivers loses nothing.

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

/// P-38: a thousand letters wait in the queue, and the daemon is killed again and again while it
/// delivers them. Each arrives at least once; what arrives twice was under way when the daemon
/// died, after the next hop had it and before we knew (RFC 5321 §4.5.4.1: better than never).
/// `QUEUE_LETTERS`, `QUEUE_KILLS` and `QUEUE_SEED` make it longer.
#[test]
fn a_thousand_queued_letters_survive_being_killed() {
    let (letters, kills) = (number("QUEUE_LETTERS", 1000), number("QUEUE_KILLS", 8));
    let mut random = fastrand::Rng::with_seed(number("QUEUE_SEED", 1) as u64);
    let sink = Sink::start_shut();
    let relay = sink.at.to_string();
    let words = ["--relay", &relay, "--undo-secs", "0", "--choice", "plain"];
    let mut daemon = Daemon::start_with(&words);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sent = runtime.block_on(send(&daemon, letters));
    assert_eq!(sink.count(), 0, "nothing is taken before all of them wait");

    sink.open();
    for _ in 0..kills {
        // A random moment of the delivery; once nothing is left to deliver, any moment.
        let next = (sink.count() + random.usize(1..=letters / kills)).min(letters);
        wait_for("some more letters", LIMIT, || (sink.count() >= next).then_some(()));
        std::thread::sleep(Duration::from_micros(random.u64(0..5000)));
        daemon = daemon.kill_and_start(&words);
    }
    let mut waiting = sent.clone();
    wait_for("every letter to be delivered", LIMIT, || {
        waiting = runtime.block_on(undelivered(&daemon, &waiting));
        waiting.is_empty().then_some(())
    });
    let mut arrived: HashMap<Reference, usize> = HashMap::new();
    for message in sink.messages() {
        *arrived.entry(reference_of(&message)).or_default() += 1;
    }
    let lost: Vec<&Reference> = sent.iter().filter(|one| !arrived.contains_key(one)).collect();
    assert!(lost.is_empty(), "lost {}: {lost:?}", lost.len());
    assert_eq!(arrived.len(), letters, "nothing else arrived");
    let twice: usize = arrived.values().map(|times| times - 1).sum();
    println!("{letters} letters, {kills} kills, {twice} arrived once more");
    // A session has at most one letter between its last octet and the note of its reply.
    let sessions = postern::config::Relay::default().connections_per_destination_max;
    assert!(twice <= kills * sessions, "{twice} arrived once more");
    daemon.stop();
}

async fn send(daemon: &Daemon, letters: usize) -> Vec<Reference> {
    let mut client = daemon.client("u1").await;
    let to = ["eve@outside.example".to_owned()];
    let mut sent = Vec::with_capacity(letters);
    for n in 0..letters {
        let (subject, text) = (format!("Letter {n}"), format!("Number {n}.\n"));
        let letter = Outgoing { to: &to, subject: &subject, text: &text, ..Outgoing::default() };
        sent.push(client.submit(&letter).await.expect("accepted").reference);
    }
    sent
}

/// Those that the daemon does not know to be delivered.
async fn undelivered(daemon: &Daemon, letters: &[Reference]) -> Vec<Reference> {
    let mut client = daemon.client("u1").await;
    let mut waiting = Vec::new();
    for letter in letters {
        let status = client.status(*letter).await.expect("its status");
        if status.recipients.iter().any(|one| one.state != "delivered") {
            waiting.push(*letter);
        }
    }
    waiting
}

fn reference_of(message: &[u8]) -> Reference {
    let text = String::from_utf8_lossy(message);
    let line = text.lines().find_map(|line| line.strip_prefix("Postern-Reference: "));
    line.expect("every letter has its number").trim().parse().expect("a reference number")
}
