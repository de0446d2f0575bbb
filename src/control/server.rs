//! The socket's server: accepts a connection, reads one request, answers it and closes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader, Take};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::net::work::{self, NotDone};

use super::handle::handle;
use super::protocol::{Answer, IMPORT_OCTETS_MAX, Output, Request};

/// The maximum length of a request line, in octets.
const REQUEST_OCTETS_MAX: u64 = 64 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a command line may take to read what it is sent. Nothing is erased while a backup is
/// being read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// Listens on the socket at `path`. A socket that a crashed daemon left behind is replaced; the
/// store's lock, which is taken before this, guarantees that no other daemon is running.
///
/// # Errors
///
/// Any error of the file system: a daemon that cannot be administered must not start.
pub fn bind(path: &Path) -> std::io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers what arrives at `listener`, which was bound to `path`, until `stop` is cancelled.
pub async fn serve(
    listener: UnixListener,
    path: &Path,
    gateway: Gateway,
    stop: CancellationToken,
) -> std::io::Result<()> {
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(serve_one(stream, gateway.clone()));
                }
                Err(error) => tracing::warn!(%error, "control socket: accept failed"),
            },
        }
    }
    std::fs::remove_file(path)
}

async fn serve_one(stream: UnixStream, gateway: Gateway) {
    let (read, mut write) = stream.into_split();
    let (request, body) = match read_request(BufReader::new(read.take(REQUEST_OCTETS_MAX))).await {
        Ok(asked) => asked,
        Err(message) => {
            send(&mut write, &Answer::Failed { message }, &[]).await;
            return;
        }
    };
    let (sender, mut receiver) = mpsc::channel(16);
    let work = tokio::spawn(work::run(move || {
        let mut sending = Sending(sender);
        let answer = handle(&gateway, (request, &body), &mut sending);
        let _ = sending.0.blocking_send((answer, Vec::new()));
    }));
    while let Some((answer, octets)) = receiver.recv().await {
        if !send(&mut write, &answer, &octets).await {
            break;
        }
    }
    // What is still being sent to nobody ends here.
    drop(receiver);
    if let Ok(Err(error)) | Err(error) = work.await.map_err(NotDone::from) {
        tracing::error!(%error, "a control command failed");
    }
}

/// Passes on what a command tells, each with the octets that follow it.
struct Sending(mpsc::Sender<(Answer, Vec<u8>)>);

impl Output for Sending {
    fn progress(&mut self, done: u64, total: u64) {
        // Progress may be lost while the channel is full; the answer itself waits for space.
        let _ = self.0.try_send((Answer::Progress { done, total }, Vec::new()));
    }

    fn octets(&mut self, octets: &[u8]) -> std::io::Result<()> {
        let answer = Answer::Octets { length: octets.len() as u64 };
        let sent = self.0.blocking_send((answer, octets.to_vec()));
        sent.map_err(|_| std::io::Error::other("nobody reads it any more"))
    }
}

/// Reads a request, and the octets that follow its line.
async fn read_request(
    mut lines: BufReader<Take<impl AsyncRead + Unpin>>,
) -> Result<(Request, Vec<u8>), String> {
    let mut line = String::new();
    let read = tokio::time::timeout(REQUEST_TIMEOUT, lines.read_line(&mut line)).await;
    match read {
        Err(_) => return Err("no request arrived in time".to_owned()),
        Ok(read) => read.map_err(|error| error.to_string())?,
    };
    let request: Request =
        serde_json::from_str(&line).map_err(|error| format!("bad request: {error}"))?;
    let length = usize::try_from(request.body_octets()).unwrap_or(usize::MAX);
    if length > IMPORT_OCTETS_MAX {
        return Err(format!("more than {IMPORT_OCTETS_MAX} octets"));
    }
    let mut body = vec![0; length];
    // Some of it may have been read together with the line.
    lines.get_mut().set_limit(length as u64);
    let read = tokio::time::timeout(REQUEST_TIMEOUT, lines.read_exact(&mut body)).await;
    match read {
        Err(_) => Err("no message arrived in time".to_owned()),
        Ok(read) => read.map(|_| (request, body)).map_err(|error| error.to_string()),
    }
}

async fn send(write: &mut (impl AsyncWriteExt + Unpin), answer: &Answer, octets: &[u8]) -> bool {
    let mut line = serde_json::to_vec(answer).expect("every answer can be serialised");
    line.push(b'\n');
    line.extend_from_slice(octets);
    let written = tokio::time::timeout(WRITE_TIMEOUT, write.write_all(&line)).await;
    matches!(written, Ok(Ok(())))
}
