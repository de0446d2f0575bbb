//! Reference numbers that several processes create at the same time.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use postern::clock::Clock;
use postern::mail::reference::Reference;

use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};
use crate::support::smtp::Delivery;
use crate::{accepted, in_clear};

const NODES: usize = 4;
/// The number of sessions that each node serves at once.
const SESSIONS: usize = 4;
const MESSAGES: usize = 50;
/// The number of reference numbers that each process creates.
const NUMBERS: usize = 2_500_000;
const GENERATOR: &str = "numbers::ten_million_numbers_of_four_processes_hold_no_duplicate";
/// Set for the child processes of the test: the file to write the numbers to.
const NUMBERS_FILE: &str = "POSTERN_TEST_NUMBERS_FILE";

/// P-18: four daemons that accept mail at the same time never give out the same number twice, and
/// each stored message has the number from its `250`.
#[tokio::test]
async fn messages_to_several_daemons_at_once_all_have_numbers_of_their_own() {
    let sink = Sink::start();
    let setup =
        Setup { people: &["dana"], ..Setup::to(&sink, "[auto_response]\naccepted = false\n") };
    let sites: Vec<Site> = (0..NODES).map(|_| Site::start(&setup)).collect();
    let replied = deliver_to_all(&sites);
    let mut all = BTreeSet::new();
    for (site, numbers) in sites.into_iter().zip(replied) {
        let mut dana = site.client("dana").await;
        let items = dana.list("inbox").await.expect("the list is returned");
        let stored: BTreeSet<Reference> = items.iter().map(|one| one.reference).collect();
        assert_eq!(items.len(), SESSIONS * MESSAGES);
        assert_eq!(stored, numbers.iter().copied().collect(), "stored under other numbers");
        all.extend(numbers);
        site.stop();
    }
    assert_eq!(all.len(), NODES * SESSIONS * MESSAGES, "a number was given out twice");
}

/// Delivers to all sites at the same time; returns the numbers in the replies of each.
fn deliver_to_all(sites: &[Site]) -> Vec<Vec<Reference>> {
    std::thread::scope(|scope| {
        let deliver = |site: &Site| {
            let smtp = site.smtp;
            let sessions = (0..SESSIONS).map(|_| scope.spawn(move || deliver_all(smtp)));
            sessions.collect::<Vec<_>>()
        };
        let running: Vec<_> = sites.iter().map(deliver).collect();
        let joined = |one: Vec<std::thread::ScopedJoinHandle<'_, Vec<Reference>>>| {
            one.into_iter().flat_map(|session| session.join().unwrap()).collect()
        };
        running.into_iter().map(joined).collect()
    })
}

fn deliver_all(smtp: std::net::SocketAddr) -> Vec<Reference> {
    let mut session = in_clear(smtp);
    let message = b"From: rachel@outside.example\r\nSubject: x\r\n\r\nText.\r\n";
    let mail = Delivery {
        from: "rachel@outside.example",
        to: &["dana@example.org"],
        message,
        parameters: "",
    };
    let numbers = (0..MESSAGES).map(|_| accepted(session.deliver(&mail))).collect();
    session.quit();
    numbers
}

/// P-18: four processes create ten million numbers at the same time without a duplicate.
#[test]
fn ten_million_numbers_of_four_processes_hold_no_duplicate() {
    if let Some(file) = std::env::var_os(NUMBERS_FILE) {
        return make_numbers(Path::new(&file));
    }
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..NODES).map(|n| folder.path().join(n.to_string())).collect();
    let start = |file| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", GENERATOR]).env(NUMBERS_FILE, file).spawn().unwrap()
    };
    let children: Vec<_> = files.iter().map(start).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let mut all: Vec<[u8; 16]> = Vec::with_capacity(NODES * NUMBERS);
    for file in &files {
        let octets = fs::read(file).expect("the other process wrote its numbers");
        all.extend(octets.chunks_exact(16).map(|one| <[u8; 16]>::try_from(one).unwrap()));
    }
    assert_eq!(all.len(), NODES * NUMBERS);
    all.sort_unstable();
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "a number was created twice");
}

fn make_numbers(file: &Path) {
    let mut out = BufWriter::new(fs::File::create(file).unwrap());
    let clock = Clock::System;
    for _ in 0..NUMBERS {
        let now = u64::try_from(clock.now().0).unwrap();
        out.write_all(&Reference::new(now).to_bytes()).unwrap();
    }
    out.flush().unwrap();
}
