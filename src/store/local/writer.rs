//! The writer: the only place where anything is added to the journal.
//!
//! For one group, it runs the waiting transactions one after another, each of which sees those
//! before it; appends all their frames with one write; syncs once (fdatasync); publishes the rows;
//! and sends the answers. If the write or the sync fails, the group was never visible: all of it
//! failed, the segment is abandoned where its last good group ended, and writes are refused until
//! a new segment could be created and synced. A failed sync is never repeated: the medium may have
//! dropped what it could not write, and return `Ok` the second time.

use std::io;
use std::iter::Peekable;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::store::error::Error;

use super::group::Group;
use super::index::Rows;
use super::journal::{Segment, segment};
use super::request::{Answer, Request};
use super::shared::{Shared, lock};
use super::tables::{CONTENTS, Position, Shifts};

/// The end of the journal, owned by one thread.
pub struct Writer {
    shared: Arc<Shared>,
    current: Option<Arc<Segment>>,
    /// The last segment that was created, whether current or abandoned.
    last: Option<Arc<Segment>>,
    number: u64,
    /// Where the next frame goes in `current`.
    offset: u64,
    seq: u64,
    digest: u128,
    /// What the last group was written from, empty: its memory serves the next group.
    out: Vec<u8>,
    trouble: Option<Trouble>,
    room_seen: Option<(Instant, bool)>,
}

/// Why writes are refused, and when to retry with a new segment.
struct Trouble {
    error: Error,
    retry: Instant,
    pause: Duration,
}

/// A group that has reached this size is written; what still waits goes into the next one.
const GROUP_OCTETS: usize = 8 * 1024 * 1024;
/// The most memory that is kept for the next group.
const OUT_OCTETS_MAX: usize = 2 * GROUP_OCTETS;
/// The longest pause between retries. Requests wait for the next retry, so it must be soon.
const RETRY_LAST: Duration = Duration::from_secs(2);
const ROOM_LOOKED_AT_EVERY: Duration = Duration::from_millis(500);

impl Writer {
    /// Returns a writer that continues after `position`; `last` is the newest segment.
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
            out: Vec::new(),
            trouble: None,
            room_seen: None,
        }
    }

    /// Handles requests in groups; each of them is answered.
    pub fn group(&mut self, requests: Vec<Request>) {
        let mut requests = requests.into_iter().peekable();
        while let Some(next) = requests.peek() {
            if matches!(next, Request::Close(_)) {
                self.finish();
            }
            self.one_group(&mut requests);
        }
    }

    /// Frees the memory that it keeps for the next group, because there is none yet.
    pub fn rest(&mut self) {
        self.out = Vec::new();
    }

    /// Closes the current segment and frees its reserved space.
    pub fn finish(&mut self) {
        if let Some(current) = self.current.take() {
            current.trim();
        }
    }

    /// Refuses requests without handling them.
    pub fn refuse_all(&self, requests: Vec<Request>, error: &Error) {
        requests.into_iter().for_each(|request| request.fail(error));
    }

    fn one_group(&mut self, requests: &mut Peekable<impl Iterator<Item = Request>>) {
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
            out: std::mem::take(&mut self.out),
            rows: Rows::new(),
            shifts: Shifts::default(),
            has_room,
        };
        let mut answers = Vec::new();
        while group.out.len() < GROUP_OCTETS
            // A segment can only be closed between two groups.
            && let Some(request) =
                requests.next_if(|next| answers.is_empty() || !matches!(next, Request::Close(_)))
        {
            answers.push(group.take(request));
        }
        match self.commit(&segment, group) {
            Ok(()) => answers.into_iter().for_each(Answer::sender),
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
        let mut rows = group.rows;
        self.keep_places(&mut rows);
        let now = self.shared.unix_secs();
        let mut tables = self.shared.tables_mut();
        tables.space.shift(group.shifts, now);
        tables.publish(rows, position, group.out.len() as u64);
        drop(tables);
        if group.out.capacity() <= OUT_OCTETS_MAX {
            self.out = group.out;
            self.out.clear();
        }
        if self.offset >= self.shared.config.segment_octets {
            // The segment is closed; the next group creates a new one, which says where this ends.
            self.current = None;
            segment.trim();
        }
        Ok(())
    }

    /// Leaves nothing in the rows but places; what was written lately is likely to be read.
    fn keep_places(&self, rows: &mut Rows) {
        for (key, row) in rows.iter_mut().filter_map(|(key, row)| Some((key, row.as_mut()?))) {
            if key.first() != Some(&CONTENTS)
                && let Some(value) = row.inline.take()
            {
                self.shared.remember(row.place, &value);
            }
        }
    }

    /// Returns the segment to append to; creates one if there is none or the last one failed.
    fn ready(&mut self) -> Result<Arc<Segment>, Error> {
        if let Some(trouble) = &self.trouble {
            let left = trouble.retry.saturating_duration_since(Instant::now());
            let is_far = left > RETRY_LAST || matches!(trouble.error, Error::Full);
            if is_far && !left.is_zero() {
                return Err(trouble.error.clone());
            }
            // The next attempt is near: the callers that wait for it may still be served.
            std::thread::sleep(left);
        }
        if let Some(current) = &self.current {
            return Ok(current.clone());
        }
        match self.segment_create() {
            Ok(segment) => {
                if self.trouble.take().is_some() {
                    tracing::info!(segment = segment.number, "writes are accepted again");
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
                self.discard(self.number);
                return Err(error.into());
            }
        };
        shared.segment_add(segment.clone());
        self.offset = segment.end();
        (self.current, self.last) = (Some(segment.clone()), Some(segment.clone()));
        Ok(segment)
    }

    /// Removes what is left of a segment that could not be created. If this fails, the next start
    /// removes it, since its header was never used.
    fn discard(&self, number: u64) {
        match self.shared.disk.remove(&segment::file_name(number)) {
            // The file was never created.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(segment = number, %error, "an unfinished segment was not removed");
            }
            Ok(()) => {}
        }
    }

    /// Abandons the segment where its last good group ended.
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
            // It costs little to check whether there is space again.
            _ => first,
        };
        tracing::error!(%error, ?pause, "writes are refused until a new segment can be created");
        let refused = match error {
            Error::Full => Error::Full,
            other => Error::Refusing(other.to_string()),
        };
        *lock(&self.shared.refusing) = Some(refused.to_string());
        self.trouble = Some(Trouble { error: refused, retry: Instant::now() + pause, pause });
    }

    /// Returns whether there is space for new contents, as it was last checked.
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
