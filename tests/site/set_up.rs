//! `postern check-config` names everything that keeps the daemon from starting, and a service reads
//! its secrets as systemd passes them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::in_clear;
use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};

/// Replaces a text in the configuration file.
fn set(home: &Path, from: &str, to: &str) {
    let file = home.join("postern.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text} lacks {from}");
    fs::write(&file, text.replace(from, to)).unwrap();
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn check_config_finds_a_set_up_that_works_in_order() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    let (status, said) = site.command_status(&["check-config"]);
    assert!(status == 0 && said.contains("the daemon is running"), "{status}: {said}");
    site.end();
    let (status, said) = site.command_status(&["check-config"]);
    assert_eq!(status, 0, "{said}");
    assert!(
        said.lines().count() >= 6 && said.lines().all(|line| line.starts_with("ok ")),
        "{said}"
    );
}

#[test]
fn check_config_names_each_thing_that_is_wrong() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    site.end();
    let home = site.home().to_owned();
    chmod(&home.join("daemon.key"), 0o644);
    fs::write(home.join("key.pem"), "nothing").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    set(&home, "[smtp]\nlisten = [\"127.0.0.1:0\"]", &format!("[smtp]\nlisten = [\"{taken}\"]"));
    let keys = "[dkim]\nkeys = [{ domain = \"example.org\", selector = \"s\", key_file = \"/none.pem\" }]\n";
    set(&home, "[log]\n", &format!("{keys}[log]\n"));
    let (status, said) = site.command_status(&["check-config"]);
    assert_eq!(status, 78, "{said}");
    let wrong: Vec<&str> = said.lines().filter(|line| line.starts_with("WRONG")).collect();
    for part in ["chmod 600", "key.pem", "/none.pem", taken.as_str()] {
        assert!(wrong.iter().any(|line| line.contains(part)), "no {part} in {said}");
    }
    assert_eq!(wrong.len(), 4, "{said}");

    fs::remove_file(home.join("daemon.key")).unwrap();
    let (_, said) = site.command_status(&["check-config"]);
    assert!(said.contains("postern setup"), "{said}");

    set(&home, "[smtp]\nlisten", "[smtp]\nlissten");
    set(&home, "free_min_mib = 16", "free_min_mib = \"much\"");
    let (status, said) = site.command_status(&["check-config"]);
    assert_eq!(status, 78, "{said}");
    assert!(said.contains("did you mean listen?") && said.contains("store.free_min_mib"), "{said}");
}

#[test]
fn check_config_looks_at_what_must_be_apart() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    let port = site.smtp.port();
    site.end();
    let home = site.home().to_owned();
    // One port for two listeners, of which each could have it.
    set(
        &home,
        "[smtp]\nlisten = [\"127.0.0.1:0\"]",
        &format!("[smtp]\nlisten = [\"127.0.0.1:{port}\"]"),
    );
    set(
        &home,
        "[https]\nlisten = [\"127.0.0.1:0\"]",
        &format!("[https]\nlisten = [\"0.0.0.0:{port}\"]"),
    );
    // With the key in it, a copy of the data folder opens itself.
    let within = site.data().join("daemon.key");
    fs::rename(home.join("daemon.key"), &within).unwrap();
    let key = |path: &Path| format!("daemon_key = \"{}\"", path.display());
    set(&home, &key(&home.join("daemon.key")), &key(&within));
    let (status, said) = site.command_status(&["check-config"]);
    assert_eq!(status, 78, "{said}");
    let line = |part: &str| said.lines().find(|line| line.contains(part)).unwrap_or_default();
    assert!(line("smtp.listen needs the same port").starts_with("WRONG    https.listen"), "{said}");
    assert!(line("each copy of the folder").starts_with("warning  daemon key"), "{said}");
}

/// Public mail hosts are checked with the authorities that are built in, and DNS needs none.
#[test]
fn a_host_without_certificate_authorities_is_good_enough() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    site.end();
    let folder = site.home().join("no-authorities");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("none.pem"), "").unwrap();
    let none = |command: &mut Command| {
        command.env("SSL_CERT_FILE", folder.join("none.pem")).env("SSL_CERT_DIR", &folder);
    };
    let mut check = site.prepared(&["check-config"]);
    none(&mut check);
    let checked = check.output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.success() && said.contains("DNS               127.0.0.1:9"), "{said}");
    site.serve_with(none);
    in_clear(site.smtp).quit();
}

/// The command line takes a control socket that does not answer for a daemon that does not run, so
/// the socket answers before the daemon reports its start, or the daemon does not start.
#[test]
fn a_daemon_that_cannot_be_administered_does_not_start() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, ""));
    site.end();
    fs::create_dir_all(site.data().join("control.sock/in-the-way")).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_postern"))
        .arg("serve")
        .env("POSTERN_CONFIG", site.home().join("postern.toml"))
        .output()
        .unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(!out.status.success() && said.contains("control.sock"), "{said}");
    assert!(!said.contains("started"), "{said}");
}

/// The unit names every file that the service cannot read by itself.
#[test]
fn the_unit_passes_the_secrets_of_the_example_configuration() {
    let unit = include_str!("../../systemd/postern.service");
    let example = include_str!("../../config/postern.toml");
    let loaded: Vec<&str> = unit
        .lines()
        .filter_map(|line| line.strip_prefix("LoadCredential=")?.split_once(':'))
        .map(|(_, path)| path)
        .collect();
    let named = example.split('"').filter(|word| word.starts_with("/etc/postern/"));
    let named: Vec<&str> = named.collect();
    assert!(named.len() >= 4, "{named:?}");
    for path in named {
        assert!(
            loaded.iter().any(|from| path.starts_with(from)),
            "{path} is in no LoadCredential="
        );
    }
}
