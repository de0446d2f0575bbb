//! A stream that does not wait for ever: for a peer's first octets, or for one that does not
//! read what it asked for. Everything between has timeouts of its own.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Octets of the HTTP/2 preface (RFC 9113 §3.4), before which hyper sets no timer there. The
/// shortest HTTP/1.1 request with a Host field has as many.
const FIRST_OCTETS: usize = 24;

/// Wraps a stream.
pub struct TimedStream<S> {
    stream: S,
    /// Until the first octets are there.
    first: Option<Pin<Box<Sleep>>>,
    seen: usize,
    write: Duration,
    /// Runs while the peer takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> TimedStream<S> {
    /// Waits so long for the first octets, and so long for each piece to be taken.
    pub fn new(stream: S, first: Duration, write: Duration) -> TimedStream<S> {
        TimedStream { stream, first: Some(Box::pin(sleep(first))), seen: 0, write, stalled: None }
    }

    /// Fails what has been pending for too long.
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
        Poll::Ready(Err(too_slow("the peer does not read")))
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
            this.seen = this.seen.saturating_add(buffer.filled().len() - before);
            if this.seen >= FIRST_OCTETS {
                this.first = None;
            }
            return polled;
        }
        match &mut this.first {
            Some(first) => {
                ready!(first.as_mut().poll(context));
                Poll::Ready(Err(too_slow("nothing was asked")))
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
    async fn who_says_nothing_is_not_waited_for() {
        let (near, mut far) = duplex(64);
        let mut patient = TimedStream::new(near, FIRST, WRITE);
        far.write_all(b"PRI * HTTP").await.unwrap();
        let began = Instant::now();
        let error = patient.read_exact(&mut [0; 24]).await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed()), (io::ErrorKind::TimedOut, FIRST));
    }

    #[tokio::test(start_paused = true)]
    async fn who_began_may_be_silent() {
        let (near, mut far) = duplex(64);
        let mut patient = TimedStream::new(near, FIRST, WRITE);
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
    async fn who_does_not_read_is_cut_off_and_who_reads_slowly_is_not() {
        let (near, mut far) = duplex(8);
        let mut patient = TimedStream::new(near, FIRST, WRITE);
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
