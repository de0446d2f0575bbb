//! Changes that others make in an address book, and contacts that they add.
//!
//! ```text
//! somebody who may ─▶ waits, sealed for the owner (and for its author, to see it meanwhile)
//!      ─▶ the owner's next look at the contacts, or at the changes, takes it (`taking.rs`)
//! ```

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::gateway::actor::Actor;
use crate::gateway::contacts::copies::copy_edit_in_tx;
use crate::gateway::contacts::shared::{SharedView, parsed};
use crate::gateway::contacts::shares::{Fields, ShareTo};
use crate::gateway::contacts::stored::{ContactPatch, MISSING, fits, fitting};
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::audience::Reader;
use crate::gateway::records::contact::{
    BOOK, ContactEdit, ContactId, EDIT_ENDED, EDIT_WAITS, EditKind,
};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::membership::groups_of;
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, CONTACT_EDITS, CONTACT_SHARED, CONTACTS, TEMPORARY,
};
use crate::gateway::text::{hex, parse_hex};
use crate::gateway::{Gateway, quota};
use crate::mail::contacts::Contact;
use crate::store::{Read, Record};
use crate::vault;

/// A change as it is sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// What the fields said before; nothing while it waits.
    pub before: ContactPatch,
    pub after: ContactPatch,
    /// The version of the contact that it made; 0 if it made none.
    pub version: u32,
    /// The contact's name at that time.
    pub name: String,
}

impl Record for Edited {
    const VERSION: u8 = 1;
}

/// The most changes that wait for one owner, and of them those of one author.
pub const EDITS_WAITING_MAX: u64 = 200;
pub const EDITS_OF_ONE_MAX: usize = 50;

/// The most changes of one author in a day, so that none of them is forgotten for want of room before the
/// owner could undo it.
pub const EDITS_DAILY_MAX: usize = 100;
const DAY_SECS: i64 = 24 * 3_600;

pub(super) fn binding(what: &[u8], owner: AccountId, reference: ReferenceKey) -> Vec<u8> {
    [b"contact edit ".as_slice(), what, b"\0", &owner.0, &reference].concat()
}

/// What somebody wants to change, or to add.
struct Wanted {
    kind: EditKind,
    contact: ContactId,
    over: u32,
    patch: ContactPatch,
}

impl Gateway {
    /// Changes fields of a contact that somebody else shares. It waits until the owner opens the contacts.
    pub fn contact_shared_change(
        &self,
        actor: &Actor,
        (owner, id): (&str, &str),
        over: u32,
        patch: &ContactPatch,
    ) -> Result<SharedView, Error> {
        let (whose, contact) = parsed(owner, id)?;
        let fields = patch.fields();
        self.contacts_retry(|| {
            let reader = self.reader_facts(actor)?;
            let seen = self.contact_seen(actor, &reader, (whose, contact))?.ok_or(MISSING)?;
            if !fields.within(seen.edit) {
                return Err(Error::Denied { reason: "this field may not be changed" });
            }
            if over > seen.version || seen.projection.changed_after(fields, over) {
                return Err(Error::Conflict(Conflict::EditedElsewhere));
            }
            let mut after = seen.projection.contact.clone();
            patch.clone().write(&mut after);
            let patch = ContactPatch::of(&fits(after)?, fields);
            if patch == ContactPatch::of(&seen.projection.contact, fields)
                && self.contact_edits_waiting(actor, whose, contact)?.is_empty()
            {
                return Ok(());
            }
            let wanted = Wanted { kind: EditKind::Change, contact, over, patch };
            self.contact_edit_store(actor, whose, wanted)
        })?;
        self.contact_shared(actor, owner, id)
    }

    /// Adds a contact to the address book of somebody who allows it. It waits until the owner opens
    /// the contacts; from then on its author may read and change it. Returns its id.
    pub fn contact_shared_add(
        &self,
        actor: &Actor,
        owner: &str,
        contact: &Contact,
    ) -> Result<String, Error> {
        self.contact_shared_add_once(actor, owner, contact, None)
    }

    /// The same, once for each key of a request.
    pub fn contact_shared_add_once(
        &self,
        actor: &Actor,
        owner: &str,
        contact: &Contact,
        key: Option<&str>,
    ) -> Result<String, Error> {
        let whose = AccountId(parse_hex(owner).ok_or(MISSING)?);
        let key = key.map(|key| format!("{owner} {key}"));
        let id = self.contact_id_of(actor.account(), key.as_deref())?;
        let is_reached =
            self.account_exists(whose)? && self.reaches_from(actor.account(), whose)?;
        if !is_reached {
            return Err(MISSING);
        }
        let mut shared = Contact::default();
        ContactPatch::of(contact, Fields::all()).write(&mut shared);
        let patch = ContactPatch::of(&fitting(shared)?, Fields::all());
        self.contacts_retry(|| {
            let patch = patch.clone();
            let wanted = Wanted { kind: EditKind::Add, contact: id, over: 0, patch };
            self.contact_edit_store(actor, whose, wanted)
        })?;
        Ok(hex(&id))
    }

    /// Seals a change for the owner, and stores it. What the same author changed of the same contact, and
    /// still waits, becomes one with it.
    fn contact_edit_store(
        &self,
        actor: &Actor,
        owner: AccountId,
        wanted: Wanted,
    ) -> Result<(), Error> {
        let (by, contact) = (actor.account(), wanted.contact);
        let earlier = self.contact_edits_of(actor, owner, contact)?.into_iter().next();
        let mut edited = Edited { after: wanted.patch, ..Edited::default() };
        let mut over = wanted.over;
        let mut at = self.reference_new().to_bytes();
        if let Some((key, row, before)) = &earlier {
            edited.after = before.after.clone().over_by(edited.after);
            (at, over) = (*key, over.min(row.over));
        }
        let fields = edited.after.fields();
        let plain = sealed_form::octets_of(&edited)?;
        let keys = self.inner.store.get(&ACCOUNT_KEYS, &owner)?.ok_or(MISSING)?;
        let bound = binding(b"waits", owner, at);
        let (epoch, encapsulation) = vault::epoch_begin(&keys.public_key(), &bound)?;
        let row = ContactEdit {
            by,
            contact,
            at: self.inner.clock.now(),
            kind: wanted.kind,
            over,
            fields: fields.0,
            outcome: None,
            encapsulation,
            sealed: epoch.seal_summary(&bound, &plain)?,
            sealed_own: actor.secret().seal_own(&binding(b"own", owner, at), &plain)?,
        };
        let before = earlier.map(|(_, row, _)| row);
        let done = self.transact(move |tx| {
            let key = (owner, EDIT_WAITS, at);
            if tx.get(&CONTACT_EDITS, &key)? != before {
                return Err(Error::Busy);
            }
            may_edit_in_tx(tx, owner, &row)?;
            // Asked again, and taken since: only who may add still learns that it is there.
            if row.kind == EditKind::Add && tx.has(&CONTACTS, &(owner, row.contact))? {
                return Ok(());
            }
            if before.is_none() {
                room_in_tx(tx, owner, &row)?;
            }
            let removed = before.as_ref().map(quota::edit).unwrap_or_default();
            quota::check_in_tx(tx, owner, removed, quota::edit(&row))?;
            tx.put(&CONTACT_EDITS, &key, &row)?;
            quota::replace_in_tx(tx, owner, removed, quota::edit(&row))?;
            tx.changed(by, Changed::Contacts)?;
            tx.changed(owner, Changed::Contacts).map(drop)
        });
        done.wait()
    }

    /// The actor's own changes of a contact of somebody else, or of all of them, that wait.
    fn contact_edits_of(
        &self,
        actor: &Actor,
        owner: AccountId,
        contact: ContactId,
    ) -> Result<Vec<(ReferenceKey, ContactEdit, Edited)>, Error> {
        let mut rows = Vec::new();
        self.inner.store.scan_readable(&CONTACT_EDITS, &(owner, EDIT_WAITS), |key, row| {
            let ContactEdit { by, contact: which, .. } = &row;
            if *by == actor.account() && *which == contact {
                rows.push((key.2, row));
            }
            ControlFlow::Continue(())
        })?;
        let mut found = Vec::with_capacity(rows.len());
        for (key, row) in rows {
            let plain = actor.secret().open_own(&binding(b"own", owner, key), &row.sealed_own);
            let edited = plain.map_err(|_| damaged());
            let edited = edited.and_then(|plain| sealed_form::read(CONTACT_EDITS.name, &plain));
            // What its author cannot read any more stops nothing else.
            found.extend(readable(edited)?.map(|edited| (key, row, edited)));
        }
        Ok(found)
    }

    /// What the actor changed of a contact of somebody else that waits.
    pub(super) fn contact_edits_waiting(
        &self,
        actor: &Actor,
        owner: AccountId,
        contact: ContactId,
    ) -> Result<Vec<ContactPatch>, Error> {
        let found = self.contact_edits_of(actor, owner, contact)?;
        Ok(found.into_iter().map(|(_, _, edited)| edited.after).collect())
    }
}

impl ContactPatch {
    /// This change, and a later one of the same author over it.
    fn over_by(self, later: ContactPatch) -> ContactPatch {
        let fields = self.fields().with(later.fields());
        let mut both = Contact::default();
        self.write(&mut both);
        later.write(&mut both);
        ContactPatch::of(&both, fields)
    }
}

/// Refuses a change of what its author may not change, or the adding to a book where nobody allowed it:
/// with the rights of this moment.
fn may_edit_in_tx(tx: &Tx<'_, '_>, owner: AccountId, row: &ContactEdit) -> Result<(), Error> {
    let reader = Reader {
        account: row.by,
        inside: !tx.has(&TEMPORARY, &row.by)?,
        groups: groups_of(tx, row.by, row.at)?.into_iter().collect(),
    };
    let (mut may, mut is_there) = (Fields::default(), false);
    for to in ShareTo::of(&reader).into_iter().filter(|to| to.key() != owner.0) {
        let id = match row.kind {
            EditKind::Change => row.contact,
            EditKind::Add => BOOK,
        };
        if let Some(shared) = tx.get(&CONTACT_SHARED, &(to.key(), owner, id))? {
            (may, is_there) = (may.with(Fields(shared.edit)), true);
        }
        if let EditKind::Change = row.kind
            && let Some(edit) = copy_edit_in_tx(tx, to, (owner, id))?
        {
            (may, is_there) = (may.with(edit), true);
        }
    }
    match (is_there, row.kind) {
        (false, _) => Err(MISSING),
        (true, EditKind::Change) if !Fields(row.fields).within(may) => {
            Err(Error::Denied { reason: "this field may not be changed" })
        }
        (true, _) => Ok(()),
    }
}

/// Refuses more changes than may wait, and more than one author may make in a day.
fn room_in_tx(tx: &Tx<'_, '_>, owner: AccountId, new: &ContactEdit) -> Result<(), Error> {
    let (mut of_one, mut of_day) = (0, 0);
    let since = new.at.plus_secs(-DAY_SECS);
    let mut count = |(_, state, _): (AccountId, u8, ReferenceKey), row: ContactEdit| {
        let is_own = row.by == new.by;
        of_one += usize::from(is_own && state == EDIT_WAITS);
        of_day += usize::from(is_own && row.kind == EditKind::Change && row.at > since);
        ControlFlow::Continue(())
    };
    tx.scan_readable(&CONTACT_EDITS, &(owner, EDIT_WAITS), &mut count)?;
    tx.scan_readable(&CONTACT_EDITS, &(owner, EDIT_ENDED), &mut count)?;
    let waiting = tx.count(&CONTACT_EDITS, &(owner, EDIT_WAITS))?;
    let is_daily = new.kind == EditKind::Change && of_day >= EDITS_DAILY_MAX;
    match waiting >= EDITS_WAITING_MAX || of_one >= EDITS_OF_ONE_MAX || is_daily {
        true => Err(Error::OverQuota),
        false => Ok(()),
    }
}

pub(super) fn damaged() -> Error {
    Error::Damaged { what: "a change of a contact cannot be read".to_owned() }
}
