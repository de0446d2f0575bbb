//! Outgoing messages: two people in two Chromium profiles, with a real Postfix in between.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use support::daemon::{DOMAIN, Daemon};
use support::postfix::Postfix;
use support::sink::Sink;

/// P-01, P-19, P-23, P-25 to P-27, P-29, P-31 to P-35, P-37, P-38: the four choices, each end to
/// end. Everything that leaves the daemon goes through Postfix into the sink, which keeps every
/// octet.
#[test]
fn the_four_choices_end_to_end_in_two_browsers() {
    let sink = Arc::new(Sink::start());
    let postfix = Postfix::start(sink.at, &sink.ca);
    let relay = postfix.smtp.to_string();
    let daemon = Daemon::start_with(&["--relay", &relay, "--undo-secs", "1"]);
    let outside = tempfile::tempdir().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let shown = show(sink.clone(), outside.path(), done.clone());
    // The certificate is for localhost, and the links in notifications use that name.
    let url = daemon.url.replace("127.0.0.1", "localhost");
    let out = Command::new("node")
        .arg("sending.mjs")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e"))
        .env("POSTERN_URL", url)
        .env("POSTERN_SMTP", daemon.smtp.to_string())
        .env("POSTERN_PASSWORD_FILE", daemon.password_file())
        .env("POSTERN_DOMAIN", DOMAIN)
        .env("POSTERN_OUTSIDE", outside.path())
        .output()
        .expect("node is installed (tests/prepare.sh checks)");
    done.store(true, Ordering::SeqCst);
    shown.join().unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(
        out.status.success() && said.ends_with("done\n"),
        "{said}\n{complained}\n{}\n{}",
        daemon.logs_text(),
        postfix.log()
    );
    // The reference number that both ends see is also in the log.
    let number = said.lines().find_map(|line| line.strip_prefix("number ")).expect("a number");
    assert!(daemon.logs_text().contains(number), "{number} is not in the log");
    daemon.stop();
}

/// Writes each message that arrives outside to a file, atomically, for the browser half of the
/// test.
fn show(sink: Arc<Sink>, folder: &Path, done: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        let mut written = 0;
        while !done.load(Ordering::SeqCst) {
            for message in sink.messages().iter().skip(written) {
                let part = folder.join("part");
                fs::write(&part, message).unwrap();
                fs::rename(part, folder.join(format!("{written:04}.eml"))).unwrap();
                written += 1;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    })
}
