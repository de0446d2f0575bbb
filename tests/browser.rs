//! The webmail in a real Chromium, against the real daemon.

mod support;

use support::browser::{walk, walk_with};
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

/// P-06, P-11, P-13, P-16, P-19: every step by the mouse, at 1280 and 320 px, in English and Hebrew.
#[test]
fn a_newcomer_needs_no_instructions_with_a_mouse() {
    newcomer("mouse");
}

/// P-11: the same by the keyboard alone.
#[test]
fn a_newcomer_needs_no_instructions_with_a_keyboard() {
    newcomer("keyboard");
}

fn newcomer(hands: &str) {
    let daemon = Daemon::start();
    let more = [("POSTERN_HANDS", hands), ("POSTERN_FIRST_USER", "1")];
    walk_with(&daemon, "newcomer.mjs", &more);
    daemon.stop();
}

/// P-11: every screen, in light and dark, in both directions, on a desk and on a phone.
#[test]
fn every_screen_is_accessible() {
    // The first of the sample people is a manager.
    let daemon = Daemon::start();
    walk(&daemon, "views.mjs");
    daemon.stop();
}

/// P-11: a long list, everything at once, five tabs. `LETTERS_E2E` makes it longer.
#[test]
fn a_large_mailbox_is_at_hand() {
    let daemon = Daemon::start();
    walk(&daemon, "large.mjs");
    daemon.stop();
}

/// P-13: passkeys of a virtual authenticator, codes, app passwords.
#[test]
fn passkeys_codes_and_app_passwords_open_an_account() {
    let daemon = Daemon::start();
    // A passkey is bound to a name, not to an address.
    let url = daemon.url.replace("127.0.0.1", "localhost");
    walk_with(&daemon, "keys.mjs", &[("POSTERN_URL", &url)]);
    daemon.stop();
}

/// P-01, P-05, P-11, P-13, P-19, P-24, P-25: the same webmail in Debian's Firefox.
#[test]
fn firefox_shows_the_same() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "firefox.mjs");
    daemon.stop();
}

/// P-11, P-16, P-38, P-39: what managers do, in their pages.
#[test]
fn managers_look_after_people_policy_and_queue() {
    // Nobody answers at the next hop.
    let relay = ["--relay", "127.0.0.1:1", "--choice", "plain", "--undo-secs", "0"];
    let daemon = Daemon::start_with(&relay);
    walk(&daemon, "manage.mjs");
    daemon.stop();
}
