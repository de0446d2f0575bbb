//! Octets that are sent while they are read, and wiped once they are sent.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use zeroize::Zeroizing;

use crate::gateway::mailboxes::content::Pieces;

use super::error::Problem;
use super::state::{CostClass, Web};

/// Octets that are read piece by piece.
pub trait Source: Send + 'static {
    /// The next ones; `None` at the end.
    fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Problem>;
}

impl Source for Pieces {
    fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
        Ok(Pieces::take_next(self)?)
    }
}

/// Sends octets as they are read; never more than a few pieces are in memory, however slow
/// whoever gets them is. They are wiped when they are sent.
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
                    // Whoever asked may have gone.
                    if sender.send(Ok(Bytes::from_owner(Wiped(piece)))).await.is_err() {
                        return;
                    }
                }
                Ok((None, _)) => return,
                Err(_) => {
                    // The connection ends before the announced length; the log says why.
                    let _ = sender.send(Err(io::Error::other("it could not be read"))).await;
                    return;
                }
            }
        }
    });
    Body::from_stream(ReceiverStream::new(receiver))
}

/// Octets that are wiped when the last reader is done.
pub struct Wiped(pub Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}
