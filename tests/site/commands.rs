//! What an administrator's commands say, and how they end.

use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};

#[test]
fn a_command_says_in_a_sentence_why_it_did_nothing() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, ""));
    let password = site.home().join("password");
    let password = password.to_str().unwrap();
    for (words, sentence) in [
        (&["user", "add", "dana", "--password-file", password][..], "already in use"),
        (&["user", "disable", "nobody"], "no such account"),
        (&["queue", "drop", "123"], "no such queue entry"),
        (&["temporary", "renew", "noa@outside.example"], "no such temporary account"),
    ] {
        let out = site.prepared(words).output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.to_lowercase().contains(sentence), "{words:?}: {said}");
        assert!(out.stdout.is_empty(), "{words:?}");
    }
    site.stop();
}

/// A command whose reader has enough ends like every other program in a pipe: without a panic, and
/// without a word.
#[test]
fn a_closed_pipe_ends_a_command_in_silence() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, ""));
    for words in
        [&["user", "list"][..], &["queue", "list", "--json"], &["check-config"], &["verify"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = site.prepared(words);
        let command = command.stdout(writer).stderr(std::process::Stdio::piped());
        let out = command.spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!((out.status.code(), said.as_str()), (Some(141), ""), "{words:?}");
    }
    site.stop();
}

/// A user is removed on the server itself: the login name has to be typed, senders learn what was not
/// read, and the rest goes while the daemon runs. Addresses, limits and sessions are changed there too.
#[tokio::test]
async fn users_are_changed_and_removed_by_commands() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    let table = site.command(&["user", "list"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("NAME ") && lines[0].contains("STORES"), "{table}");
    let column = lines[0].find("ADDRESSES").unwrap();
    for line in &lines[1..] {
        assert!(line[column..].ends_with("@example.org"), "{table}");
    }
    assert_eq!(site.command(&["user", "list", "OMAR@"]).lines().count(), 2);
    site.command(&["user", "add-address", "omar", "sales@example.org"]);
    site.command(&["user", "quota", "omar", "--messages", "7", "--octets", "1048576"]);
    let users = site.command(&["user", "list", "omar", "--json"]);
    let users: serde_json::Value = serde_json::from_str(&users).unwrap();
    assert_eq!(users[0]["messages_max"], 7);
    assert_eq!(users[0]["octets_max"], 1_048_576);
    assert_eq!(users[0]["addresses"][1], "sales@example.org");
    let mut omar = site.client("omar").await;
    omar.list("inbox").await.unwrap();
    site.command(&["user", "sign-out", "omar"]);
    assert!(omar.list("inbox").await.is_err(), "the session was ended");
    let (status, _) = site.command_status(&["user", "remove", "omar"]);
    assert_eq!(status, 1, "nothing was typed");
    site.command(&["user", "remove", "omar", "--confirm", "omar"]);
    assert!(site.sign_in("omar", crate::support::site::PASSWORD).await.is_err());
    let refused = crate::deliver(site.smtp, "eve@outside.example", "sales@example.org", "x");
    refused.expect_code("550 5.1.1");
    let limit = std::time::Duration::from_secs(60);
    crate::support::wait_for("the user to be gone", limit, || {
        site.log().contains("a user was removed").then_some(())
    });
    site.restart();
    assert_eq!(site.command(&["user", "list"]).lines().count(), 2);
    assert!(site.command(&["verify"]).contains("0 damaged"));
    site.stop();
}
