//! The webmail in a real Chromium, against the real daemon.

mod support;

use support::browser::walk;
use support::daemon::Daemon;

/// P-01, P-05, P-07, P-08, P-11, P-13, P-17, P-24, P-25
#[test]
fn a_person_reads_and_rejects_mail_in_a_browser() {
    let daemon = Daemon::start();
    walk(&daemon, "mail.mjs");
    daemon.stop();
}

/// P-11, P-13, P-16, P-19
#[test]
fn a_newcomer_finds_settles_and_comes_back() {
    let daemon = Daemon::start();
    walk(&daemon, "webmail.mjs");
    daemon.stop();
}
