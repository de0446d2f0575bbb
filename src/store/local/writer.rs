//! The writer: the one place where anything is added to the journal.
//!
//! One group: run the waiting transactions one after another, each seeing those before it;
//! append all their frames with one write; one fdatasync; publish; tell everybody. When the
//! write or the sync fails, nothing of the group was ever visible: all of it failed, the segment
//! is abandoned where its last good group ended, and writes are refused until a new segment
//! could be made and synced. A sync that failed is never repeated: the medium may have dropped
//! what it could not write and answer `Ok` the second time.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::index::{Place, Row};
use super::journal::{Body, Kind, PiecePlace, Segment, frame};
use super::shared::{Position, Shared, content_key, lock, merge};
use crate::store::Error;
use crate::store::engine::{ContentId, Job, Piece, RawTx, Span, Staged, StagedPlace, Visit};

/// What the writer is asked.
pub enum Request {
    Job(Box<dyn Job>),
    Stage(Bytes, SyncSender<Result<Staged, Error>>),
    /// Compaction: write these again if they still stand where they stood.
    Move(Vec<Moved>, SyncSender<Result<(), Error>>),
    /// Compaction: close the current segment, so that it can go.
    Close(SyncSender<Result<(), Error>>),
}

/// Something that compaction takes out of a segment.
pub enum Moved {
    Record {
        key: Vec<u8>,
        place: Place,
    },
    Piece {
        id: ContentId,
        place: PiecePlace,
    },
    /// A deletion that an older segment may still need.
    Tombstone {
        key: Vec<u8>,
    },
}

/// The journal's end, owned by one thread.
pub struct Writer {
    shared: Arc<Shared>,
    current: Option<Arc<Segment>>,
    /// The last segment made, current or abandoned.
    last: Option<Arc<Segment>>,
    number: u64,
    /// Where the next frame goes in `current`.
    offset: u64,
    seq: u64,
    digest: u128,
    trouble: Option<Trouble>,
    room_seen: Option<(Instant, bool)>,
}

/// Why writes are refused, and when to try a new segment.
struct Trouble {
    error: Error,
    retry: Instant,
    pause: Duration,
}

/// The longest piece frame: reading a part of a content opens whole frames.
pub const PIECE_OCTETS: usize = 256 * 1024;
/// A group that has grown past this is written; what still waits makes the next one.
const GROUP_OCTETS: usize = 8 * 1024 * 1024;
/// Requests wait for the next try, so it is never far.
const RETRY_LAST: Duration = Duration::from_secs(2);
const ROOM_LOOKED_AT_EVERY: Duration = Duration::from_millis(500);

impl Writer {
    /// Goes on after `position`; `last` is the newest segment there is.
    pub fn new(
        shared: Arc<Shared>,
        position: Position,
        last: Option<Arc<Segment>>,
        number: u64,
    ) -> Writer {
        Writer {
            shared,
            current: None,
            last,
            number,
            offset: 0,
            seq: position.seq,
            digest: position.digest,
            trouble: None,
            room_seen: None,
        }
    }

    /// Does requests in groups; every one of them is answered.
    pub fn group(&mut self, requests: Vec<Request>) {
        let mut requests = requests.into_iter().peekable();
        while let Some(next) = requests.peek() {
            if matches!(next, Request::Close(_)) {
                self.finish();
            }
            self.one_group(&mut requests);
        }
    }

    /// Nothing comes any more: gives back what was reserved.
    pub fn finish(&mut self) {
        if let Some(current) = self.current.take() {
            current.trim();
        }
    }

    /// Refuses requests without looking at them.
    pub fn refuse_all(&self, requests: Vec<Request>, error: &Error) {
        requests.into_iter().for_each(|request| request.fail(error));
    }

    fn one_group(&mut self, requests: &mut impl Iterator<Item = Request>) {
        let segment = match self.ready() {
            Ok(segment) => segment,
            Err(error) => return requests.for_each(|one| one.fail(&error)),
        };
        let has_room = self.has_room();
        let mut group = Group {
            shared: self.shared.clone(),
            segment: segment.clone(),
            start: self.offset,
            durable: self.seq,
            seq: self.seq,
            digest: self.digest,
            out: Vec::new(),
            rows: BTreeMap::new(),
            has_room,
        };
        let mut answers = Vec::new();
        while group.out.len() < GROUP_OCTETS
            && let Some(request) = requests.next()
        {
            answers.push(group.take(request));
        }
        match self.commit(&segment, group) {
            Ok(()) => answers.into_iter().for_each(Answer::tell),
            Err(error) => {
                self.abandon(&error);
                answers.into_iter().for_each(|answer| answer.fail(&error));
            }
        }
    }

    fn commit(&mut self, segment: &Arc<Segment>, group: Group) -> Result<(), Error> {
        if group.out.is_empty() {
            return Ok(());
        }
        segment.append(&group.out, group.start)?;
        self.offset = group.start + group.out.len() as u64;
        (self.seq, self.digest) = (group.seq, group.digest);
        let position = Position {
            seq: self.seq,
            segment: segment.number,
            offset: self.offset,
            digest: self.digest,
        };
        self.count(&group.rows);
        self.shared.overlay_mut().publish(group.rows, position);
        if self.offset >= self.shared.config.segment_octets {
            // Closed for good; the next group makes a new one, which says where this one ends.
            self.current = None;
            segment.trim();
        }
        Ok(())
    }

    /// Keeps the count of what is alive in each segment.
    fn count(&self, rows: &BTreeMap<Vec<u8>, Option<Row>>) {
        for (key, row) in rows {
            let before = self.shared.row(key).ok().flatten();
            let mut live = lock(&self.shared.live);
            if let Some(before) = &before {
                for (segment, octets) in self.shared.shares(key, before) {
                    let left = live.entry(segment).or_default();
                    *left = left.saturating_sub(octets);
                    // Replaced is erased as well: rejecting replaces the record that holds the key.
                    self.shared.erase_later(segment);
                }
            }
            for (segment, octets) in row.iter().flat_map(|row| self.shared.shares(key, row)) {
                *live.entry(segment).or_default() += octets;
            }
        }
    }

    /// The segment to append to; makes one when there is none or the last failed.
    fn ready(&mut self) -> Result<Arc<Segment>, Error> {
        if let Some(trouble) = &self.trouble {
            let left = trouble.retry.saturating_duration_since(Instant::now());
            let is_far = left > RETRY_LAST || matches!(trouble.error, Error::Full);
            if is_far && !left.is_zero() {
                return Err(trouble.error.clone());
            }
            // The next try is near: whoever waits for it may be served after all.
            std::thread::sleep(left);
        }
        if let Some(current) = &self.current {
            return Ok(current.clone());
        }
        match self.segment_create() {
            Ok(segment) => {
                if self.trouble.take().is_some() {
                    tracing::info!(segment = segment.number, "writes are taken again");
                }
                *lock(&self.shared.refusing) = None;
                Ok(segment)
            }
            Err(error) => {
                self.refuse(error.clone());
                Err(error)
            }
        }
    }

    fn segment_create(&mut self) -> Result<Arc<Segment>, Error> {
        let previous = self.last.as_ref().map(|last| (last.number, last.end()));
        self.number += 1;
        let shared = &self.shared;
        let room = shared.config.segment_octets;
        let (files, vault) = (&shared.files, &shared.vault);
        let made = Segment::create(files, vault, self.number, previous, self.seq + 1, room);
        let segment = match made {
            Ok(segment) => Arc::new(segment),
            Err(error) => {
                // Its header was never used; the next start ignores what is left of it.
                let _ = shared.disk.remove(&super::journal::segment::file_name(self.number));
                return Err(error.into());
            }
        };
        shared.segment_add(segment.clone());
        self.offset = segment.end();
        (self.current, self.last) = (Some(segment.clone()), Some(segment.clone()));
        Ok(segment)
    }

    /// Leaves the segment where its last good group ended.
    fn abandon(&mut self, error: &Error) {
        self.current = None;
        self.refuse(error.clone());
    }

    fn refuse(&mut self, error: Error) {
        let first = self.shared.config.retry_first;
        let pause = match (&self.trouble, &error) {
            (Some(trouble), error) if !matches!(error, Error::Full) => {
                (trouble.pause * 2).min(RETRY_LAST)
            }
            // Whether there is room again costs little to find out.
            _ => first,
        };
        tracing::error!(%error, ?pause, "writes are refused until a new segment can be made");
        let refused = match error {
            Error::Full => Error::Full,
            other => Error::Refusing(other.to_string()),
        };
        *lock(&self.shared.refusing) = Some(refused.to_string());
        self.trouble = Some(Trouble { error: refused, retry: Instant::now() + pause, pause });
    }

    /// Whether there is room for new contents. Looked at now and then.
    fn has_room(&mut self) -> bool {
        if let Some((at, has_room)) = self.room_seen
            && at.elapsed() < ROOM_LOOKED_AT_EVERY
        {
            return has_room;
        }
        let free = self.shared.disk.free_octets();
        let has_room = free.is_ok_and(|free| free >= self.shared.config.free_min_octets);
        self.room_seen = Some((Instant::now(), has_room));
        has_room
    }
}

impl Request {
    fn fail(self, error: &Error) {
        match self {
            Request::Job(job) => tell_job(job, Err(error.clone())),
            // Whoever asked may have gone.
            Request::Stage(_, tell) => drop(tell.send(Err(error.clone()))),
            Request::Move(_, tell) | Request::Close(tell) => {
                drop(tell.send(Err(error.clone())));
            }
        }
    }
}

/// What somebody will be told once the group is durable.
enum Answer {
    Job(Box<dyn Job>, Result<(), Error>),
    Staged(SyncSender<Result<Staged, Error>>, Result<Staged, Error>),
    Moved(SyncSender<Result<(), Error>>, Result<(), Error>),
}

impl Answer {
    fn tell(self) {
        match self {
            Answer::Job(job, outcome) => tell_job(job, outcome),
            Answer::Staged(tell, outcome) => drop(tell.send(outcome)),
            Answer::Moved(tell, outcome) => drop(tell.send(outcome)),
        }
    }

    fn fail(self, error: &Error) {
        match self {
            Answer::Job(job, _) => tell_job(job, Err(error.clone())),
            Answer::Staged(tell, _) => drop(tell.send(Err(error.clone()))),
            Answer::Moved(tell, _) => drop(tell.send(Err(error.clone()))),
        }
    }
}

/// What the caller does with the answer is its code: a panic there must not end the writer.
fn tell_job(job: Box<dyn Job>, outcome: Result<(), Error>) {
    if catch_unwind(AssertUnwindSafe(move || job.done(outcome))).is_err() {
        tracing::error!("whoever asked for a transaction panicked when told of its outcome");
    }
}

/// Transactions on their way to the disk together.
struct Group {
    shared: Arc<Shared>,
    segment: Arc<Segment>,
    start: u64,
    /// The last frame before this group.
    durable: u64,
    seq: u64,
    digest: u128,
    out: Vec<u8>,
    rows: BTreeMap<Vec<u8>, Option<Row>>,
    has_room: bool,
}

impl Group {
    fn take(&mut self, request: Request) -> Answer {
        match request {
            Request::Job(mut job) => {
                let outcome = self.run(job.as_mut());
                Answer::Job(job, outcome)
            }
            Request::Stage(piece, tell) => {
                let staged = self.stage(&piece);
                Answer::Staged(tell, staged)
            }
            Request::Move(moved, tell) => {
                let outcome = self.rewrite(moved);
                Answer::Moved(tell, outcome)
            }
            Request::Close(tell) => {
                // A transaction without changes: the journal now ends in the new segment.
                let outcome = self.transaction(BTreeMap::new());
                Answer::Moved(tell, outcome)
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
        let before = self.out.len();
        let seq = self.seq;
        for (id, pieces) in contents {
            let value = match pieces {
                Some(pieces) => match self.place_pieces(id, pieces) {
                    Ok(places) => Some(places),
                    Err(error) => {
                        (self.seq, _) = (seq, self.out.truncate(before));
                        return Err(error);
                    }
                },
                None => None,
            };
            values.insert(content_key(id), value);
        }
        if values.is_empty() {
            return Ok(());
        }
        let added = self.transaction(values);
        if added.is_err() {
            // Pieces without their transaction are not written either.
            self.out.truncate(before);
            self.seq = seq;
        }
        added
    }

    /// Writes inline pieces as frames; tells the content's row.
    fn place_pieces(&mut self, id: ContentId, pieces: Vec<Piece>) -> Result<Bytes, Error> {
        let mut places = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Inline(octets) => {
                    for part in octets.chunks(PIECE_OCTETS) {
                        self.piece(id, part)?.encode(&mut places);
                    }
                }
                Piece::Staged(Staged {
                    place: StagedPlace::Journal { places: at, .. }, ..
                }) => {
                    at.iter().for_each(|place| place.encode(&mut places));
                }
                Piece::Staged(_) => {
                    return Err(Error::Io("a piece was staged in another engine".to_owned()));
                }
            }
        }
        Ok(places.into())
    }

    fn piece(&mut self, id: ContentId, octets: &[u8]) -> Result<PiecePlace, Error> {
        let mut body = Vec::with_capacity(frame::PIECE_HEAD + octets.len() + 16);
        body.extend_from_slice(&id.0);
        body.extend_from_slice(octets);
        let at = self.frame(Kind::Piece, body)?;
        let length = u32::try_from(octets.len()).expect("pieces are small");
        Ok(PiecePlace { segment: self.segment.number, frame: at, length })
    }

    fn stage(&mut self, octets: &Bytes) -> Result<Staged, Error> {
        if !self.has_room {
            return Err(Error::Full);
        }
        // Whose it will be is not known yet: the transaction that refers to it says so.
        let parts = octets.chunks(PIECE_OCTETS).map(|part| self.piece(ContentId([0; 16]), part));
        let places = parts.collect::<Result<Vec<_>, _>>()?;
        let pin = Pin::new(self.shared.clone(), self.segment.number);
        let place = StagedPlace::Journal { places, pin: Arc::new(pin) };
        Ok(Staged { place, length: octets.len() as u64 })
    }

    fn rewrite(&mut self, moved: Vec<Moved>) -> Result<(), Error> {
        let mut values = BTreeMap::new();
        for one in moved {
            match one {
                Moved::Record { key, place } => {
                    if let Some(row) = self.row(&key)?.filter(|row| row.place == place) {
                        values.insert(key, Some(self.shared.value_of(&row)?));
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
        if values.is_empty() { Ok(()) } else { self.transaction(values) }
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

    /// Appends one transaction's frame and its rows.
    fn transaction(&mut self, values: BTreeMap<Vec<u8>, Option<Bytes>>) -> Result<(), Error> {
        let at = self.start + self.out.len() as u64;
        let mut body = Body::new();
        let mut digest = self.digest;
        let mut rows = Vec::with_capacity(values.len());
        for (key, value) in values {
            if let Some(before) = self.row(&key)? {
                digest = digest.wrapping_sub(before.in_digest());
            }
            let starts = body.push(&key, value.as_deref());
            let row = value.map(|value| {
                let length = u32::try_from(value.len()).expect("values are bounded");
                let segment = self.segment.number;
                Row::new(&key, value, Place { segment, frame: at, at: starts, length })
            });
            digest = digest.wrapping_add(row.as_ref().map_or(0, Row::in_digest));
            rows.push((key, row));
        }
        self.frame(Kind::Transaction, body.finish(digest))?;
        self.digest = digest;
        self.rows.extend(rows);
        Ok(())
    }

    fn frame(&mut self, kind: Kind, body: Vec<u8>) -> Result<u64, Error> {
        let at = self.start + self.out.len() as u64;
        let (key, seq) = (&self.segment.key, self.seq + 1);
        frame::append(&mut self.out, key, at, kind, seq, self.durable, body)
            .ok_or_else(|| Error::Io("a transaction is too large".to_owned()))?;
        self.seq = seq;
        Ok(at)
    }

    /// The row as this group will leave it.
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
            Some(Some(row)) => self.value_of(row).map(Some),
        }
    }

    /// A row's value, which may stand in this group's own frames.
    fn value_of(&self, row: &Row) -> Result<Bytes, Error> {
        let Place { segment, frame: at, at: starts, length } = row.place;
        let own = segment == self.segment.number && at >= self.start;
        if row.inline.is_some() || !own {
            return self.shared.value_of(row);
        }
        let from = (at - self.start) as usize;
        let head = frame::Frame::decode(&self.out[from..]).expect("we wrote it just now");
        let sealed = from + frame::HEAD..from + frame::HEAD + head.sealed as usize;
        let mut body = self.out[sealed].to_vec();
        let plain = frame::open(&self.segment.key, at, head, &mut body).ok_or(Error::Seal)?;
        Ok(Bytes::copy_from_slice(&plain[starts as usize..starts as usize + length as usize]))
    }
}

/// The view of one transaction: durable state, the group's so far, its own on top.
struct GroupTx<'g> {
    group: &'g mut Group,
    values: BTreeMap<Vec<u8>, Option<Bytes>>,
    contents: BTreeMap<ContentId, Option<Vec<Piece>>>,
}

impl RawTx for GroupTx<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        match self.values.get(key) {
            Some(own) => Ok(own.clone()),
            None => self.group.value(key),
        }
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), Error> {
        // Own values have no place yet; as rows they stand inline, whatever their size.
        let nowhere = Place { segment: 0, frame: 0, at: 0, length: 0 };
        let as_row =
            |value: &Bytes| Row { place: nowhere, identity: 0, inline: Some(value.clone()) };
        let mut above: BTreeMap<Vec<u8>, Option<Row>> = BTreeMap::new();
        for (key, row) in within(&self.group.rows, span) {
            above.insert(key.clone(), row.clone());
        }
        for (key, value) in within(&self.values, span) {
            above.insert(key.clone(), value.as_ref().map(as_row));
        }
        let mut failed = None;
        let mut visit_row = |key: &[u8], row: Row| match self.group.value_of(&row) {
            Ok(value) => visit(key, &value),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        };
        merge(&above, span.order, &mut visit_row, |each| self.group.shared.scan_rows(span, each))?;
        failed.map_or(Ok(()), Err)
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

/// The part of a map that lies in a span.
fn within<'m, V>(
    map: &'m BTreeMap<Vec<u8>, V>,
    span: &'m Span,
) -> impl Iterator<Item = (&'m Vec<u8>, &'m V)> {
    let from = map.range::<[u8], _>((Bound::Included(span.from.as_slice()), Bound::Unbounded));
    from.take_while(|(key, _)| span.contains(key))
}

/// Keeps a segment from being removed while something in it waits for its transaction.
#[derive(Debug)]
pub struct Pin {
    shared: PinShared,
    segment: u64,
}

struct PinShared(Arc<Shared>);

impl std::fmt::Debug for PinShared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Pin {
    fn new(shared: Arc<Shared>, segment: u64) -> Pin {
        *lock(&shared.pinned).entry(segment).or_default() += 1;
        Pin { shared: PinShared(shared), segment }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pinned = lock(&self.shared.0.pinned);
        if let Some(count) = pinned.get_mut(&self.segment) {
            *count -= 1;
            if *count == 0 {
                pinned.remove(&self.segment);
            }
        }
    }
}

/// Whole seconds since 1970, for how long something has waited to be erased.
pub fn unix_secs() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
