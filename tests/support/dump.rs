//! Takes a core dump of the running daemon: with the kernel's own dump if the kernel writes cores
//! to files here, or with the debugger if it pipes them to a program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::daemon::Daemon;

/// Every kind of memory (core(5)), so that the core dump contains no less than the process.
const EVERYTHING: &str = "0x7f";

/// Stops the daemon and returns the path of its core dump, which is in `folder`.
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
    // The pattern may continue with the process's ID or name.
    let start = pattern.split('%').next().unwrap_or_default();
    let core = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start))
        .expect("the kernel wrote a core dump");
    let kept = folder.join("core");
    // A copy, because the folder may be on another file system.
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
        .expect("the kernel pipes core dumps to a program, so this needs gcore (package gdb)");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder.join(format!("core.{}", daemon.pid()))
}

/// Returns the parts of a core dump (ELF, 64 bits, little-endian) that are memory.
pub fn memory_in(core: &[u8]) -> Vec<&[u8]> {
    const LOADED: u32 = 1;
    let two = |at: usize| usize::from(u16::from_le_bytes(core[at..at + 2].try_into().unwrap()));
    let eight = |at: usize| {
        usize::try_from(u64::from_le_bytes(core[at..at + 8].try_into().unwrap())).unwrap()
    };
    let (headers, size, count) = (eight(32), two(54), two(56));
    let header = |n: usize| headers + n * size;
    let is_loaded = |at: &usize| core[*at..at + 4] == LOADED.to_le_bytes();
    let part = |at: usize| &core[eight(at + 8)..eight(at + 8) + eight(at + 32)];
    (0..count).map(header).filter(is_loaded).map(part).collect()
}
