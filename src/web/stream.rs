//! Response bodies that are sent while they are read, and wiped from memory once they are sent.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use zeroize::Zeroizing;

use crate::gateway::mailboxes::content::Pieces;

use super::error::Problem;
use super::state::{CostClass, Web};

/// A source of octets that is read piece by piece.
pub trait Source: Send + 'static {
    /// Returns the next piece; `None` at the end.
    fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Problem>;
}

impl Source for Pieces {
    fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
        Ok(Pieces::take_next(self)?)
    }
}

/// Streams a source as a response body. At most a few pieces are in memory, however slow the
/// client is, and each is wiped once it is sent.
pub fn streamed(web: Web, mut pieces: impl Source) -> Body {
    const PIECES_AHEAD: usize = 2;
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(PIECES_AHEAD);
    tokio::spawn(async move {
        loop {
            let read = web.run(CostClass::Content, move |_| {
                let piece = pieces.take_next()?;
                Ok::<_, Problem>((piece, pieces))
            });
            match read.await {
                Ok((Some(piece), rest)) => {
                    pieces = rest;
                    // The client may have disconnected.
                    if sender.send(Ok(Bytes::from_owner(Wiped(piece)))).await.is_err() {
                        return;
                    }
                }
                Ok((None, _)) => return,
                Err(_) => {
                    // The response ends short of its announced length; the log records the reason.
                    let _ = sender.send(Err(io::Error::other("reading failed"))).await;
                    return;
                }
            }
        }
    });
    Body::from_stream(ReceiverStream::new(receiver))
}

/// Octets that are wiped from memory when they are dropped.
pub struct Wiped(pub Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}
