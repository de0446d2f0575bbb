//! Rooms and conversations of two: how one begins, is named, and ends.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::chat::keys::{name_sealed, ring_of};
use crate::gateway::chat::rows::{
    NO_ROOM, allowed, inside, joined_in_tx, may_begin, members_of, retried,
};
use crate::gateway::chat::rules::Act;
use crate::gateway::chat::view::RoomView;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::keyrings::change::Earlier;
use crate::gateway::keyrings::sealing::{RingKeys, still_sealed_in_tx};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::keyring::RingEntry;
use crate::gateway::records::room::{Room, RoomId, RoomMember, RoomOf};
use crate::gateway::records::room_events::{RoomEvent, event_in_tx};
use crate::gateway::records::tables::{ACCOUNTS, ROOM_OF_TWO, ROOMS};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::{LineKind, RoomKind};

/// A room that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoom {
    pub name: String,
    /// Whether who is admitted sees what was said before.
    pub shares_earlier: bool,
}

/// The most characters of a room's name.
pub const NAME_CHARS_MAX: usize = 100;

const LEFT_TOO_OFTEN: Error =
    Error::Denied { reason: "the other person still has conversations that you have left" };

const NO_PERSON: Error = Error::NotFound { what: "person" };

fn checked_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    let is_line = !name.chars().any(char::is_control);
    match (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && is_line {
        true => Ok(name.to_owned()),
        false => Err(Error::Invalid {
            what: format!("a room's name must have 1 to {NAME_CHARS_MAX} characters on one line"),
        }),
    }
}

impl Gateway {
    /// Opens a room, which the actor controls.
    pub fn room_create(&self, actor: &Actor, new: &NewRoom) -> Result<RoomView, Error> {
        inside(actor)?;
        let name = checked_name(&new.name)?;
        let (reference, said_by) = (self.reference_new(), self.reference_new().to_bytes());
        let (id, who, at) = (reference.to_bytes(), actor.account(), self.inner.clock.now());
        let earlier = if new.shares_earlier { Earlier::Shown } else { Earlier::Hidden };
        let entries = [RingEntry::Account(who)];
        let (ring, under, secret) = self.keyring_new(actor, ring_of(id), &entries, earlier)?;
        let room = Room {
            kind: RoomKind::Room,
            shares_earlier: new.shares_earlier,
            created: at,
            version: 1,
            last: 0,
            octets: 0,
            changes: 0,
            ending: false,
            left_by: None,
            under: under.epoch,
            sealed_name: name_sealed(id, (1, under.epoch), &secret, &name)?,
        };
        let done = self.transact(move |tx| {
            if tx.has(&ROOMS, &id)? {
                return Err(Error::Busy);
            }
            ring.store_in_tx(tx)?;
            let mut room = room.clone();
            let (kind, by) = (LineKind::Joined, None);
            let event = RoomEvent { reference: said_by, at, who, kind, by };
            let joined = event_in_tx(tx, id, &mut room, &event)?;
            let member = RoomMember { controller: true, ..RoomMember::new(at, joined, joined) };
            joined_in_tx(tx, (id, who), &member)?;
            Ok(tx.put(&ROOMS, &id, &room)?)
        });
        done.wait()?;
        self.room_publish(id)?;
        self.chat_room(actor, reference)
    }

    /// The conversation with the person inside at an address; it begins now, if there is none. It obeys
    /// what decides about mail: whom a message may not reach, no conversation reaches.
    pub fn room_with(&self, actor: &Actor, address: &str) -> Result<RoomView, Error> {
        inside(actor)?;
        let other = self.room_other_at(actor, address)?;
        let two = (actor.account(), other);
        if let Some(RoomOf(id)) = self.inner.store.get(&ROOM_OF_TWO, &two)? {
            let reference = Reference::from_bytes(id).ok_or(NO_ROOM)?;
            return self.chat_room(actor, reference);
        }
        let reference = retried(|| self.room_begin_of_two(actor, two))?;
        self.chat_room(actor, reference)
    }

    /// The person whom a conversation with an address reaches. Of an address of a role, or another alias,
    /// it is not said whose it is.
    fn room_other_at(&self, actor: &Actor, address: &str) -> Result<AccountId, Error> {
        let other = self.colleague_called(address.trim())?.ok_or(NO_PERSON)?;
        let is_reached = self.contact_owner(actor, address)? == Some(other);
        (is_reached && other != actor.account()).then_some(other).ok_or(NO_PERSON)
    }

    fn room_begin_of_two(
        &self,
        actor: &Actor,
        two: (AccountId, AccountId),
    ) -> Result<Reference, Error> {
        let (reference, at) = (self.reference_new(), self.inner.clock.now());
        let id = reference.to_bytes();
        let entries = [RingEntry::Account(two.0), RingEntry::Account(two.1)];
        let (ring, under, _) = self.keyring_new(actor, ring_of(id), &entries, Earlier::Hidden)?;
        let room = Room {
            kind: RoomKind::Conversation,
            shares_earlier: false,
            created: at,
            version: 1,
            last: 0,
            octets: 0,
            changes: 0,
            ending: false,
            left_by: None,
            under: under.epoch,
            sealed_name: Vec::new(),
        };
        let done = self.transact(move |tx| {
            // The other one was quicker.
            if let Some(RoomOf(id)) = tx.get(&ROOM_OF_TWO, &two)? {
                return Reference::from_bytes(id).ok_or(NO_ROOM);
            }
            if tx.get(&ACCOUNTS, &two.1)?.is_none_or(|row| row.disabled) {
                return Err(NO_PERSON);
            }
            if !may_begin(&**tx, two)? {
                return Err(LEFT_TOO_OFTEN);
            }
            ring.store_in_tx(tx)?;
            tx.put(&ROOMS, &id, &room)?;
            tx.put(&ROOM_OF_TWO, &two, &RoomOf(id))?;
            tx.put(&ROOM_OF_TWO, &(two.1, two.0), &RoomOf(id))?;
            for (who, invited) in [(two.0, false), (two.1, true)] {
                let member = RoomMember { invited, ..RoomMember::new(at, 0, 1) };
                joined_in_tx(tx, (id, who), &member)?;
            }
            Ok(reference)
        });
        let reference = done.wait()?;
        self.room_publish(reference.to_bytes())?;
        Ok(reference)
    }

    /// Names a room otherwise. `over` is the version that the actor saw.
    pub fn room_rename(
        &self,
        actor: &Actor,
        room: Reference,
        over: u32,
        name: &str,
    ) -> Result<RoomView, Error> {
        let (id, who, name) = (room.to_bytes(), actor.account(), checked_name(name)?);
        retried(|| {
            let (row, _) = allowed(&self.inner.store, (id, who), Act::Rename)?;
            if row.version != over {
                return Err(Error::Conflict(Conflict::EditedElsewhere));
            }
            let (under, secret) = self.keyring_sealing(actor, ring_of(id))?;
            let sealed = name_sealed(id, (over + 1, under.epoch), &secret, &name)?;
            let done = self.transact(move |tx| {
                let (mut row, _) = allowed(&**tx, (id, who), Act::Rename)?;
                if row.version != over {
                    return Err(Error::Conflict(Conflict::EditedElsewhere));
                }
                still_sealed_in_tx(&**tx, under)?;
                (row.version, row.under, row.sealed_name) = (over + 1, under.epoch, sealed.clone());
                Ok(tx.put(&ROOMS, &id, &row)?)
            });
            done.wait()
        })?;
        self.room_publish(id)?;
        self.chat_room(actor, room)
    }

    /// Seals the name under the epoch in use, so that who joined after it was given reads it too.
    pub(super) fn room_name_tend(&self, actor: &Actor, id: RoomId) -> Result<(), Error> {
        let Some(row) = self.inner.store.get(&ROOMS, &id)? else { return Ok(()) };
        if row.sealed_name.is_empty() {
            return Ok(());
        }
        let (under, secret) = self.keyring_sealing(actor, ring_of(id))?;
        if under.epoch == row.under {
            return Ok(());
        }
        let mut keys = RingKeys::default();
        let Some(name) = self.room_name((actor, &mut keys), id, &row)? else { return Ok(()) };
        let (version, before) = (row.version, row.under);
        let sealed = name_sealed(id, (version, under.epoch), &secret, &name)?;
        let done = self.transact(move |tx| {
            let Some(mut row) = tx.get(&ROOMS, &id)? else { return Ok(()) };
            if (row.version, row.under) != (version, before) {
                return Ok(());
            }
            still_sealed_in_tx(&**tx, under)?;
            (row.under, row.sealed_name) = (under.epoch, sealed.clone());
            Ok(tx.put(&ROOMS, &id, &row)?)
        });
        done.wait()
    }

    /// Takes the keys of a room for genuine that nothing proves, by an act of the actor's own.
    pub fn room_keys_accept(&self, actor: &Actor, room: Reference) -> Result<(), Error> {
        let id = room.to_bytes();
        allowed(&self.inner.store, (id, actor.account()), Act::Read)?;
        self.keyring_accept(actor, ring_of(id))
    }

    /// Who is in a room.
    pub(super) fn room_accounts(&self, id: RoomId) -> Result<Vec<AccountId>, Error> {
        members_of(&self.inner.store, id)
    }

    /// Tells those who are in a room that something changed there.
    pub(super) fn room_publish(&self, id: RoomId) -> Result<(), Error> {
        let last = self.inner.store.get(&ROOMS, &id)?.map_or(0, |room| room.last);
        self.publish_room(&self.room_accounts(id)?, id, &last.to_string());
        Ok(())
    }
}
