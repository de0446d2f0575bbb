//! Mail that an administrator imports for a user.

use std::fs;

use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};

const MBOX: &str = "From ada Mon Nov 30 10:00:00 2026\n\
    From: Ada <ada@outside.example>\nSubject: First\nMessage-ID: <1@outside.example>\n\
    Date: Mon, 30 Mar 2026 10:00:00 +0000\n\nThe first text.\n>From a quoted line\n\n\
    From ada Mon Nov 30 10:00:00 2026\nthis has no header at all\n\n\
    From ada Mon Nov 30 10:00:00 2026\n\
    From: Ada <ada@outside.example>\nSubject: Without an identifier\n\nThe second text.\n";

/// An mbox file and a Maildir are imported while the daemon runs and while it does not. Only the user
/// opens what was imported; the same is not stored twice; what is no message is told, and the rest is
/// stored.
#[tokio::test]
async fn mail_is_imported_for_a_user_once() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    let place = tempfile::tempdir().unwrap();
    let mbox = place.path().join("mbox");
    fs::write(&mbox, MBOX).unwrap();
    let mbox = mbox.to_str().unwrap();
    let (status, said) = site.command_status(&["import", "omar", mbox]);
    assert_eq!((status, said.as_str()), (1, "2 imported, 0 were there already, 1 refused\n"));
    let out = site.prepared(&["import", "omar", mbox]).output().unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(said.contains("the message at line 11"), "{said}");
    assert_eq!(out.stdout, b"1 imported, 1 were there already, 1 refused\n");

    let maildir = place.path().join("Maildir");
    for folder in ["cur", "new", "tmp"] {
        fs::create_dir_all(maildir.join(folder)).unwrap();
    }
    let message = |subject: &str| {
        let id = format!("Message-ID: <{subject}@outside.example>");
        format!("From: ada@outside.example\r\n{id}\r\nSubject: {subject}\r\n\r\nText\r\n")
    };
    fs::write(maildir.join("cur/1.a:2,RS"), message("Seen")).unwrap();
    fs::write(maildir.join("new/2.b"), message("New")).unwrap();
    site.end();
    let maildir = maildir.to_str().unwrap();
    let first = site.command(&["import", "omar", maildir, "--mailbox", "inbox"]);
    assert_eq!(first, "2 imported, 0 were there already, 0 refused\n");
    site.serve_with(|_| ());
    let again = site.command(&["import", "omar", maildir, "--mailbox", "inbox"]);
    assert_eq!(again, "0 imported, 2 were there already, 0 refused\n");

    let mut omar = site.client("omar").await;
    let archive = omar.list("archive").await.unwrap();
    let mut subjects: Vec<&str> = archive.iter().map(|item| item.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["First", "Without an identifier", "Without an identifier"]);
    assert!(archive.iter().all(|item| item.opened && !item.unread));
    let first = archive.iter().find(|item| item.subject == "First").unwrap();
    assert!(first.received_at.starts_with("2026-03-30"), "{}", first.received_at);
    let octets = omar.get(first.reference).await.unwrap();
    let text = String::from_utf8_lossy(&octets);
    assert!(text.contains("The first text.\r\nFrom a quoted line\r\n"), "{text}");
    let inbox = omar.list("inbox").await.unwrap();
    let unread: Vec<(&str, bool)> =
        inbox.iter().map(|item| (item.subject.as_str(), item.unread)).collect();
    assert!(unread.contains(&("Seen", false)) && unread.contains(&("New", true)), "{unread:?}");
    let mut dana = site.client("dana").await;
    assert!(dana.list("archive").await.unwrap().is_empty());
    for (words, sentence) in [
        (["import", "nobody", mbox], "no such account"),
        (["import", "omar", "/nowhere"], "No such file"),
        (["import", "omar", site.ca().to_str().unwrap()], "no mbox file"),
    ] {
        let out = site.prepared(&words).output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap().to_lowercase();
        let wanted = sentence.to_lowercase();
        assert!(!out.status.success() && said.contains(&wanted), "{words:?}: {said}");
    }
    site.stop();
}
