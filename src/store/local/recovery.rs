//! Opening a store: which frames are valid, and a check that the index agrees with them.
//!
//! 1. The segments are opened; the end of each is what its successor's header says.
//! 2. Frames after the checkpoint are applied to the index again (doing so twice is harmless).
//! 3. An unreadable range was *damaged* if a later frame records it as durable: it is reported and
//!    skipped, and everything else is served. Otherwise it is the torn end of what was never
//!    acknowledged, and the journal ends there.
//! 4. The whole index is read and its digest compared with the journal's. If they differ, or if
//!    there was no usable checkpoint, the index is wiped and rebuilt from the whole journal.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;

use super::checkpoint;
use super::index::{Place, Row};
use super::journal::segment::{self, HEADER, Segment};
use super::journal::{Kind, frame};
use super::shared::{Position, Shared, lock};
use crate::store::error::Error;
use crate::store::span::{Order, Span};

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// The number of frames that were applied again.
    pub replayed: u64,
    /// Whether the index was built from the whole journal.
    pub rebuilt: bool,
    /// One sentence for each damaged place.
    pub damage: Vec<String>,
}

/// Where the journal ends, and from what the writer continues.
pub struct Recovered {
    pub position: Position,
    pub last: Option<Arc<Segment>>,
    /// The highest segment number ever used.
    pub number: u64,
    pub report: OpenReport,
}

/// The function called with the octets of the journal that are done, and in total.
pub type Progress<'p> = &'p mut dyn FnMut(u64, u64);

/// Opens the segments and the index.
pub fn recover(shared: &Shared, progress: Progress<'_>) -> Result<Recovered, Error> {
    let mut report = OpenReport::default();
    let number = open_segments(shared, &mut report)?;
    let checkpoint = checkpoint::read(shared);
    if let Some(found) = &checkpoint {
        miss(shared, found.position, &mut report);
        lock(&shared.erasable).extend(found.erasable.iter().copied());
    }
    let known = checkpoint.map(|found| found.position);
    let before = report.damage.clone();
    let (end, rebuilt) = match known.and_then(|known| agreed(shared, known, known.seq, &mut report))
    {
        Some(end) => (end, false),
        None => {
            report = OpenReport { damage: before, ..OpenReport::default() };
            (rebuild(shared, known, &mut report, progress)?, !shared.segments().is_empty())
        }
    };
    report.rebuilt = rebuilt;
    if let Some(last) = shared.segments().last() {
        last.settle(end.uncertain)?;
        shared.disk.sync_folder()?;
    }
    Ok(finish(shared, end.position, number, report))
}

/// Brings the index from a checkpoint to the end of the journal; `None` if it cannot be used or
/// does not agree with the journal.
fn agreed(shared: &Shared, known: Position, durable: u64, report: &mut OpenReport) -> Option<End> {
    let mut replay = Replay::new(shared, known, durable, report);
    let answer = replay.run(&mut |_, _| ());
    if let Ok(end) = answer
        && proves_itself(shared, end.position)
    {
        return Some(end);
    }
    tracing::warn!("the index does not agree with the journal and is rebuilt");
    None
}

/// Restores the index to the published state after it failed while the store was open. Changes
/// since its last flush may be lost, so it is compared with the journal again.
pub fn restore_index(shared: &Shared) -> Result<(), Error> {
    let _alone = lock(&shared.keeper);
    let published = shared.overlay().published;
    let _readers_wait = shared.gate.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut report = OpenReport::default();
    if shared.index.reopen().is_ok()
        && let Some(found) = checkpoint::read(shared)
        && agreed(shared, found.position, published.seq, &mut report).is_some()
    {
        return Ok(());
    }
    rebuild(shared, Some(published), &mut report, &mut |_, _| ()).map(|_| ())
}

fn finish(shared: &Shared, position: Position, number: u64, mut report: OpenReport) -> Recovered {
    report.damage.sort();
    report.damage.dedup();
    for damage in &report.damage {
        tracing::error!(%damage, "the journal is damaged; everything else is served");
    }
    lock(&shared.damage).clone_from(&report.damage);
    shared.overlay_mut().published = position;
    Recovered { position, last: shared.segments().pop(), number, report }
}

/// Opens every segment and sets its end. Returns the highest segment number.
fn open_segments(shared: &Shared, report: &mut OpenReport) -> Result<u64, Error> {
    let names = shared.disk.names()?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| segment::number_of(name)).collect();
    numbers.sort_unstable();
    let highest = numbers.last().copied().unwrap_or_default();
    let (mut unreadable, mut unfinished) = (Vec::new(), Vec::new());
    for number in numbers {
        match Segment::open(&shared.files, &shared.vault, number)? {
            segment::Found::Segment(segment) => shared.segment_add(Arc::new(segment)),
            segment::Found::Unreadable => unreadable.push(number),
            segment::Found::Unfinished => unfinished.push(number),
        }
    }
    if shared.segments().is_empty() && !unreadable.is_empty() {
        // Nothing may be concluded from this, least of all that there is nothing to keep.
        return Err(Error::Damaged(
            "no segment of the journal can be opened; is this the right daemon key?".to_owned(),
        ));
    }
    for number in unreadable {
        report.damage.push(format!("segment {number}: its header cannot be read"));
    }
    for number in unfinished {
        if let Err(error) = shared.disk.remove(&segment::file_name(number)) {
            tracing::debug!(number, %error, "an unfinished segment was not removed");
        }
    }
    for pair in shared.segments().windows(2) {
        if pair[1].header.previous == pair[0].number {
            let (end, there) = (pair[1].header.previous_end, pair[0].end());
            if there < end {
                report.damage.push(format!("segment {}: it is truncated", pair[0].number));
            }
            pair[0].set_end(end.min(there));
        }
    }
    Ok(highest)
}

/// Reports what the checkpoint refers to and the journal lacks.
fn miss(shared: &Shared, position: Position, report: &mut OpenReport) {
    let Position { segment: number, offset, .. } = position;
    match shared.segment(number) {
        Some(segment) if segment.end() >= offset => {}
        Some(_) => report.damage.push(format!("segment {number}: it is truncated")),
        None if number == 0 => {}
        None => report.damage.push(format!("segment {number}: it is missing")),
    }
}

fn rebuild(
    shared: &Shared,
    known: Option<Position>,
    report: &mut OpenReport,
    progress: Progress<'_>,
) -> Result<End, Error> {
    shared.index.wipe()?;
    let durable = known.map_or(0, |known| known.seq);
    let mut replay = Replay::new(shared, Position::default(), durable, report);
    let mut end = replay.run(progress)?;
    let position = &mut end.position;
    // The numbers of lost frames are not used again.
    position.seq = position.seq.max(durable);
    let (digest, live) = survey(shared)?;
    if digest != position.digest && report.damage.is_empty() {
        report
            .damage
            .push("replaying the journal does not yield the state that it records".to_owned());
    }
    // After damage, the journal's own digest cannot be reached; what is left is now the truth.
    position.digest = digest;
    *lock(&shared.live) = live;
    Ok(end)
}

/// Reads the whole index and compares its digest with that of the journal.
fn proves_itself(shared: &Shared, position: Position) -> bool {
    match survey(shared) {
        Ok((digest, live)) if digest == position.digest => {
            *lock(&shared.live) = live;
            true
        }
        Ok(_) => false,
        Err(error) => {
            tracing::warn!(%error, "the index cannot be read");
            false
        }
    }
}

/// Returns the index's digest, and the live octets of each segment.
fn survey(shared: &Shared) -> Result<(u128, BTreeMap<u64, u64>), Error> {
    let (mut digest, mut live) = (0u128, BTreeMap::new());
    let mut wrong = None;
    shared.index.scan(&Span::prefix(&[], Order::Ascending), &mut |key, row| {
        // The row contains the identity; if it also contains the value, the identity is recomputed.
        let identity = match &row.inline {
            Some(value) => super::index::identity_of(key, value),
            None => row.identity,
        };
        if identity != row.identity {
            wrong = Some(Error::Io("an index row does not match its identity".to_owned()));
            return ControlFlow::Break(());
        }
        digest = digest.wrapping_add(row.in_digest());
        for (segment, octets) in shared.shares(key, &row) {
            *live.entry(segment).or_default() += octets;
        }
        ControlFlow::Continue(())
    })?;
    wrong.map_or(Ok((digest, live)), Err)
}

/// Where the journal ends.
struct End {
    position: Position,
    /// From this offset of the last segment on, nothing proves that what can be read is on the
    /// medium.
    uncertain: u64,
}

/// Applies frames to the index, starting from a position.
struct Replay<'r> {
    shared: &'r Shared,
    report: &'r mut OpenReport,
    position: Position,
    /// The last frame that is known to be durable, from a checkpoint, from what was published, or
    /// from a later frame.
    durable: u64,
    /// The number and offset of each frame in the newest segment.
    tail: Vec<(u64, u64)>,
    pending: BTreeMap<Vec<u8>, Option<Row>>,
}

const ROWS_AT_ONCE: usize = 2_048;

/// What is found at an offset in a segment.
enum Found {
    Frame(frame::Frame, Vec<u8>),
    /// Unreadable octets up to the next intact frame, or up to the end.
    Gap {
        next: Option<u64>,
    },
}

impl<'r> Replay<'r> {
    fn new(shared: &'r Shared, from: Position, durable: u64, report: &'r mut OpenReport) -> Self {
        let (tail, pending) = (Vec::new(), BTreeMap::new());
        Replay { shared, report, position: from, durable, tail, pending }
    }

    fn run(&mut self, progress: Progress<'_>) -> Result<End, Error> {
        let from = self.position.segment;
        let segments: Vec<_> =
            self.shared.segments().into_iter().filter(|one| one.number >= from).collect();
        let total = segments.iter().map(|one| one.end()).sum();
        let mut done = 0;
        for (at, segment) in segments.iter().enumerate() {
            let start = if segment.number == from { self.position.offset } else { HEADER };
            let is_last = at + 1 == segments.len();
            self.segment(segment, start, is_last)?;
            done += segment.end();
            progress(done, total);
        }
        self.apply()?;
        let proven = |(seq, _): &&(u64, u64)| *seq <= self.durable;
        let first = self.tail.iter().find(|frame| !proven(frame));
        let uncertain = first.map_or(self.position.offset, |(_, offset)| *offset);
        Ok(End { position: self.position, uncertain })
    }

    fn segment(&mut self, segment: &Segment, start: u64, is_last: bool) -> Result<(), Error> {
        let (mut offset, end) = (start, segment.end());
        self.tail.clear();
        while offset < end {
            match find(segment, offset, end)? {
                Found::Frame(frame, body) => {
                    offset += frame.octets();
                    self.frame(segment.number, offset, frame, &body)?;
                }
                Found::Gap { next } => {
                    let torn = is_last && !self.knew_more(segment, next, end)?;
                    if torn {
                        segment.set_end(offset);
                        break;
                    }
                    let number = segment.number;
                    self.report.damage.push(format!("segment {number}: damaged at {offset}"));
                    offset = next.unwrap_or(end);
                }
            }
        }
        self.position.segment = segment.number;
        self.position.offset = segment.end();
        Ok(())
    }

    /// Returns whether a frame after a gap, or anything else, records that something in the gap
    /// was durable.
    fn knew_more(&self, segment: &Segment, next: Option<u64>, end: u64) -> Result<bool, Error> {
        if self.durable > self.position.seq {
            return Ok(true);
        }
        let mut at = next;
        while let Some(offset) = at {
            let Some((frame, _)) = segment.read(offset, end)? else { break };
            if frame.durable > self.position.seq {
                return Ok(true);
            }
            let behind = offset + frame.octets();
            at = match find(segment, behind, end)? {
                _ if behind >= end => None,
                Found::Frame(..) => Some(behind),
                Found::Gap { next } => next,
            };
        }
        Ok(false)
    }

    fn frame(
        &mut self,
        segment: u64,
        end: u64,
        frame: frame::Frame,
        body: &[u8],
    ) -> Result<(), Error> {
        self.report.replayed += 1;
        self.position.seq = frame.seq;
        self.durable = self.durable.max(frame.durable);
        self.tail.push((frame.seq, end - frame.octets()));
        if frame.kind == Kind::Piece {
            return Ok(());
        }
        let malformed = || Error::Damaged(format!("segment {segment}: a malformed transaction"));
        let (digest, ops) = frame::parse(body).ok_or_else(malformed)?;
        let at = end - frame.octets();
        for op in ops {
            let row = op.value.map(|(starts, value)| {
                let length = u32::try_from(value.len()).expect("the length was read from 32 bits");
                let place = Place { segment, frame: at, at: starts, length };
                Row::new(op.key, Bytes::copy_from_slice(value), place)
            });
            self.died(op.key, row.as_ref())?;
            self.pending.insert(op.key.to_vec(), row);
        }
        self.position.digest = digest;
        if self.pending.len() >= ROWS_AT_ONCE { self.apply() } else { Ok(()) }
    }

    /// Records that the previous value of a key must be erased. The time of the deletion is no
    /// longer known, so the time counts from now.
    fn died(&self, key: &[u8], now: Option<&Row>) -> Result<(), Error> {
        let before = match self.pending.get(key) {
            Some(pending) => pending.clone(),
            None => self.shared.index.get(key)?,
        };
        if let Some(before) =
            before.filter(|before| now.is_none_or(|now| now.place != before.place))
        {
            self.shared.erase_later(before.place.segment);
        }
        Ok(())
    }

    fn apply(&mut self) -> Result<(), Error> {
        let changes: Vec<_> = std::mem::take(&mut self.pending).into_iter().collect();
        self.shared.index.apply(&changes)?;
        Ok(())
    }
}

fn find(segment: &Segment, offset: u64, end: u64) -> Result<Found, Error> {
    if let Some((frame, body)) = segment.read(offset, end)? {
        return Ok(Found::Frame(frame, body));
    }
    Ok(Found::Gap { next: segment.resync(offset + frame::ALIGN, end)? })
}
