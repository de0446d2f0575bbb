//! What each part of the chat asks about the rows of a room.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::actor::Actor;
use crate::gateway::chat::rules::{Act, may, standing};
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::quota;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::queue::Due;
use crate::gateway::records::room::{LineNumber, Room, RoomId, RoomLine, RoomMember};
use crate::gateway::records::tables::{COUNTERS, ROOM_LINES, ROOM_MEMBERS, ROOMS, ROOMS_OF};
use crate::store::{Order, Read, Span};

/// The most rooms that one account is in. Conversations that others began have as many places of their own:
/// nobody fills somebody else's.
pub const ROOMS_OF_MAX: usize = 200;

/// The most conversations that somebody left and the same other person still has.
pub const LEFT_OF_TWO_MAX: usize = 5;

/// How often something is prepared anew because the keys changed meanwhile.
const TRIES: usize = 4;

pub(super) const NO_ROOM: Error = Error::NotFound { what: "room" };

const OUTSIDER: Error = Error::Denied { reason: "a temporary account may only join a room" };

pub(super) fn inside(actor: &Actor) -> Result<(), Error> {
    if actor.is_temporary() { Err(OUTSIDER) } else { Ok(()) }
}

/// Does something again that found the keys of the room changed.
pub(super) fn retried<T>(mut work: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 1..TRIES {
        match work() {
            Err(Error::Busy) => {}
            done => return done,
        }
    }
    work()
}

/// The room and the member, if somebody may do something there. Who may not see the room learns nothing of
/// it.
pub(super) fn allowed(
    reader: &impl Read,
    (id, who): (RoomId, AccountId),
    act: Act,
) -> Result<(Room, RoomMember), Error> {
    let room = reader.get(&ROOMS, &id)?.filter(|room| !room.ending).ok_or(NO_ROOM)?;
    let member = reader.get(&ROOM_MEMBERS, &(id, who))?.ok_or(NO_ROOM)?;
    match may(room.kind, standing(Some(&member)), act) {
        true => Ok((room, member)),
        false => Err(Error::Denied { reason: "only the controllers of a room do this" }),
    }
}

/// Puts somebody into a room, who sees it from this line on.
pub(super) fn joined_in_tx(
    tx: &mut Tx<'_, '_>,
    (id, who): (RoomId, AccountId),
    member: &RoomMember,
) -> Result<(), Error> {
    let mut rooms = 0;
    for room in rooms_of(&**tx, who)? {
        // One that ends is as good as gone.
        if readable(tx.get(&ROOMS, &room))?.flatten().is_some_and(|row| row.ending) {
            continue;
        }
        let row = readable(tx.get(&ROOM_MEMBERS, &(room, who)))?.flatten();
        rooms += usize::from(row.is_some_and(|row| row.invited == member.invited));
    }
    if rooms >= ROOMS_OF_MAX {
        return Err(Error::OverQuota);
    }
    tx.put(&ROOM_MEMBERS, &(id, who), member)?;
    Ok(tx.put(&ROOMS_OF, &(who, id), &Due)?)
}

/// Who is in a room.
pub(super) fn members_of(reader: &impl Read, id: RoomId) -> Result<Vec<AccountId>, Error> {
    let mut accounts = Vec::new();
    reader.scan_keys(&ROOM_MEMBERS, &id, |(_, account)| {
        accounts.push(account);
        ControlFlow::Continue(())
    })?;
    Ok(accounts)
}

fn rooms_of(reader: &impl Read, who: AccountId) -> Result<Vec<RoomId>, Error> {
    let mut rooms = Vec::new();
    reader.scan_keys(&ROOMS_OF, &who, |(_, room)| {
        rooms.push(room);
        ControlFlow::Continue(())
    })?;
    Ok(rooms)
}

/// Whether somebody may begin another conversation with a person: not while that one still has many that
/// the first one left.
pub(super) fn may_begin(
    reader: &impl Read,
    (who, other): (AccountId, AccountId),
) -> Result<bool, Error> {
    let mut left = 0;
    for room in rooms_of(reader, other)? {
        let row = readable(reader.get(&ROOMS, &room))?.flatten();
        left += usize::from(row.is_some_and(|row| !row.ending && row.left_by == Some(who)));
    }
    Ok(left < LEFT_OF_TWO_MAX)
}

impl RoomMember {
    /// Somebody who joined with this line, and sees the room from another one on.
    pub(super) fn new(at: Timestamp, joined: LineNumber, from: LineNumber) -> RoomMember {
        RoomMember {
            controller: false,
            invited: false,
            since: at,
            joined,
            from,
            // What was said before somebody joined waits for nobody.
            read: joined,
            read_at: at,
            reading: true,
            here: false,
            away: false,
            noticed: false,
            shows: true,
            mutes: false,
        }
    }
}

/// Counts what is stored no longer, unless its author's account is gone as well.
pub(super) fn uncharge_in_tx(
    tx: &mut Tx<'_, '_>,
    who: AccountId,
    octets: u64,
) -> Result<(), Error> {
    if octets > 0 && tx.has(&COUNTERS, &who)? {
        quota::said_in_tx(tx, who, (0, octets))?;
    }
    Ok(())
}

/// The lines of a room from one on, in order, at most so many.
pub(super) fn lines_from(
    reader: &impl Read,
    id: RoomId,
    (from, limit): (LineNumber, usize),
) -> Result<Vec<(LineNumber, RoomLine)>, Error> {
    let whole = Span::prefix(&ROOM_LINES.raw(&id), Order::Ascending);
    let span = Span { from: ROOM_LINES.raw(&(id, from)), ..whole };
    let mut found = Vec::new();
    reader.scan_span_readable(&ROOM_LINES, &span, |(_, number), line| {
        found.push((number, line));
        if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(found)
}
