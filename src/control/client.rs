//! The command line's side of the control socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::protocol::{Answer, Output, Request, SOCKET_NAME};

/// The most octets that follow a line.
const OCTETS_MAX: u64 = 1024 * 1024;
/// No line of an answer is longer.
const LINE_OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// Connects to the daemon, or returns `None` when none is running on this data folder.
pub fn connect(data: &Path) -> Option<UnixStream> {
    UnixStream::connect(data.join(SOCKET_NAME)).ok()
}

/// Sends a request, with the octets that follow it, and reads its answer; `output` is told what comes before it.
pub fn ask(
    stream: UnixStream,
    (request, body): (&Request, &[u8]),
    output: &mut dyn Output,
) -> io::Result<Answer> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    (&stream).write_all(&line)?;
    (&stream).write_all(body)?;
    let mut answers = BufReader::new(stream);
    loop {
        line.clear();
        if (&mut answers).take(LINE_OCTETS_MAX).read_until(b'\n', &mut line)? == 0 {
            let ended = "the daemon closed the connection before it answered";
            return Err(io::Error::other(ended));
        }
        match serde_json::from_slice(&line)? {
            Answer::Progress { done, total } => output.progress(done, total),
            Answer::Octets { length } if length <= OCTETS_MAX => {
                let mut octets = vec![0; usize::try_from(length).map_err(io::Error::other)?];
                answers.read_exact(&mut octets)?;
                output.octets(&octets)?;
            }
            answer => return Ok(answer),
        }
    }
}
