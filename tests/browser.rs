//! The webmail in a real Chromium, against the real daemon.

mod support;

use std::process::Command;

use support::daemon::{DOMAIN, Daemon};

/// P-01, P-05, P-07, P-08, P-11, P-13, P-17, P-24, P-25
#[test]
fn a_person_reads_and_rejects_mail_in_a_browser() {
    let daemon = Daemon::start();
    let out = Command::new("node")
        .arg("mail.mjs")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e"))
        .env("POSTERN_URL", &daemon.url)
        .env("POSTERN_SMTP", daemon.smtp.to_string())
        .env("POSTERN_PASSWORD_FILE", daemon.password_file())
        .env("POSTERN_ADDRESS", format!("u1@{DOMAIN}"))
        .output()
        .expect("node is there: tests/prepare.sh looks for it");
    let (said, complained) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && said.ends_with("done\n"), "{said}\n{complained}");
    daemon.stop();
}
