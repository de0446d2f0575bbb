//! Chat from a script, against the real daemon, which is killed meanwhile.

mod support;

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
