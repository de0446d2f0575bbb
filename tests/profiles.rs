//! Profiles from a script, against the real daemon, which is killed meanwhile.

mod support;

use support::daemon::{DOMAIN, Daemon};

fn profile(daemon: &Daemon, user: &str, words: &[&str]) -> String {
    String::from_utf8(daemon.mail(user, "profile", words)).unwrap()
}

/// What two others see of what the first one says.
fn seen(daemon: &Daemon) -> [String; 2] {
    let first = format!("u1@{DOMAIN}");
    ["u2", "u3"].map(|user| profile(daemon, user, &["of", &first]))
}

/// P-56: a script says something for somebody, and sees what others say; a daemon that was killed shows
/// the same.
#[test]
fn a_script_says_something_and_sees_what_others_say() {
    let daemon = Daemon::start();
    let second = format!("u2@{DOMAIN}");
    profile(&daemon, "u1", &["set", "office", "Harbour 7", "--for", &second]);
    profile(&daemon, "u1", &["set", "languages", "Hebrew, English", "--for", &second]);
    let own = profile(&daemon, "u1", &["set", "hours", "Nine to five", "--for", "nobody"]);
    assert!(own.contains(&format!("office\t{second}\tHarbour 7\n")), "{own}");
    assert!(own.contains("hours\tnobody\tNine to five\n"), "{own}");
    assert!(own.contains(&format!("languages\t{second}\tHebrew, English\n")), "{own}");
    let expected = [
        format!("address\tu1@{DOMAIN}\noffice\tHarbour 7\nlanguages\tHebrew, English\n"),
        format!("address\tu1@{DOMAIN}\n"),
    ];
    assert_eq!(seen(&daemon), expected);
    let daemon = daemon.kill_and_start(&[]);
    assert_eq!(seen(&daemon), expected);
    assert_eq!(profile(&daemon, "u1", &["show"]), own);
    // A file that is no picture is refused, and one that is becomes the own picture.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("me.png");
    std::fs::write(&file, b"no picture").unwrap();
    let words = ["picture", file.to_str().unwrap()];
    assert!(!daemon.mail_tried("u1", "profile", &words).status.success());
    image::RgbImage::new(40, 30).save(&file).unwrap();
    assert!(profile(&daemon, "u1", &words).contains("picture\tnobody\tyes\n"));
    profile(&daemon, "u1", &["set", "office", "Harbour 7", "--for", "nobody"]);
    profile(&daemon, "u1", &["set", "languages", ""]);
    assert_eq!(seen(&daemon), [expected[1].clone(), expected[1].clone()]);
    let nobody = format!("nobody@{DOMAIN}");
    let refused = daemon.mail_tried("u1", "profile", &["set", "office", "x", "--for", &nobody]);
    assert!(!refused.status.success());
    daemon.stop();
}
