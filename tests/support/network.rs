//! Isolated networks: a Linux network namespace for the test itself, and another one at the far end
//! of a virtual link.
//!
//! A process inside sees the link and a loopback interface of its own, and has every port to
//! itself. The test is in a namespace too because Chromium drops its connections whenever the
//! network of its machine changes, which other tests cause.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Set for a test that already runs in its own namespace.
const APART: &str = "TEST_APART";

/// Runs the test of this name, whose body is given, again in a process that has a network of its
/// own, and fails if that run fails.
pub fn apart(test: &str, body: impl FnOnce()) {
    if std::env::var_os(APART).is_some() {
        ip("link set lo up");
        return body();
    }
    let unshare = |program: PathBuf| {
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount"]).arg(program);
        command
    };
    let can = unshare("true".into()).stderr(Stdio::null()).status();
    assert!(can.is_ok_and(|can| can.success()), "This test needs root and network namespaces.");
    let status = unshare(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(APART, "1")
        .status();
    assert!(status.unwrap().success(), "{test} failed; see the output above");
}

/// A link (veth pair) from this namespace to another.
pub struct Network {
    name: String,
    /// The interface at this end of the link.
    pub cable: &'static str,
    /// This side's address.
    pub here: Ipv4Addr,
    /// The address inside.
    pub there: Ipv4Addr,
}

impl Network {
    /// Creates the link; the test must run under [`apart`].
    pub fn start() -> Network {
        let network = Network {
            name: format!("postern-{}", std::process::id()),
            cable: "cable",
            here: Ipv4Addr::new(10, 77, 0, 1),
            there: Ipv4Addr::new(10, 77, 0, 2),
        };
        let Network { name, cable, here, there } = &network;
        ip(&format!("netns add {name}"));
        ip(&format!("link add {cable} type veth peer name eth0 netns {name}"));
        // Otherwise each end gets an IPv6 address, which can be used a second or two later: that is a
        // change of the network, and what Chromium is loading just then fails.
        ip(&format!("link set {cable} addrgenmode none"));
        ip(&format!("-n {name} link set eth0 addrgenmode none"));
        ip(&format!("addr add {here}/30 dev {cable}"));
        ip(&format!("link set {cable} up"));
        ip(&format!("-n {name} addr add {there}/30 dev eth0"));
        ip(&format!("-n {name} link set eth0 up"));
        ip(&format!("-n {name} link set lo up"));
        network
    }

    /// Returns a command that runs inside.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Makes processes inside send their DNS queries to this side.
    pub fn resolve_here(&self) {
        fs::create_dir_all(self.resolver()).unwrap();
        let file = self.resolver().join("resolv.conf");
        fs::write(file, format!("nameserver {}\n", self.here)).unwrap();
    }

    /// The folder that ip-netns(8) shows as /etc to processes inside.
    fn resolver(&self) -> PathBuf {
        PathBuf::from("/etc/netns").join(&self.name)
    }

    /// Installs a firewall inside that allows only HTTPS and DNS queries outwards, and nothing
    /// inwards.
    pub fn wall_in(&self) {
        let rules = "table inet wall {\n\
            chain out {\n type filter hook output priority 0; policy drop;\n\
            oif lo accept\n tcp dport 443 accept\n meta l4proto { tcp, udp } th dport 53 accept\n}\n\
            chain in {\n type filter hook input priority 0; policy drop;\n\
            iif lo accept\n ct state established accept\n}\n}\n";
        let out = self.command("nft").arg(rules).output().expect("ip is installed");
        assert!(out.status.success(), "nft: {}", String::from_utf8_lossy(&out.stderr));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The link disappears with the namespace; the folder exists only after `resolve_here`.
        let _ = fs::remove_dir_all(self.resolver());
        let gone = Command::new("ip").args(["netns", "del", &self.name]).status();
        // A second panic while unwinding would hide the first.
        if !std::thread::panicking() {
            assert!(gone.is_ok_and(|status| status.success()), "{} still exists", self.name);
        }
    }
}

fn ip(words: &str) {
    let why = match Command::new("ip").args(words.split(' ')).output() {
        Ok(out) if out.status.success() => return,
        Ok(out) => String::from_utf8_lossy(&out.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    panic!("This test needs root and network namespaces (ip {words}: {why}).");
}
