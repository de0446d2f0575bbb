//! What happens in chat rooms besides what is said: each is a line, and changes who is in the room.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::Due;
use crate::gateway::records::room::{LineNumber, Room, RoomId, RoomLine, RoomMember};
use crate::gateway::records::tables::{
    ROOM_HERE, ROOM_LINES, ROOM_MEMBERS, ROOM_OF_TWO, ROOM_POSTED, ROOM_WATCH, ROOMS, ROOMS_OF,
};
use crate::store::{Order, Read, Tx};
use crate::terms::{LineKind, RoomKind};

/// Something that happens in a room, besides what is said.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct RoomEvent {
    pub reference: ReferenceKey,
    pub at: Timestamp,
    pub who: AccountId,
    pub kind: LineKind,
    pub by: Option<AccountId>,
}

/// Adds a line that says what happened; the caller stores the room.
pub(in crate::gateway) fn event_in_tx(
    tx: &mut Tx<'_>,
    id: RoomId,
    room: &mut Room,
    event: &RoomEvent,
) -> Result<LineNumber, Error> {
    let RoomEvent { reference, at, who, kind, by } = *event;
    let line = RoomLine {
        reference,
        at,
        who,
        kind,
        by,
        edited: None,
        version: 1,
        under: 0,
        sealed: Vec::new(),
        reactions: Vec::new(),
        contents: Vec::new(),
    };
    room.last += 1;
    tx.put(&ROOM_LINES, &(id, room.last), &line)?;
    Ok(room.last)
}

/// Takes somebody out of a room, and says so to those who stay. If nobody may admit others any more, the
/// member inside who is there longest may; without one the room ends. Its keys are the caller's.
pub(in crate::gateway) fn left_in_tx(
    tx: &mut Tx<'_>,
    id: RoomId,
    event: &RoomEvent,
    may_control: impl Fn(&Tx<'_>, AccountId) -> Result<bool, Error>,
) -> Result<Option<Room>, Error> {
    let who = event.who;
    tx.delete(&ROOM_MEMBERS, &(id, who));
    tx.delete(&ROOMS_OF, &(who, id));
    tx.delete(&ROOM_POSTED, &(id, who));
    here_end_in_tx(tx, who, id)?;
    let Some(mut room) = tx.get(&ROOMS, &id)? else { return Ok(None) };
    let mut members = Vec::new();
    tx.scan(&ROOM_MEMBERS, &id, Order::Ascending, |(_, account), member| {
        members.push((member.since, account, member));
        ControlFlow::Continue(())
    })?;
    members.sort_by_key(|(since, account, _)| (*since, *account));
    if room.kind == RoomKind::Conversation {
        // To go on, another one is begun.
        for (_, other, _) in &members {
            tx.delete(&ROOM_OF_TWO, &(who, *other));
            tx.delete(&ROOM_OF_TWO, &(*other, who));
        }
    }
    if room.ending {
        // The rest goes with the room.
        return Ok(None);
    }
    event_in_tx(tx, id, &mut room, event)?;
    let has_controller = members.iter().any(|(.., member)| member.controller);
    if room.kind == RoomKind::Room && !has_controller {
        let mut next = None;
        for (_, account, member) in &members {
            if may_control(tx, *account)? {
                next = Some((*account, RoomMember { controller: true, ..member.clone() }));
                break;
            }
        }
        match next {
            Some((account, member)) => tx.put(&ROOM_MEMBERS, &(id, account), &member)?,
            None => room.ending = true,
        }
    }
    if room.kind == RoomKind::Conversation {
        room.left_by = Some(who);
        // Where nothing is left of what was said, nothing stays with the other one either.
        room.ending |= room.octets == 0;
    }
    room.ending |= members.is_empty();
    if room.ending {
        tx.put(&ROOM_WATCH, &id, &Due)?;
    }
    tx.put(&ROOMS, &id, &room)?;
    Ok(Some(room))
}

/// Forgets which sessions of somebody have a room open.
fn here_end_in_tx(tx: &mut Tx<'_>, who: AccountId, id: RoomId) -> Result<(), Error> {
    let mut rows = Vec::new();
    tx.scan_keys(&ROOM_HERE, &who, |key| {
        rows.extend((key.2 == id).then_some(key));
        ControlFlow::Continue(())
    })?;
    rows.iter().for_each(|key| tx.delete(&ROOM_HERE, key));
    Ok(())
}
