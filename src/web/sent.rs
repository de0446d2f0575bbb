//! The bodies of answers: what they take of the memory budget, and how far they were sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::Response;
use axum::response::IntoResponse;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::net::shares::Held;

use super::activity::{Exchange, Unsent};
use super::asker::{Asker, Holder};
use super::headers;
use super::memory::Memory;

/// Marks an answer whose octets are not in memory for this request: they belong to the program, or
/// its source has taken them from the budget.
#[derive(Clone, Copy)]
pub struct Accounted;

/// What is handed over at once, at most: so much stays with a peer that stops reading.
const CHUNK_OCTETS: usize = 16 << 10;
/// An answer as small as the other things that a stream takes anyway.
const UNCOUNTED_OCTETS: u64 = 2 << 10;

/// Returns the answer as it is sent: its octets are taken from the budget until they have left, and
/// `exchange` learns of its progress. If there is no room, it is replaced by a refusal.
pub async fn sent(
    memory: &Memory,
    answer: Response<Body>,
    exchange: Exchange,
    asker: &Asker,
) -> Response<Body> {
    let exact = answer.body().size_hint().exact();
    let counted = exact.filter(|octets| *octets > UNCOUNTED_OCTETS);
    let counted = counted.filter(|_| answer.extensions().get::<Accounted>().is_none());
    let taken = counted
        .map(|octets| memory.take(&asker.holder(), usize::try_from(octets).unwrap_or(usize::MAX)));
    let (answer, held) = match taken.transpose() {
        Ok(held) => (answer, held),
        Err(problem) => (headers::complete(problem.into_response()).await, None),
    };
    if exact == Some(0) {
        return answer;
    }
    answer.map(|body| {
        let exchange = Arc::new(exchange);
        Body::new(Sent { body, rest: Bytes::new(), exchange, held: held.map(Arc::new) })
    })
}

/// A body that is handed over in small chunks.
struct Sent {
    body: Body,
    /// What is left of the last piece.
    rest: Bytes,
    exchange: Arc<Exchange>,
    held: Option<Arc<Held<Holder>>>,
}

/// A chunk on its way. What it is a part of stays in memory as long as it does, and so do the octets
/// that were taken for it.
struct Chunk {
    octets: Bytes,
    _unsent: Unsent,
    _held: Option<Arc<Held<Holder>>>,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

impl Sent {
    fn chunk(&mut self) -> Bytes {
        let octets = self.rest.split_to(self.rest.len().min(CHUNK_OCTETS));
        Bytes::from_owner(Chunk {
            octets,
            _unsent: self.exchange.hand_over(),
            _held: self.held.clone(),
        })
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(octets) => self.rest = octets,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
            }
        }
        Poll::Ready(Some(Ok(Frame::data(self.chunk()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, inner) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};

    use http_body_util::BodyExt;

    use crate::config;
    use crate::net::listen::{Limits, Permits};
    use crate::web::activity::Activity;

    use super::*;

    fn exchange() -> Exchange {
        let permits = Permits::new(Limits { connections_max: 1, per_address_max: 1 });
        Activity::new(permits, SocketAddr::from(([127, 0, 0, 1], 1))).begin()
    }

    fn asker() -> Asker {
        Asker::new(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    #[tokio::test]
    async fn an_answer_holds_its_octets_until_its_last_chunk_is_gone() {
        let memory = Memory::new(&config::Https::default());
        let octets = Bytes::from(vec![7; 3 * CHUNK_OCTETS + 1]);
        let answer = Response::new(Body::from(octets.clone()));
        let answer = sent(&memory, answer, exchange(), &asker()).await;
        assert_eq!(memory.in_use(), octets.len());
        assert_eq!(answer.body().size_hint().exact(), Some(octets.len() as u64));
        let mut body = answer.into_body();
        let mut chunks = Vec::new();
        while let Some(frame) = body.frame().await {
            chunks.push(frame.unwrap().into_data().unwrap());
        }
        assert_eq!(chunks.concat(), octets);
        assert!(chunks.iter().all(|chunk| chunk.len() <= CHUNK_OCTETS) && chunks.len() == 4);
        drop(body);
        chunks.truncate(1);
        assert_eq!(memory.in_use(), octets.len(), "a chunk keeps all in memory");
        drop(chunks);
        assert_eq!(memory.in_use(), 0);
    }

    #[tokio::test]
    async fn an_answer_without_room_is_a_refusal() {
        let config = config::Https { memory_octets_per_network_max: 100_000, ..Default::default() };
        let memory = Memory::new(&config);
        let large = || Response::new(Body::from(vec![7; 60_000]));
        let first = sent(&memory, large(), exchange(), &asker()).await;
        let second = sent(&memory, large(), exchange(), &asker()).await;
        assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 503));
        let mut fixed = large();
        fixed.extensions_mut().insert(Accounted);
        assert_eq!(sent(&memory, fixed, exchange(), &asker()).await.status().as_u16(), 200);
        let octets = first.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(octets.len(), 60_000);
        drop(octets);
        assert_eq!(memory.in_use(), 0);
    }
}
