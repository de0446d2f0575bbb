//! A message's content, opened piece by piece: however large it is, only a little of it is in
//! memory.
//!
//! A message that came by SMTP is in memory as a whole while it is opened, and its parts are known
//! only after parsing, which sees little of its files (`mail::message::hollow`); from then on they are
//! read again piece by piece. A message written here has an outline: its header and text come first,
//! and the positions of its files are known.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::gateway::error::Error;
use crate::gateway::mailboxes::summary::{FileAt, Outline};
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::search::Sealed as SealedRow;
use crate::mail::message::{self, Octets, Within};
use crate::mail::{compose, sanitize};
use crate::store::{ContentId, Read, Store, Table};
use crate::vault::{self, ContentKey, Digest};

/// How many octets are read at once, and the largest piece: whole chunks.
pub const STEP_OCTETS: u64 = 4 * vault::CHUNK_OCTETS as u64;

/// How many octets there are, and their SHA-256 digest.
pub(in crate::gateway) type Digested = (u64, [u8; 32]);

/// The same, without the digest of what is too long to be read for it.
pub(in crate::gateway) type DigestedOrLong = (u64, Option<[u8; 32]>);

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
        let shown = sealed.shown(outline.as_ref())?;
        Ok(Some(Content { sealed, outline, shown }))
    }

    /// The same content, as one sees it whose list says otherwise where its parts are.
    #[cfg(test)]
    pub(in crate::gateway) fn outlined(&self, outline: Option<Outline>) -> Content {
        let shown = self.sealed.shown(outline.as_ref()).unwrap();
        Content { sealed: self.sealed.clone(), outline, shown }
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
        Pieces::Raw(Raw { sealed: self.sealed.clone(), offset: 0, end: self.sealed.length })
    }

    /// Returns the key by which the message says that it is signed.
    pub(in crate::gateway) fn signing_key(&self) -> Option<String> {
        compose::signing_key(&self.shown)
    }

    /// Where the parts of a message that was written here are.
    pub(in crate::gateway) fn outline(&self) -> Option<&Outline> {
        self.outline.as_ref()
    }

    /// Opens what lies beside the content under its key, in the row of its reference number.
    pub(in crate::gateway) fn beside(
        &self,
        table: &Table<ReferenceKey, SealedRow>,
        binding: &[u8],
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let Some(row) = self.sealed.store.get(table, &self.sealed.reference)? else {
            return Ok(None);
        };
        self.sealed.key.open_beside(binding, &row.0).map(Some).map_err(|_| damaged())
    }

    /// Seals something under the content's key, as any reader of the message could.
    pub(in crate::gateway) fn seal_beside(
        &self,
        binding: &[u8],
        plain: &[u8],
    ) -> Result<SealedRow, Error> {
        Ok(SealedRow(self.sealed.key.seal_beside(binding, plain)?))
    }

    /// Opens what [`Content::seal_beside`] sealed.
    pub(in crate::gateway) fn open_beside(
        &self,
        binding: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.sealed.key.open_beside(binding, sealed).map_err(|_| damaged())
    }

    /// The reference number of the message.
    pub(in crate::gateway) fn reference(&self) -> ReferenceKey {
        self.sealed.reference
    }

    /// Where the header and the text of a message that was written here end.
    fn head_end(&self) -> u64 {
        let length = self.sealed.length;
        self.outline.as_ref().map_or(length, |outline| outline.head_octets.min(length))
    }

    /// The length and the digest of the header and the text of a message that was written here, and how
    /// many octets come after them.
    pub(in crate::gateway) fn head_digest(&self) -> Result<(Digested, u64), Error> {
        let (mut head, end) = (Digest::default(), self.head_end());
        let shown = usize::try_from(end).ok().and_then(|end| self.shown.get(..end));
        head.push(shown.ok_or_else(damaged)?);
        Ok((head.finish(), self.sealed.length - end))
    }

    /// The length and the digest of everything after the header and the text. Reads it from disk.
    pub(in crate::gateway) fn files_digest(&self) -> Result<Digested, Error> {
        let (mut files, mut offset) = (Digest::default(), self.head_end());
        while offset < self.sealed.length {
            let step = STEP_OCTETS.min(self.sealed.length - offset);
            files.push(&self.sealed.read(offset, step)?);
            offset += step;
        }
        Ok(files.finish())
    }

    /// Returns the number of the part that an image in the HTML shows, in a message written here.
    pub fn image(&self, source: &str) -> Option<u32> {
        let outline = self.outline.as_ref()?;
        let number = compose::image_number(source, &outline.end)?;
        let file = outline.files.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
        message::is_image_type(&file.content_type).then_some(number)
    }

    /// The parts that the HTML of a message written here shows.
    fn images(&self) -> HashSet<u32> {
        let sources = sanitize::image_sources(&message::view(&self.shown).html);
        sources.unwrap_or_default().iter().filter_map(|source| self.image(source)).collect()
    }

    /// A decoded part, piece by piece; `None` if there is no such part.
    pub fn part(&self, index: u32) -> Option<(message::Part, Pieces)> {
        let Some(files) = self.files() else {
            let (part, octets) = message::part_found(&self.shown, index)?;
            let place = match &octets {
                Octets::Here(octets) if octets.len() > SMALL_OCTETS => {
                    message::places(&self.shown).remove(&index)
                }
                Octets::Here(_) | Octets::At(_) => None,
            };
            return Some((part, self.pieces_of(octets, place)));
        };
        let file = files.get(usize::try_from(index.checked_sub(1)?).ok()?)?;
        let (offset, end) = (file.offset, file.offset + file.encoded);
        let pieces = match file.is_as_it_is() {
            true => Pieces::Raw(Raw { sealed: self.sealed.clone(), offset, end }),
            false => self.file(offset..end, file.size),
        };
        Some((part_of(file, index), pieces))
    }

    /// Returns the pieces of a part of a received message. What was decoded from `place` does not
    /// stay in memory if the same octets can be read again from there.
    fn pieces_of(&self, octets: Octets, place: Option<Range<usize>>) -> Pieces {
        let octets = match octets {
            Octets::Here(octets) => Zeroizing::new(octets),
            Octets::At(place) => {
                let (offset, end) = (place.at.start as u64, place.at.end as u64);
                return self.file(offset..end, place.size);
            }
        };
        let again = place.and_then(|place| self.again(&octets, &place));
        again.unwrap_or(Pieces::Whole { octets, offset: 0 })
    }

    /// Returns the pieces of a file whose base64 lines are there.
    fn file(&self, at: Range<u64>, size: u64) -> Pieces {
        let (sealed, rest) = (self.sealed.clone(), Zeroizing::default());
        Pieces::File(File { sealed, offset: at.start, end: at.end, size, rest })
    }

    fn again(&self, octets: &[u8], at: &Range<usize>) -> Option<Pieces> {
        let raw = self.shown.get(at.clone()).filter(|_| octets.len() > SMALL_OCTETS)?;
        let (offset, end) = (at.start as u64, at.end as u64);
        if raw == octets {
            return Some(Pieces::Raw(Raw { sealed: self.sealed.clone(), offset, end }));
        }
        decodes_to(raw, octets).then(|| self.file(offset..end, octets.len() as u64))
    }

    /// Every file, decoded, piece by piece.
    pub fn all_files(&self) -> Vec<(message::Part, Pieces)> {
        let mut files = self.opened(message::file_list);
        if self.files().is_some() {
            let images = self.images();
            files.retain(|(part, _)| !images.contains(&part.index));
        }
        files
    }

    /// The same, and what the HTML shows.
    pub fn all_parts(&self) -> Vec<(message::Part, Pieces)> {
        self.opened(message::part_list)
    }

    fn opened(
        &self,
        listed: impl Fn(&[u8]) -> Vec<(message::Part, Octets)>,
    ) -> Vec<(message::Part, Pieces)> {
        if let Some(files) = self.files() {
            let indexes = (1..).take(files.len());
            return indexes.filter_map(|index| self.part(index)).collect();
        }
        let files = listed(&self.shown);
        let is_here = |octets: &Octets| match octets {
            Octets::Here(octets) => octets.len() > SMALL_OCTETS,
            Octets::At(_) => false,
        };
        // This parses the message as a whole, which takes a multiple of it.
        let mut places = match files.iter().any(|(_, octets)| is_here(octets)) {
            true => message::places(&self.shown),
            false => HashMap::new(),
        };
        let pieces = files.into_iter().map(|(part, octets)| {
            let place = places.remove(&part.index);
            (part, self.pieces_of(octets, place))
        });
        pieces.collect()
    }

    /// The message within this one that `way` leads to; `None` if there is none.
    pub fn inside(&self, way: Within) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        if self.files().is_none() {
            return Ok(message::inside(&self.shown, way).map(Zeroizing::new));
        }
        let Some((index, rest)) = way.split_first() else { return Ok(None) };
        let Some((part, mut pieces)) = self.part(index) else { return Ok(None) };
        let mut octets = Zeroizing::new(Vec::new());
        while let Some(piece) = pieces.take_next()? {
            octets.extend_from_slice(&piece);
        }
        let found = message::unpacked(&part.content_type, std::mem::take(&mut *octets));
        let found = found.map(Zeroizing::new);
        Ok(match rest.is_empty() {
            true => found,
            false => found.and_then(|found| message::inside(&found, rest)).map(Zeroizing::new),
        })
    }

    /// What the messages within this one say, at most `octets_max` octets. The files of a message that
    /// was written here can be large, and are not read for this.
    pub fn said_within(&self, octets_max: usize) -> String {
        match self.files() {
            None => message::said_within(&self.shown, octets_max),
            Some(_) => String::new(),
        }
    }

    /// A decoded part of the message within this one that `way` leads to; of this one if it is empty.
    pub fn part_inside(
        &self,
        way: Within,
        index: u32,
    ) -> Result<Option<(message::Part, Pieces)>, Error> {
        if way.is_empty() {
            return Ok(self.part(index));
        }
        let found = self.inside(way)?.and_then(|inner| message::part_bytes(&inner, index));
        let whole = |octets: Vec<u8>| Pieces::Whole { octets: octets.into(), offset: 0 };
        Ok(found.map(|(part, octets)| (part, whole(octets))))
    }

    /// The list of parts of a message with an outline.
    pub fn parts(&self) -> Option<Vec<message::Part>> {
        let files = self.files()?;
        let images = self.images();
        let part = |(index, file)| message::Part {
            inline: images.contains(&index),
            ..part_of(file, index)
        };
        Some((1..).zip(files).map(part).collect())
    }
}

fn part_of(file: &FileAt, index: u32) -> message::Part {
    message::Part {
        index,
        name: file.name.clone(),
        content_type: file.content_type.to_lowercase(),
        size: file.size,
        inline: false,
        opens: message::holds_message(&file.content_type),
        ..message::Part::default()
    }
}

/// A part that is no larger may stay in memory.
const SMALL_OCTETS: usize = 4 << 10;

/// Octets that are read piece by piece.
pub enum Pieces {
    Whole { octets: Zeroizing<Vec<u8>>, offset: usize },
    Raw(Raw),
    File(File),
}

/// A content, or a part of it, as it is stored.
pub struct Raw {
    sealed: Arc<Sealed>,
    offset: u64,
    end: u64,
}

/// A file, stored as base64 lines.
pub struct File {
    sealed: Arc<Sealed>,
    offset: u64,
    end: u64,
    size: u64,
    /// The last characters that were read, which are no whole group of four.
    rest: Zeroizing<Vec<u8>>,
}

impl Pieces {
    /// Octets of a content that is no message, such as a piece of a file; `None` if it is not there.
    pub(in crate::gateway) fn of(
        store: Store,
        key: ContentKey,
        reference: ReferenceKey,
        at: Range<u64>,
    ) -> Result<Option<Pieces>, Error> {
        let Some(length) = store.content_length(ContentId(reference))? else { return Ok(None) };
        let length = vault::plain_len(length).filter(|length| at.end <= *length);
        let length = length.ok_or_else(damaged)?;
        let sealed = Arc::new(Sealed { store, key, reference, length });
        Ok(Some(Pieces::Raw(Raw { sealed, offset: at.start, end: at.end })))
    }

    /// The total number of octets.
    pub fn octets(&self) -> u64 {
        match self {
            Pieces::Whole { octets, .. } => octets.len() as u64,
            Pieces::Raw(raw) => raw.end - raw.offset,
            Pieces::File(file) => file.size,
        }
    }

    /// The number of octets that are in memory all the time.
    pub fn octets_held(&self) -> usize {
        match self {
            Pieces::Whole { octets, .. } => octets.len(),
            Pieces::Raw(_) | Pieces::File(_) => 0,
        }
    }

    /// The next piece, of at most [`STEP_OCTETS`]; `None` at the end. Reads from disk.
    pub fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        match self {
            Pieces::Whole { octets, offset } => {
                let rest = octets.get(*offset..).unwrap_or_default();
                let piece = rest.get(..STEP_OCTETS as usize).unwrap_or(rest);
                *offset += piece.len();
                Ok((!piece.is_empty()).then(|| Zeroizing::new(piece.to_vec())))
            }
            Pieces::Raw(raw) => {
                let step = STEP_OCTETS.min(raw.end - raw.offset);
                if step == 0 {
                    return Ok(None);
                }
                let piece = raw.sealed.read(raw.offset, step)?;
                raw.offset += step;
                Ok(Some(piece))
            }
            Pieces::File(file) => file.take_next(),
        }
    }
}

impl File {
    fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        while self.offset < self.end {
            let step = STEP_OCTETS.min(self.end - self.offset);
            let lines = self.sealed.read(self.offset, step)?;
            self.offset += step;
            let decoded = decode(&mut self.rest, &lines, self.offset == self.end);
            let decoded = decoded.ok_or_else(damaged)?;
            if !decoded.is_empty() {
                return Ok(Some(decoded));
            }
        }
        Ok(None)
    }
}

/// Decodes some octets of base64 after `rest`, in which it leaves what is no whole group of four.
fn decode(
    rest: &mut Zeroizing<Vec<u8>>,
    lines: &[u8],
    is_last: bool,
) -> Option<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(Vec::with_capacity(rest.len() + lines.len()));
    text.append(rest);
    text.extend(lines.iter().filter(|octet| !octet.is_ascii_whitespace()));
    let whole = if is_last { text.len() } else { text.len() / 4 * 4 };
    rest.extend_from_slice(&text[whole..]);
    STANDARD.decode(&text[..whole]).ok().map(Zeroizing::new)
}

/// Whether reading base64 piece by piece yields the same octets as the parser.
fn decodes_to(raw: &[u8], octets: &[u8]) -> bool {
    let (mut rest, mut left) = (Zeroizing::default(), octets);
    let mut steps = raw.chunks(STEP_OCTETS as usize).peekable();
    while let Some(step) = steps.next() {
        let decoded = decode(&mut rest, step, steps.peek().is_none());
        let Some(after) = decoded.and_then(|decoded| left.strip_prefix(decoded.as_slice())) else {
            return false;
        };
        left = after;
    }
    left.is_empty()
}

impl Sealed {
    /// The part that is displayed.
    fn shown(&self, outline: Option<&Outline>) -> Result<Zeroizing<Vec<u8>>, Error> {
        match outline {
            Some(outline) if !outline.files.is_empty() => {
                let mut head = self.read(0, outline.head_octets)?;
                head.extend_from_slice(&outline.end);
                Ok(head)
            }
            _ => self.read(0, self.length),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_piece_by_piece_however_its_lines_are_cut() {
        let octets: Vec<u8> = (0..700_001_u32).map(|n| (n % 251) as u8).collect();
        let text = STANDARD.encode(&octets);
        for width in [76, 77, 64, 1_000_000] {
            let lines: Vec<&[u8]> = text.as_bytes().chunks(width).collect();
            let mut raw = lines.join(&b"\r\n"[..]);
            raw.extend_from_slice(b"\r\n");
            assert!(decodes_to(&raw, &octets), "{width}");
            assert!(!decodes_to(&raw, &octets[1..]), "{width}");
            assert!(!decodes_to(&raw, &octets[..700_000]), "{width}");
            raw[500_000] = b'*';
            assert!(!decodes_to(&raw, &octets), "{width}");
        }
    }
}
