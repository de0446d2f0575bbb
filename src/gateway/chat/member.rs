//! Who is in a room: asking to join, admitting, removing, appointing, leaving.
//!
//! ```text
//! asks, by the room's number ─▶ waits ─▶ admitted by a controller ─▶ leaves, or is removed
//!                                    ─▶ refused, or taken back
//! ```
//!
//! Who asks gets the same answer whether there is such a room or not, and keeps the same row of it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::chat::keys::ring_of;
use crate::gateway::chat::rows::{allowed, joined_in_tx, retried};
use crate::gateway::chat::rules::{Act, first_seen};
use crate::gateway::chat::transcript::Transcript;
use crate::gateway::chat::view::PersonSeen;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::keyrings::change::RingEdit;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::keyring::RingEntry;
use crate::gateway::records::keyring_rows::removed_in_tx;
use crate::gateway::records::room::{RoomAsked, RoomId, RoomMember, RoomRefused, RoomRequest};
use crate::gateway::records::room_events::{RoomEvent, event_in_tx, left_in_tx};
use crate::gateway::records::tables::{
    ACCOUNTS, ROOM_ASKED, ROOM_MEMBERS, ROOM_REFUSED, ROOM_REQUESTS, ROOMS, TEMPORARY,
};
use crate::gateway::text::{parse_hex, shown};
use crate::gateway::vouching::overview::{AttestationView, ProblemView};
use crate::mail::reference::Reference;
use crate::store::{self, Read};
use crate::terms::{LineKind, RoomKind};

/// A request to join that waits, as a controller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestView {
    pub person: PersonSeen,
    pub at: Timestamp,
    /// The names of the person's groups that the controller may read.
    pub groups: Vec<String>,
    /// Who attests the person, as far as the controller may see, and what is wrong with that.
    pub attestations: Vec<AttestationView>,
    pub problems: Vec<ProblemView>,
}

/// Some of the requests to join a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestsPage {
    pub items: Vec<RequestView>,
    pub total: usize,
}

/// A request to join that the actor sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedView {
    pub room: String,
    pub at: Timestamp,
    pub refused: bool,
}

/// A controller's answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomAnswer {
    Admit,
    /// The same person may ask again after a while.
    Refuse,
    RefuseForGood,
}

/// The most requests of one account that wait, or were refused and are still shown.
pub const ASKED_MAX: u64 = 50;

/// How long somebody who was refused or removed does not ask again.
pub const REFUSED_SECS: i64 = 600;

/// How many refusals are remembered of one account; the oldest ones that are not for good go first. Who has so
/// many for good asks nowhere any more.
pub const REFUSED_MAX: u64 = 1_000;

/// The most requests in one answer.
pub const REQUESTS_PAGE_MAX: usize = 50;

/// The most requests that wait for the controllers of one room. What comes above that is not told to them.
pub const REQUESTS_MAX: u64 = 1_000;

const REFUSED: Error = Error::Denied { reason: "a controller of this room refused that" };

const NO_REQUEST: Error = Error::NotFound { what: "request" };
const NO_MEMBER: Error = Error::NotFound { what: "member" };

impl Gateway {
    /// Asks to join the room with this number.
    pub fn room_ask(&self, actor: &Actor, room: Reference) -> Result<(), Error> {
        let (id, who, at) = (room.to_bytes(), actor.account(), self.inner.clock.now());
        let done = self.transact(move |tx| {
            if tx.has(&ROOM_MEMBERS, &(id, who))? {
                return Err(Error::Conflict(Conflict::InRoom));
            }
            if tx.has(&ROOM_ASKED, &(who, id))? {
                return Err(Error::Conflict(Conflict::RequestWaits));
            }
            if tx.count(&ROOM_ASKED, &who)? >= ASKED_MAX {
                return Err(Error::OverQuota);
            }
            if is_refused_everywhere(&**tx, who)? {
                return Err(Error::OverQuota);
            }
            if let Some(refused) = tx.get(&ROOM_REFUSED, &(who, id))? {
                if refused.for_good || refused.at.plus_secs(REFUSED_SECS) > at {
                    return Err(REFUSED);
                }
                tx.delete(&ROOM_REFUSED, &(who, id));
            }
            tx.put(&ROOM_ASKED, &(who, id), &RoomAsked { at, refused: false })?;
            let row = tx.get(&ROOMS, &id)?;
            let takes = row.is_some_and(|row| row.kind == RoomKind::Room && !row.ending)
                && tx.count(&ROOM_REQUESTS, &id)? < REQUESTS_MAX;
            if takes {
                tx.put(&ROOM_REQUESTS, &(id, who), &RoomRequest { at })?;
                controlled_in_tx(tx, id)?;
            }
            Ok(takes)
        });
        if done.wait()? {
            self.publish_room(&self.room_controllers(id)?, id, "asked");
        }
        Ok(())
    }

    /// The rooms that the actor has asked to join.
    pub fn rooms_asked(&self, actor: &Actor) -> Result<Vec<AskedView>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan_readable(&ROOM_ASKED, &actor.account(), |(_, id), row| {
            found.push(AskedView { room: shown(id), at: row.at, refused: row.refused });
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Takes a request back, or forgets that it was refused.
    pub fn room_ask_end(&self, actor: &Actor, room: Reference) -> Result<(), Error> {
        let (id, who) = (room.to_bytes(), actor.account());
        let done = self.transact(move |tx| {
            if !tx.has(&ROOM_ASKED, &(who, id))? {
                return Err(NO_REQUEST);
            }
            tx.delete(&ROOM_ASKED, &(who, id));
            tx.delete(&ROOM_REQUESTS, &(id, who));
            Ok(())
        });
        done.wait()?;
        self.publish_room(&self.room_controllers(id)?, id, "asked");
        Ok(())
    }

    /// Some of those who ask to join, the first first.
    pub fn room_requests(
        &self,
        actor: &Actor,
        room: Reference,
        (offset, limit): (usize, usize),
    ) -> Result<RequestsPage, Error> {
        let id = room.to_bytes();
        allowed(&self.inner.store, (id, actor.account()), Act::Admit)?;
        let mut rows = Vec::new();
        self.inner.store.scan_readable(&ROOM_REQUESTS, &id, |(_, account), row| {
            rows.push((row.at, account));
            ControlFlow::Continue(())
        })?;
        rows.sort_unstable_by_key(|(at, account)| (*at, *account));
        let (total, mut items) = (rows.len(), Vec::new());
        for (at, account) in rows.into_iter().skip(offset).take(limit.min(REQUESTS_PAGE_MAX)) {
            // An account that ended asks no more.
            let Some(person) = self.room_person(account)? else { continue };
            let badges = self.badges(actor, &person.address)?;
            let groups = badges.into_iter().map(|badge| badge.name).collect();
            let (mut attestations, mut problems) = (Vec::new(), Vec::new());
            match self.colleague(actor, &account.to_text()) {
                Ok(view) => (attestations, problems) = (view.received, view.problems),
                // A temporary account, or somebody whom the controller may not see.
                Err(Error::NotFound { .. } | Error::Denied { .. }) => {}
                Err(error) => return Err(error),
            }
            items.push(RequestView { person, at, groups, attestations, problems });
        }
        Ok(RequestsPage { items, total })
    }

    /// Admits or refuses somebody who asked to join.
    pub fn room_answer(
        &self,
        actor: &Actor,
        room: Reference,
        asking: &str,
        answer: RoomAnswer,
    ) -> Result<(), Error> {
        let (id, by) = (room.to_bytes(), actor.account());
        let who = AccountId(parse_hex(asking).ok_or(NO_REQUEST)?);
        allowed(&self.inner.store, (id, by), Act::Admit)?;
        if !self.inner.store.has(&ROOM_REQUESTS, &(id, who))? {
            return Err(NO_REQUEST);
        }
        match answer {
            RoomAnswer::Admit => {
                retried(|| self.room_admit(actor, id, who))?;
                // The next line does it, if this does not.
                readable(self.room_name_tend(actor, id)).or_else(|error| match error {
                    Error::Busy => Ok(None),
                    error => Err(error),
                })?;
            }
            RoomAnswer::Refuse | RoomAnswer::RefuseForGood => {
                self.room_refuse(id, (by, who), answer)?;
            }
        }
        self.room_publish(id)?;
        self.publish_room(&[who], id, "answered");
        Ok(())
    }

    fn room_refuse(
        &self,
        id: RoomId,
        (by, who): (AccountId, AccountId),
        answer: RoomAnswer,
    ) -> Result<(), Error> {
        let (at, for_good) = (self.inner.clock.now(), answer == RoomAnswer::RefuseForGood);
        let done = self.transact(move |tx| {
            allowed(&**tx, (id, by), Act::Admit)?;
            if !tx.has(&ROOM_REQUESTS, &(id, who))? {
                return Err(NO_REQUEST);
            }
            tx.delete(&ROOM_REQUESTS, &(id, who));
            if let Some(asked) = tx.get(&ROOM_ASKED, &(who, id))? {
                tx.put(&ROOM_ASKED, &(who, id), &RoomAsked { refused: true, ..asked })?;
            }
            refused_in_tx(tx, (who, id), RoomRefused { at, for_good })
        });
        done.wait()
    }

    fn room_admit(&self, actor: &Actor, id: RoomId, who: AccountId) -> Result<(), Error> {
        let edit = RingEdit { add: vec![RingEntry::Account(who)], ..RingEdit::default() };
        let change = self.keyring_change(actor, ring_of(id), &edit)?;
        let (by, at) = (actor.account(), self.inner.clock.now());
        let (reference, settings) = (self.reference_new().to_bytes(), &self.inner.settings.chat);
        let (most, most_hidden) = (settings.members_max, settings.hidden_members_max);
        let done = self.transact(move |tx| {
            let (mut row, _) = allowed(&**tx, (id, by), Act::Admit)?;
            if !tx.has(&ROOM_REQUESTS, &(id, who))? || !is_able(&**tx, who)? {
                return Err(NO_REQUEST);
            }
            let most = if row.shares_earlier { most } else { most.min(most_hidden) };
            if tx.count(&ROOM_MEMBERS, &id)? >= most {
                return Err(Error::OverQuota);
            }
            change.store_in_tx(tx)?;
            let event = RoomEvent { reference, at, who, kind: LineKind::Joined, by: Some(by) };
            let joined = event_in_tx(tx, id, &mut row, &event)?;
            let from = first_seen(joined, row.shares_earlier);
            joined_in_tx(tx, (id, who), &RoomMember::new(at, joined, from))?;
            tx.delete(&ROOM_REQUESTS, &(id, who));
            tx.delete(&ROOM_ASKED, &(who, id));
            Ok(tx.put(&ROOMS, &id, &row)?)
        });
        done.wait()
    }

    /// Removes somebody from a room. What is said afterwards is sealed under keys that the one who was
    /// removed does not get.
    pub fn room_remove(&self, actor: &Actor, room: Reference, member: &str) -> Result<(), Error> {
        let (id, by) = (room.to_bytes(), actor.account());
        let who = AccountId(parse_hex(member).ok_or(NO_MEMBER)?);
        allowed(&self.inner.store, (id, by), Act::Remove)?;
        if who == by {
            return Err(Error::Denied { reason: "a room is left, and nobody removes oneself" });
        }
        let event = self.room_event((LineKind::Removed, who), Some(by));
        let done = self.transact(move |tx| {
            allowed(&**tx, (id, by), Act::Remove)?;
            if !tx.has(&ROOM_MEMBERS, &(id, who))? {
                return Err(NO_MEMBER);
            }
            removed_in_tx(tx, ring_of(id), RingEntry::Account(who))?;
            left_in_tx(tx, id, &event, is_inside)?;
            refused_in_tx(tx, (who, id), RoomRefused { at: event.at, for_good: false })
        });
        done.wait()?;
        self.retract_lines(who, id);
        self.publish_room(&[who], id, "out");
        self.publish_room(&self.room_accounts(id)?, id, "members");
        Ok(())
    }

    /// Makes a member a controller, or an ordinary member again. A room keeps one.
    pub fn room_appoint(
        &self,
        actor: &Actor,
        room: Reference,
        member: &str,
        part: Part,
    ) -> Result<(), Error> {
        let (id, by) = (room.to_bytes(), actor.account());
        let who = AccountId(parse_hex(member).ok_or(NO_MEMBER)?);
        allowed(&self.inner.store, (id, by), Act::Appoint)?;
        let controls = part == Part::Controller;
        let done = self.transact(move |tx| {
            allowed(&**tx, (id, by), Act::Appoint)?;
            let mut member = tx.get(&ROOM_MEMBERS, &(id, who))?.ok_or(NO_MEMBER)?;
            if controls && !is_inside(tx, who)? {
                return Err(Error::Denied { reason: "a temporary account controls no room" });
            }
            if !controls && !has_other_controller(&**tx, (id, who))? {
                return Err(Error::Conflict(Conflict::LastController));
            }
            member.controller = controls;
            Ok(tx.put(&ROOM_MEMBERS, &(id, who), &member)?)
        });
        done.wait()?;
        self.publish_room(&self.room_accounts(id)?, id, "members");
        Ok(())
    }

    /// Leaves a room; with a transcript, what the actor could read there since joining comes as a message.
    pub fn room_leave(
        &self,
        actor: &Actor,
        room: Reference,
        transcript: Leaving,
    ) -> Result<(), Error> {
        let (id, who) = (room.to_bytes(), actor.account());
        retried(|| {
            let (row, member) = allowed(&self.inner.store, (id, who), Act::Read)?;
            let transcript = match transcript {
                Leaving::Silent => None,
                Leaving::WithTranscript => {
                    Some(self.room_transcript(actor, id, (&row, &member))?)
                }
            };
            self.room_leave_with(who, id, transcript)
        })?;
        self.retract_lines(who, id);
        self.publish_room(&[who], id, "out");
        self.publish_room(&self.room_accounts(id)?, id, "members");
        Ok(())
    }

    /// Takes somebody out, and stores the transcript that was made before; fails with `busy` if what it
    /// should say has changed since.
    pub(super) fn room_leave_with(
        &self,
        who: AccountId,
        id: RoomId,
        transcript: Option<Transcript>,
    ) -> Result<(), Error> {
        let event = self.room_event((LineKind::Left, who), None);
        let done = self.transact(move |tx| {
            let (row, member) = allowed(&**tx, (id, who), Act::Read)?;
            if transcript.as_ref().is_some_and(|transcript| !transcript.is_of(&row)) {
                return Err(Error::Busy);
            }
            let others = tx.count(&ROOM_MEMBERS, &id)? > 1;
            if member.controller && others && !has_other_controller(&**tx, (id, who))? {
                return Err(Error::Conflict(Conflict::LastController));
            }
            if let Some(transcript) = &transcript {
                transcript.store_in_tx(tx, who)?;
            }
            removed_in_tx(tx, ring_of(id), RingEntry::Account(who))?;
            left_in_tx(tx, id, &event, is_inside).map(drop)
        });
        done.wait()
    }

    fn room_event(&self, (kind, who): (LineKind, AccountId), by: Option<AccountId>) -> RoomEvent {
        let (reference, at) = (self.reference_new().to_bytes(), self.inner.clock.now());
        RoomEvent { reference, at, who, kind, by }
    }

    /// Lets somebody control a room that nobody does who can sign in.
    pub(super) fn room_controlled(&self, id: RoomId) -> Result<(), Error> {
        let nobody = AccountId([0; 16]);
        if has_other_controller(&self.inner.store, (id, nobody))? {
            return Ok(());
        }
        self.transact(move |tx| controlled_in_tx(tx, id)).wait()
    }

    fn room_controllers(&self, id: RoomId) -> Result<Vec<AccountId>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan_readable(&ROOM_MEMBERS, &id, |(_, account), member| {
            found.extend(member.controller.then_some(account));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// The name and the address of somebody; `None` of an account that ended.
    pub(super) fn room_person(&self, account: AccountId) -> Result<Option<PersonSeen>, Error> {
        let view = match self.account_view(account) {
            Err(Error::NotFound { .. }) => None,
            view => readable(view)?,
        };
        Ok(view.map(|view| PersonSeen {
            id: account.to_text(),
            name: view.display_name,
            address: view.address,
            outside: view.temporary.is_some(),
        }))
    }

    pub(super) fn room_persons(
        &self,
        accounts: impl IntoIterator<Item = AccountId>,
    ) -> Result<Vec<PersonSeen>, Error> {
        let accounts: BTreeSet<AccountId> = accounts.into_iter().collect();
        let mut found = Vec::with_capacity(accounts.len());
        for account in accounts {
            found.extend(self.room_person(account)?);
        }
        Ok(found)
    }
}

/// What a member is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Controller,
    Member,
}

/// How somebody leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    WithTranscript,
    Silent,
}

/// Whether somebody else controls a room, and can sign in.
fn has_other_controller(reader: &impl Read, (id, who): (RoomId, AccountId)) -> Result<bool, Error> {
    let mut controllers = Vec::new();
    reader.scan_readable(&ROOM_MEMBERS, &id, |(_, account), member| {
        controllers.extend((member.controller && account != who).then_some(account));
        ControlFlow::Continue(())
    })?;
    for account in controllers {
        if is_able(reader, account)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lets the member inside who is there longest control a room, none of whose controllers can sign in.
fn controlled_in_tx(tx: &mut Tx<'_, '_>, id: RoomId) -> Result<(), Error> {
    let mut members = Vec::new();
    tx.scan_readable(&ROOM_MEMBERS, &id, |(_, account), member| {
        members.push((!member.controller, member.since, account, member));
        ControlFlow::Continue(())
    })?;
    members.sort_by_key(|(is_other, since, account, _)| (*is_other, *since, *account));
    for (is_other, _, account, member) in members {
        if !is_inside(tx, account)? {
            continue;
        }
        if is_other {
            let member = RoomMember { controller: true, ..member };
            tx.put(&ROOM_MEMBERS, &(id, account), &member)?;
        }
        break;
    }
    Ok(())
}

/// Whether an account has as many refusals for good as are remembered.
fn is_refused_everywhere(reader: &impl Read, who: AccountId) -> Result<bool, Error> {
    if reader.count(&ROOM_REFUSED, &who)? < REFUSED_MAX {
        return Ok(false);
    }
    let mut for_good = 0;
    reader.scan_readable(&ROOM_REFUSED, &who, |_, row| {
        for_good += u64::from(row.for_good);
        ControlFlow::Continue(())
    })?;
    Ok(for_good >= REFUSED_MAX)
}

/// Remembers that somebody was refused.
fn refused_in_tx(
    tx: &mut Tx<'_, '_>,
    (who, id): (AccountId, RoomId),
    refused: RoomRefused,
) -> Result<(), Error> {
    // A refusal for good is never forgotten for others.
    let mut oldest = None;
    tx.scan_readable(&ROOM_REFUSED, &who, |(_, room), row| {
        let is_older = oldest.is_none_or(|(at, _)| row.at < at);
        if !row.for_good && room != id && is_older {
            oldest = Some((row.at, room));
        }
        ControlFlow::Continue(())
    })?;
    let is_full = tx.count(&ROOM_REFUSED, &who)? >= REFUSED_MAX;
    if is_full && let Some((_, room)) = oldest {
        tx.delete(&ROOM_REFUSED, &(who, room));
    }
    Ok(tx.put(&ROOM_REFUSED, &(who, id), &refused)?)
}

/// Whether an account can sign in.
fn is_able(reader: &impl Read, who: AccountId) -> Result<bool, Error> {
    Ok(reader.get(&ACCOUNTS, &who)?.is_some_and(|row| !row.disabled))
}

/// Whether an account is one inside, and can sign in.
fn is_inside(tx: &store::Tx<'_>, who: AccountId) -> Result<bool, Error> {
    Ok(is_able(tx, who)? && !tx.has(&TEMPORARY, &who)?)
}
