//! Boards from a script, against the real daemon, which is killed meanwhile.

mod support;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Method;
use postern::client::Client;
use serde_json::{Value, json};
use support::daemon::{DOMAIN, Daemon};
use support::search::Searcher;

fn board(daemon: &Daemon, user: &str, words: &[&str]) -> String {
    String::from_utf8(daemon.mail(user, "board", words)).unwrap()
}

/// P-58, P-60: a script posts, answers and finds; after each kill of the daemon, every post that was
/// acknowledged is there once, and a request that is repeated posts nothing more. Nothing that was written
/// is readable in the files of the daemon.
#[test]
fn what_was_acknowledged_is_there_once_after_each_kill() {
    let mut daemon = Daemon::start();
    let text = tempfile::NamedTempFile::new().unwrap();
    let file = text.path().to_str().unwrap();
    let grant = format!("u2@{DOMAIN}=write");
    let name = "Canary-board-name";
    let made = board(&daemon, "u1", &["create", name, "--grant", &grant]);
    let number = made.trim().to_owned();
    let mut topic = String::new();
    let mut expected = Vec::new();
    for round in 0..4 {
        let user = if round % 2 == 0 { "u1" } else { "u2" };
        let said = format!("Canary-post-{round}");
        std::fs::write(&text, &said).unwrap();
        let request = format!("request-{round}");
        let mut words = vec!["post", &number, "--body-file", file, "--request", &request];
        match round {
            0 => words.extend(["--title", "Canary-title"]),
            _ => words.extend(["--topic", &topic]),
        }
        // A file belongs to one post: a request that is repeated has none to bring.
        if round == 2 {
            let attached = daemon.home().join("Canary-file-name.txt");
            std::fs::write(&attached, "Canary-file-content").unwrap();
            let path = attached.to_str().unwrap().to_owned();
            let with_file = ["post", &number, "--body-file", file, "--topic", &topic];
            let more = [&with_file[..], &["--attach", &path]].concat();
            let written = board(&daemon, user, &more);
            std::fs::remove_file(&attached).unwrap();
            expected.push((written.trim().to_owned(), said.clone()));
        }
        let written = board(&daemon, user, &words);
        daemon = daemon.kill_and_start(&[]);
        assert_eq!(board(&daemon, user, &words), written, "it is the same post");
        if round == 0 {
            topic = written.trim().to_owned();
        }
        expected.push((written.trim().to_owned(), said));
    }
    for user in ["u1", "u2"] {
        let seen = board(&daemon, user, &["show", &topic]);
        let lines: Vec<(String, String)> = seen
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>())
            .map(|line| (line[0].to_owned(), line[3].to_owned()))
            .collect();
        assert_eq!(lines, expected);
        assert!(board(&daemon, user, &["find", "canary-post-2"]).contains("Canary-post-2"));
        assert!(board(&daemon, user, &["list"]).contains(name));
    }
    let refused = daemon.mail_tried("u3", "board", &["show", &topic]);
    assert!(!refused.status.success());
    assert_eq!(board(&daemon, "u3", &["find", &topic]), "");
    // Who may read no more finds nothing.
    let everybody_else = format!("u3@{DOMAIN}=read");
    board(&daemon, "u1", &["grant", &number, &everybody_else]);
    assert!(!daemon.mail_tried("u2", "board", &["show", &topic]).status.success());
    assert_eq!(board(&daemon, "u3", &["show", &topic]).lines().count(), 5);
    board(&daemon, "u1", &["delete", &expected[4].0]);
    assert!(!board(&daemon, "u3", &["show", &topic]).contains("Canary-post-3"));
    board(&daemon, "u1", &["drop", &number]);
    assert_eq!(board(&daemon, "u1", &["list"]), "");
    let home = daemon.stop();
    let mut canaries: Vec<String> = expected.into_iter().map(|(_, said)| said).collect();
    canaries.extend([name.to_owned(), "Canary-title".to_owned()]);
    canaries.extend(["Canary-file-name".to_owned(), "Canary-file-content".to_owned()]);
    let found = Searcher::new(&canaries).folder(home.path());
    assert!(found.is_empty(), "{found:?}");
}

/// P-58: a script changes a post, reacts to it, and follows or mutes its topic.
#[test]
fn a_script_does_what_the_page_does_with_a_post() {
    let daemon = Daemon::start();
    let text = daemon.home().join("text.txt");
    let file = text.to_str().unwrap();
    let grant = format!("u2@{DOMAIN}=read");
    let number = board(&daemon, "u1", &["create", "Plans", "--grant", &grant]).trim().to_owned();
    std::fs::write(&text, "Soup").unwrap();
    let words = ["post", &number, "--body-file", file, "--title", "Lunch"];
    let topic = board(&daemon, "u1", &words).trim().to_owned();
    std::fs::write(&text, "Stew").unwrap();
    board(&daemon, "u1", &["change", &topic, "--body-file", file]);
    let change = ["change", &topic, "--body-file", file];
    assert!(!daemon.mail_tried("u2", "board", &change).status.success());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut client = runtime.block_on(daemon.client("u2"));
    let mut post = || {
        let path = format!("/api/posts/{topic}");
        let seen: Value = runtime.block_on(client.call(Method::GET, &path, None)).unwrap();
        seen
    };
    assert_eq!((&post()["title"], &post()["text"]), (&json!("Lunch"), &json!("Stew")));
    board(&daemon, "u1", &["change", &topic, "--body-file", file, "--title", "Dinner"]);
    assert_eq!((&post()["title"], &post()["version"]), (&json!("Dinner"), &json!(2)));
    board(&daemon, "u2", &["react", &topic, "🎉"]);
    assert_eq!(post()["reactions"], json!([{"text": "🎉", "count": 1, "own": true}]));
    board(&daemon, "u2", &["react", &topic]);
    assert_eq!(post()["reactions"], json!([]));
    let path = format!("/api/boards/{number}/topics?limit=10");
    for (word, expected) in
        [("followed", json!("followed")), ("muted", json!("muted")), ("usual", json!(null))]
    {
        board(&daemon, "u2", &["attend", &topic, word]);
        let list: Value = runtime.block_on(client.call(Method::GET, &path, None)).unwrap();
        assert_eq!(list["items"][0]["attention"], expected);
    }
    assert!(!daemon.mail_tried("u2", "board", &["attend", &topic, "often"]).status.success());
    daemon.stop();
}

const WRITERS: [&str; 3] = ["u1", "u2", "u3"];
const KILLS: usize = 5;

/// Posts with this key, which is the text as well; returns the number of the post.
async fn posted(client: &mut Client, (board, topic): (&str, &str), key: &str) -> Option<String> {
    let post = json!({"topic": topic, "text": key});
    let written = client.board_post(board, post, Some(key.to_owned())).await.ok()?;
    Some(written["reference"].as_str().unwrap().to_owned())
}

/// Several people post until the daemon is killed, at some moment after the first answer. Returns the key
/// of each post, whose it is, and its number if it was acknowledged.
async fn until_killed(
    daemon: &Daemon,
    place: (&str, &str),
    (round, after): (usize, Duration),
) -> BTreeMap<String, (usize, Option<String>)> {
    let (tried, answered) = (RefCell::new(BTreeMap::new()), Cell::new(0));
    let mut clients = Vec::new();
    for user in WRITERS {
        clients.push(daemon.client(user).await);
    }
    let write = async |writer: usize, client: &mut Client| {
        for n in 0.. {
            let key = format!("kill-{round}-{writer}-{n}");
            let number = posted(client, place, &key).await;
            let is_answered = number.is_some();
            tried.borrow_mut().insert(key, (writer, number));
            if !is_answered {
                return;
            }
            answered.set(answered.get() + 1);
        }
    };
    let kill = async {
        while answered.get() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(after).await;
        daemon.kill();
    };
    let [one, two, three] = &mut clients[..] else { panic!("three writers") };
    tokio::join!(write(0, one), write(1, two), write(2, three), kill);
    tried.into_inner()
}

/// P-58: the daemon is killed while several people post. Each post that was acknowledged is there once, and
/// a request that was interrupted and is repeated posts once, whether it was stored or not.
#[test]
fn each_post_is_there_once_when_the_daemon_is_killed_while_it_is_stored() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut daemon = Daemon::start();
    let text = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&text, "The first one").unwrap();
    let grants = ["u2", "u3"].map(|user| format!("{user}@{DOMAIN}=write"));
    let words = ["create", "Busy", "--grant", &grants[0], "--grant", &grants[1]];
    let number = board(&daemon, "u1", &words).trim().to_owned();
    let file = text.path().to_str().unwrap();
    let first = ["post", &number, "--body-file", file, "--title", "All at once"];
    let topic = board(&daemon, "u1", &first).trim().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut expected, mut interrupted) = (BTreeMap::new(), 0);
    for round in 0..KILLS {
        let after = Duration::from_micros(random.u64(0..40_000));
        let place = (number.as_str(), topic.as_str());
        let tried = runtime.block_on(until_killed(&daemon, place, (round, after)));
        daemon = daemon.kill_and_start(&[]);
        runtime.block_on(async {
            for (writer, user) in WRITERS.iter().enumerate() {
                let mut client = daemon.client(user).await;
                for (key, (_, before)) in tried.iter().filter(|(_, (whose, _))| *whose == writer) {
                    let again = posted(&mut client, place, key).await.expect("it is taken");
                    interrupted += usize::from(before.is_none());
                    assert!(before.as_ref().is_none_or(|one| *one == again), "{key}: {before:?}");
                    assert!(expected.insert(key.clone(), again).is_none());
                }
            }
        });
    }
    assert!(interrupted >= KILLS, "{interrupted} of {} were interrupted", expected.len());
    let seen = board(&daemon, "u1", &["show", &topic]);
    let lines: Vec<Vec<&str>> = seen.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), expected.len() + 1, "each is there once");
    let found: BTreeMap<String, String> =
        lines[1..].iter().map(|line| (line[3].to_owned(), line[0].to_owned())).collect();
    assert_eq!(found, expected);
    daemon.stop();
}
