//! A group: transactions that are written to the disk together, each of which sees those before it.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;

use crate::store::engine::{Job, Piece, RawTx, Staged};
use crate::store::error::Error;
use crate::store::span::{ContentId, Span, Visit, VisitKey};

use super::index::{Place, Row, Rows};
use super::journal::{Body, Kind, PiecePlace, Segment, frame};
use super::pins::Pin;
use super::request::{Answer, Moved, Request};
use super::shared::{LastFrame, Shared, merge};
use super::tables::{Shifts, content_key};

/// The most octets of a piece in one frame, since reading a part of a content opens whole frames.
/// A piece of 256 KiB fits even when it is sealed.
pub const PIECE_OCTETS: usize = 257 * 1024;

/// The most records in one frame of those that compaction moves, and how many octets of them are
/// followed by another frame.
const MOVED_IN_FRAME: usize = 16;
const MOVED_FRAME_OCTETS: usize = 64 * 1024;

/// The token of a staged piece: its frames, and the pin that keeps their segment.
struct Token {
    places: Vec<PiecePlace>,
    pin: Pin,
}

/// Transactions that are written to the disk together.
pub struct Group {
    pub shared: Arc<Shared>,
    pub segment: Arc<Segment>,
    pub start: u64,
    /// The last frame before this group.
    pub durable: u64,
    pub seq: u64,
    pub digest: u128,
    pub out: Vec<u8>,
    /// The rows that this group wrote, each with its value.
    pub rows: Rows,
    /// What the group changed in the segments' space.
    pub shifts: Shifts,
    pub has_room: bool,
}

impl Group {
    /// Carries out a request; the caller gets the answer once the group is durable.
    pub fn take(&mut self, request: Request) -> Answer {
        match request {
            Request::Job(mut job) => {
                let outcome = self.run(job.as_mut());
                Answer::Job(job, outcome)
            }
            Request::Stage(piece, sender) => {
                let staged = self.stage(&piece);
                Answer::Staged(sender, staged)
            }
            Request::Move(moved, sender) => {
                let outcome = self.rewrite(moved);
                Answer::Moved(sender, outcome)
            }
            Request::Close(sender) => {
                // A transaction without changes makes the journal end in the new segment.
                let outcome = self.transaction(BTreeMap::new());
                Answer::Moved(sender, outcome)
            }
        }
    }

    fn run(&mut self, job: &mut dyn Job) -> Result<(), Error> {
        let mut tx = GroupTx { group: self, values: BTreeMap::new(), contents: BTreeMap::new() };
        let run = catch_unwind(AssertUnwindSafe(|| job.run(&mut tx)));
        let (values, contents) = (tx.values, tx.contents);
        match run {
            Ok(true) => self.add(values, contents),
            Ok(false) => Ok(()),
            Err(_) => Err(Error::Io("a transaction panicked".to_owned())),
        }
    }

    fn add(
        &mut self,
        mut values: BTreeMap<Vec<u8>, Option<Bytes>>,
        contents: BTreeMap<ContentId, Option<Vec<Piece>>>,
    ) -> Result<(), Error> {
        if !self.has_room && contents.values().any(Option::is_some) {
            return Err(Error::Full);
        }
        let (before, seq) = (self.out.len(), self.seq);
        let added = self.add_pieces(contents, &mut values).and_then(|()| match values.is_empty() {
            true => Ok(()),
            false => self.transaction(values),
        });
        if added.is_err() {
            // Pieces are not written without their transaction.
            self.out.truncate(before);
            self.seq = seq;
        }
        added
    }

    /// Writes the contents' inline pieces, and adds the contents' values to `values`.
    fn add_pieces(
        &mut self,
        contents: BTreeMap<ContentId, Option<Vec<Piece>>>,
        values: &mut BTreeMap<Vec<u8>, Option<Bytes>>,
    ) -> Result<(), Error> {
        for (id, pieces) in contents {
            let value = pieces.map(|pieces| self.place_pieces(id, pieces)).transpose()?;
            values.insert(content_key(id), value);
        }
        Ok(())
    }

    /// Writes inline pieces as frames; returns the content's value.
    fn place_pieces(&mut self, id: ContentId, pieces: Vec<Piece>) -> Result<Bytes, Error> {
        let mut places = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Inline(octets) => {
                    for part in octets.chunks(PIECE_OCTETS) {
                        self.piece(id, part)?.encode(&mut places);
                    }
                }
                Piece::Staged(staged) => {
                    let token = staged.token::<Token>();
                    let own = token.filter(|token| token.pin.is_of(&self.shared.pins));
                    let own = own.ok_or(Error::StagedElsewhere)?;
                    own.places.iter().for_each(|place| place.encode(&mut places));
                }
            }
        }
        Ok(places.into())
    }

    fn piece(&mut self, id: ContentId, octets: &[u8]) -> Result<PiecePlace, Error> {
        let at = self.frame(Kind::Piece, &[&id.0, octets])?;
        let length = u32::try_from(octets.len()).expect("pieces are small");
        Ok(PiecePlace { segment: self.segment.number, frame: at, length })
    }

    fn stage(&mut self, octets: &Bytes) -> Result<Staged, Error> {
        if !self.has_room {
            return Err(Error::Full);
        }
        // The content is not known yet; the transaction that refers to the piece will name it.
        let parts = octets.chunks(PIECE_OCTETS).map(|part| self.piece(ContentId([0; 16]), part));
        let places = parts.collect::<Result<Vec<_>, _>>()?;
        let pin = Pin::new(&self.shared.pins, self.segment.number);
        Ok(Staged::new(Token { places, pin }, octets.len() as u64))
    }

    fn rewrite(&mut self, moved: Vec<Moved>) -> Result<(), Error> {
        let (mut values, mut last) = (BTreeMap::new(), LastFrame::default());
        for one in moved {
            match one {
                Moved::Record { key, place } => {
                    if let Some(row) = self.row(&key)?.filter(|row| row.place == place) {
                        values.insert(key, Some(self.shared.value_from(&row, &mut last)?));
                    }
                }
                Moved::Tombstone { key } => {
                    if self.row(&key)?.is_none() {
                        values.insert(key, None);
                    }
                }
                Moved::Piece { id, place } => self.move_piece(id, place, &mut values)?,
            }
        }
        // Reading a value opens its whole frame, so what was moved does not share a large one.
        while !values.is_empty() {
            let mut octets = 0;
            let is_next = |(at, value): (usize, Option<&Bytes>)| {
                octets += value.map_or(0, Bytes::len);
                at >= MOVED_IN_FRAME || (at > 0 && octets > MOVED_FRAME_OCTETS)
            };
            let rest = values.values().map(Option::as_ref).enumerate().position(is_next);
            let rest = rest.and_then(|at| values.keys().nth(at)).cloned();
            let later = rest.map(|key| values.split_off(&key)).unwrap_or_default();
            self.transaction(std::mem::replace(&mut values, later))?;
        }
        Ok(())
    }

    fn move_piece(
        &mut self,
        id: ContentId,
        place: PiecePlace,
        values: &mut BTreeMap<Vec<u8>, Option<Bytes>>,
    ) -> Result<(), Error> {
        let key = content_key(id);
        let value = match values.get(&key) {
            Some(pending) => pending.clone(),
            None => self.row(&key)?.map(|row| self.shared.value_of(&row)).transpose()?,
        };
        let Some(mut places) = value.and_then(|value| PiecePlace::decode_all(&value)) else {
            return Ok(());
        };
        for found in places.iter_mut().filter(|found| **found == place) {
            let octets = self.shared.piece(id, place)?;
            *found = self.piece(id, &octets)?;
        }
        let mut value = Vec::with_capacity(places.len() * PiecePlace::ENCODED);
        places.iter().for_each(|place| place.encode(&mut value));
        values.insert(key, Some(value.into()));
        Ok(())
    }

    /// Appends one transaction's frame, and adds its rows.
    fn transaction(&mut self, values: BTreeMap<Vec<u8>, Option<Bytes>>) -> Result<(), Error> {
        let at = self.start + self.out.len() as u64;
        let mut body = Body::new();
        let mut digest = self.digest;
        let mut changed = Vec::with_capacity(values.len());
        for (key, value) in values {
            let before = self.row(&key)?;
            if let Some(before) = &before {
                digest = digest.wrapping_sub(before.in_digest(&key));
            }
            let starts = body.push(&key, value.as_deref());
            let row = value.map(|value| {
                let length = u32::try_from(value.len()).expect("values are bounded");
                let segment = self.segment.number;
                let place = Place { segment, frame: at, at: starts, length };
                Row { place, inline: Some(value) }
            });
            digest = digest.wrapping_add(row.as_ref().map_or(0, |row| row.in_digest(&key)));
            changed.push((key, before, row));
        }
        self.frame(Kind::Transaction, &[&body.finish(digest)])?;
        self.digest = digest;
        for (key, before, row) in changed {
            before.iter().for_each(|row| self.shifts.died(&key, row));
            row.iter().for_each(|row| self.shifts.born(&key, row));
            self.rows.insert(key, row);
        }
        Ok(())
    }

    fn frame(&mut self, kind: Kind, parts: &[&[u8]]) -> Result<u64, Error> {
        let at = self.start + self.out.len() as u64;
        let (key, seq) = (&self.segment.key, self.seq + 1);
        frame::append(&mut self.out, key, at, kind, seq, self.durable, parts)
            .ok_or_else(|| Error::Io("a transaction is too large".to_owned()))?;
        self.seq = seq;
        Ok(at)
    }

    /// Returns the row as it is after this group so far.
    fn row(&self, key: &[u8]) -> Result<Option<Row>, Error> {
        match self.rows.get(key) {
            Some(own) => Ok(own.clone()),
            None => self.shared.row(key),
        }
    }

    fn value(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        match self.rows.get(key) {
            None => self.shared.value(key),
            Some(None) => Ok(None),
            // The group's own rows have their values with them.
            Some(Some(row)) => self.shared.value_of(row).map(Some),
        }
    }
}

/// The view of one transaction: the durable state, the group's writes so far, and its own on top.
struct GroupTx<'g> {
    group: &'g mut Group,
    values: BTreeMap<Vec<u8>, Option<Bytes>>,
    contents: BTreeMap<ContentId, Option<Vec<Piece>>>,
}

impl GroupTx<'_> {
    fn scan_rows(
        &self,
        span: &Span,
        visit: &mut dyn FnMut(&[u8], Row) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        // Its own values have no place yet; as rows they are inline, whatever their size.
        let nowhere = Place { segment: 0, frame: 0, at: 0, length: 0 };
        let as_row = |value: &Bytes| Row { place: nowhere, inline: Some(value.clone()) };
        let mut above = Rows::new();
        for (key, row) in within(&self.group.rows, span) {
            above.insert(key.clone(), row.clone());
        }
        for (key, value) in within(&self.values, span) {
            above.insert(key.clone(), value.as_ref().map(as_row));
        }
        merge(&above, span.order, visit, |each| self.group.shared.scan_rows(span, each))
    }
}

impl RawTx for GroupTx<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        match self.values.get(key) {
            Some(own) => Ok(own.clone()),
            None => self.group.value(key),
        }
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        let (mut failed, mut last) = (None, LastFrame::default());
        self.scan_rows(
            span,
            &mut |key, row| match self.group.shared.value_from(&row, &mut last) {
                Ok(value) => visit(key, &value),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            },
        )?;
        failed.map_or(Ok(()), Err)
    }

    fn has(&self, key: &[u8]) -> Result<bool, Error> {
        match self.values.get(key) {
            Some(own) => Ok(own.is_some()),
            None => Ok(self.group.row(key)?.is_some()),
        }
    }

    fn scan_keys(&self, span: &Span, visit: VisitKey<'_>) -> Result<(), Error> {
        self.scan_rows(span, &mut |key, _| visit(key))
    }

    fn put(&mut self, key: Vec<u8>, value: Bytes) {
        self.values.insert(key, Some(value));
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.values.insert(key, None);
    }

    fn content_put(&mut self, id: ContentId, pieces: Vec<Piece>) {
        self.contents.insert(id, Some(pieces));
    }

    fn content_delete(&mut self, id: ContentId) {
        self.contents.insert(id, None);
    }

    fn content_length(&self, id: ContentId) -> Result<Option<u64>, Error> {
        if let Some(own) = self.contents.get(&id) {
            let length = |pieces: &Vec<Piece>| pieces.iter().map(Piece::length).sum();
            return Ok(own.as_ref().map(length));
        }
        let Some(value) = self.group.value(&content_key(id))? else { return Ok(None) };
        let places = PiecePlace::decode_all(&value).unwrap_or_default();
        Ok(Some(places.iter().map(|place| u64::from(place.length)).sum()))
    }
}

/// Returns the part of a map that lies in a span.
fn within<'m, V>(
    map: &'m BTreeMap<Vec<u8>, V>,
    span: &'m Span,
) -> impl Iterator<Item = (&'m Vec<u8>, &'m V)> {
    let from = map.range::<[u8], _>((Bound::Included(span.from.as_slice()), Bound::Unbounded));
    from.take_while(|(key, _)| span.contains(key))
}
