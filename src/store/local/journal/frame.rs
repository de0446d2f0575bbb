//! Frames, each of which contains a transaction or a piece of a content.

use crate::vault::SegmentKey;

/// What a frame contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Transaction,
    Piece,
    /// A transaction of store format 2, whose digest is of another kind.
    EarlierTransaction,
}

/// The head of a frame, in the clear but bound to the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    pub kind: Kind,
    /// Octets of the sealed body, tag included.
    pub sealed: u32,
    /// The frame's number; frames are numbered through all segments, without gaps.
    pub seq: u64,
    /// The last frame that was known to be durable when this one was written. If a frame is
    /// missing that a later one records as durable, it was damaged; otherwise it was never
    /// acknowledged.
    pub durable: u64,
}

/// One change of a transaction, as it is stored in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op<'b> {
    pub key: &'b [u8],
    /// The value and its offset in the body; `None` deletes.
    pub value: Option<(u32, &'b [u8])>,
}

/// A transaction's body while it is being built.
#[derive(Default)]
pub struct Body(Vec<u8>);

const MAGIC: u32 = 0x50_53_54_46; // "PSTF"
pub const HEAD: usize = 40;
const TAG: usize = 16;
pub const ALIGN: u64 = 16;
/// A piece's body begins with its content's id.
pub const PIECE_HEAD: usize = 16;
/// A transaction's body begins with the index's digest after the transaction.
const DIGEST: usize = 16;
/// The largest sealed body. Nothing larger is written, so nothing larger is accepted.
pub const SEALED_MAX: u32 = 256 * 1024 * 1024;

impl Kind {
    fn code(self) -> u8 {
        match self {
            Kind::EarlierTransaction => 1,
            Kind::Piece => 2,
            Kind::Transaction => 3,
        }
    }
}

impl Frame {
    pub fn encode(self) -> [u8; HEAD] {
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(&MAGIC.to_be_bytes());
        head[4] = self.kind.code();
        head[8..12].copy_from_slice(&self.sealed.to_be_bytes());
        head[12..20].copy_from_slice(&self.seq.to_be_bytes());
        head[20..28].copy_from_slice(&self.durable.to_be_bytes());
        let check = crc32fast::hash(&head[..36]);
        head[36..].copy_from_slice(&check.to_be_bytes());
        head
    }

    /// Parses a frame's head; `None` if the octets are not one.
    pub fn decode(octets: &[u8]) -> Option<Frame> {
        let head: &[u8; HEAD] = octets.first_chunk()?;
        let u32_at = |at: usize| {
            let octets: [u8; 4] = head[at..at + 4].try_into().expect("four octets");
            u32::from_be_bytes(octets)
        };
        let u64_at = |at: usize| u64::from(u32_at(at)) << 32 | u64::from(u32_at(at + 4));
        if u32_at(0) != MAGIC || u32_at(36) != crc32fast::hash(&head[..36]) {
            return None;
        }
        let kind = match head[4] {
            1 => Kind::EarlierTransaction,
            2 => Kind::Piece,
            3 => Kind::Transaction,
            _ => return None,
        };
        let sealed = u32_at(8);
        let fits = (TAG as u32..=SEALED_MAX).contains(&sealed);
        fits.then_some(Frame { kind, sealed, seq: u64_at(12), durable: u64_at(20) })
    }

    /// Returns the octets that the frame takes in the segment, including padding.
    pub fn octets(self) -> u64 {
        (HEAD as u64 + u64::from(self.sealed)).next_multiple_of(ALIGN)
    }
}

/// Appends a whole frame to `out`; its body is `parts`, one after another, sealed. `offset` is the
/// frame's future offset in its segment, and thus its nonce. If it returns `None`, `out` is as it
/// was.
pub fn append(
    out: &mut Vec<u8>,
    key: &SegmentKey,
    offset: u64,
    kind: Kind,
    seq: u64,
    durable: u64,
    parts: &[&[u8]],
) -> Option<Frame> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let sealed = u32::try_from(length + TAG).ok().filter(|sealed| *sealed <= SEALED_MAX)?;
    let frame = Frame { kind, sealed, seq, durable };
    let head = frame.encode();
    let start = out.len();
    let end = start + frame.octets() as usize;
    // The body is sealed where it will be written from: each copy of a large one costs as much as
    // its seal.
    out.reserve(end - start);
    out.extend_from_slice(&head);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    if key.seal_in_place(offset, &head, out, start + HEAD).is_err() {
        out.truncate(start);
        return None;
    }
    out.resize(end, 0);
    Some(frame)
}

/// Opens a frame's sealed body in place; `None` if it was changed.
pub fn open<'b>(
    key: &SegmentKey,
    offset: u64,
    frame: Frame,
    sealed: &'b mut [u8],
) -> Option<&'b [u8]> {
    key.open_in_place(offset, &frame.encode(), sealed).ok().map(|plain| &*plain)
}

impl Body {
    pub fn new() -> Body {
        Body(vec![0; DIGEST])
    }

    /// Adds a change; returns the offset of its value in the body.
    pub fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> u32 {
        let key_length = u16::try_from(key.len()).expect("keys are a few dozen octets");
        self.0.push(u8::from(value.is_some()));
        self.0.extend_from_slice(&key_length.to_be_bytes());
        self.0.extend_from_slice(key);
        let mut at = 0;
        if let Some(value) = value {
            let length = u32::try_from(value.len()).expect("values are bounded by the frame");
            self.0.extend_from_slice(&length.to_be_bytes());
            at = self.0.len();
            self.0.extend_from_slice(value);
        }
        u32::try_from(at).expect("bodies are bounded by the frame")
    }

    /// Completes the body with the digest that the index has after this transaction.
    pub fn finish(mut self, digest: u128) -> Vec<u8> {
        self.0[..DIGEST].copy_from_slice(&digest.to_be_bytes());
        self.0
    }
}

/// Parses a transaction's digest and changes; `None` if the body is malformed.
pub fn parse(body: &[u8]) -> Option<(u128, Vec<Op<'_>>)> {
    let (digest, _) = body.split_first_chunk()?;
    let mut ops = Vec::new();
    let mut at = DIGEST;
    while at < body.len() {
        let (op, next) = parse_op(body, at)?;
        ops.push(op);
        at = next;
    }
    Some((u128::from_be_bytes(*digest), ops))
}

fn parse_op(body: &[u8], at: usize) -> Option<(Op<'_>, usize)> {
    let (tag, rest) = body.get(at..)?.split_first()?;
    let (key_length, rest) = rest.split_first_chunk()?;
    let (key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*key_length)))?;
    match tag {
        0 => Some((Op { key, value: None }, body.len() - rest.len())),
        1 => {
            let (length, rest) = rest.split_first_chunk()?;
            let start = body.len() - rest.len();
            let (value, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            let value = Some((u32::try_from(start).ok()?, value));
            Some((Op { key, value }, body.len() - rest.len()))
        }
        _ => None,
    }
}

/// Returns the content that a piece belongs to, and its octets.
pub fn parse_piece(body: &[u8]) -> Option<([u8; 16], &[u8])> {
    body.split_first_chunk().map(|(id, octets)| (*id, octets))
}
