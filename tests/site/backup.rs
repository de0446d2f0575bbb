//! A running daemon is backed up, and its data folder made again from the backup.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use postern::mail::reference::Reference;

use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};
use crate::support::smtp::Delivery;
use crate::support::wait_for;
use crate::{accepted, in_clear};

const QUIET: &str = "[auto_response]\naccepted = false\n";

/// Delivers messages to dana, one after another, until `stop`; each number is recorded when its
/// `250` was read.
fn deliver_until(
    smtp: std::net::SocketAddr,
    stop: &AtomicBool,
    accepted_so_far: &Mutex<Vec<Reference>>,
) {
    let mut session = in_clear(smtp);
    for number in 0.. {
        if stop.load(Ordering::Acquire) {
            break;
        }
        let filling = "All work and no play makes a long message. ".repeat(200);
        let message =
            format!("From: eve@outside.example\r\nSubject: Number {number}\r\n\r\n{filling}\r\n");
        let to = &["dana@example.org"];
        let mail = Delivery {
            from: "eve@outside.example",
            to,
            message: message.as_bytes(),
            parameters: "",
        };
        let reference = accepted(session.deliver(&mail));
        accepted_so_far.lock().unwrap().push(reference);
    }
    session.quit();
}

/// Makes a backup while mail arrives; returns what was acknowledged before it began, and in all.
fn backed_up_under_load(site: &Site, file: &Path) -> (Vec<Reference>, usize) {
    let (stop, so_far) = (AtomicBool::default(), Mutex::<Vec<Reference>>::default());
    let count = || so_far.lock().unwrap().len();
    let before = std::thread::scope(|scope| {
        scope.spawn(|| deliver_until(site.smtp, &stop, &so_far));
        let limit = std::time::Duration::from_secs(60);
        wait_for("some messages", limit, || (count() >= 40).then_some(()));
        let before = so_far.lock().unwrap().clone();
        let out = site.prepared(&["backup", file.to_str().unwrap()]).output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(out.status.success(), "{said}");
        assert!(said.contains("The daemon key is not in it"), "{said}");
        wait_for("more messages", limit, || (count() > before.len()).then_some(()));
        stop.store(true, Ordering::Release);
        before
    });
    (before, count())
}

/// A backup that is made while mail arrives has every message that was acknowledged before it began.
/// The folder that is made from it opens on another machine with the same daemon key, each message
/// opens for its reader, and the daemon goes on from there.
#[tokio::test]
async fn a_backup_of_a_running_daemon_has_every_message_that_was_accepted_before() {
    let sink = Sink::start();
    let site = Site::start(&Setup { people: &["dana"], ..Setup::to(&sink, QUIET) });
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("postern.backup");
    let (before, in_all) = backed_up_under_load(&site, &file);
    assert!(before.len() >= 40 && in_all > before.len());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let home = tempfile::tempdir().unwrap();
    fs::copy(site.home().join("daemon.key"), home.path().join("daemon.key")).unwrap();
    let folder = home.path().join("data");
    let said = site.command(&["restore", file.to_str().unwrap(), folder.to_str().unwrap()]);
    assert!(said.contains("restored") && said.contains("daemon key"), "{said}");
    site.stop();

    let restored = Site::start_on(home, &Setup::to(&sink, QUIET));
    let mut dana = restored.client("dana").await;
    let items = dana.list("inbox").await.unwrap();
    let there: BTreeSet<Reference> = items.iter().map(|item| item.reference).collect();
    let missing: Vec<_> = before.iter().filter(|one| !there.contains(one)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for reference in [before[0], before[before.len() / 2], before[before.len() - 1]] {
        let message = dana.get(reference).await.unwrap();
        assert!(String::from_utf8_lossy(&message).contains("makes a long message"));
    }
    assert!(restored.command(&["verify"]).contains("0 damaged"));
    accepted(crate::deliver(
        restored.smtp,
        "eve@outside.example",
        "dana@example.org",
        "From: eve@outside.example\r\nSubject: Afterwards\r\n\r\nIt goes on.\r\n",
    ));
    restored.stop();
}

/// A backup that was cut or altered, a key that is not its own, and a folder that has something in it
/// are refused in a sentence, and nothing is left behind. A stopped daemon is backed up as well.
#[test]
fn what_cannot_be_restored_is_refused_in_a_sentence() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup { people: &["dana"], ..Setup::to(&sink, QUIET) });
    accepted(crate::deliver(
        site.smtp,
        "eve@outside.example",
        "dana@example.org",
        "From: eve@outside.example\r\nSubject: One\r\n\r\nText.\r\n",
    ));
    site.end();
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    site.command(&["backup", "--erase", &path("whole")]);
    let whole = fs::read(path("whole")).unwrap();
    fs::write(path("cut"), &whole[..whole.len() - 30]).unwrap();
    let mut altered = whole.clone();
    altered[whole.len() / 2] ^= 4;
    fs::write(path("altered"), &altered).unwrap();
    fs::write(path("foreign"), b"From somebody Mon Nov 30 10:00:00 2026\n\n".repeat(9)).unwrap();
    fs::create_dir(path("full")).unwrap();
    fs::write(path("full/file"), "something").unwrap();
    let refused = |words: &[&str], sentence: &str| {
        let out = site.prepared(words).output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains(sentence), "{words:?}: {said}");
    };
    let folder = path("new");
    refused(&["restore", &path("cut"), &folder], "it is cut off");
    refused(&["restore", &path("altered"), &folder], "it was altered");
    refused(&["restore", &path("foreign"), &folder], "not a backup");
    refused(&["restore", &path("whole"), &path("full")], "not empty");
    refused(&["restore", &path("nowhere"), &folder], "No such file");
    refused(&["backup", &path("whole")], "exists already");
    assert_eq!(fs::read(path("whole")).unwrap(), whole);
    let left = fs::read_dir(&folder).map_or(0, |entries| entries.count());
    assert_eq!(left, 0, "something is left of what was refused");
    site.command(&["restore", &path("whole"), &folder]);
    fs::remove_file(site.home().join("daemon.key")).unwrap();
    site.command(&["setup"]);
    refused(&["restore", &path("whole"), &path("other")], "another daemon key");
}
