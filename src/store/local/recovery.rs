//! Opening a store: which frames are valid, and what came after the index on disk.
//!
//! 1. The segments are opened; the end of each is what its successor's header says.
//! 2. The runs that the manifest names are opened, and frames after its position are applied to the
//!    rows in memory. Each frame contains the digest that the index has after it: if one differs,
//!    the index does not belong to this journal.
//! 3. An unreadable range was *damaged* if a later frame records it as durable: it is reported and
//!    skipped, and everything else is served. Otherwise it is the torn end of what was never
//!    acknowledged, and the journal ends there.
//! 4. If the index cannot be used, it is built again from the whole journal, in runs, so that it
//!    takes no more memory than at any other time.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::index::{Place, Row};
use super::journal::segment::{self, BadSector, HEADER, Segment};
use super::journal::{Kind, frame};
use super::manifest;
use super::shared::{Shared, lock};
use super::tables::{Manifest, Position, Shifts, Tables, inline_of};
use crate::store::error::Error;

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
    let manifest = manifest::read(shared).unwrap_or_else(|error| {
        tracing::warn!(%error, "the manifest cannot be read, so the index is built again");
        None
    });
    if let Some(found) = &manifest {
        miss(shared, found.position, &mut report);
    }
    let known = manifest.as_ref().map_or(0, |found| found.position.seq);
    // The number of a segment that was lost is not used again either.
    let number = number.max(manifest.as_ref().map_or(0, Manifest::last_segment));
    let before = report.damage.clone();
    let usable = manifest.filter(|found| !found.is_incomplete);
    let continued = usable.map(|found| continued(shared, found, &mut report));
    let (tables, end) = match continued.transpose()?.flatten() {
        Some(found) => found,
        None => {
            report = OpenReport { damage: before, ..OpenReport::default() };
            report.rebuilt = !shared.segments().is_empty();
            lock(&shared.keeper).manifest = Manifest::default();
            let built = rebuild(shared, known, u64::MAX, &mut report, progress)?;
            lock(&shared.keeper).manifest.is_incomplete = !report.damage.is_empty();
            built
        }
    };
    if let Some(last) = shared.segments().last() {
        last.settle(end.uncertain)?;
        shared.disk.sync_folder()?;
    }
    *shared.tables_mut() = tables;
    let is_large = report.rebuilt || shared.should_checkpoint();
    if is_large && let Err(error) = manifest::write(shared) {
        tracing::warn!(%error, "the index could not be written; the next start will take as long");
    }
    Ok(finish(shared, end.position, number, report))
}

/// Continues from the index on disk to the end of the journal; `None` if it cannot be used, does
/// not belong to the journal, or would lack something. An error says that the journal cannot be
/// read, which is no reason to give up the index.
fn continued(
    shared: &Shared,
    manifest: Manifest,
    report: &mut OpenReport,
) -> Result<Option<(Tables, End)>, Error> {
    let runs = match manifest::open_runs(shared, &manifest) {
        Ok(runs) => Arc::new(runs),
        Err(error) => {
            tracing::warn!(%error, "the index cannot be opened and is built again");
            return Ok(None);
        }
    };
    let (published, space) = (manifest.position, manifest.space.clone());
    let known = published.seq;
    let tables = Tables::at(runs, published, space);
    let mut keeper = lock(&shared.keeper);
    keeper.manifest = manifest;
    if let Err(error) = manifest::sweep(shared, &keeper) {
        tracing::warn!(%error, "old runs of the index were not removed");
    }
    drop(keeper);
    let damages = report.damage.len();
    let mut replay = Replay::new(shared, tables, known, false, report);
    match replay.run(&mut |_, _| ()) {
        Ok(_) if replay.report.damage.len() > damages => Ok(None),
        Ok(end) => Ok(Some((replay.tables, end))),
        Err(error @ (Error::DamagedIndex(_) | Error::Damaged(_))) => {
            tracing::warn!(%error, "the index does not agree with the journal and is built again");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Builds the index again while the store is open, because a part of it cannot be read. Readers
/// that need that part get an error meanwhile; everything else is served.
pub fn restore_index(shared: &Shared) -> Result<(), Error> {
    let _no_merging = lock(&shared.merging);
    // Compaction waits, so that nothing is moved meanwhile.
    let _still = lock(&shared.compacting);
    let restored = restore(shared);
    // Nothing names the runs that were written in vain.
    let keeper = lock(&shared.keeper);
    if let Err(error) = manifest::sweep(shared, &keeper) {
        tracing::warn!(%error, "unfinished runs of the index were not removed");
    }
    restored
}

fn restore(shared: &Shared) -> Result<(), Error> {
    manifest::name_all(shared)?;
    manifest::check_room(shared, &shared.tables().runs.clone())?;
    // What came after the manifest is in memory, or in runs that are written meanwhile.
    let before = lock(&shared.keeper).manifest.clone();
    let last = before.position.seq;
    let (tables, digest, mut report) = built_again(shared, last)?;
    let is_whole = digest == before.position.digest && report.damage.is_empty();
    if !is_whole && built_again(shared, last)?.1 != digest {
        // Nothing may be concluded from a medium that is read differently each time.
        return Err(Error::Damaged("the journal cannot be read reliably".to_owned()));
    }
    // What it lacked before, it lacks still: the digest that it is compared with did so, too.
    let is_incomplete = before.is_incomplete || !is_whole;
    manifest::install_rebuilt(shared, &before, &tables.runs, is_incomplete)?;
    if !is_incomplete {
        lock(&shared.lost).clear();
    }
    shared.index_damaged.store(false, Ordering::Release);
    if !is_whole {
        let lost = "the index that was built again lacks what is damaged in the journal";
        report.damage.push(lost.to_owned());
    }
    for damage in report.damage {
        tracing::error!(%damage, "the journal is damaged; everything else is served");
        lock(&shared.damage).push(damage);
    }
    tracing::info!("the index was built again");
    Ok(())
}

/// Builds the index up to the frame `last` in runs that nothing names yet; returns its digest and
/// what was found as well.
fn built_again(shared: &Shared, last: u64) -> Result<(Tables, u128, OpenReport), Error> {
    let mut report = OpenReport::default();
    let (mut tables, end) = rebuild(shared, last, last, &mut report, &mut |_, _| ())?;
    tables.spill(shared)?;
    Ok((tables, end.position.digest, report))
}

fn finish(shared: &Shared, position: Position, number: u64, mut report: OpenReport) -> Recovered {
    report.damage.sort();
    report.damage.dedup();
    for damage in &report.damage {
        tracing::error!(%damage, "the journal is damaged; everything else is served");
    }
    lock(&shared.damage).clone_from(&report.damage);
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
        lock(&shared.lost).insert(number);
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

/// Builds the index from the whole journal, up to the frame `last`.
fn rebuild(
    shared: &Shared,
    known: u64,
    last: u64,
    report: &mut OpenReport,
    progress: Progress<'_>,
) -> Result<(Tables, End), Error> {
    if last == u64::MAX {
        // The store is being opened: nothing uses the runs that are there.
        manifest::sweep(shared, &lock(&shared.keeper))?;
    }
    let mut replay = Replay::new(shared, Tables::default(), known, true, report);
    replay.last = last;
    let mut end = replay.run(progress)?;
    let (recorded, mut tables) = (replay.recorded, replay.tables);
    // The numbers of lost frames are not used again.
    end.position.seq = end.position.seq.max(known);
    // After damage, the journal's own digest cannot be reached; what is left is now the truth.
    let is_other = recorded.is_some_and(|digest| digest != end.position.digest);
    if is_other && report.damage.is_empty() {
        let damage = "replaying the journal does not yield the state that it records";
        report.damage.push(damage.to_owned());
    }
    tables.published = end.position;
    Ok((tables, end))
}

/// Where the journal ends.
struct End {
    position: Position,
    /// From this offset of the last segment on, nothing proves that what can be read is on the
    /// medium.
    uncertain: u64,
}

/// Applies frames to the tables, starting from their position.
struct Replay<'r> {
    shared: &'r Shared,
    report: &'r mut OpenReport,
    tables: Tables,
    position: Position,
    /// The last frame that is known to be durable, from the manifest, from what was published, or
    /// from a later frame.
    durable: u64,
    /// The last frame that is applied.
    last: u64,
    /// The number and offset of each frame in the newest segment.
    tail: Vec<(u64, u64)>,
    /// Whether the index is built from nothing. Otherwise each frame has to agree with it.
    is_rebuild: bool,
    /// The digest in the last transaction.
    recorded: Option<u128>,
}

/// What is found at an offset in a segment.
enum Found {
    Frame(frame::Frame, Vec<u8>),
    /// Unreadable octets up to the next intact frame, or up to the end.
    Gap {
        next: Option<u64>,
    },
}

impl<'r> Replay<'r> {
    fn new(
        shared: &'r Shared,
        tables: Tables,
        durable: u64,
        is_rebuild: bool,
        report: &'r mut OpenReport,
    ) -> Self {
        let (position, last, tail, recorded) = (tables.published, u64::MAX, Vec::new(), None);
        Replay { shared, report, tables, position, durable, last, tail, is_rebuild, recorded }
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
        self.tables.published = self.position;
        let proven = |(seq, _): &&(u64, u64)| *seq <= self.durable;
        let first = self.tail.iter().find(|frame| !proven(frame));
        let uncertain = first.map_or(self.position.offset, |(_, offset)| *offset);
        Ok(End { position: self.position, uncertain })
    }

    fn segment(&mut self, segment: &Segment, start: u64, is_last: bool) -> Result<(), Error> {
        let (mut offset, end) = (start, segment.end());
        self.tail.clear();
        while offset < end {
            self.shared.check_open()?;
            // What was durable for certain is behind nothing that could be cut off.
            let may_be_end = is_last && self.durable <= self.position.seq;
            let bad = if may_be_end { BadSector::IsError } else { BadSector::IsDamage };
            match find(segment, offset, end, bad)? {
                Found::Frame(frame, _) if frame.seq > self.last => break,
                Found::Frame(frame, body) => {
                    offset += frame.octets();
                    self.frame(segment.number, offset, frame, &body)?;
                }
                Found::Gap { next } => {
                    let torn = is_last && !self.knew_more(segment, next, end)?;
                    if torn {
                        // An open store may be adding to this segment.
                        if self.last == u64::MAX {
                            segment.set_end(offset);
                        }
                        break;
                    }
                    let number = segment.number;
                    self.report.damage.push(format!("segment {number}: damaged at {offset}"));
                    lock(&self.shared.lost).insert(number);
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
            at = match find(segment, behind, end, BadSector::IsError)? {
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
        let at = end - frame.octets();
        self.tail.push((frame.seq, at));
        if frame.kind == Kind::Piece {
            return Ok(());
        }
        let malformed = || Error::Damaged(format!("segment {segment}: a malformed transaction"));
        let (digest, ops) = frame::parse(body).ok_or_else(malformed)?;
        let mut shifts = Shifts::default();
        for op in ops {
            self.change(segment, at, op, &mut shifts)?;
        }
        // The time of a deletion is not known any more, so the time to erase counts from now.
        self.tables.space.shift(shifts, self.shared.unix_secs());
        self.recorded = (frame.kind == Kind::Transaction).then_some(digest);
        let agrees = self.recorded.is_none_or(|digest| digest == self.position.digest);
        if !agrees && !self.is_rebuild {
            let seq = frame.seq;
            return Err(Error::DamagedIndex(format!("frame {seq} records another digest")));
        }
        if self.tables.octets() > self.shared.config.memory_octets {
            self.tables.spill(self.shared)?;
        }
        Ok(())
    }

    fn change(
        &mut self,
        segment: u64,
        frame: u64,
        op: frame::Op<'_>,
        shifts: &mut Shifts,
    ) -> Result<(), Error> {
        if let Some(before) = self.tables.get(&self.shared.blocks, op.key)? {
            shifts.died(op.key, &before);
            let digest = self.position.digest.wrapping_sub(before.in_digest(op.key));
            self.position.digest = digest;
        }
        let row = op.value.map(|(at, value)| {
            let length = u32::try_from(value.len()).expect("the length was read from 32 bits");
            let inline = inline_of(op.key, &Bytes::copy_from_slice(value));
            Row { place: Place { segment, frame, at, length }, inline }
        });
        if let Some(row) = &row {
            shifts.born(op.key, row);
            self.position.digest = self.position.digest.wrapping_add(row.in_digest(op.key));
        }
        self.tables.put(op.key.to_vec(), row);
        Ok(())
    }
}

impl Tables {
    /// Writes the rows in memory as a run that no manifest names yet, and merges runs of one size.
    fn spill(&mut self, shared: &Shared) -> Result<(), Error> {
        let rows = self.take();
        if let Some(run) = manifest::spill(shared, &rows, &self.runs)? {
            self.runs = Arc::new(self.runs.with(run));
        }
        while let Some(merged) = manifest::merge_unnamed(shared, &self.runs)? {
            self.runs = Arc::new(merged);
        }
        Ok(())
    }
}

fn find(segment: &Segment, offset: u64, end: u64, bad: BadSector) -> Result<Found, Error> {
    if let Some((frame, body)) = segment.read_where(offset, end, bad)? {
        return Ok(Found::Frame(frame, body));
    }
    Ok(Found::Gap { next: segment.resync(offset + frame::ALIGN, end, bad)? })
}
