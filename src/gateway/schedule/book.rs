//! The entries of one's own calendar: adding, reading, changing, deleting and restoring them.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, unless_damaged};
use crate::gateway::feed::tx::Tx;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::schedule::{EntryId, MeetingAsked, ScheduleEntry};
use crate::gateway::records::tables::{MEETING_ASKED, SCHEDULE_ENTRIES};
use crate::gateway::schedule::changes::EntryChange;
use crate::gateway::schedule::ending::asked_put_in_tx;
use crate::gateway::schedule::stored::{MISSING, Opened, StoredEntry};
use crate::gateway::schedule::view::EntryView;
use crate::gateway::text::{hex, parse_hex};
use crate::mail::schedule::{Fields, Limits};
use crate::store::Read;
use crate::terms::PersonState;
use crate::vault::{self, Lookup};

impl Gateway {
    pub(super) fn schedule_limits(&self) -> Limits {
        Limits { text_chars_max: self.inner.settings.schedule.text_chars_max }
    }

    /// The fields as they are stored; refused with a sentence if something is wrong with them.
    pub(super) fn schedule_checked(&self, fields: Fields) -> Result<Fields, Error> {
        fields.checked(self.schedule_limits()).map_err(|what| Error::Invalid { what })
    }

    /// A person's own account, where calendars are on: role mailboxes and temporary accounts have none.
    pub(super) fn has_schedule(&self, actor: &Actor) -> Result<(), Error> {
        if !self.inner.settings.schedule.enabled {
            return Err(Error::Denied { reason: "there are no calendars here" });
        }
        if actor.is_temporary() {
            return Err(Error::Denied { reason: "a temporary account has no calendar" });
        }
        match actor.behind() {
            Some(_) => Err(Error::Denied { reason: "a role mailbox has no calendar" }),
            None => Ok(()),
        }
    }

    /// Adds an entry: once for each key of a request.
    pub fn schedule_add(
        &self,
        actor: &Actor,
        fields: Fields,
        key: Option<&str>,
    ) -> Result<EntryView, Error> {
        self.has_schedule(actor)?;
        let stored = StoredEntry { fields: self.schedule_checked(fields)?, meeting: None };
        let id = match key {
            None => vault::random_bytes()?,
            Some(key) => self.schedule_mark(actor.account(), b"entry", key),
        };
        self.contacts_retry(|| {
            match self.inner.store.get(&SCHEDULE_ENTRIES, &(actor.account(), id))? {
                // The answer to an earlier request with this key was lost.
                Some(_) => Ok(()),
                None => {
                    let change = self.entry_change(actor, id, None, &stored)?;
                    self.schedule_commit(actor, vec![change], |_| Ok(()))
                }
            }
        })?;
        self.schedule_entry(actor, &hex(&id))
    }

    /// The mark of a request, by which it is carried out once.
    pub(super) fn schedule_mark(&self, by: AccountId, what: &[u8], key: &str) -> [u8; 16] {
        let octets = [&by.0, what, b"\0", key.as_bytes()].concat();
        self.inner.vault.lookup(Lookup::Schedule, &octets)
    }

    /// One entry.
    pub fn schedule_entry(&self, actor: &Actor, id: &str) -> Result<EntryView, Error> {
        self.schedule_settle(actor);
        let opened = self.entry_opened(actor, parse_hex(id).ok_or(MISSING)?)?;
        self.entry_view(actor, opened)
    }

    pub(super) fn entry_opened(&self, actor: &Actor, id: EntryId) -> Result<Opened, Error> {
        let row = self.inner.store.get(&SCHEDULE_ENTRIES, &(actor.account(), id))?;
        let row = row.filter(|row| row.deleted.is_none()).ok_or(MISSING)?;
        let stored = self.entry_read(actor, id, &row)?;
        Ok(Opened { id, row, stored })
    }

    /// Changes an entry. Of a meeting each takes what one keeps for oneself alone. `edited-elsewhere` if
    /// `over` is not its version.
    pub fn schedule_change(
        &self,
        actor: &Actor,
        id: &str,
        over: u32,
        fields: Fields,
    ) -> Result<EntryView, Error> {
        self.has_schedule(actor)?;
        let fields = self.schedule_checked(fields)?;
        self.contacts_retry(|| {
            let opened = self.entry_opened(actor, parse_hex(id).ok_or(MISSING)?)?;
            let Opened { id, row, mut stored } = opened;
            if over != row.version {
                return Err(Error::Conflict(Conflict::EditedElsewhere));
            }
            match &stored.meeting {
                None => stored.fields = fields.clone(),
                Some(_) => stored.fields.own = fields.own.clone(),
            }
            let change = self.entry_change(actor, id, Some(row), &stored)?;
            self.schedule_commit(actor, vec![change], |_| Ok(()))
        })?;
        self.schedule_entry(actor, id)
    }

    /// Deletes an entry, which can be restored for a day. A meeting that goes on is cancelled or declined
    /// first.
    pub fn schedule_delete(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        self.has_schedule(actor)?;
        self.contacts_retry(|| {
            let (me, id) = (actor.account(), parse_hex(id).ok_or(MISSING)?);
            // What it says is not asked: one that cannot be read is deleted like the others.
            let row = self.inner.store.get(&SCHEDULE_ENTRIES, &(me, id))?;
            let row = row.filter(|row| row.deleted.is_none()).ok_or(MISSING)?;
            let asked = self.inner.store.get(&MEETING_ASKED, &(me, id));
            let asked = unless_damaged(asked)?.flatten();
            let by = asked.as_ref().map_or(me, |asked| asked.by);
            if self.meeting_runs(actor, by, id)? {
                return Err(Error::Conflict(Conflict::MeetingRuns));
            }
            let left = asked.map(|_| (me, id));
            let after = ScheduleEntry {
                version: row.version + 1,
                deleted: Some(self.inner.clock.now()),
                sealed: row.sealed.clone(),
            };
            let change = EntryChange { id, before: Some(row), after: Some(after), line: None };
            self.schedule_commit(actor, vec![change], move |tx| leave_in_tx(tx, left))
        })
    }

    /// Whether an entry of a meeting has to stay.
    fn meeting_runs(&self, actor: &Actor, by: AccountId, id: EntryId) -> Result<bool, Error> {
        // One that cannot be read is neither cancelled nor declined any more.
        let found = self.meeting_row(by, id)?;
        let Some(row) = found.row() else { return Ok(false) };
        if row.heard.is_cancelled() {
            return Ok(false);
        }
        let own = row.heard.person(actor.account());
        Ok(by == actor.account() || own != PersonState::Declined)
    }

    /// Restores an entry that was deleted less than a day ago.
    pub fn schedule_restore(&self, actor: &Actor, id: &str) -> Result<EntryView, Error> {
        self.has_schedule(actor)?;
        self.contacts_retry(|| {
            let id = parse_hex(id).ok_or(MISSING)?;
            let row = self.inner.store.get(&SCHEDULE_ENTRIES, &(actor.account(), id))?;
            let row = row.filter(|row| row.deleted.is_some()).ok_or(MISSING)?;
            let stored = self.entry_read(actor, id, &row)?;
            let change = self.entry_change(actor, id, Some(row), &stored)?;
            let key = (actor.account(), id);
            self.schedule_commit(actor, vec![change], move |tx| enter_in_tx(tx, key))
        })?;
        self.schedule_entry(actor, id)
    }
}

/// Remembers that an invitee has an entry again, which may be of an earlier version.
fn enter_in_tx(tx: &mut Tx<'_, '_>, key: (AccountId, ReferenceKey)) -> Result<(), Error> {
    let asked = tx.get(&MEETING_ASKED, &key)?.filter(|asked| asked.entered.is_none());
    let Some(asked) = asked else { return Ok(()) };
    let entered = MeetingAsked { entered: Some(0), ..asked.clone() };
    asked_put_in_tx(tx, key, Some(&asked), &entered)
}

/// Remembers that an invitee has no entry any more.
fn leave_in_tx(tx: &mut Tx<'_, '_>, left: Option<(AccountId, ReferenceKey)>) -> Result<(), Error> {
    let Some(key) = left else { return Ok(()) };
    let Some(asked) = tx.get(&MEETING_ASKED, &key)? else { return Ok(()) };
    asked_put_in_tx(tx, key, Some(&asked), &MeetingAsked { entered: None, ..asked.clone() })
}
