//! What a member sees of rooms, and of those who are in them.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::chat::rows::allowed;
use crate::gateway::chat::rules::Act;
use crate::gateway::chat::watch::said_from;
use crate::gateway::error::{Error, readable};
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::room::{LineNumber, Room, RoomId, RoomMember};
use crate::gateway::records::tables::{ROOM_MEMBERS, ROOM_REQUESTS, ROOMS, ROOMS_OF};
use crate::gateway::text::shown;
use crate::mail::reference::Reference;
use crate::store::{Order, Read};
use crate::terms::RoomKind;

/// Somebody who is in a room, or asks to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonSeen {
    pub id: String,
    pub name: String,
    pub address: String,
    /// Whether it is a temporary account.
    pub outside: bool,
}

/// A room, as a member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomView {
    pub id: String,
    pub kind: RoomKind,
    /// `None` in a conversation, and while the member's keys do not open it.
    pub name: Option<String>,
    /// The other one in a conversation.
    pub other: Option<PersonSeen>,
    pub version: u32,
    pub shares_earlier: bool,
    pub controller: bool,
    /// The first line that the member sees, the last one, and how far the member has read.
    pub first: LineNumber,
    pub last: LineNumber,
    pub read: LineNumber,
    /// How many lines of others are unread, up to [`UNREAD_COUNTED_MAX`].
    pub unread: usize,
    /// How many ask to join; 0 for who is no controller.
    pub requests: u64,
    pub shows: bool,
    pub mutes: bool,
    /// How long a recording may be, and how large a file.
    pub voice_minutes: u32,
    pub file_octets: u64,
}

/// Somebody in a room, as the other members see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    pub person: PersonSeen,
    pub controller: bool,
    pub since: Timestamp,
    /// Whether the member reads what is said, and is there. `None` if the member does not show it.
    pub reading: Option<bool>,
    pub here: Option<bool>,
    pub own: bool,
}

/// Some of those who are in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembersPage {
    pub items: Vec<MemberView>,
    pub total: usize,
}

/// From this number on, unread lines are not counted.
pub const UNREAD_COUNTED_MAX: usize = 50;

/// How many lines that were said are looked at to count them, and how many rows: most may say who came and
/// went.
const UNREAD_LOOKED_MAX: usize = 200;
const UNREAD_ROWS_MAX: usize = 2_000;

/// The most members in one answer.
pub const MEMBERS_PAGE_MAX: usize = 100;

impl Gateway {
    /// The rooms and the conversations that the actor is in.
    pub fn rooms(&self, actor: &Actor) -> Result<Vec<RoomView>, Error> {
        let rooms = self.rooms_of(actor.account())?.into_iter();
        rooms.map(|(id, row, member)| self.room_seen(actor, id, (&row, &member))).collect()
    }

    /// The rows of the rooms that somebody is in.
    pub(super) fn rooms_of(
        &self,
        who: AccountId,
    ) -> Result<Vec<(RoomId, Room, RoomMember)>, Error> {
        let mut ids = Vec::new();
        self.inner.store.scan_keys(&ROOMS_OF, &who, |(_, id)| {
            ids.push(id);
            ControlFlow::Continue(())
        })?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let row = readable(self.inner.store.get(&ROOMS, &id))?.flatten();
            let member = readable(self.inner.store.get(&ROOM_MEMBERS, &(id, who)))?.flatten();
            let row = row.filter(|row| !row.ending);
            found.extend(row.zip(member).map(|(row, member)| (id, row, member)));
        }
        Ok(found)
    }

    /// A room or a conversation that the actor is in.
    pub fn chat_room(&self, actor: &Actor, room: Reference) -> Result<RoomView, Error> {
        let id = room.to_bytes();
        let (row, member) = allowed(&self.inner.store, (id, actor.account()), Act::Read)?;
        self.room_seen(actor, id, (&row, &member))
    }

    fn room_seen(
        &self,
        actor: &Actor,
        id: RoomId,
        (row, member): (&Room, &RoomMember),
    ) -> Result<RoomView, Error> {
        let who = actor.account();
        let name = self.room_name((actor, &mut RingKeys::default()), id, row)?;
        let other = match row.kind {
            RoomKind::Room => None,
            RoomKind::Conversation => {
                let other = self.room_accounts(id)?.into_iter().find(|one| *one != who);
                other.map(|other| self.room_person(other)).transpose()?.flatten()
            }
        };
        let requests = match member.controller {
            true => self.inner.store.count(&ROOM_REQUESTS, &id)?,
            false => 0,
        };
        Ok(RoomView {
            id: shown(id),
            kind: row.kind,
            name,
            other,
            version: row.version,
            shares_earlier: row.shares_earlier,
            controller: member.controller,
            first: member.from,
            last: row.last,
            read: member.read,
            unread: self.room_unread(who, id, member)?,
            requests,
            shows: member.shows,
            mutes: member.mutes,
            voice_minutes: self.inner.settings.chat.voice_minutes,
            file_octets: self.inner.settings.chat.file_octets,
        })
    }

    fn room_unread(&self, who: AccountId, id: RoomId, member: &RoomMember) -> Result<usize, Error> {
        let from = member.from.max(member.read + 1);
        let looked = (from, UNREAD_LOOKED_MAX);
        let looked = said_from(&self.inner.store, id, looked, UNREAD_ROWS_MAX)?;
        let unread = looked.said.iter().filter(|line| line.who != who);
        Ok(unread.take(UNREAD_COUNTED_MAX).count())
    }

    /// Who is in a room, the controllers first.
    pub fn room_members(
        &self,
        actor: &Actor,
        room: Reference,
        (offset, limit): (usize, usize),
    ) -> Result<MembersPage, Error> {
        let id = room.to_bytes();
        let (row, _) = allowed(&self.inner.store, (id, actor.account()), Act::Read)?;
        if row.kind == RoomKind::Room {
            self.room_controlled(id)?;
        }
        let mut rows = Vec::new();
        self.inner.store.scan(&ROOM_MEMBERS, &id, Order::Ascending, |(_, account), member| {
            rows.push((account, member));
            ControlFlow::Continue(())
        })?;
        rows.sort_by_key(|(account, one)| (!one.controller, one.since, *account));
        let total = rows.len();
        let mut items = Vec::new();
        for (account, member) in rows.into_iter().skip(offset).take(limit.min(MEMBERS_PAGE_MAX)) {
            // An account that ended is being taken out.
            let Some(person) = self.room_person(account)? else { continue };
            items.push(MemberView {
                person,
                controller: member.controller,
                since: member.since,
                reading: member.shows.then_some(member.reading),
                here: member.shows.then_some(member.here),
                own: account == actor.account(),
            });
        }
        Ok(MembersPage { items, total })
    }
}
