//! A stream with timeouts: for the peer's first octets, and for a peer that does not read the
//! responses. Everything in between has timeouts of its own. What arrives, and what is sent, is
//! counted in the connection's ledger.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::ledger::Ledger;

/// The length of the HTTP/2 preface (RFC 9113 §3.4) in octets; before it, hyper sets no timer on
/// HTTP/2 connections. The shortest HTTP/1.1 request with a Host field is just as long.
const FIRST_OCTETS: usize = 24;

/// A stream with timeouts.
pub struct TimedStream<S> {
    stream: S,
    ledger: Arc<Ledger>,
    /// The timer for the first octets; `None` once they have arrived.
    first: Option<Pin<Box<Sleep>>>,
    seen: usize,
    write: Duration,
    /// The timer that runs while the peer accepts no data.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> TimedStream<S> {
    /// Wraps `stream`, which waits `first` for the first octets, and `write` for the peer to accept
    /// each piece of data.
    pub fn new(stream: S, ledger: Arc<Ledger>, first: Duration, write: Duration) -> TimedStream<S> {
        let first = Some(Box::pin(sleep(first)));
        TimedStream { stream, ledger, first, seen: 0, write, stalled: None }
    }

    fn count(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(count)) = written {
            self.ledger.sent(*count);
        }
    }

    /// Fails a write that has been pending for too long.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let write = self.write;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(write)));
        ready!(stalled.as_mut().poll(context));
        stalled.as_mut().reset(Instant::now() + write);
        Poll::Ready(Err(too_slow("the peer stopped reading")))
    }
}

fn too_slow(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let this = &mut *self;
        if polled.is_ready() {
            let count = buffer.filled().len() - before;
            this.seen = this.seen.saturating_add(count);
            if this.seen >= FIRST_OCTETS {
                this.first = None;
            }
            if !this.ledger.received(count) {
                return Poll::Ready(Err(io::Error::other("the peer asks nothing")));
            }
            return polled;
        }
        match &mut this.first {
            Some(first) => {
                ready!(first.as_mut().poll(context));
                Poll::Ready(Err(too_slow("the peer sent no request in time")))
            }
            None => Poll::Pending,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, octets);
        self.count(&polled);
        self.watch(context, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.count(&polled);
        self.watch(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const FIRST: Duration = Duration::from_secs(5);
    const WRITE: Duration = Duration::from_secs(7);

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_not_waited_for() {
        let (near, mut far) = duplex(64);
        let mut patient = TimedStream::new(near, Ledger::new(0), FIRST, WRITE);
        far.write_all(b"PRI * HTTP").await.unwrap();
        let began = Instant::now();
        let error = patient.read_exact(&mut [0; 24]).await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed()), (io::ErrorKind::TimedOut, FIRST));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_has_started_may_be_silent() {
        let (near, mut far) = duplex(64);
        let mut patient = TimedStream::new(near, Ledger::new(0), FIRST, WRITE);
        far.write_all(&[b'x'; 24]).await.unwrap();
        patient.read_exact(&mut [0; 24]).await.unwrap();
        let later = async {
            sleep(10 * FIRST).await;
            far.write_all(b"y").await.unwrap();
        };
        let mut one = [0];
        let (read, ()) = tokio::join!(patient.read_exact(&mut one), later);
        assert_eq!((read.unwrap(), one), (1, *b"y"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_cut_off_and_one_that_reads_slowly_is_not() {
        let (near, mut far) = duplex(8);
        let mut patient = TimedStream::new(near, Ledger::new(0), FIRST, WRITE);
        let reader = async {
            for _ in 0..4 {
                sleep(WRITE - Duration::from_secs(1)).await;
                far.read_exact(&mut [0; 8]).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(patient.write_all(&[0; 32]), reader);
        written.unwrap();
        patient.write_all(&[0; 8]).await.unwrap();
        let began = Instant::now();
        let error = patient.write_all(&[0]).await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed()), (io::ErrorKind::TimedOut, WRITE));
    }
}
