//! The socket's server: accepts a connection, reads one request, answers it and closes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::net::work::{self, NotDone};

use super::handle::handle;
use super::protocol::{Answer, Request};

/// The maximum length of a request line, in octets.
const REQUEST_OCTETS_MAX: u64 = 64 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

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
    let request = match read_request(BufReader::new(read.take(REQUEST_OCTETS_MAX))).await {
        Ok(request) => request,
        Err(message) => {
            send(&mut write, &Answer::Failed { message }).await;
            return;
        }
    };
    let (sender, mut receiver) = mpsc::channel::<Answer>(16);
    let work = tokio::spawn(work::run(move || {
        // Progress may be lost while the channel is full; the answer itself waits for space.
        let progress = sender.clone();
        let answer = handle(&gateway, request, &mut |done, total| {
            let _ = progress.try_send(Answer::Progress { done, total });
        });
        let _ = sender.blocking_send(answer);
    }));
    while let Some(answer) = receiver.recv().await {
        if !send(&mut write, &answer).await {
            break;
        }
    }
    if let Ok(Err(error)) | Err(error) = work.await.map_err(NotDone::from) {
        tracing::error!(%error, "a control command failed");
    }
}

async fn read_request(mut lines: impl AsyncBufReadExt + Unpin) -> Result<Request, String> {
    let mut line = String::new();
    let read = tokio::time::timeout(REQUEST_TIMEOUT, lines.read_line(&mut line)).await;
    match read {
        Err(_) => Err("no request arrived in time".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(_)) => serde_json::from_str(&line).map_err(|error| format!("bad request: {error}")),
    }
}

async fn send(write: &mut (impl AsyncWriteExt + Unpin), answer: &Answer) -> bool {
    let mut line = serde_json::to_vec(answer).expect("every answer can be serialised");
    line.push(b'\n');
    write.write_all(&line).await.is_ok()
}
