//! The command line's side of the control socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::protocol::{Answer, Request, SOCKET_NAME};

/// Connects to the daemon, or returns `None` when none is running on this data folder.
pub fn connect(data: &Path) -> Option<UnixStream> {
    UnixStream::connect(data.join(SOCKET_NAME)).ok()
}

/// Sends a request and reads its answer; `progress` is called as long-running work advances.
pub fn ask(
    stream: UnixStream,
    request: &Request,
    progress: &mut dyn FnMut(u64, u64),
) -> std::io::Result<Answer> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    (&stream).write_all(&line)?;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?)? {
            Answer::Progress { done, total } => progress(done, total),
            answer => return Ok(answer),
        }
    }
    Err(std::io::Error::other("the daemon closed the connection before it answered"))
}
