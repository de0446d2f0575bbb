//! How far each member has read, who has a room open, who types; and what members show of that.
//!
//! A session has a room open from its first report of what was read until it ends. When the last session of
//! a member ends, or expires, a line says so to the others; another one says when the member is back. In a
//! large room a hint says that somebody is away, and no line: a thousand people would fill it with them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::chat::line::LINES_MAX;
use crate::gateway::chat::passes::next_keys;
use crate::gateway::chat::rows::allowed;
use crate::gateway::chat::rules::Act;
use crate::gateway::error::Error;
use crate::gateway::feed::tx::Tx;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::queue::Due;
use crate::gateway::records::room::{LineNumber, Room, RoomId};
use crate::gateway::records::room_events::{RoomEvent, event_in_tx};
use crate::gateway::records::tables::{ROOM_HERE, ROOM_MEMBERS, ROOM_WATCH, ROOMS};
use crate::gateway::text::hex;
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::LineKind;

/// What a member shows to the others, and wants to be told. `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnRoom {
    pub shows: Option<bool>,
    pub mutes: Option<bool>,
}

/// The most members of a room whose typing, and whose coming and going, is shown to the others at once.
pub const PRESENCE_MEMBERS_MAX: usize = 50;

/// How often it is told that somebody types.
const TYPING_EVERY_SECS: i64 = 3;

/// Of how many rooms that sessions have open one pass looks whether the session ended; the next one goes on
/// after them.
const SESSIONS_AT_ONCE: usize = 5_000;

impl Gateway {
    /// Reports that the actor has read a room up to this line, in this session.
    pub fn room_read(
        &self,
        actor: &Actor,
        room: Reference,
        number: LineNumber,
    ) -> Result<(), Error> {
        let (id, who, at) = (room.to_bytes(), actor.account(), self.inner.clock.now());
        let key = (who, actor.session(), id);
        let (row, member) = allowed(&self.inner.store, (id, who), Act::Read)?;
        let is_news = number.min(row.last) > member.read || !member.here || member.noticed;
        if !is_news && self.inner.store.has(&ROOM_HERE, &key)? {
            return Ok(());
        }
        let reference = self.reference_new().to_bytes();
        let done = self.transact(move |tx| {
            let (mut row, mut member) = allowed(&**tx, (id, who), Act::Read)?;
            tx.put(&ROOM_HERE, &key, &Due)?;
            if number.min(row.last) > member.read {
                (member.read, member.read_at) = (number.min(row.last), at);
            }
            // Who reads all that there is reads again.
            let resumes = !member.reading && member.read == row.last;
            let comes = !member.here;
            member.reading |= resumes;
            (member.here, member.noticed) = (true, false);
            let says = member.away && member.shows && has_lines_for_presence(&**tx, id, &row)?;
            if says {
                let kind = LineKind::Back;
                let at_end = member.read == row.last;
                let last = event_in_tx(
                    tx,
                    id,
                    &mut row,
                    &RoomEvent { reference, at, who, kind, by: None },
                )?;
                member.read = if at_end { last } else { member.read };
                tx.put(&ROOMS, &id, &row)?;
            }
            member.away = false;
            tx.put(&ROOM_MEMBERS, &(id, who), &member)?;
            Ok((member.shows && (resumes || comes), says))
        });
        let (shows, says) = done.wait()?;
        if says {
            self.room_publish(id)?;
        }
        let members = if shows { self.room_accounts(id)? } else { Vec::new() };
        if members.len() <= PRESENCE_MEMBERS_MAX && !members.is_empty() {
            self.publish_room(&members, id, "members");
        }
        Ok(())
    }

    /// Tells the others that the actor types, if the actor shows it. Nothing is stored.
    pub fn room_typing(&self, actor: &Actor, room: Reference) -> Result<(), Error> {
        let (id, who) = (room.to_bytes(), actor.account());
        let (row, member) = allowed(&self.inner.store, (id, who), Act::Say)?;
        if !member.shows {
            return Ok(());
        }
        self.room_other_takes(actor, id, &row)?;
        let now = self.inner.clock.now();
        if !self.inner.room_passes.types((who, id), now, now.plus_secs(-TYPING_EVERY_SECS)) {
            return Ok(());
        }
        let mut members = self.room_accounts(id)?;
        if members.len() <= PRESENCE_MEMBERS_MAX {
            members.retain(|one| *one != who);
            self.publish_room(&members, id, &format!("typing-{}", who.to_text()));
        }
        Ok(())
    }

    /// Changes what the actor shows in a room, and is told of it.
    pub fn room_own(&self, actor: &Actor, room: Reference, own: OwnRoom) -> Result<(), Error> {
        let (id, who) = (room.to_bytes(), actor.account());
        if own.shows == Some(false) && self.inner.settings.chat.presence_fixed {
            return Err(Error::Denied { reason: "at this site all members show who reads" });
        }
        let done = self.transact(move |tx| {
            let (_, mut member) = allowed(&**tx, (id, who), Act::Read)?;
            let showed = member.shows;
            member.shows = own.shows.unwrap_or(member.shows);
            member.mutes = own.mutes.unwrap_or(member.mutes);
            tx.put(&ROOM_MEMBERS, &(id, who), &member)?;
            Ok(member.shows != showed)
        });
        // That somebody mutes a room is nobody else's.
        if done.wait()? {
            self.publish_room(&self.room_accounts(id)?, id, "members");
        }
        Ok(())
    }

    /// Says of members whose last session ended that they are away. Called by a job, each second.
    pub fn rooms_away(&self) -> Result<(), Error> {
        let mut sessions: BTreeMap<(AccountId, [u8; 16]), BTreeSet<RoomId>> = BTreeMap::new();
        let passes = &self.inner.room_passes;
        let keys = next_keys(&self.inner.store, &ROOM_HERE, &passes.here, SESSIONS_AT_ONCE)?;
        for (who, session, id) in keys {
            sessions.entry((who, session)).or_default().insert(id);
        }
        for ((who, session), rooms) in sessions {
            if self.session_is_open(who, &hex(&session))? {
                continue;
            }
            let (now, references) = (self.inner.clock.now(), rooms.iter());
            let rooms: Vec<(RoomId, [u8; 16])> =
                references.map(|id| (*id, self.reference_new().to_bytes())).collect();
            let done = self.transact(move |tx| {
                let elsewhere = open_elsewhere(&**tx, who, session)?;
                let mut seen = Vec::new();
                for (id, reference) in &rooms {
                    tx.delete(&ROOM_HERE, &(who, session, *id));
                    if elsewhere.contains(id) {
                        continue;
                    }
                    let (kind, at) = (LineKind::Away, now);
                    let event = RoomEvent { reference: *reference, at, who, kind, by: None };
                    seen.extend(away_in_tx(tx, *id, &event)?.then_some(*id));
                }
                Ok::<_, Error>(seen)
            });
            // Who does not show it goes unseen.
            for id in done.wait()? {
                self.room_away_publish(id, who)?;
            }
        }
        Ok(())
    }

    /// Tells the others that somebody is away: by the number of the line that says it, or in a large room by
    /// a word.
    fn room_away_publish(&self, id: RoomId, who: AccountId) -> Result<(), Error> {
        let members = self.room_accounts(id)?;
        if members.len() <= PRESENCE_MEMBERS_MAX {
            self.publish_room(&members, id, "members");
            return self.room_publish(id);
        }
        self.publish_room(&members, id, &format!("away-{}", who.to_text()));
        Ok(())
    }
}

/// The rooms that other sessions of somebody have open.
fn open_elsewhere(
    reader: &impl Read,
    who: AccountId,
    session: [u8; 16],
) -> Result<BTreeSet<RoomId>, Error> {
    let mut open = BTreeSet::new();
    reader.scan_keys(&ROOM_HERE, &who, |(_, other, id)| {
        open.extend((other != session).then_some(id));
        ControlFlow::Continue(())
    })?;
    Ok(open)
}

/// Whether lines say who comes and goes in a room: not in a large one, and not where hardly a number is left
/// for what is said.
fn has_lines_for_presence(reader: &impl Read, id: RoomId, room: &Room) -> Result<bool, Error> {
    let mut members = 0;
    reader.scan_keys(&ROOM_MEMBERS, &id, |_| {
        members += 1;
        match members <= PRESENCE_MEMBERS_MAX {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    Ok(members <= PRESENCE_MEMBERS_MAX && room.last < LINES_MAX)
}

/// Says that a member is away, whose last session with the room open ended; returns whether the others see it.
fn away_in_tx(tx: &mut Tx<'_, '_>, id: RoomId, event: &RoomEvent) -> Result<bool, Error> {
    let who = event.who;
    let Some(mut member) = tx.get(&ROOM_MEMBERS, &(id, who))? else { return Ok(false) };
    let Some(mut room) = tx.get(&ROOMS, &id)?.filter(|room| !room.ending) else { return Ok(false) };
    member.here = false;
    // What is unread waits for a notice from now on.
    if member.read < room.last && !tx.has(&ROOM_WATCH, &id)? {
        tx.put(&ROOM_WATCH, &id, &Due)?;
    }
    if member.shows && has_lines_for_presence(&**tx, id, &room)? {
        let at_end = member.read == room.last;
        let last = event_in_tx(tx, id, &mut room, event)?;
        // The own going is no news for who goes.
        member.read = if at_end { last } else { member.read };
        member.away = true;
        tx.put(&ROOMS, &id, &room)?;
    }
    tx.put(&ROOM_MEMBERS, &(id, who), &member)?;
    Ok(member.shows)
}
