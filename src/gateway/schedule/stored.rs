//! What is sealed of the schedule, to what it is bound, and how it is opened.

use serde::{Deserialize, Serialize};

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::schedule::{EntryId, Invited, MeetingAsked, ScheduleEntry};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{ACCOUNT_KEYS, MEETING_ASKED, MEETINGS, SCHEDULE_ENTRIES};
use crate::mail::schedule::Fields;
use crate::mail::schedule::times::Local;
use crate::store::{Read, Record};
use crate::vault;

pub(super) const MISSING: Error = Error::NotFound { what: "entry" };
pub(super) const NO_MEETING: Error = Error::NotFound { what: "meeting" };

/// An entry that was read.
pub(super) struct Opened {
    pub id: EntryId,
    pub row: ScheduleEntry,
    pub stored: StoredEntry,
}

/// An entry, as it is sealed for its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEntry {
    pub fields: Fields,
    pub meeting: Option<OfMeeting>,
}

/// Of which meeting an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfMeeting {
    pub by: AccountId,
    /// The addresses of the invitees as the requester wrote them, in the order of the meeting's row.
    pub people: Vec<String>,
}

impl Record for StoredEntry {
    const VERSION: u8 = 1;
}

/// What a request says, as it is sealed for each invitee.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub fields: Fields,
    pub people: Vec<String>,
}

impl Record for Facts {
    const VERSION: u8 = 1;
}

/// What an invitee answers beside yes or no.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub comment: String,
    /// The time proposed, on the clock of the meeting's zone, and the minutes that it takes.
    pub proposed: Option<(Local, u32)>,
}

impl Record for Said {
    const VERSION: u8 = 1;
}

fn entry_binding(account: AccountId, id: EntryId) -> Vec<u8> {
    [b"schedule entry\0".as_slice(), &account.0, &id].concat()
}

fn asked_binding(account: AccountId, meeting: ReferenceKey) -> Vec<u8> {
    [b"meeting asked\0".as_slice(), &account.0, &meeting].concat()
}

fn said_binding(invitee: AccountId, meeting: ReferenceKey) -> Vec<u8> {
    [b"meeting said\0".as_slice(), &invitee.0, &meeting].concat()
}

fn unreadable() -> Error {
    Error::Damaged { what: "a part of the schedule cannot be read".to_owned() }
}

/// Something sealed for somebody else, with what its key is derived from.
pub(super) struct SealedFor {
    pub encapsulation: Vec<u8>,
    pub sealed: Vec<u8>,
}

impl Gateway {
    fn sealed_for(&self, to: AccountId, bound: &[u8], plain: &[u8]) -> Result<SealedFor, Error> {
        let keys = self.inner.store.get(&ACCOUNT_KEYS, &to)?.ok_or(NO_MEETING)?;
        let (keys, encapsulation) = vault::epoch_begin(&keys.public_key(), bound)?;
        Ok(SealedFor { encapsulation, sealed: keys.seal_summary(bound, plain)? })
    }

    pub(super) fn entry_sealed(
        &self,
        actor: &Actor,
        id: EntryId,
        stored: &StoredEntry,
    ) -> Result<Vec<u8>, Error> {
        let plain = sealed_form::octets_of(stored)?;
        Ok(actor.secret().seal_own(&entry_binding(actor.account(), id), &plain)?)
    }

    pub(super) fn entry_read(
        &self,
        actor: &Actor,
        id: EntryId,
        row: &ScheduleEntry,
    ) -> Result<StoredEntry, Error> {
        let bound = entry_binding(actor.account(), id);
        let plain = actor.secret().open_own(&bound, &row.sealed).map_err(|_| unreadable())?;
        sealed_form::read(SCHEDULE_ENTRIES.name, &plain)
    }

    pub(super) fn facts_sealed(
        &self,
        to: AccountId,
        meeting: ReferenceKey,
        facts: &Facts,
    ) -> Result<SealedFor, Error> {
        self.sealed_for(to, &asked_binding(to, meeting), &sealed_form::octets_of(facts)?)
    }

    pub(super) fn facts_read(
        &self,
        actor: &Actor,
        meeting: ReferenceKey,
        row: &MeetingAsked,
    ) -> Result<Facts, Error> {
        let bound = asked_binding(actor.account(), meeting);
        let opened = actor.secret().epoch_open(&row.encapsulation, &bound);
        let plain = opened.and_then(|keys| keys.open_summary(&bound, &row.sealed));
        sealed_form::read(MEETING_ASKED.name, &plain.map_err(|_| unreadable())?)
    }

    /// What an invitee says, for who asked, and for the invitee.
    pub(super) fn said_sealed(
        &self,
        actor: &Actor,
        by: AccountId,
        meeting: ReferenceKey,
        said: &Said,
    ) -> Result<(SealedFor, Vec<u8>), Error> {
        let (bound, plain) =
            (said_binding(actor.account(), meeting), sealed_form::octets_of(said)?);
        let own = actor.secret().seal_own(&bound, &plain)?;
        Ok((self.sealed_for(by, &bound, &plain)?, own))
    }

    /// What an invitee said, read by who asked.
    pub(super) fn said_read(
        &self,
        actor: &Actor,
        meeting: ReferenceKey,
        invited: &Invited,
    ) -> Result<Said, Error> {
        if invited.sealed.is_empty() {
            return Ok(Said::default());
        }
        let bound = said_binding(invited.account, meeting);
        let opened = actor.secret().epoch_open(&invited.encapsulation, &bound);
        let plain = opened.and_then(|keys| keys.open_summary(&bound, &invited.sealed));
        sealed_form::read(MEETINGS.name, &plain.map_err(|_| unreadable())?)
    }

    /// What the actor said.
    pub(super) fn said_own(
        &self,
        actor: &Actor,
        meeting: ReferenceKey,
        row: &MeetingAsked,
    ) -> Result<Said, Error> {
        if row.said.is_empty() {
            return Ok(Said::default());
        }
        let bound = said_binding(actor.account(), meeting);
        let plain = actor.secret().open_own(&bound, &row.said).map_err(|_| unreadable())?;
        sealed_form::read(MEETING_ASKED.name, &plain)
    }
}
