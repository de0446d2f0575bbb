//! Response bodies that are sent while they are read, and wiped from memory once they are sent.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use zeroize::Zeroizing;

use crate::gateway::boards::file::FileOpened;
use crate::gateway::mailboxes::content::Pieces;
use crate::net::shares::Held;

use super::asker::Holder;
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

impl Source for FileOpened {
    fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
        Ok(FileOpened::take_next(self)?)
    }
}

const PIECES_AHEAD: usize = 2;

/// Streams a source as a response body. At most a few pieces are in memory, however slow the
/// client is, and each is wiped once it is sent. `memory` is what the source and the stream take of
/// the budget.
pub fn streamed(web: Web, source: impl Source, memory: Held<Holder>, holder: Holder) -> Body {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(PIECES_AHEAD);
    let memory = Arc::new(memory);
    tokio::spawn(async move {
        // Declared before the source, and so returned after it is gone.
        let memory = memory;
        let mut source = Some(source);
        while let Some(mut pieces) = source.take() {
            let read = web.run_for(holder, CostClass::Content, move |_| {
                let piece = pieces.take_next()?;
                Ok::<_, Problem>((piece, pieces))
            });
            let piece = match read.await {
                Ok((Some(piece), rest)) => {
                    source = Some(rest);
                    Ok(Bytes::from_owner(Wiped(piece, memory.clone())))
                }
                Ok((None, _)) => return,
                // The response ends short of its announced length; the log records the reason.
                Err(_) => Err(io::Error::other("reading failed")),
            };
            // The client may have disconnected.
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(receiver))
}

/// Octets that are wiped from memory when they are dropped, and what they take of the budget.
struct Wiped(Zeroizing<Vec<u8>>, #[expect(dead_code, reason = "held")] Arc<Held<Holder>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}
