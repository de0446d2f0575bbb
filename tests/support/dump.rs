//! A core of the running daemon, by whatever means this machine has: the kernel's own, where cores
//! are files and not handed to a program, else the debugger's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::daemon::Daemon;

/// Every kind of memory (core(5)), so that the core holds no less than the process.
const EVERYTHING: &str = "0x7f";

/// Ends the daemon and gives back its core, which lies in `folder`.
pub fn core_of(daemon: Daemon, folder: &Path) -> PathBuf {
    let pid = daemon.pid();
    fs::write(format!("/proc/{pid}/coredump_filter"), EVERYTHING).unwrap();
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    let is_file_here = !pattern.starts_with('|') && !pattern.contains('/');
    match is_file_here {
        true => by_kernel(daemon, folder, pattern.trim()),
        false => by_debugger(&daemon, folder),
    }
}

fn by_kernel(daemon: Daemon, folder: &Path, pattern: &str) -> PathBuf {
    let pid = i32::try_from(daemon.pid()).ok().and_then(Pid::from_raw);
    prlimit(pid, Resource::Core, Rlimit { current: None, maximum: None })
        .expect("root may lift the limit of a process");
    let home = daemon.abort();
    // The pattern may go on with the process's id or name.
    let start = pattern.split('%').next().unwrap_or_default();
    let core = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start))
        .expect("the kernel wrote a core");
    let kept = folder.join("core");
    // Another file system, perhaps.
    fs::copy(core, &kept).unwrap();
    kept
}

fn by_debugger(daemon: &Daemon, folder: &Path) -> PathBuf {
    let start = folder.join("core");
    let made = Command::new("gcore")
        .args(["-a", "-o"])
        .arg(&start)
        .arg(daemon.pid().to_string())
        .output()
        .expect("cores are handed to a program here, so this needs gcore of the package gdb");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder.join(format!("core.{}", daemon.pid()))
}
