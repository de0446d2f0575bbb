//! Runs a script of `tests/e2e` in a real Chromium, against a daemon.

use std::process::Command;

use super::daemon::{DOMAIN, Daemon};

/// Runs the script as u1; the script prints `done` at its end.
pub fn walk(daemon: &Daemon, script: &str) {
    walk_with(daemon, script, &[]);
}

/// Like [`walk`], with more environment variables.
pub fn walk_with(daemon: &Daemon, script: &str, more: &[(&str, &str)]) {
    let out = Command::new("node")
        .arg(script)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e"))
        .env("POSTERN_URL", &daemon.url)
        .env("POSTERN_SMTP", daemon.smtp.to_string())
        .env("POSTERN_PASSWORD_FILE", daemon.password_file())
        .env("POSTERN_ADDRESS", format!("u1@{DOMAIN}"))
        .envs(more.iter().copied())
        .output()
        .expect("node is installed (tests/prepare.sh checks)");
    let (said, complained) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && said.ends_with("done\n"), "{said}\n{complained}");
}
