//! Vouching in a real Chromium, against the real daemon.

mod support;

use support::browser::walk_with;
use support::daemon::{DOMAIN, Daemon};

/// P-21, P-80, P-81, P-82: by the mouse, at 1280 px.
#[test]
fn colleagues_vouch_by_code_with_a_mouse() {
    vouching("mouse");
}

/// P-11, P-80, P-81: the same by the keyboard, at 320 px, in Hebrew.
#[test]
fn colleagues_vouch_by_code_with_a_keyboard() {
    vouching("keyboard");
}

/// P-80: the same from a script.
#[test]
fn a_script_asks_attests_and_revokes() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    let vouch = |user: &str, words: &[&str]| -> String {
        String::from_utf8(daemon.mail(user, "vouch", words)).unwrap()
    };
    let (asking, asked) = (format!("u2@{DOMAIN}"), format!("u3@{DOMAIN}"));
    vouch("u2", &["ask", &asked]);
    let own = vouch("u2", &["list"]);
    let fingerprint = own.lines().next().unwrap().strip_prefix("fingerprint ").unwrap();
    assert!(own.contains(&format!("requests {asked} asking ")), "{own}");
    vouch("u3", &["attest", &asking, "--fingerprint", fingerprint, "--how", "call"]);
    let received = vouch("u2", &["list"]);
    assert!(received.contains(&format!("received {asked} in-force ")), "{received}");
    // What only begins like that is nobody, and not the first whom it fits.
    let typo = daemon.mail_tried("u3", "vouch", &["revoke", "u"]);
    let complaint = String::from_utf8_lossy(&typo.stderr);
    assert!(!typo.status.success() && complaint.contains("nobody inside"), "{complaint}");
    assert!(vouch("u2", &["list"]).contains(&format!("received {asked} in-force ")));
    vouch("u3", &["revoke", "u2"]);
    let after = vouch("u2", &["list"]);
    assert!(!after.contains("received") && !after.contains("problem"), "{after}");
    daemon.stop();
}

fn vouching(hands: &str) {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk_with(&daemon, "vouching.mjs", &[("POSTERN_HANDS", hands)]);
    daemon.stop();
}
