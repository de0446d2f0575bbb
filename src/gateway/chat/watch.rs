//! What follows from time alone: who stopped reading, who has to be told that something waits, and rooms
//! that end.
//!
//! A room is watched from what is said there until all who are in it have read that, or were told, or have it
//! open; and again when such a session ends.
//!
//! A pass looks at some rooms, and the next one goes on after them: each room has its turn.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::chat::passes::next_keys;
use crate::gateway::chat::rows::lines_from;
use crate::gateway::chat::rules::{Waiting, first_unread, has_stopped, wants_notice};
use crate::gateway::error::Error;
use crate::gateway::feed::tx::Tx;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::Due;
use crate::gateway::records::room::{LineNumber, Room, RoomId, RoomLine, RoomMember};
use crate::gateway::records::tables::{ROOM_LINES, ROOM_MEMBERS, ROOM_WATCH, ROOMS};
use crate::store::{Order, Read, Span};
use crate::terms::LineKind;

/// The most rooms of one pass, and its notices.
const ROOMS_AT_ONCE: usize = 1_000;
const NOTICES_AT_ONCE: usize = 100;

/// How much is looked at in each room: so many lines that were said, and so many rows, for most lines may say
/// who came and went.
const SAID_LOOKED_MAX: usize = 500;
const ROWS_LOOKED_MAX: usize = 20_000;

/// Some of what was said in a room.
pub(super) struct Looked {
    pub said: Vec<Waiting>,
    /// The last row that was looked at.
    pub end: LineNumber,
}

/// What was said from a line on: at most so many lines, and not beyond so many rows.
pub(super) fn said_from(
    reader: &impl Read,
    id: RoomId,
    (from, limit): (LineNumber, usize),
    rows_max: usize,
) -> Result<Looked, Error> {
    let (mut looked, mut rows) = (Looked { said: Vec::new(), end: from.saturating_sub(1) }, 0);
    let whole = Span::prefix(&ROOM_LINES.raw(&id), Order::Ascending);
    let span = Span { from: ROOM_LINES.raw(&(id, from)), ..whole };
    reader.scan_span_readable(&ROOM_LINES, &span, |(_, number), line| {
        looked.said.extend(waiting((number, &line)));
        (looked.end, rows) = (number, rows + 1);
        match looked.said.len() < limit && rows < rows_max {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    Ok(looked)
}

/// What becomes of a room that is watched.
enum Watched {
    Stays,
    Ends,
}

/// What a pass over one room found.
#[derive(Default)]
struct Found {
    /// With how far each has read.
    stopped: Vec<(AccountId, LineNumber)>,
    /// With the line that waits.
    notices: Vec<(AccountId, ReferenceKey)>,
    /// Whether time alone may still change something.
    goes_on: bool,
}

impl Gateway {
    /// Looks at each room that is watched. Called by a job.
    pub fn rooms_watch(&self) -> Result<(), Error> {
        let passes = &self.inner.room_passes;
        let ids = next_keys(&self.inner.store, &ROOM_WATCH, &passes.watched, ROOMS_AT_ONCE)?;
        let (mut notices_left, mut ending) = (NOTICES_AT_ONCE, Vec::new());
        for id in ids {
            match self.room_watch(id, &mut notices_left) {
                Ok(Watched::Stays) => {}
                Ok(Watched::Ends) => ending.push(id),
                // One room that cannot be looked at is in no other's way.
                Err(error) => tracing::error!(%error, "a chat room was passed over"),
            }
        }
        self.rooms_finish(ending);
        Ok(())
    }

    fn room_watch(&self, id: RoomId, notices_left: &mut usize) -> Result<Watched, Error> {
        let row = self.inner.store.get(&ROOMS, &id)?;
        let Some(row) = row.filter(|row| !row.ending) else { return Ok(Watched::Ends) };
        let mut members = Vec::new();
        self.inner.store.scan(&ROOM_MEMBERS, &id, Order::Ascending, |(_, account), member| {
            members.push((account, member));
            ControlFlow::Continue(())
        })?;
        let found = self.room_looked(id, &row, &members)?;
        if !found.stopped.is_empty() {
            self.room_stopped(id, found.stopped.clone())?;
        }
        let mut is_all = true;
        for (account, line) in found.notices {
            if *notices_left == 0 {
                is_all = false;
                break;
            }
            // Somebody to whom nothing can be written, or whose next notice is full, is in nobody's way.
            match self.room_notice(id, account, line) {
                Ok(true) => *notices_left -= 1,
                Ok(false) => is_all = false,
                Err(error) => {
                    let id = account.to_text();
                    tracing::error!(%error, account.id = %id, "nothing said that a chat waits");
                }
            }
        }
        if found.goes_on || !is_all {
            return Ok(Watched::Stays);
        }
        let last = row.last;
        let done = self.transact(move |tx| {
            if tx.get(&ROOMS, &id)?.is_none_or(|row| row.last == last && !row.ending) {
                tx.delete(&ROOM_WATCH, &id);
            }
            Ok::<_, Error>(Watched::Stays)
        });
        done.wait()
    }

    fn room_looked(
        &self,
        id: RoomId,
        row: &Room,
        members: &[(AccountId, RoomMember)],
    ) -> Result<Found, Error> {
        let settings = &self.inner.settings.chat;
        let (now, mut found) = (self.inner.clock.now(), Found::default());
        let pending = |member: &RoomMember| {
            member.reading && member.shows || !member.here && !member.noticed && !member.mutes
        };
        let unread = members.iter().filter(|(_, one)| one.read < row.last && pending(one));
        let Some(from) = unread.map(|(_, one)| one.read.max(one.from.saturating_sub(1))).min()
        else {
            return Ok(found);
        };
        let store = &self.inner.store;
        let looked = said_from(store, id, (from + 1, SAID_LOOKED_MAX), ROWS_LOOKED_MAX)?;
        let (lines, ends_before) = (looked.said, looked.end < row.last);
        for (account, member) in members {
            let of = (member, *account);
            let Some(first) = first_unread(member, *account, &lines) else {
                // What waits for this one may be behind what was looked at.
                found.goes_on |= ends_before && member.read < row.last && pending(member);
                continue;
            };
            let (stops, tells) = (settings.stopped_reading_secs, settings.notice_secs);
            if has_stopped(of, &lines, (now, stops)) {
                found.stopped.push((*account, member.read));
            } else if member.reading && member.shows {
                found.goes_on = true;
            }
            if wants_notice(of, &lines, (now, tells)) {
                let line = self.room_line_reference(id, first.number)?;
                found.notices.extend(line.map(|line| (*account, line)));
            } else if !member.here && !member.noticed && !member.mutes {
                found.goes_on = true;
            }
        }
        Ok(found)
    }

    /// The first line that somebody who was to be told of a room has not read there, if there still is one.
    pub(in crate::gateway) fn line_waits(
        &self,
        account: AccountId,
        room: RoomId,
    ) -> Result<Option<ReferenceKey>, Error> {
        // Of a room that ends, nobody finds anything.
        let row = self.inner.store.get(&ROOMS, &room)?;
        if row.is_none_or(|row| row.ending) {
            return Ok(None);
        }
        let member = self.inner.store.get(&ROOM_MEMBERS, &(room, account))?;
        let Some(member) = member.filter(|member| member.noticed && !member.mutes) else {
            return Ok(None);
        };
        let from = member.from.max(member.read + 1);
        let looked = said_from(&self.inner.store, room, (from, SAID_LOOKED_MAX), ROWS_LOOKED_MAX)?;
        match first_unread(&member, account, &looked.said) {
            Some(line) => self.room_line_reference(room, line.number),
            None => Ok(None),
        }
    }

    fn room_line_reference(
        &self,
        id: RoomId,
        number: LineNumber,
    ) -> Result<Option<ReferenceKey>, Error> {
        let line = lines_from(&self.inner.store, id, (number, 1))?;
        Ok(line.first().map(|(_, line)| line.reference))
    }

    /// Says that these members are no longer reading; it returns when they read again.
    fn room_stopped(&self, id: RoomId, stopped: Vec<(AccountId, LineNumber)>) -> Result<(), Error> {
        let done = self.transact(move |tx| {
            for account in &stopped {
                // Who has read on meanwhile reads.
                let member = tx.get(&ROOM_MEMBERS, &(id, account.0))?;
                if let Some(member) = member.filter(|member| member.read == account.1) {
                    let member = RoomMember { reading: false, ..member };
                    tx.put(&ROOM_MEMBERS, &(id, account.0), &member)?;
                }
            }
            Ok::<_, Error>(())
        });
        done.wait()?;
        self.publish_room(&self.room_accounts(id)?, id, "members");
        Ok(())
    }
}

/// Looks again at a room of which a notice had nothing to name any more, so that the next line is told.
pub(in crate::gateway) fn line_lapsed_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    room: RoomId,
) -> Result<(), Error> {
    let member = tx.get(&ROOM_MEMBERS, &(room, account))?;
    let Some(member) = member.filter(|member| member.noticed) else { return Ok(()) };
    tx.put(&ROOM_MEMBERS, &(room, account), &RoomMember { noticed: false, ..member })?;
    Ok(tx.put(&ROOM_WATCH, &room, &Due)?)
}

fn waiting((number, line): (LineNumber, &RoomLine)) -> Option<Waiting> {
    let (at, who): (Timestamp, _) = (line.at, line.who);
    (line.kind == LineKind::Said).then_some(Waiting { number, at, who })
}
