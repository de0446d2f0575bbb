//! The daemon as an operator runs it: `postern setup`, `postern serve` with a configuration file,
//! and accounts created by `postern user add`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use postern::client::{self, Client};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::sink::Sink;
use super::wait_for;

/// The domain of every account.
pub const DOMAIN: &str = "example.org";
pub const PASSWORD: &str = "correct horse battery staple 7";
const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const QUEUE_LIMIT: Duration = Duration::from_secs(120);

/// The settings of a site.
pub struct Setup<'s> {
    /// Sign-in names; each has an address of that name in [`DOMAIN`].
    pub people: &'s [&'s str],
    /// The next hop of all outgoing mail.
    pub next_hop: SocketAddr,
    /// Whether mail arrives from a trusted relay, which vouches for its senders.
    pub vouched: bool,
    /// More sections of the configuration.
    pub more: &'s str,
}

impl<'s> Setup<'s> {
    /// A site with the accounts dana and omar, whose outgoing mail goes to `sink`.
    pub fn to(sink: &Sink, more: &'s str) -> Setup<'s> {
        Setup { people: &["dana", "omar"], next_hop: sink.at, vouched: true, more }
    }
}

/// A running daemon in a folder of its own.
pub struct Site {
    child: Child,
    home: TempDir,
    pub smtp: SocketAddr,
    pub https: SocketAddr,
    pub url: String,
}

impl Site {
    pub fn start(setup: &Setup<'_>) -> Site {
        let home = tempfile::tempdir().expect("a temporary folder");
        write_files(home.path(), setup);
        said(postern(home.path(), &["setup"]));
        let site = Site::serve_in(home);
        for name in setup.people {
            let password = site.home.path().join("password");
            let password = password.to_str().unwrap();
            let own = ["--password-file", password, "--own-password"];
            site.command(&[&["user", "add", name][..], &own].concat());
        }
        site
    }

    /// Starts in a folder that has a data folder and its daemon key already; no account is added.
    pub fn start_on(home: TempDir, setup: &Setup<'_>) -> Site {
        write_files(home.path(), setup);
        Site::serve_in(home)
    }

    fn serve_in(home: TempDir) -> Site {
        let (child, lines) = serve(home.path(), |_| ());
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut site = Site { child, home, smtp: nowhere, https: nowhere, url: String::new() };
        site.read_addresses(&lines);
        site
    }

    /// Stops the daemon, and starts it again with other settings.
    pub fn restart_with(&mut self, setup: &Setup<'_>) {
        self.end();
        write_files(self.home.path(), setup);
        self.serve();
    }

    /// Reads the listener addresses from the log line that reports the start.
    fn read_addresses(&mut self, lines: &mpsc::Receiver<String>) {
        let end = Instant::now() + START_LIMIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = lines.recv_timeout(left) else {
                panic!("the daemon never started; its log:\n{}", self.log());
            };
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            let fields = &line["fields"];
            if fields["message"] == "started" {
                let address = |name: &str| fields[name].as_str().unwrap().parse().unwrap();
                (self.smtp, self.https) = (address("smtp"), address("https"));
                self.url = format!("https://{}", self.https);
                return;
            }
        }
    }

    pub fn ca(&self) -> PathBuf {
        self.home.path().join("cert.pem")
    }

    /// The folder with the configuration, the daemon key and the data folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Returns everything the daemon has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// Runs an operator's command on this site and returns what it printed.
    pub fn command(&self, words: &[&str]) -> String {
        said(postern(self.home.path(), words))
    }

    /// Signs in with the password that all accounts here share.
    pub async fn client(&self, user: &str) -> Client {
        self.sign_in(user, PASSWORD).await.unwrap_or_else(|error| panic!("{user}: {error}"))
    }

    pub async fn sign_in(&self, user: &str, password: &str) -> Result<Client, client::Error> {
        Client::sign_in(&self.url, &self.ca(), user, password).await
    }

    /// Like [`Site::command`], for a command that may fail: returns its exit status as well.
    pub fn command_status(&self, words: &[&str]) -> (i32, String) {
        let out = postern(self.home.path(), words);
        let printed = String::from_utf8(out.stdout).expect("what it prints is UTF-8");
        (out.status.code().expect("it was not ended by a signal"), printed)
    }

    /// Returns a command on this site that has not been run yet.
    pub fn prepared(&self, words: &[&str]) -> Command {
        prepared(self.home.path(), words)
    }

    /// Returns the rows of the queue.
    pub fn queue(&self) -> Vec<Value> {
        let rows: Value =
            serde_json::from_str(&self.command(&["queue", "list", "--json"])).unwrap();
        rows.as_array().unwrap().clone()
    }

    /// Waits until the queue is empty.
    pub fn drain(&self) {
        wait_for("the queue to be empty", QUEUE_LIMIT, || self.queue().is_empty().then_some(()));
    }

    /// Returns every TCP port that the daemon listens on.
    pub fn ports(&self) -> BTreeSet<u16> {
        let sockets = sockets(self.child.id());
        let mut ports = BTreeSet::new();
        for table in ["tcp", "tcp6"] {
            let table = fs::read_to_string(format!("/proc/{}/net/{table}", self.child.id()));
            ports.extend(table.unwrap().lines().filter_map(|line| listens(line, &sockets)));
        }
        ports
    }

    /// Returns what the daemon's descriptors refer to, as Linux names it.
    pub fn open_files(&self) -> Vec<String> {
        links(self.child.id()).collect()
    }

    /// Stops the daemon as an operator would, and waits until it has exited.
    pub fn stop(mut self) {
        self.end();
    }

    /// Stops the daemon and starts it again, on other ports.
    pub fn restart(&mut self) {
        self.restart_after(|| ());
    }

    /// Stops the daemon, does something with its files, and starts it again, on other ports.
    pub fn restart_after(&mut self, change: impl FnOnce()) {
        self.end();
        change();
        self.serve();
    }

    /// Kills the daemon, as when the system runs out of memory, and starts it again, on other ports.
    pub fn kill_and_start(&mut self) {
        self.child.kill().expect("the child can be killed");
        self.child.wait().expect("it has ended");
        self.serve();
    }

    fn serve(&mut self) {
        self.serve_with(|_| ());
    }

    /// Starts the daemon again after [`Site::end`], in an environment that `change` makes.
    pub fn serve_with(&mut self, change: impl FnOnce(&mut Command)) {
        let (child, lines) = serve(self.home.path(), change);
        self.child = child;
        self.read_addresses(&lines);
    }

    /// As [`Site::stop`]; the folder stays until the value goes out of scope.
    pub fn end(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .expect("the child can be signalled");
        let status = wait_for("the daemon to stop", STOP_LIMIT, || self.child.try_wait().unwrap());
        assert!(status.success(), "stopped with {status}; its log:\n{}", self.log());
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // It may exit by itself in between.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn write_files(home: &Path, setup: &Setup<'_>) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    fs::write(home.join("cert.pem"), cert.pem()).unwrap();
    fs::write(home.join("key.pem"), signing_key.serialize_pem()).unwrap();
    fs::write(home.join("password"), PASSWORD).unwrap();
    let (at, next_hop, more) = (home.display(), setup.next_hop, setup.more);
    let relays = if setup.vouched { "\"127.0.0.0/8\"" } else { "" };
    let text = format!(
        "[server]\nhost_name = \"localhost\"\ndomains = [\"{DOMAIN}\"]\ndata = \"{at}/data\"\n\
         daemon_key = \"{at}/daemon.key\"\n\
         [tls]\ncertificate = \"{at}/cert.pem\"\nkey = \"{at}/key.pem\"\n\
         [smtp]\nlisten = [\"127.0.0.1:0\"]\nauthentication = false\ntrusted_relays = [{relays}]\n\
         connections_per_address_max = 1000\n\
         [https]\nlisten = [\"127.0.0.1:0\"]\nredirect_listen = [\"127.0.0.1:0\"]\n\
         host_names = [\"127.0.0.1\"]\n\
         [dns]\nservers = [\"127.0.0.1:9\"]\ntimeout_secs = 1\n\
         [relay]\nsmarthost = \"{next_hop}\"\nsmarthost_tls = \"opportunistic\"\n\
         [queue]\nretry_first_secs = 1\n\
         [store]\nfree_min_mib = 16\n\
         [log]\nform = \"json\"\n\
         {more}"
    );
    fs::write(home.join("postern.toml"), text).unwrap();
}

fn postern(home: &Path, words: &[&str]) -> Output {
    prepared(home, words).output().expect("the binary was built with this test")
}

fn prepared(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
    command.args(words).env("POSTERN_CONFIG", home.join("postern.toml")).stdin(Stdio::null());
    command
}

fn said(out: Output) -> String {
    let complaint = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{complaint}");
    String::from_utf8(out.stdout).expect("what it prints is UTF-8")
}

fn serve(home: &Path, change: impl FnOnce(&mut Command)) -> (Child, mpsc::Receiver<String>) {
    let mut command = prepared(home, &["serve"]);
    command.current_dir(home).stdout(Stdio::null()).stderr(Stdio::piped());
    change(&mut command);
    let mut child = command.spawn().expect("the binary was built with this test");
    let stderr = child.stderr.take().expect("standard error is a pipe");
    let mut copy = File::create(home.join("log")).unwrap();
    let (tx, rx) = mpsc::channel();
    // Reads until the process exits, so that a full pipe never blocks the daemon.
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            writeln!(copy, "{line}").expect("the log copy can be written");
            // The receiver is gone once the addresses were seen.
            let _ = tx.send(line);
        }
    });
    (child, rx)
}

/// Returns the inodes of a process's open sockets.
fn sockets(pid: u32) -> BTreeSet<String> {
    links(pid)
        .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect()
}

/// Returns what a process's descriptors refer to.
fn links(pid: u32) -> impl Iterator<Item = String> {
    fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("only root may read another user's process")
        // A descriptor may be closed meanwhile.
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .filter_map(|link| link.into_os_string().into_string().ok())
}

/// Returns the port of a line of `/proc/net/tcp` if it is a listener (state 0A) on one of
/// `sockets`.
fn listens(line: &str, sockets: &BTreeSet<String>) -> Option<u16> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    if *state != "0A" || !sockets.contains(*inode) {
        return None;
    }
    u16::from_str_radix(local.rsplit(':').next()?, 16).ok()
}
