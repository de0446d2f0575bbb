//! Networks that no other test sees: a Linux network namespace for the test itself, and another
//! at the far end of a cable.
//!
//! What runs inside sees the cable and a loopback of its own, and has every port to itself. The
//! test is in a namespace too because Chromium gives up its connections whenever the network of
//! its machine changes, and other tests use that.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Tells a test that it runs apart already.
const APART: &str = "TEST_APART";

/// Runs the test of this name, whose body is given, again in a process that has a network of its
/// own, and fails as that fails.
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
    assert!(status.unwrap().success(), "{test} failed, as said above");
}

/// A cable from this namespace to another.
pub struct Network {
    name: String,
    /// The end of the cable on this side.
    pub cable: &'static str,
    /// This side's address.
    pub here: Ipv4Addr,
    /// The address inside.
    pub there: Ipv4Addr,
}

impl Network {
    /// Lays the cable; the test runs [`apart`].
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
        ip(&format!("addr add {here}/30 dev {cable}"));
        ip(&format!("link set {cable} up"));
        ip(&format!("-n {name} addr add {there}/30 dev eth0"));
        ip(&format!("-n {name} link set eth0 up"));
        ip(&format!("-n {name} link set lo up"));
        network
    }

    /// A command that will run inside.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// From now on names are asked for on this side.
    pub fn resolve_here(&self) {
        fs::create_dir_all(self.resolver()).unwrap();
        let file = self.resolver().join("resolv.conf");
        fs::write(file, format!("nameserver {}\n", self.here)).unwrap();
    }

    /// ip-netns(8) shows it as /etc to what runs inside.
    fn resolver(&self) -> PathBuf {
        PathBuf::from("/etc/netns").join(&self.name)
    }

    /// From now on nothing leaves from inside but HTTPS and questions for names, and nobody comes
    /// in.
    pub fn wall_in(&self) {
        let rules = "table inet wall {\n\
            chain out {\n type filter hook output priority 0; policy drop;\n\
            oif lo accept\n tcp dport 443 accept\n meta l4proto { tcp, udp } th dport 53 accept\n}\n\
            chain in {\n type filter hook input priority 0; policy drop;\n\
            iif lo accept\n ct state established accept\n}\n}\n";
        let out = self.command("nft").arg(rules).output().expect("ip is there");
        assert!(out.status.success(), "nft: {}", String::from_utf8_lossy(&out.stderr));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The cable goes with the namespace; where no names were asked for, there is no folder.
        let _ = fs::remove_dir_all(self.resolver());
        let gone = Command::new("ip").args(["netns", "del", &self.name]).status();
        // A second panic while unwinding would hide the first.
        if !std::thread::panicking() {
            assert!(gone.is_ok_and(|status| status.success()), "{} is still there", self.name);
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
