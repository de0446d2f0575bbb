//! Who holds a port that is in use.

use std::path::Path;

/// Whether systemd listens on a port, in order to hand it over when it starts the service. `None` if
/// this may not be known: only root sees what the first process has open, but anybody sees that a
/// listener is not root's.
pub fn is_held_by_systemd(port: u16) -> Option<bool> {
    is_held_by_first(Path::new("/proc"), port)
}

fn is_held_by_first(proc: &Path, port: u16) -> Option<bool> {
    let name = std::fs::read_to_string(proc.join("1/comm")).unwrap_or_default();
    let mut sockets = Vec::new();
    for table in ["net/tcp", "net/tcp6"] {
        let table = std::fs::read_to_string(proc.join(table)).unwrap_or_default();
        sockets.extend(table.lines().filter_map(|line| roots_listener(line, port)));
    }
    if name.trim_end() != "systemd" || sockets.is_empty() {
        return Some(false);
    }
    let open = std::fs::read_dir(proc.join("1/fd")).ok()?;
    let mut links = open.filter_map(|one| std::fs::read_link(one.ok()?.path()).ok());
    Some(links.any(|link| sockets.iter().any(|socket| link == Path::new(socket))))
}

/// Returns the name of the socket in a line of the kernel's table (proc_pid_net(5)) if it listens on
/// the port and belongs to root.
fn roots_listener(line: &str, port: u16) -> Option<String> {
    const LISTENS: &str = "0A";
    const ROOT: &str = "0";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, local, _, state, _, _, _, user, _, inode, ..] = fields[..] else { return None };
    let (_, digits) = local.rsplit_once(':')?;
    let is_there = state == LISTENS && u16::from_str_radix(digits, 16).ok()? == port;
    (is_there && user == ROOT).then(|| format!("socket:[{inode}]"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt \
        uid  timeout inode\n   \
        0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0\n   \
        1: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 78 1 0\n   \
        2: 0100007F:0050 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 77 1 0\n";

    #[test]
    fn only_a_listener_of_systemd_is_held_for_the_service() {
        let proc = tempfile::tempdir().unwrap();
        let proc = proc.path();
        fs::create_dir_all(proc.join("net")).unwrap();
        fs::create_dir_all(proc.join("1")).unwrap();
        fs::write(proc.join("1/comm"), "systemd\n").unwrap();
        fs::write(proc.join("net/tcp6"), TABLE).unwrap();
        // What systemd has open cannot be seen; of a user's listener, or none, that is not needed.
        assert_eq!(is_held_by_first(proc, 25), None);
        assert_eq!(is_held_by_first(proc, 22), Some(false));
        assert_eq!(is_held_by_first(proc, 80), Some(false));
        fs::create_dir(proc.join("1/fd")).unwrap();
        symlink("socket:[78]", proc.join("1/fd/3")).unwrap();
        assert_eq!(is_held_by_first(proc, 25), Some(false), "another program of root's");
        symlink("socket:[77]", proc.join("1/fd/4")).unwrap();
        assert_eq!(is_held_by_first(proc, 25), Some(true));
        fs::write(proc.join("1/comm"), "init\n").unwrap();
        assert_eq!(is_held_by_first(proc, 25), Some(false));
    }
}
