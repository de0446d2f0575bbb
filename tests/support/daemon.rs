//! Runs the real binary as `postern demo`, and the `postern mail` commands against it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use postern::client::Client;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::wait_for;

/// The domain of every test account: `u1@test.example` to `u50@test.example`.
pub const DOMAIN: &str = "test.example";
pub const PASSWORD: &str = "correct horse battery staple 7";
/// The first start derives keys from fifty passwords with Argon2id, on a machine of unknown speed.
const START_LIMIT: Duration = Duration::from_secs(180);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A running daemon in a folder of its own.
pub struct Daemon {
    child: Child,
    home: TempDir,
    pub smtp: SocketAddr,
    pub url: String,
}

impl Daemon {
    /// Starts with an empty folder.
    pub fn start() -> Daemon {
        Daemon::start_with(&[])
    }

    /// Starts with an empty folder and more arguments on the command line.
    pub fn start_with(words: &[&str]) -> Daemon {
        let home = tempfile::tempdir().expect("a temporary folder");
        let password = home.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        Daemon::start_in(home, words)
    }

    /// Stops this daemon with SIGTERM and starts another on the same folder.
    pub fn restart(self) -> Daemon {
        Daemon::start_in(self.stop(), &[])
    }

    /// Kills this daemon with SIGKILL, and starts another on the same folder.
    pub fn kill_and_start(mut self, words: &[&str]) -> Daemon {
        end(&mut self.child);
        let empty = tempfile::tempdir().expect("a temporary folder");
        Daemon::start_in(std::mem::replace(&mut self.home, empty), words)
    }

    /// Kills this daemon with SIGKILL while others use it. [`Daemon::kill_and_start`] starts the next one.
    pub fn kill(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::KILL).expect("the daemon can be signalled");
    }

    /// Signs in with the password that all accounts here share.
    pub async fn client(&self, user: &str) -> Client {
        let signed_in = Client::sign_in(&self.url, &self.ca(), user, PASSWORD).await;
        signed_in.unwrap_or_else(|error| panic!("{user}: {error}"))
    }

    /// Starts on the folder of one that was stopped, or on a copy of it.
    pub fn start_in(home: TempDir, words: &[&str]) -> Daemon {
        let (child, lines) = spawn(home.path(), words);
        let mut daemon = Daemon { child, home, smtp: ([0, 0, 0, 0], 0).into(), url: String::new() };
        daemon.read_addresses(lines);
        daemon
    }

    /// Reads the addresses from standard output until `ready`.
    fn read_addresses(&mut self, lines: mpsc::Receiver<String>) {
        let end = Instant::now() + START_LIMIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = lines.recv_timeout(left) else {
                panic!("the daemon never printed `ready`; its logs:\n{}", self.logs_text());
            };
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("smtp"), Some(at)) => self.smtp = at.parse().expect("an address after smtp"),
                (Some("https"), Some(url)) => self.url = url.trim_end_matches('/').to_owned(),
                (Some("ready"), _) => break,
                _ => {}
            }
        }
        assert!(self.smtp.port() != 0, "no `smtp ADDRESS` line before `ready`");
        assert!(self.url.starts_with("https://"), "no `https URL` line before `ready`");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The folder that contains the data folder and the captured logs, and nothing else of
    /// interest.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    pub fn ca(&self) -> PathBuf {
        self.data().join("ca.pem")
    }

    /// Returns everything the daemon has printed so far, for the message of a failing assertion.
    pub fn logs_text(&self) -> String {
        ["stdout.log", "stderr.log"]
            .iter()
            .map(|name| fs::read(self.home.path().join(name)).unwrap_or_default())
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .collect()
    }

    /// The file with the password that all accounts share.
    pub fn password_file(&self) -> PathBuf {
        self.home.path().join("password")
    }

    /// Stops the daemon as an operator would and waits until it has exited; the folder stays.
    pub fn stop(mut self) -> TempDir {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("the daemon can be signalled");
        let status = wait_for("the daemon to stop", STOP_LIMIT, || self.child.try_wait().unwrap());
        assert!(status.success(), "stopped with {status}; its logs:\n{}", self.logs_text());
        let empty = tempfile::tempdir().expect("a temporary folder");
        std::mem::replace(&mut self.home, empty)
    }

    /// Ends the daemon with SIGABRT, as a fault that dumps core does, and waits until it has
    /// exited; the folder stays.
    pub fn abort(mut self) -> TempDir {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::ABORT).expect("the daemon can be signalled");
        wait_for("the daemon to end", STOP_LIMIT, || self.child.try_wait().unwrap());
        let empty = tempfile::tempdir().expect("a temporary folder");
        std::mem::replace(&mut self.home, empty)
    }

    /// Signs in as `user` for one `postern mail` command and returns its standard output.
    pub fn mail(&self, user: &str, verb: &str, words: &[&str]) -> Vec<u8> {
        let out = self.mail_tried(user, verb, words);
        let complaint = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "mail {verb} {words:?} for {user}: {complaint}");
        out.stdout
    }

    /// The same, whether it succeeds or not.
    pub fn mail_tried(&self, user: &str, verb: &str, words: &[&str]) -> Output {
        let output = self.mail_command(user, verb, words).output();
        output.expect("the binary was built with this test")
    }

    /// Starts the command; its output comes by a pipe.
    pub fn mail_started(&self, user: &str, verb: &str, words: &[&str]) -> Child {
        let mut command = self.mail_command(user, verb, words);
        command.stdout(Stdio::piped()).spawn().expect("the binary was built with this test")
    }

    fn mail_command(&self, user: &str, verb: &str, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
        command
            .args(["mail", verb, "--url", &self.url, "--user", user])
            .arg("--ca")
            .arg(self.ca())
            .arg("--password-file")
            .arg(self.home.path().join("password"))
            .args(words)
            .stdin(Stdio::null());
        command
    }

    /// Returns the references of all messages of `user`, in the order of `mail list`.
    pub fn references(&self, user: &str) -> Vec<String> {
        let list = String::from_utf8(self.mail(user, "list", &[])).expect("the list is UTF-8");
        list.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    }

    /// Returns the raw octets of every message of every user named, with one session per user.
    pub fn read_all(&self, users: &[String]) -> Vec<Vec<u8>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut all = Vec::new();
            for user in users {
                let mut client = self.client(user).await;
                for item in client.list("inbox").await.expect("the list is returned") {
                    let octets = client.get(item.reference).await;
                    all.push(octets.unwrap_or_else(|e| panic!("{}: {e}", item.reference)).to_vec());
                }
            }
            all
        })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            end(&mut self.child);
        }
    }
}

fn end(child: &mut Child) -> Option<ExitStatus> {
    child.kill().ok()?;
    child.wait().ok()
}

fn spawn(home: &Path, words: &[&str]) -> (Child, mpsc::Receiver<String>) {
    let stderr = File::options().create(true).append(true).open(home.join("stderr.log")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_postern"))
        .arg("demo")
        .arg("--data")
        .arg(home.join("data"))
        .args(["--keep", "--no-samples", "--domain", DOMAIN, "--accounts", "50"])
        .arg("--password-file")
        .arg(home.join("password"))
        .args(["--smtp", "127.0.0.1:0", "--https", "127.0.0.1:0"])
        .args(words)
        // A core dump is written to the working directory of the process.
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .expect("the binary was built with this test");
    let stdout = child.stdout.take().expect("standard output is a pipe");
    let mut copy = File::options().create(true).append(true).open(home.join("stdout.log")).unwrap();
    let (tx, rx) = mpsc::channel();
    // Reads until the process exits, so that a full pipe never blocks the daemon.
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            writeln!(copy, "{line}").expect("the log copy can be written");
            // The receiver is gone once `ready` was seen.
            let _ = tx.send(line);
        }
    });
    (child, rx)
}
