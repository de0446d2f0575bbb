//! Contents: a message's octets, sealed in chunks with a key of their own.
//!
//! ```text
//! format byte | chunk 0 | chunk 1 | … | last chunk        chunk = ciphertext ‖ tag
//! ```
//!
//! Every chunk but the last holds [`CHUNK_OCTETS`] octets; the last may be shorter, or empty if
//! the content is empty. A chunk's nonce is its index, which never repeats because each key seals
//! only one content. The reference number, the index and whether the chunk is the last are bound,
//! so chunks cannot be dropped, moved or taken from another content.

use aws_lc_rs::aead::{AES_256_GCM, AES_256_GCM_SIV, Aad, LessSafeKey, UnboundKey};
use zeroize::Zeroizing;

use super::aead::{FORMAT, Sealer, hkdf};
use super::{Error, nonce_of, random_bytes};

/// The octets of plaintext in a chunk.
pub const CHUNK_OCTETS: usize = 64 * 1024;
const TAG_OCTETS: usize = 16;

/// The key of one content.
pub struct ContentKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContentKey(…)")
    }
}

impl ContentKey {
    /// Generates a new key; it must seal only one content.
    pub fn generate() -> Result<ContentKey, Error> {
        Ok(ContentKey(Zeroizing::new(random_bytes()?)))
    }

    pub(super) fn from_sealed(bytes: &[u8]) -> Result<ContentKey, Error> {
        let bytes = bytes.try_into().map_err(|_| Error::Malformed)?;
        Ok(ContentKey(Zeroizing::new(bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals something small that belongs to the content and opens for its readers, such as its
    /// signature.
    pub fn seal_beside(&self, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.beside().seal(binding, plain)
    }

    /// Opens what [`ContentKey::seal_beside`] sealed.
    pub fn open_beside(&self, binding: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.beside().open(binding, sealed)
    }

    fn beside(&self) -> Sealer {
        Sealer::new(&AES_256_GCM_SIV, &hkdf(b"", &*self.0, b"postern beside a content v1"))
    }

    fn aead(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*self.0).expect("the key has 32 bytes"))
    }
}

/// Seals a content while it is being received, and hands it out in pieces.
pub struct ContentSealer {
    aead: LessSafeKey,
    reference: [u8; 16],
    index: u32,
    /// The sealed chunks of this piece, and then the octets of the open chunk, which is sealed
    /// where it lies.
    piece: Zeroizing<Vec<u8>>,
    /// Where the open chunk begins in `piece`.
    open_at: usize,
    piece_octets: usize,
    /// Sealed octets that are still expected, this piece included.
    expected: u64,
}

impl ContentSealer {
    /// Starts the only content that `key` seals. A piece is handed out at the first end of a chunk
    /// at which it has `piece_octets` octets. Memory is reserved for a content of `expected`
    /// octets, which may have more or fewer.
    pub fn new(
        key: &ContentKey,
        reference: [u8; 16],
        piece_octets: usize,
        expected: u64,
    ) -> ContentSealer {
        let mut sealer = ContentSealer {
            aead: key.aead(),
            reference,
            index: 0,
            piece: Zeroizing::default(),
            open_at: 0,
            piece_octets,
            expected: sealed_len(expected),
        };
        sealer.begin_piece();
        sealer.piece.push(FORMAT);
        sealer.open_at = 1;
        sealer
    }

    fn begin_piece(&mut self) {
        let most = self.piece_octets.saturating_add(CHUNK_OCTETS + TAG_OCTETS);
        let expected = usize::try_from(self.expected).unwrap_or(usize::MAX);
        self.piece = Zeroizing::new(Vec::with_capacity(expected.min(most)));
        self.open_at = 0;
    }

    /// Adds plaintext, until a piece is complete, which it returns; `plain` is what remains.
    pub fn push(&mut self, plain: &mut &[u8]) -> Result<Option<Vec<u8>>, Error> {
        while !plain.is_empty() {
            let room = CHUNK_OCTETS - (self.piece.len() - self.open_at);
            if room == 0 {
                // Only now is it known that the chunk is not the last.
                self.seal_open_chunk(false)?;
                if self.piece.len() >= self.piece_octets {
                    return Ok(Some(self.take_piece()));
                }
                continue;
            }
            let (now, later) = plain.split_at(room.min(plain.len()));
            self.piece.extend_from_slice(now);
            *plain = later;
        }
        Ok(None)
    }

    /// Seals the rest as the last chunk, and returns the last piece.
    pub fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.seal_open_chunk(true)?;
        Ok(std::mem::take(&mut *self.piece))
    }

    /// Must be called only when no chunk is open.
    fn take_piece(&mut self) -> Vec<u8> {
        let piece = std::mem::take(&mut *self.piece);
        self.expected = self.expected.saturating_sub(piece.len() as u64);
        self.begin_piece();
        piece
    }

    fn seal_open_chunk(&mut self, last: bool) -> Result<(), Error> {
        let bound = binding(self.reference, self.index, last);
        let nonce = nonce_of(u64::from(self.index));
        let tag = self
            .aead
            .seal_in_place_separate_tag(nonce, Aad::from(bound), &mut self.piece[self.open_at..])
            .map_err(|_| Error::Refused)?;
        self.piece.extend_from_slice(tag.as_ref());
        self.open_at = self.piece.len();
        self.index = self.index.checked_add(1).ok_or(Error::Malformed)?;
        Ok(())
    }
}

fn binding(reference: [u8; 16], index: u32, last: bool) -> [u8; 21] {
    let mut bound = [0; 21];
    bound[..16].copy_from_slice(&reference);
    bound[16..20].copy_from_slice(&index.to_be_bytes());
    bound[20] = u8::from(last);
    bound
}

/// Seals a content that consists of `parts`, one after another.
pub fn seal(key: &ContentKey, reference: [u8; 16], parts: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut sealer = ContentSealer::new(key, reference, usize::MAX, length as u64);
    for mut part in parts.iter().copied() {
        let complete = sealer.push(&mut part)?;
        debug_assert!(complete.is_none(), "no piece is this large");
    }
    sealer.finish()
}

/// Opens a whole content; `Refused` if anything in it was changed.
pub fn open(
    key: &ContentKey,
    reference: [u8; 16],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (format, sealed) = sealed.split_first().ok_or(Error::Malformed)?;
    if *format != FORMAT || sealed.len() < TAG_OCTETS {
        return Err(Error::Refused);
    }
    let aead = key.aead();
    let count = sealed.len().div_ceil(CHUNK_OCTETS + TAG_OCTETS);
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    for (index, chunk) in sealed.chunks(CHUNK_OCTETS + TAG_OCTETS).enumerate() {
        let at = u32::try_from(index).map_err(|_| Error::Malformed)?;
        let bound = binding(reference, at, index + 1 == count);
        let start = plain.len();
        plain.extend_from_slice(chunk);
        let opened = aead
            .open_in_place(nonce_of(u64::from(at)), Aad::from(bound), &mut plain[start..])
            .map_err(|_| Error::Refused)?
            .len();
        plain.truncate(start + opened);
    }
    Ok(plain)
}

/// Opens one chunk of a content; `last` says whether it is the content's last.
pub fn open_chunk(
    key: &ContentKey,
    reference: [u8; 16],
    index: u32,
    last: bool,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut plain = Zeroizing::new(sealed.to_vec());
    let bound = binding(reference, index, last);
    let opened = key
        .aead()
        .open_in_place(nonce_of(u64::from(index)), Aad::from(bound), &mut plain)
        .map_err(|_| Error::Refused)?
        .len();
    plain.truncate(opened);
    Ok(plain)
}

/// Returns the offset of chunk `index` in the sealed form, and the most octets it can have.
pub fn sealed_chunk_at(index: u32) -> (u64, u64) {
    let each = (CHUNK_OCTETS + TAG_OCTETS) as u64;
    (1 + u64::from(index) * each, each)
}

/// Returns the length of the plaintext of a sealed content; `None` if no sealed content has this
/// length.
pub fn plain_len(sealed: u64) -> Option<u64> {
    let body = sealed.checked_sub(1)?;
    let chunks = body.div_ceil((CHUNK_OCTETS + TAG_OCTETS) as u64);
    body.checked_sub(chunks.max(1) * TAG_OCTETS as u64)
}

/// Returns the sealed length of a content of `plain` octets.
pub fn sealed_len(plain: u64) -> u64 {
    let chunks = plain.div_ceil(CHUNK_OCTETS as u64).max(1);
    1 + plain + chunks * TAG_OCTETS as u64
}
