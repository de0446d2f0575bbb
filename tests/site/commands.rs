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
