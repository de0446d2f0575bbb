//! A message's content, opened piece by piece: however large it is, only a little of it is in
//! memory.
//!
//! A message that came by SMTP is small enough to be in memory as a whole, and its parts are known
//! only after parsing. A message written here has an outline: its header and text come first, and
//! the positions of its files are known.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::gateway::error::Error;
use crate::gateway::mailboxes::summary::{FileAt, Outline};
use crate::gateway::records::ids::ReferenceKey;
use crate::mail::message;
use crate::store::{ContentId, Store};
use crate::vault::{self, ContentKey};

/// How many octets are read at once: whole chunks.
const STEP_OCTETS: u64 = 4 * vault::CHUNK_OCTETS as u64;

/// The length of a base64 line with its CRLF.
const LINE_OCTETS: u64 = 78;

/// A message's content, opened.
pub struct Content {
    sealed: Arc<Sealed>,
    outline: Option<Outline>,
    shown: Zeroizing<Vec<u8>>,
}

/// What is needed to read any part of the content.
struct Sealed {
    store: Store,
    key: ContentKey,
    reference: ReferenceKey,
    /// The length in octets, without the encryption overhead.
    length: u64,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("octets", &self.sealed.length).finish_non_exhaustive()
    }
}

impl Content {
    /// Opens the part of the content that is displayed, which also verifies the key.
    pub(in crate::gateway) fn open(
        store: Store,
        key: ContentKey,
        reference: ReferenceKey,
        outline: Option<Outline>,
    ) -> Result<Option<Content>, Error> {
        let Some(length) = store.content_length(ContentId(reference))? else { return Ok(None) };
        let length = vault::plain_len(length).ok_or_else(damaged)?;
        let sealed = Arc::new(Sealed { store, key, reference, length });
        let shown = match &outline {
            Some(outline) if !outline.files.is_empty() => {
                let mut head = sealed.read(0, outline.head_octets)?;
                head.extend_from_slice(&outline.end);
                head
            }
            _ => sealed.read(0, length)?,
        };
        Ok(Some(Content { sealed, outline, shown }))
    }

    /// The header and text. This is the whole message, unless it was written here and has files,
    /// which are then left out.
    pub fn shown(&self) -> &[u8] {
        &self.shown
    }

    /// The files of a message written here; a file's part number is its position plus one. `None`
    /// means that files are parts of `shown`.
    pub fn files(&self) -> Option<&[FileAt]> {
        self.outline.as_ref().map(|outline| outline.files.as_slice()).filter(|all| !all.is_empty())
    }

    /// The whole message.
    pub fn whole(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self.files() {
            None => Ok(self.shown.clone()),
            Some(_) => self.sealed.read(0, self.sealed.length),
        }
    }

    /// The whole message, piece by piece.
    pub fn raw(&self) -> Pieces {
        match self.files() {
            None => Pieces::Whole(Some(self.shown.clone())),
            Some(_) => Pieces::Raw(Raw { sealed: self.sealed.clone(), offset: 0 }),
        }
    }

    /// A decoded part, piece by piece; `None` if there is no such part.
    pub fn part(&self, index: u32) -> Option<(message::Part, Pieces)> {
        let Some(files) = self.files() else {
            let (part, octets) = message::part_bytes(&self.shown, index)?;
            return Some((part, Pieces::Whole(Some(octets.into()))));
        };
        let file = files.get(usize::try_from(index.checked_sub(1)?).ok()?)?;
        let pieces = Pieces::File(File {
            sealed: self.sealed.clone(),
            offset: file.offset,
            end: file.offset + file.encoded,
            size: file.size,
        });
        Some((part_of(file, index), pieces))
    }

    /// Every file, decoded, piece by piece.
    pub fn all_files(&self) -> Vec<(message::Part, Pieces)> {
        if let Some(files) = self.files() {
            let indexes = (1..).take(files.len());
            return indexes.filter_map(|index| self.part(index)).collect();
        }
        let files = message::files_bytes(&self.shown).into_iter();
        files.map(|(part, octets)| (part, Pieces::Whole(Some(octets.into())))).collect()
    }

    /// The list of parts of a message with an outline.
    pub fn parts(&self) -> Option<Vec<message::Part>> {
        let files = self.files()?;
        Some((1..).zip(files).map(|(index, file)| part_of(file, index)).collect())
    }
}

fn part_of(file: &FileAt, index: u32) -> message::Part {
    message::Part {
        index,
        name: file.name.clone(),
        content_type: file.content_type.to_lowercase(),
        size: file.size,
        inline: false,
        ..message::Part::default()
    }
}

/// Octets that are read piece by piece.
pub enum Pieces {
    Whole(Option<Zeroizing<Vec<u8>>>),
    Raw(Raw),
    File(File),
}

/// A whole content.
pub struct Raw {
    sealed: Arc<Sealed>,
    offset: u64,
}

/// A file, stored as base64 lines.
pub struct File {
    sealed: Arc<Sealed>,
    offset: u64,
    end: u64,
    size: u64,
}

impl Pieces {
    /// The total number of octets.
    pub fn octets(&self) -> u64 {
        match self {
            Pieces::Whole(octets) => octets.as_ref().map_or(0, |octets| octets.len() as u64),
            Pieces::Raw(raw) => raw.sealed.length,
            Pieces::File(file) => file.size,
        }
    }

    /// The next piece; `None` at the end. Reads from disk.
    pub fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        match self {
            Pieces::Whole(octets) => Ok(octets.take()),
            Pieces::Raw(raw) => {
                let piece = raw.sealed.read(raw.offset, STEP_OCTETS)?;
                raw.offset += piece.len() as u64;
                Ok(Some(piece).filter(|piece| !piece.is_empty()))
            }
            Pieces::File(file) => file.take_next(),
        }
    }
}

impl File {
    fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        if self.offset >= self.end {
            return Ok(None);
        }
        let step = (STEP_OCTETS / LINE_OCTETS * LINE_OCTETS).min(self.end - self.offset);
        let lines = self.sealed.read(self.offset, step)?;
        self.offset += step;
        let mut text = Zeroizing::new(Vec::with_capacity(lines.len()));
        text.extend(lines.iter().filter(|octet| !octet.is_ascii_whitespace()));
        let decoded = STANDARD.decode(&*text).map_err(|_| damaged())?;
        Ok(Some(decoded.into()))
    }
}

impl Sealed {
    /// Opens the chunks that hold these octets, and returns only these octets.
    fn read(&self, offset: u64, length: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
        let each = vault::CHUNK_OCTETS as u64;
        let end = offset.saturating_add(length).min(self.length);
        let chunks = self.length.div_ceil(each).max(1);
        let mut out = Zeroizing::new(Vec::with_capacity(
            usize::try_from(end.saturating_sub(offset)).unwrap_or_default(),
        ));
        for index in offset / each..end.div_ceil(each).max(1) {
            let at = u32::try_from(index).map_err(|_| damaged())?;
            let (from, most) = vault::sealed_chunk_at(at);
            let id = ContentId(self.reference);
            let sealed = self.store.content_read(id, from, most)?;
            let opened =
                vault::open_chunk(&self.key, self.reference, at, index + 1 == chunks, &sealed);
            let opened = opened.map_err(|_| damaged())?;
            let start = usize::try_from(offset.saturating_sub(index * each)).unwrap_or_default();
            let stop = usize::try_from((end - index * each).min(each)).unwrap_or_default();
            out.extend_from_slice(opened.get(start..stop).ok_or_else(damaged)?);
        }
        Ok(out)
    }
}

fn damaged() -> Error {
    Error::Damaged { what: "the stored message cannot be read".to_owned() }
}
