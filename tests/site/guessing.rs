//! Wrong passwords, and a daemon that is restarted meanwhile.

use std::fs;
use std::time::{Duration, SystemTime};

use postern::client::Error;

use crate::support::sink::Sink;
use crate::support::site::{PASSWORD, Setup, Site};
use crate::support::wait_for;

const LIMIT: Duration = Duration::from_secs(60);

/// Tries wrong passwords until one is not even tried; returns how many were.
async fn guesses(site: &Site) -> usize {
    for tried in 0..100 {
        match site.sign_in("dana", "wrong").await.err() {
            Some(Error::Refused { status: 401, .. }) => {}
            Some(Error::Refused { status: 429, .. }) => return tried,
            other => panic!("{other:?} after {tried} guesses"),
        }
    }
    panic!("a hundred guesses in a row");
}

/// P-13: after the daemon was restarted, guesses are slowed down as before, and the password is
/// slowed down with them.
#[tokio::test]
async fn a_restart_gives_no_new_guesses() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    let tried = guesses(&site).await;
    assert!(tried >= 5, "{tried} guesses");
    site.restart();
    // As many are free as have recovered since, one in ten seconds, and not five.
    let again = guesses(&site).await;
    assert!(again < 4, "{again} guesses after the restart");
    let right = site.sign_in("dana", PASSWORD).await.err();
    assert!(matches!(right, Some(Error::Refused { status: 429, .. })), "{right:?}");
    site.client("omar").await;
    let log = site.log();
    assert!(!log.contains("failed sign-ins are counted"), "{log}");
    site.stop();
}

/// P-13: the same after the daemon was killed, for failures that are older than a second.
#[tokio::test]
async fn a_kill_gives_no_new_guesses() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    for _ in 0..4 {
        assert!(site.sign_in("dana", "wrong").await.is_err());
    }
    let before_the_last = SystemTime::now();
    guesses(&site).await;
    let file = site.data().join("throttles/db");
    wait_for("failures to be written", LIMIT, || {
        let written = fs::metadata(&file).unwrap().modified().unwrap();
        (written > before_the_last).then_some(())
    });
    site.kill_and_start();
    let again = guesses(&site).await;
    assert!(again < 4, "{again} guesses after the kill");
    site.stop();
}

/// Without the folder of failed sign-ins the daemon starts as well, and so it does with one that is
/// damaged.
#[tokio::test]
async fn a_damaged_folder_of_failures_stops_nobody() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    guesses(&site).await;
    let folder = site.data().join("throttles");
    site.restart_after(|| fs::remove_dir_all(&folder).unwrap());
    site.client("dana").await;
    guesses(&site).await;
    site.restart_after(|| fs::write(folder.join("conf"), "of another program").unwrap());
    site.client("dana").await;
    assert!(guesses(&site).await >= 5);
    assert!(site.log().contains("failed sign-ins are counted from zero"), "{}", site.log());
    site.stop();
}
