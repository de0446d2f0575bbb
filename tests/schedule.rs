//! Calendars from a script, against the real daemon, which is killed meanwhile.

mod support;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hyper::Method;
use postern::client::Client;
use serde_json::{Value, json};
use support::daemon::{DOMAIN, Daemon};

const DECEMBER: &str = "/api/schedule?from=2026-12-01T00:00:00Z&to=2027-01-01T00:00:00Z";
const KILLS: usize = 5;
/// How many meetings are asked for before each kill, to be answered meanwhile.
const MEETINGS: usize = 8;

fn entry(title: &str) -> Value {
    json!({
        "title": title, "placeKind": "none", "place": "", "start": "2026-12-03T10:00:00",
        "durationMinutes": 60, "timeZone": "UTC",
    })
}

/// The titles in a calendar, with how often each is there.
async fn titles(client: &mut Client) -> BTreeMap<String, usize> {
    let page: Value = client.call(Method::GET, DECEMBER, None).await.expect("it is listed");
    assert_eq!(page["more"], json!(false));
    let mut found = BTreeMap::new();
    for item in page["items"].as_array().expect("items") {
        *found.entry(item["title"].as_str().expect("a title").to_owned()).or_default() += 1;
    }
    found
}

/// How often each subject is in somebody's inbox.
async fn subjects(client: &mut Client) -> BTreeMap<String, usize> {
    let (mut found, mut before) = (BTreeMap::new(), String::new());
    loop {
        let path = format!("/api/messages?mailbox=inbox&limit=100{before}");
        let page: Value = client.call(Method::GET, &path, None).await.expect("it is listed");
        for item in page["items"].as_array().expect("items") {
            let subject = item["subject"].as_str().expect("a subject").to_owned();
            *found.entry(subject).or_default() += 1;
        }
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return found,
        }
    }
}

async fn add(client: &mut Client, key: &str) -> Option<()> {
    client.schedule_once("entries", entry(key), key).await.ok().map(drop)
}

async fn ask(client: &mut Client, key: &str) -> Option<String> {
    let mut body = entry(key);
    body["invitees"] = json!([{"address": format!("u2@{DOMAIN}")}]);
    let made = client.schedule_once("meetings", body, key).await.ok()?;
    Some(made["meeting"]["reference"].as_str().expect("a number").to_owned())
}

async fn accept(client: &mut Client, meeting: &str) -> Option<()> {
    let answer = json!({"sequence": 0, "answer": "accept"});
    let path = format!("meetings/{meeting}/answer");
    client.schedule_once(&path, answer, &format!("accept-{meeting}")).await.ok().map(drop)
}

/// What was tried until the daemon was killed: all of it was acknowledged but the last of each, perhaps.
struct Tried {
    entries: Vec<String>,
    answers: usize,
    acknowledged: (usize, usize),
}

/// One adds entries while another answers, until the daemon is killed at some moment after the first reply.
async fn until_killed(daemon: &Daemon, round: usize, asked: &[String], after: Duration) -> Tried {
    let (entries, answers) = (RefCell::new(Vec::new()), Cell::new(0));
    let (added, accepted) = (Cell::new(0), Cell::new(0));
    let (mut one, mut other) = (daemon.client("u1").await, daemon.client("u2").await);
    let adds = async {
        for n in 0.. {
            let key = format!("entry-{round}-{n}");
            entries.borrow_mut().push(key.clone());
            if add(&mut one, &key).await.is_none() {
                return;
            }
            added.set(added.get() + 1);
        }
    };
    let accepts = async {
        for meeting in asked {
            answers.set(answers.get() + 1);
            if accept(&mut other, meeting).await.is_none() {
                return;
            }
            accepted.set(accepted.get() + 1);
        }
    };
    let kill = async {
        while added.get() + accepted.get() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(after).await;
        daemon.kill();
    };
    tokio::join!(adds, accepts, kill);
    let acknowledged = (added.get(), accepted.get());
    Tried { entries: entries.into_inner(), answers: answers.get(), acknowledged }
}

/// P-76, P-77: the daemon is killed while entries are added and meetings are answered. Whatever was interrupted
/// is repeated, and happens once: the entry, the answer, the entry that follows from it, and the message.
#[test]
fn entries_and_answers_are_there_once_when_the_daemon_is_killed_meanwhile() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut daemon = Daemon::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut own, mut both, mut interrupted) = (BTreeSet::new(), BTreeSet::new(), 0);
    for round in 0..KILLS {
        let keys: Vec<String> = (0..MEETINGS).map(|n| format!("meeting-{round}-{n}")).collect();
        let asked: Vec<String> = runtime.block_on(async {
            let (mut client, mut asked) = (daemon.client("u1").await, Vec::new());
            for key in &keys {
                let number = ask(&mut client, key).await.expect("it is asked");
                // The request whose answer was lost asks for nothing more.
                assert_eq!(ask(&mut client, key).await.as_ref(), Some(&number));
                asked.push(number);
            }
            asked
        });
        let after = Duration::from_micros(random.u64(0..40_000));
        let tried = runtime.block_on(until_killed(&daemon, round, &asked, after));
        daemon = daemon.kill_and_start(&[]);
        let (added, accepted) = tried.acknowledged;
        interrupted += tried.entries.len() - added + tried.answers - accepted;
        runtime.block_on(async {
            let (mut one, mut other) = (daemon.client("u1").await, daemon.client("u2").await);
            let (own_titles, other_titles) = (titles(&mut one).await, titles(&mut other).await);
            let is_lost = |key: &&String| !own_titles.contains_key(*key);
            assert_eq!(tried.entries[..added].iter().find(is_lost), None);
            let is_lost = |key: &&String| !other_titles.contains_key(*key);
            assert_eq!(keys[..accepted].iter().find(is_lost), None);
            for key in &tried.entries {
                add(&mut one, key).await.expect("it is taken");
            }
            for meeting in &asked {
                accept(&mut other, meeting).await.expect("it is taken");
            }
        });
        own.extend(tried.entries);
        both.extend(keys);
    }
    assert!(interrupted >= KILLS, "{interrupted} requests were interrupted");
    runtime.block_on(async {
        let (mut one, mut other) = (daemon.client("u1").await, daemon.client("u2").await);
        let once = |keys: &BTreeSet<String>| keys.iter().map(|key| (key.clone(), 1)).collect();
        let all: BTreeMap<String, usize> = once(&(&own | &both));
        assert_eq!(titles(&mut one).await, all, "with the entries of the requester");
        assert_eq!(titles(&mut other).await, once(&both), "what was accepted is entered once");
        let page: Value = other.call(Method::GET, DECEMBER, None).await.expect("it is listed");
        let items = page["items"].as_array().expect("items");
        assert!(items.iter().all(|item| item["state"] == "actual"), "{items:?}");
        let (mut asked, mut told) = (subjects(&mut other).await, subjects(&mut one).await);
        // What the daemon says of signing in is beside.
        asked.retain(|subject, _| subject.contains("meeting-"));
        told.retain(|subject, _| subject.contains("meeting-"));
        assert_eq!((asked.len(), told.len()), (both.len(), both.len()), "{asked:?} {told:?}");
        assert!(asked.values().chain(told.values()).all(|count| *count == 1), "each once");
    });
    daemon.stop();
}

fn calendar(daemon: &Daemon, user: &str, words: &[&str]) -> String {
    String::from_utf8(daemon.mail(user, "calendar", words)).unwrap().trim().to_owned()
}

/// What happens in December, line by line: start, end, state and title.
fn december(daemon: &Daemon, user: &str) -> Vec<[String; 4]> {
    let listed = calendar(daemon, user, &["list", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"]);
    let line = |line: &str| {
        let words: Vec<_> = line.split('\t').map(str::to_owned).collect();
        [words[0].clone(), words[1].clone(), words[2].clone(), words[5].clone()]
    };
    listed.lines().map(line).collect()
}

#[test]
fn a_script_asks_for_a_meeting_moves_it_and_cancels_it() {
    let daemon = Daemon::start();
    let invitee = format!("u2@{DOMAIN}");
    let repeat = "FREQ=WEEKLY;COUNT=2";
    calendar(&daemon, "u1", &["add", "Choir", "2026-12-01T19:00:00", "--repeat", repeat]);
    let ask = ["ask", "Review", "2026-12-03T10:00:00", "--to", &invitee, "--place", "Room 5"];
    let meeting = calendar(&daemon, "u1", &ask);
    assert_eq!(calendar(&daemon, "u2", &["answer", &meeting, "accept"]), "actual");
    assert_eq!(calendar(&daemon, "u1", &["change", &meeting, "2026-12-04T11:00:00"]), "tentative");
    assert_eq!(calendar(&daemon, "u2", &["answer", &meeting, "tentative"]), "tentative");
    let listed = |start: &str, end: &str, state: &str, title: &str| {
        [start, end, state, title].map(str::to_owned)
    };
    let moved = |state| listed("2026-12-04T11:00:00Z", "2026-12-04T12:00:00Z", state, "Review");
    assert_eq!(december(&daemon, "u2"), [moved("tentative")]);
    assert_eq!(calendar(&daemon, "u1", &["cancel", &meeting]), "cancelled");
    assert_eq!(december(&daemon, "u2"), [moved("cancelled")]);
    let choir = |day: u8| {
        let (start, end) =
            (format!("2026-12-{day:02}T19:00:00Z"), format!("2026-12-{day:02}T20:00:00Z"));
        listed(&start, &end, "own", "Choir")
    };
    assert_eq!(december(&daemon, "u1"), [choir(1), moved("cancelled"), choir(8)]);
    daemon.stop();
}
