//! A private Postfix in front of the server under test, with its own configuration, queue, ports
//! and log, all in one temporary folder.
//!
//! It accepts mail on a loopback port and relays all of it to one place over STARTTLS, with the
//! certificate verified. It is configured to leave every message unchanged; all it adds is one
//! Received field at the top, as it must (RFC 5321 §4.4).

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;

use super::wait_for;

/// A running instance; stopped when it goes out of scope.
pub struct Postfix {
    folder: TempDir,
    master: Pid,
    /// The address where it accepts mail.
    pub smtp: SocketAddr,
}

/// `postfix stop` ends its child processes within some seconds.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const QUEUES: [&str; 5] = ["maildrop", "incoming", "active", "deferred", "hold"];

impl Postfix {
    /// Starts an instance that relays everything to `relay`, whose certificate must be for
    /// `localhost` and issued by the authority in `ca`.
    pub fn start(relay: SocketAddr, ca: &Path) -> Postfix {
        assert!(rustix::process::geteuid().is_root(), "the private Postfix needs root");
        assert!(
            Path::new("/usr/sbin/postfix").exists(),
            "the private Postfix needs the package postfix"
        );
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        // Postfix's processes run as another user.
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
        let smtp = free_port();
        for name in ["etc", "queue", "data"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        fs::copy(ca, root.join("etc/ca.pem")).unwrap();
        let chown = Command::new("chown").arg("postfix").arg(root.join("data")).output().unwrap();
        assert!(chown.status.success(), "the private Postfix needs the user postfix");
        fs::write(root.join("etc/main.cf"), main_cf(root, relay)).unwrap();
        fs::write(root.join("etc/master.cf"), master_cf(smtp)).unwrap();
        let out = control(root, "start");
        assert!(out.status.success(), "postfix start: {}", String::from_utf8_lossy(&out.stderr));
        let master = wait_for("Postfix's master process", STOP_LIMIT, || master_pid(root));
        let postfix = Postfix { folder, master, smtp };
        wait_for("Postfix to listen", STOP_LIMIT, || std::net::TcpStream::connect(smtp).ok());
        postfix
    }

    /// Returns the number of messages in the queue.
    pub fn queued(&self) -> usize {
        QUEUES.iter().map(|q| files(&self.folder.path().join("queue").join(q))).sum()
    }

    /// Waits until everything has left; panics with the end of the log if that takes too long.
    pub fn wait_until_empty(&self, limit: Duration) {
        let end = std::time::Instant::now() + limit;
        wait_for("Postfix's queue to drain", limit + STOP_LIMIT, || {
            let left = self.queued();
            let late = std::time::Instant::now() > end;
            assert!(!late, "{left} left in the queue; the log ends:\n{}", self.log_tail());
            (left == 0).then_some(())
        });
    }

    /// Returns the whole mail log.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("maillog")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Stops Postfix and waits until its master process has exited.
    pub fn stop(&self) {
        if test_kill_process(self.master).is_err() {
            return;
        }
        // The command returns only when the processes have exited, by force if necessary.
        control(self.folder.path(), "stop");
        wait_for("Postfix to exit", STOP_LIMIT, || test_kill_process(self.master).err());
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // A second panic while unwinding would hide the first.
        if std::thread::panicking() {
            control(self.folder.path(), "stop");
        } else {
            self.stop();
        }
    }
}

/// Returns a port that is free at this moment. Postfix cannot choose a free port and report it.
pub fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn control(root: &Path, verb: &str) -> Output {
    Command::new("/usr/sbin/postfix").arg("-c").arg(root.join("etc")).arg(verb).output().unwrap()
}

fn master_pid(root: &Path) -> Option<Pid> {
    let text = fs::read_to_string(root.join("queue/pid/master.pid")).ok()?;
    Pid::from_raw(text.trim().parse().ok()?)
}

fn files(folder: &PathBuf) -> usize {
    // Queue files move between folders during this walk; a name that has vanished counts as
    // delivered.
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path()),
            Ok(_) => 1,
            Err(_) => 0,
        })
        .sum()
}

fn main_cf(root: &Path, relay: SocketAddr) -> String {
    let root = root.display();
    let port = relay.port();
    format!(
        "compatibility_level = 3.6
# where everything of this instance is
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file = {root}/maillog
maillog_file_prefixes = {root}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
# take mail on loopback for anyone, relay all of it to one place
myhostname = relay.peer.example
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [localhost]:{port}
smtp_dns_support_level = disabled
smtp_host_lookup = native
# over TLS whose certificate is good for that name
smtp_tls_security_level = verify
smtp_tls_verify_cert_match = localhost
smtp_tls_CAfile = {root}/etc/ca.pem
smtp_tls_loglevel = 1
# every octet stays what it is
always_add_missing_headers = no
local_header_rewrite_clients =
remote_header_rewrite_domain =
disable_mime_output_conversion = yes
disable_mime_input_processing = yes
message_drop_headers =
header_size_limit = 1048576
smtp_line_length_limit = 0
smtputf8_enable = yes
# 30 MB attachments, and quick retries
message_size_limit = 0
mailbox_size_limit = 0
hopcount_limit = 100
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
in_flow_delay = 0
default_process_limit = 50
default_destination_concurrency_limit = 20
default_destination_recipient_limit = 50
minimal_backoff_time = 1s
maximal_backoff_time = 5s
queue_run_delay = 1s
notify_classes =
"
    )
}

fn master_cf(smtp: SocketAddr) -> String {
    format!(
        "{smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"
    )
}
