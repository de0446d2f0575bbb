//! Boards from a script, against the real daemon, which is killed meanwhile.

mod support;

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
    assert_eq!(board(&daemon, "u3", &["show", &topic]).lines().count(), 4);
    board(&daemon, "u1", &["delete", &expected[3].0]);
    assert!(!board(&daemon, "u3", &["show", &topic]).contains("Canary-post-3"));
    board(&daemon, "u1", &["drop", &number]);
    assert_eq!(board(&daemon, "u1", &["list"]), "");
    let home = daemon.stop();
    let mut canaries: Vec<String> = expected.into_iter().map(|(_, said)| said).collect();
    canaries.extend([name.to_owned(), "Canary-title".to_owned()]);
    let found = Searcher::new(&canaries).folder(home.path());
    assert!(found.is_empty(), "{found:?}");
}
