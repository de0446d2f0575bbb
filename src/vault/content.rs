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

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, UnboundKey};
use zeroize::Zeroizing;

use super::aead::FORMAT;
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

    fn aead(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*self.0).expect("the key has 32 bytes"))
    }
}

/// Seals a content while it is being received.
pub struct ContentSealer {
    aead: LessSafeKey,
    reference: [u8; 16],
    index: u32,
    waiting: Zeroizing<Vec<u8>>,
    started: bool,
}

impl ContentSealer {
    /// Starts the only content that `key` seals.
    pub fn new(key: &ContentKey, reference: [u8; 16]) -> ContentSealer {
        ContentSealer {
            aead: key.aead(),
            reference,
            index: 0,
            waiting: Zeroizing::new(Vec::new()),
            started: false,
        }
    }

    /// Adds plaintext; complete chunks are sealed and appended to `out`.
    pub fn push(&mut self, mut plain: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        while self.waiting.len() + plain.len() > CHUNK_OCTETS {
            let (now, later) = plain.split_at(CHUNK_OCTETS - self.waiting.len());
            self.waiting.extend_from_slice(now);
            plain = later;
            self.seal_waiting(false, out)?;
        }
        // The buffer grows exactly: one that doubles would leave unwiped copies behind.
        self.waiting.reserve_exact(plain.len());
        self.waiting.extend_from_slice(plain);
        Ok(())
    }

    /// Seals the rest as the last chunk.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.seal_waiting(true, out)
    }

    fn seal_waiting(&mut self, last: bool, out: &mut Vec<u8>) -> Result<(), Error> {
        if !self.started {
            out.push(FORMAT);
            self.started = true;
        }
        let start = out.len();
        out.reserve(self.waiting.len() + TAG_OCTETS);
        out.extend_from_slice(&self.waiting);
        let bound = binding(self.reference, self.index, last);
        let nonce = nonce_of(u64::from(self.index));
        let tag = self
            .aead
            .seal_in_place_separate_tag(nonce, Aad::from(bound), &mut out[start..])
            .map_err(|_| Error::Refused)?;
        out.extend_from_slice(tag.as_ref());
        self.waiting.clear();
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
    let mut sealer = ContentSealer::new(key, reference);
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(usize::try_from(sealed_len(length as u64)).unwrap_or(0));
    for part in parts {
        sealer.push(part, &mut out)?;
    }
    sealer.finish(&mut out)?;
    Ok(out)
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
