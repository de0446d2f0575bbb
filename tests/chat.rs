//! Chat from a script, against the real daemon, which is killed meanwhile.

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::time::Duration;

use hyper::Method;
use postern::client::Client;
use serde_json::{Value, json};
use support::daemon::{DOMAIN, Daemon};

fn chat(daemon: &Daemon, user: &str, words: &[&str]) -> String {
    String::from_utf8(daemon.mail(user, "chat", words)).unwrap()
}

/// What each line of a room says.
fn heard(daemon: &Daemon, user: &str, room: &str) -> Vec<String> {
    let lines = chat(daemon, user, &["read", room]);
    lines.lines().map(|line| line.rsplit('\t').next().unwrap().to_owned()).collect()
}

/// P-64, P-65, P-67, P-68: three scripts talk in a room; a daemon that was killed has every line that was
/// acknowledged, once and in order, and the keys to say more.
#[test]
fn scripts_talk_in_a_room_and_a_killed_daemon_loses_nothing() {
    let mut daemon = Daemon::start();
    let room = chat(&daemon, "u1", &["open", "Plans"]);
    let room = room.trim();
    for user in ["u2", "u3"] {
        chat(&daemon, user, &["ask", room]);
        let waiting = chat(&daemon, "u1", &["requests", room]);
        let (id, address) = waiting.trim().split_once('\t').unwrap();
        assert_eq!(address, format!("{user}@{DOMAIN}"));
        chat(&daemon, "u1", &["admit", room, id]);
    }
    let mut expected: Vec<String> = vec!["(joined)".to_owned(); 3];
    for round in 0..3 {
        for user in ["u1", "u2", "u3"] {
            let text = format!("round {round} by {user}");
            let said = chat(&daemon, user, &["say", room, &text]);
            expected.push(text);
            assert!(said.starts_with(&format!("{}\t", expected.len())), "{said}");
        }
        daemon = daemon.kill_and_start(&[]);
    }
    assert_eq!(heard(&daemon, "u1", room), expected);
    // Those who were admitted see the room from then on.
    assert_eq!(heard(&daemon, "u2", room), expected[1..]);
    assert_eq!(heard(&daemon, "u3", room), expected[2..]);
    let stranger = daemon.mail_tried("u4", "chat", &["read", room]);
    assert!(!stranger.status.success());
    chat(&daemon, "u2", &["leave", room, "--transcript"]);
    assert_eq!(heard(&daemon, "u3", room).last().unwrap(), "(left)");
    assert!(!daemon.mail_tried("u2", "chat", &["read", room]).status.success());
    // Two people alone.
    let two = chat(&daemon, "u1", &["with", &format!("u4@{DOMAIN}")]);
    chat(&daemon, "u1", &["say", two.trim(), "just the two of us"]);
    let listed = chat(&daemon, "u4", &["list"]);
    assert_eq!(listed, format!("{}\t1\tu1@{DOMAIN}\n", two.trim()));
    daemon.stop();
}

/// What one person says until the daemon is gone: each text that was acknowledged with its number, and the last
/// one, to which nothing was answered.
struct Spoken {
    user: &'static str,
    acknowledged: Vec<(String, u64)>,
    unanswered: Value,
}

async fn says(client: &mut Client, room: &str, line: &Value) -> Option<u64> {
    let path = format!("/api/rooms/{room}/lines");
    let said: Result<Value, _> = client.call(Method::POST, &path, Some(line.clone())).await;
    said.ok().and_then(|said| said["number"].as_u64())
}

async fn speaks(mut client: Client, user: &'static str, room: String, round: usize) -> Spoken {
    let (mut acknowledged, mut n) = (Vec::new(), 0);
    loop {
        n += 1;
        let (text, id) = (format!("{user} {round} {n}"), format!("{user}{round:02}{n:028}"));
        let id = id.replace('u', "a");
        let line = json!({"clientId": id, "text": text});
        match says(&mut client, &room, &line).await {
            Some(number) => acknowledged.push((text, number)),
            None => return Spoken { user, acknowledged, unanswered: line },
        }
    }
}

/// P-64, P-68: a daemon that is killed while people talk has each line that it acknowledged, once and at its
/// number; what a client repeats because it heard no answer is said once. `KILLS=20` kills it more often.
#[test]
fn what_was_acknowledged_is_there_once_however_often_the_daemon_is_killed() {
    const USERS: [&str; 3] = ["u1", "u2", "u3"];
    let kills = std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let mut daemon = Daemon::start();
    let room = chat(&daemon, "u1", &["open", "Plans", "--earlier"]).trim().to_owned();
    for user in &USERS[1..] {
        chat(&daemon, user, &["ask", &room]);
        let waiting = chat(&daemon, "u1", &["requests", &room]);
        chat(&daemon, "u1", &["admit", &room, waiting.split('\t').next().unwrap()]);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut expected = BTreeMap::new();
    for round in 0..kills {
        let spoken: Vec<Spoken> = runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for user in USERS {
                tasks.spawn(speaks(daemon.client(user).await, user, room.clone(), round));
            }
            tokio::time::sleep(Duration::from_millis(700 + 130 * round as u64)).await;
            let pid = daemon.pid().to_string();
            assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
            tasks.join_all().await
        });
        daemon = daemon.kill_and_start(&[]);
        for Spoken { user, acknowledged, unanswered } in spoken {
            assert!(!acknowledged.is_empty(), "{user} said nothing");
            expected.extend(acknowledged);
            let again = runtime.block_on(async {
                let mut client = daemon.client(user).await;
                let first = says(&mut client, &room, &unanswered).await.unwrap();
                assert_eq!(says(&mut client, &room, &unanswered).await, Some(first));
                first
            });
            expected.insert(unanswered["text"].as_str().unwrap().to_owned(), again);
        }
    }
    let lines = chat(&daemon, "u3", &["read", &room]);
    let mut found = BTreeMap::new();
    for (at, line) in lines.lines().enumerate() {
        let parts: Vec<&str> = line.split('\t').collect();
        let (number, text) = (parts[0].parse::<u64>().unwrap(), parts[3]);
        assert_eq!(number, at as u64 + 1, "numbers have no gaps");
        if text.starts_with('(') {
            continue;
        }
        assert_eq!(found.insert(text.to_owned(), number), None, "{text} was said twice");
    }
    assert_eq!(found, expected);
    daemon.stop();
}

/// P-64, P-69: a script that follows a room writes each line as it comes, what it missed before, and what happens
/// there; and it ends when its account may read the room no more.
#[test]
fn a_script_follows_a_room() {
    let daemon = Daemon::start();
    let room = chat(&daemon, "u1", &["open", "Plans", "--earlier"]).trim().to_owned();
    chat(&daemon, "u2", &["ask", &room]);
    let waiting = chat(&daemon, "u1", &["requests", &room]);
    let id = waiting.split('\t').next().unwrap().to_owned();
    chat(&daemon, "u1", &["admit", &room, &id]);
    chat(&daemon, "u1", &["say", &room, "before"]);
    let mut child =
        daemon.mail_started("u2", "chat", &["follow", &room.to_lowercase(), "--after", "1"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next =
        || lines.next().map(|line| line.unwrap().rsplit('\t').next().unwrap().to_owned());
    for text in ["(joined)", "before"] {
        assert_eq!(next().as_deref(), Some(text));
    }
    for n in 0..3 {
        let text = format!("line {n}");
        chat(&daemon, "u1", &["say", &room, &text]);
        assert_eq!(next(), Some(text));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut client = runtime.block_on(daemon.client("u1"));
    let path = format!("/api/rooms/{room}/members/{id}");
    runtime.block_on(client.done(Method::DELETE, &path, None)).unwrap();
    assert_eq!(next(), None, "nothing more comes");
    assert!(!child.wait().unwrap().success());
}

/// P-64, P-67: a script changes and deletes what was said, reacts, mutes a room and ends it; who may not is
/// refused. A line that has only files names them.
#[test]
fn a_script_does_what_the_page_does_with_a_line() {
    let daemon = Daemon::start();
    let room = chat(&daemon, "u1", &["open", "Plans", "--earlier"]).trim().to_owned();
    chat(&daemon, "u2", &["ask", &room]);
    let waiting = chat(&daemon, "u1", &["requests", &room]);
    chat(&daemon, "u1", &["admit", &room, waiting.split('\t').next().unwrap()]);
    let number = |said: String| said.split('\t').next().unwrap().to_owned();
    let first = number(chat(&daemon, "u2", &["say", &room, "wrogn"]));
    chat(&daemon, "u2", &["change", &room, &first, "wrong"]);
    assert_eq!(heard(&daemon, "u1", &room).last().unwrap(), "wrong");
    assert!(!daemon.mail_tried("u1", "chat", &["change", &room, &first, "x"]).status.success());
    chat(&daemon, "u1", &["react", &room, &first, "👍"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut client = runtime.block_on(daemon.client("u2"));
    let path = format!("/api/rooms/{room}/lines/{first}");
    let mut reactions = || {
        let seen: Value = runtime.block_on(client.call(Method::GET, &path, None)).unwrap();
        seen["reactions"].clone()
    };
    assert_eq!(reactions(), json!([{"text": "👍", "count": 1, "own": false}]));
    assert!(!daemon.mail_tried("u1", "chat", &["react", &room, &first, "no"]).status.success());
    chat(&daemon, "u1", &["react", &room, &first]);
    assert_eq!(reactions(), json!([]));
    chat(&daemon, "u1", &["delete", &room, &first]);
    assert_eq!(heard(&daemon, "u2", &room).last().unwrap(), "(deleted)");
    let note = daemon.home().join("note.txt");
    std::fs::write(&note, "later").unwrap();
    chat(&daemon, "u1", &["say", &room, "", "--file", note.to_str().unwrap()]);
    assert_eq!(heard(&daemon, "u2", &room).last().unwrap(), "[note.txt, 5 octets]");
    let mutes = |client: &mut Client| {
        let path = format!("/api/rooms/{room}");
        let seen: Value = runtime.block_on(client.call(Method::GET, &path, None)).unwrap();
        seen["mutes"].clone()
    };
    for (word, expected) in [("mute", true), ("unmute", false)] {
        chat(&daemon, "u2", &[word, &room]);
        assert_eq!(mutes(&mut client), expected);
    }
    assert!(!daemon.mail_tried("u2", "chat", &["end", &room]).status.success());
    chat(&daemon, "u1", &["end", &room]);
    assert_eq!(chat(&daemon, "u2", &["list"]), "");
    daemon.stop();
}

/// P-71, P-72: a script sends a file, another one saves it octet for octet, also after the daemon was killed
/// at once; who leaves has it in the transcript.
#[test]
fn scripts_send_files_and_a_killed_daemon_loses_none() {
    let mut daemon = Daemon::start();
    let room = chat(&daemon, "u1", &["with", &format!("u2@{DOMAIN}")]);
    let room = room.trim();
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.pdf");
    // More than one piece.
    let octets: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(&plan, &octets).unwrap();
    let note = folder.path().join("note.txt");
    std::fs::write(&note, "later").unwrap();
    let (plan, note) = (plan.to_str().unwrap(), note.to_str().unwrap());
    for round in 1..=2 {
        let words = ["say", room, "", "--file", plan, "--file", note];
        let said = chat(&daemon, "u1", &words);
        assert!(said.starts_with(&format!("{round}\t")), "{said}");
        daemon = daemon.kill_and_start(&[]);
        let line = round.to_string();
        let files = chat(&daemon, "u2", &["files", room, &line]);
        let expected = "0\t5000000\tapplication/pdf\t\tplan.pdf\n1\t5\ttext/plain\t\tnote.txt\n";
        assert_eq!(files, expected);
        assert!(daemon.mail("u2", "chat", &["fetch", room, &line]) == octets);
        assert_eq!(daemon.mail("u2", "chat", &["fetch", room, &line, "1"]), b"later");
    }
    assert!(!daemon.mail_tried("u3", "chat", &["fetch", room, "1"]).status.success());
    assert!(
        !daemon.mail_tried("u2", "chat", &["say", room, "x", "--file", "/none"]).status.success()
    );
    chat(&daemon, "u2", &["leave", room, "--transcript"]);
    let inbox = String::from_utf8(daemon.read_all(&["u2".to_owned()]).concat()).unwrap();
    assert_eq!(inbox.matches("filename=\"plan.pdf\"").count(), 2, "both are attached");
    daemon.stop();
}
