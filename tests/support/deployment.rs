//! The daemon as an administrator sets it up: a configuration file, `setup`, `serve`, `user add`,
//! on the default ports.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::daemon::DOMAIN;
use super::network::Network;
use super::smtp::Smtp;
use super::wait_for;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// The host name that users type.
pub const HOST: &str = "mail.test.example";

pub struct Deployment {
    child: Child,
    folder: TempDir,
    at: Ipv4Addr,
}

impl Deployment {
    /// Starts inside a network's namespace, with the default listeners.
    pub fn inside(network: &Network, password: &str) -> Deployment {
        let program = env!("CARGO_BIN_EXE_postern");
        Deployment::start(network.there, "", "", network.command(program), password)
    }

    /// Starts on this side of a network, at its address alone.
    pub fn beside(network: &Network, password: &str) -> Deployment {
        let here = network.here;
        let smtp = format!("listen = [\"{here}:25\"]");
        let https = format!("listen = [\"{here}:443\"]\nredirect_listen = [\"{here}:80\"]");
        let program = Command::new(env!("CARGO_BIN_EXE_postern"));
        Deployment::start(here, &smtp, &https, program, password)
    }

    fn start(
        at: Ipv4Addr,
        smtp: &str,
        https: &str,
        mut program: Command,
        password: &str,
    ) -> Deployment {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        let names = ["localhost", HOST].map(str::to_owned).into_iter().chain([at.to_string()]);
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names.collect::<Vec<_>>()).unwrap();
        fs::write(path.join("certificate.pem"), cert.pem()).unwrap();
        fs::write(path.join("certificate.key"), signing_key.serialize_pem()).unwrap();
        fs::write(path.join("password"), password).unwrap();
        let root = path.display();
        // No server answers the reverse look-ups of peers.
        let config = format!(
            "[server]\nhost_name = \"{HOST}\"\ndomains = [\"{DOMAIN}\"]\ndata = \"{root}/data\"\n\
             daemon_key = \"{root}/daemon.key\"\n[tls]\ncertificate = \"{root}/certificate.pem\"\n\
             key = \"{root}/certificate.key\"\n[smtp]\nauthentication = false\n{smtp}\n\
             [https]\nhost_names = [\"{at}\"]\n{https}\n\
             [dns]\nservers = [\"127.0.0.1:9\"]\ntimeout_secs = 1\n\
             [store]\nfree_min_mib = 16\n[outgoing]\nundo_secs = 0\n"
        );
        fs::write(path.join("postern.toml"), config).unwrap();
        run(path, &["setup"]);
        let log = File::create(path.join("log")).unwrap();
        program.args(["serve", "--config"]).arg(path.join("postern.toml"));
        program.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = program.spawn().expect("the binary was built with this test");
        let mut deployment = Deployment { child, folder, at };
        deployment.ready();
        deployment
    }

    fn ready(&mut self) {
        let https = SocketAddr::new(IpAddr::V4(self.at), 443);
        wait_for("the daemon to listen", START_LIMIT, || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", self.log());
            TcpStream::connect(https).ok()
        });
        for user in ["u1", "u2"] {
            let own = ["--password-file", "password", "--own-password"];
            run(self.folder.path(), &[&["user", "add", user][..], &own].concat());
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Opens a plaintext session.
    pub fn smtp(&self) -> Smtp {
        Smtp::connect((self.at, 25).into())
    }

    /// Opens a session over TLS.
    pub fn smtp_tls(&self) -> Smtp {
        Smtp::connect_tls((self.at, 25).into(), &self.ca())
    }

    pub fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .expect("the child can be signalled");
        let status = wait_for("the daemon to stop", STOP_LIMIT, || self.child.try_wait().unwrap());
        assert!(status.success(), "stopped with {status}: {}", self.log());
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) && self.child.kill().is_ok() {
            let _ = self.child.wait();
        }
    }
}

fn run(folder: &std::path::Path, words: &[&str]) {
    let out = Command::new(env!("CARGO_BIN_EXE_postern"))
        .args(words)
        .args(["--config", "postern.toml"])
        .current_dir(folder)
        .output()
        .expect("the binary was built with this test");
    assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
}
