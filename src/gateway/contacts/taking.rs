//! What the owner's session makes of changes by others.
//!
//! Only the owner's session opens the whole contact, so only it can put a change there. It asks for the
//! right a second time, of what the owner sealed about it, so that nobody who can write to the store
//! changes more than the owner allowed. Nothing is lost: two changes of one field are both kept, and the
//! owner says which is meant. What was applied has what was there before, and can be undone.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::book::Copies;
use crate::gateway::contacts::changes::{PhotoChange, RowChange};
use crate::gateway::contacts::edits::{EDITS_WAITING_MAX, Edited, binding, damaged};
use crate::gateway::contacts::shared::Someone;
use crate::gateway::contacts::shares::{Fields, Named, Share, ShareTo, Sharing};
use crate::gateway::contacts::stored::{ContactPatch, StoredContact, fitting};
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::audience::Reader;
use crate::gateway::records::contact::{
    ContactEdit, ContactId, EDIT_ENDED, EDIT_WAITS, EditKind, EditOutcome,
};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{ACCOUNTS, CONTACT_EDITS, CONTACTS};
use crate::gateway::text::{hex, shown};
use crate::gateway::{Gateway, quota};
use crate::mail::contacts::Contact;
use crate::mail::reference::Reference;
use crate::store::{self, Read};
use crate::vault;

/// A change by somebody else, as the owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditView {
    pub reference: String,
    pub at: Timestamp,
    /// `None` if the account has ended, or is in a closed group by now.
    pub by: Option<Someone>,
    pub contact: String,
    pub kind: EditKind,
    pub outcome: EditOutcome,
    pub edited: Edited,
}

/// What the owner says about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditAnswer {
    /// What was there before comes back.
    Undo,
    /// What was kept beside the contact takes the place of what is there.
    Use,
}

/// The most changes that are taken in one request, and that are kept afterwards.
pub const EDITS_AT_ONCE: usize = 20;
/// How many one request looks at, if some cannot be taken.
pub const EDITS_TRIED_AT_ONCE: usize = 40;
pub const EDITS_KEPT: usize = 200;

/// The most octets of what one answer tells about changes.
const EDITS_SHOWN_OCTETS: usize = 1 << 20;

/// How long the owner's answer is waited for before something else is forgotten, in seconds.
const ANSWERED_SECS: i64 = 30 * 24 * 3_600;

const NO_EDIT: Error = Error::NotFound { what: "change" };

/// What the owner's session makes of a change.
struct Taken {
    outcome: EditOutcome,
    edited: Edited,
    changes: Vec<RowChange>,
}

impl Gateway {
    /// Takes what others changed and added in the actor's address book: a bounded number of them.
    pub fn contact_edits_take(&self, actor: &Actor) -> Result<(), Error> {
        let mut keys = Vec::new();
        self.inner.store.scan_keys(&CONTACT_EDITS, &(actor.account(), EDIT_WAITS), |key| {
            keys.push(key.2);
            match (keys.len() as u64) < EDITS_WAITING_MAX {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        // What cannot be taken, such as for want of room, does not keep the others waiting: after the
        // first ones, any of the others comes next.
        if let Some(others) = keys.get_mut(EDITS_AT_ONCE..).filter(|others| !others.is_empty()) {
            let random = u64::from_be_bytes(vault::random_bytes()?);
            let first = usize::try_from(random % others.len() as u64).unwrap_or_default();
            others.rotate_left(first);
        }
        let (mut taken, mut outcome) = (0, Ok(()));
        for key in keys.into_iter().take(EDITS_TRIED_AT_ONCE) {
            match self.contacts_retry(|| self.contact_edit_take(actor, key)) {
                Ok(()) => taken += 1,
                Err(error) => outcome = Err(error),
            }
            if taken == EDITS_AT_ONCE {
                break;
            }
        }
        outcome
    }

    /// The same for a page that is only read.
    pub fn contact_edits_take_or_not(&self, actor: &Actor) {
        if let Err(error) = self.contact_edits_take(actor) {
            tracing::warn!(%error, "changes by others were not taken into an address book");
        }
    }

    fn contact_edit_take(&self, actor: &Actor, at: ReferenceKey) -> Result<(), Error> {
        let account = actor.account();
        let key = (account, EDIT_WAITS, at);
        let row = match self.inner.store.get(&CONTACT_EDITS, &key) {
            // Nobody can read it any more, and it would count among those that wait for good.
            Err(store::Error::Damaged(_)) => return self.contact_edit_drop(account, at),
            row => row?,
        };
        let Some(row) = row else { return Ok(()) };
        let bound = binding(b"waits", account, at);
        let plain = actor
            .secret()
            .epoch_open(&row.encapsulation, &bound)
            .and_then(|epoch| epoch.open_summary(&bound, &row.sealed));
        let edited = plain.map(|plain| sealed_form::read::<Edited>(CONTACT_EDITS.name, &plain));
        let taken = match edited {
            Ok(Err(error @ Error::NewerRecord { .. })) => return Err(error),
            Ok(Ok(edited)) => match row.kind {
                EditKind::Change => self.contact_edit_applied(actor, &row, edited)?,
                EditKind::Add => self.contact_edit_added(actor, &row, edited)?,
            },
            // It was changed on the disk: nobody knows what was meant.
            Ok(Err(_)) | Err(_) => Taken::refused(Edited::default()),
        };
        let (is_added, edited) = (row.kind == EditKind::Add, taken.edited.clone());
        match self.contact_edit_end(actor, (EDIT_WAITS, at), row.clone(), taken) {
            // There is no room for one more: its author may add it again.
            Err(Error::OverQuota | Error::Invalid { .. }) if is_added => {
                let refused = Taken::refused(edited);
                self.contact_edit_end(actor, (EDIT_WAITS, at), row, refused)
            }
            ended => ended,
        }
    }

    /// Removes a change that waits, whose record cannot be read.
    fn contact_edit_drop(&self, account: AccountId, at: ReferenceKey) -> Result<(), Error> {
        let key = (account, EDIT_WAITS, at);
        let done = self.transact(move |tx| {
            if !matches!(tx.get(&CONTACT_EDITS, &key), Err(store::Error::Damaged(_))) {
                return Err(Error::Busy);
            }
            tx.delete(&CONTACT_EDITS, &key);
            quota::again_in_tx(tx, account)?;
            tx.changed(account, Changed::Contacts).map(drop)
        });
        done.wait()
    }

    /// What a reader is, whose change the owner's session looks at.
    fn contact_author(&self, author: AccountId) -> Result<Reader, Error> {
        let asker = self.asker(author)?;
        Ok(Reader { account: author, inside: asker.inside, groups: asker.groups })
    }

    fn contact_edit_applied(
        &self,
        actor: &Actor,
        row: &ContactEdit,
        edited: Edited,
    ) -> Result<Taken, Error> {
        let opened = match self.contact_opened_by(actor, row.contact) {
            // One that cannot be read is not changed any more, and must not keep others waiting.
            Err(Error::NotFound { .. } | Error::Damaged { .. }) => {
                return Ok(Taken::refused(edited));
            }
            opened => opened?,
        };
        let sharing = self.contact_sharing_known(actor, &opened)?;
        let author = self.contact_author(row.by)?;
        let (_, grants) = self.contact_book(actor)?;
        let may = sharing.may_edit(&author).with(grants.may_edit(&author));
        let name = opened.stored.contact.shown();
        let edited = Edited { name, ..edited };
        if !edited.after.fields().within(may) {
            return Ok(Taken::refused(edited));
        }
        self.contact_edit_put(actor, row.contact, row.over, edited)
    }

    /// Puts a change into a contact, over a version of it.
    fn contact_edit_put(
        &self,
        actor: &Actor,
        contact: ContactId,
        over: u32,
        edited: Edited,
    ) -> Result<Taken, Error> {
        let opened = self.contact_opened_by(actor, contact)?;
        let mut stored = opened.stored.clone();
        let version = opened.row.version + 1;
        let before = ContactPatch::of(&stored.contact, edited.after.fields());
        match stored.apply(edited.after.clone(), over, version) {
            Err(Error::Conflict(_)) => {
                let edited = Edited { before, ..edited };
                return Ok(Taken { outcome: EditOutcome::Clashed, edited, changes: Vec::new() });
            }
            applied => applied?,
        }
        let Ok(contact) = fitting(stored.contact.clone()) else {
            return Ok(Taken::refused(edited));
        };
        stored.contact = contact;
        let edited = Edited { before, version, ..edited };
        let change =
            self.contact_sealed(actor, opened.id, Some(opened.row), &stored, PhotoChange::Keep)?;
        Ok(Taken { outcome: EditOutcome::Applied, edited, changes: vec![change] })
    }

    fn contact_edit_added(
        &self,
        actor: &Actor,
        row: &ContactEdit,
        edited: Edited,
    ) -> Result<Taken, Error> {
        let author = self.contact_author(row.by)?;
        let adders = self.contact_adders_known(actor)?.unwrap_or_default();
        let may = adders.0.iter().any(|to| to.includes(&author));
        let mut contact = Contact::default();
        let of_all = edited.after.fields().within(Fields::all());
        edited.after.clone().write(&mut contact);
        let edited = Edited { name: contact.shown(), ..edited };
        let is_free = !self.inner.store.has(&CONTACTS, &(actor.account(), row.contact))?;
        let (Ok(contact), true) = (fitting(contact), may && of_all && is_free) else {
            return Ok(Taken::refused(edited));
        };
        let stored = StoredContact { contact, ..StoredContact::default() };
        let (to, all) = (ShareTo::Person(row.by), Fields::all());
        let sharing = Sharing(vec![Share { to, read: all, edit: all }], Named::new());
        let change = self.contact_sealed_with(
            actor,
            (row.contact, None),
            (&stored, PhotoChange::Keep),
            (&sharing, Copies::All),
        )?;
        let edited = Edited { version: 1, ..edited };
        Ok(Taken { outcome: EditOutcome::Applied, edited, changes: vec![change] })
    }

    /// Stores what became of a change, with the contact, in one transaction.
    fn contact_edit_end(
        &self,
        actor: &Actor,
        (state, at): (u8, ReferenceKey),
        row: ContactEdit,
        taken: Taken,
    ) -> Result<(), Error> {
        let account = actor.account();
        let plain = sealed_form::octets_of(&taken.edited)?;
        let ended = ContactEdit {
            outcome: Some(taken.outcome),
            encapsulation: Vec::new(),
            sealed: actor.secret().seal_own(&binding(b"ended", account, at), &plain)?,
            sealed_own: Vec::new(),
            ..row.clone()
        };
        let now = self.inner.clock.now();
        let end = move |tx: &mut Tx<'_, '_>| -> Result<(), Error> {
            if tx.get(&CONTACT_EDITS, &(account, state, at))?.as_ref() != Some(&row) {
                return Err(Error::Busy);
            }
            tx.delete(&CONTACT_EDITS, &(account, state, at));
            tx.put(&CONTACT_EDITS, &(account, EDIT_ENDED, at), &ended)?;
            quota::replace_in_tx(tx, account, quota::edit(&row), quota::edit(&ended))?;
            forget_in_tx(tx, account, now)?;
            if row.by != account && tx.has(&ACCOUNTS, &row.by)? {
                tx.changed(row.by, Changed::Contacts)?;
            }
            Ok(())
        };
        if !taken.changes.is_empty() {
            return self.contacts_commit(actor, taken.changes, end);
        }
        let done = self.transact(move |tx| {
            end(tx)?;
            tx.changed(account, Changed::Contacts).map(drop)
        });
        done.wait()
    }

    fn contact_edit_ended(
        &self,
        actor: &Actor,
        at: ReferenceKey,
    ) -> Result<(ContactEdit, Edited), Error> {
        let account = actor.account();
        let row = self.inner.store.get(&CONTACT_EDITS, &(account, EDIT_ENDED, at))?;
        let row = row.ok_or(NO_EDIT)?;
        let edited = self.contact_edit_read(actor, at, &row)?;
        Ok((row, edited))
    }

    fn contact_edit_read(
        &self,
        actor: &Actor,
        at: ReferenceKey,
        row: &ContactEdit,
    ) -> Result<Edited, Error> {
        let bound = binding(b"ended", actor.account(), at);
        let plain = actor.secret().open_own(&bound, &row.sealed).map_err(|_| damaged())?;
        sealed_form::read(CONTACT_EDITS.name, &plain)
    }

    /// What others changed and added in the actor's address book, the latest first.
    pub fn contact_edits(&self, actor: &Actor) -> Result<Vec<EditView>, Error> {
        let (mut rows, mut octets) = (Vec::new(), 0);
        let prefix = (actor.account(), EDIT_ENDED);
        self.inner.store.scan_readable(&CONTACT_EDITS, &prefix, |key, row: ContactEdit| {
            rows.push((key.2, row));
            ControlFlow::Continue(())
        })?;
        let asker = self.asker(actor.account())?;
        let mut views = Vec::with_capacity(rows.len());
        for (at, row) in rows.into_iter().rev() {
            octets += row.sealed.len();
            if octets > EDITS_SHOWN_OCTETS && !views.is_empty() {
                break;
            }
            // One that cannot be read stops no other.
            let edited = match self.contact_edit_read(actor, at, &row) {
                Err(Error::Damaged { .. }) => continue,
                edited => edited?,
            };
            views.push(EditView {
                reference: shown(at),
                at: row.at,
                by: self.someone_reached(&asker, row.by)?,
                contact: hex(&row.contact),
                kind: row.kind,
                outcome: row.outcome.unwrap_or(EditOutcome::Refused),
                edited,
            });
        }
        Ok(views)
    }

    /// Undoes a change by somebody else, or uses one that was kept beside the contact.
    /// `edited-elsewhere` if the fields changed since.
    pub fn contact_edit_answer(
        &self,
        actor: &Actor,
        reference: Reference,
        answer: EditAnswer,
    ) -> Result<(), Error> {
        let at = reference.to_bytes();
        self.contacts_retry(|| {
            let (row, edited) = self.contact_edit_ended(actor, at)?;
            let taken = match (answer, row.outcome, row.kind) {
                (EditAnswer::Undo, Some(EditOutcome::Applied), EditKind::Change) => {
                    self.contact_edit_undone(actor, &row, edited)?
                }
                (EditAnswer::Undo, Some(EditOutcome::Applied), EditKind::Add) => {
                    let opened = self.contact_opened_by(actor, row.contact)?;
                    if opened.row.version != edited.version {
                        return Err(Error::Conflict(Conflict::EditedElsewhere));
                    }
                    let changes = vec![self.contact_removed(actor, opened.id, opened.row)?];
                    Taken { outcome: EditOutcome::Undone, edited, changes }
                }
                (
                    EditAnswer::Use,
                    Some(EditOutcome::Clashed | EditOutcome::Refused),
                    EditKind::Change,
                ) if edited.after.fields().within(Fields::all()) => {
                    let over = self.contact_opened_by(actor, row.contact)?.row.version;
                    self.contact_edit_put(actor, row.contact, over, edited)?
                }
                _ => return Err(NO_EDIT),
            };
            self.contact_edit_end(actor, (EDIT_ENDED, at), row, taken)
        })
    }

    fn contact_edit_undone(
        &self,
        actor: &Actor,
        row: &ContactEdit,
        edited: Edited,
    ) -> Result<Taken, Error> {
        let back = Edited { after: edited.before.clone(), ..edited.clone() };
        let taken = self.contact_edit_put(actor, row.contact, edited.version, back)?;
        match taken.outcome {
            EditOutcome::Applied => {
                Ok(Taken { outcome: EditOutcome::Undone, edited, changes: taken.changes })
            }
            _ => Err(Error::Conflict(Conflict::EditedElsewhere)),
        }
    }
}

impl Taken {
    fn refused(edited: Edited) -> Taken {
        Taken { outcome: EditOutcome::Refused, edited, changes: Vec::new() }
    }
}

/// What is forgotten first: what needs no answer, then what can be undone, and last what the owner has to
/// answer and came less than 30 days ago.
fn turn(row: &ContactEdit, now: Timestamp) -> u8 {
    match (row.kind, row.outcome) {
        (EditKind::Change, Some(EditOutcome::Clashed)) if row.at.plus_secs(ANSWERED_SECS) > now => {
            2
        }
        (EditKind::Change, Some(EditOutcome::Applied | EditOutcome::Clashed)) => 1,
        _ => 0,
    }
}

/// Forgets changes, so that no more are kept than may be: of the author who has the most of them, the
/// oldest first; and before all others one that cannot be read.
fn forget_in_tx(tx: &mut Tx<'_, '_>, account: AccountId, now: Timestamp) -> Result<(), Error> {
    let count = tx.count(&CONTACT_EDITS, &(account, EDIT_ENDED))?;
    if count <= EDITS_KEPT as u64 {
        return Ok(());
    }
    let mut keys = Vec::new();
    tx.scan_keys(&CONTACT_EDITS, &(account, EDIT_ENDED), |key| {
        keys.push(key);
        ControlFlow::Continue(())
    })?;
    let (mut kept, mut of_one) = (Vec::new(), HashMap::<(u8, AccountId), usize>::new());
    let mut over = keys.len() - EDITS_KEPT;
    for key in keys {
        match tx.get(&CONTACT_EDITS, &key) {
            Err(store::Error::Damaged(_)) => {
                tx.delete(&CONTACT_EDITS, &key);
                quota::again_in_tx(tx, account)?;
                over = over.saturating_sub(1);
            }
            row => {
                if let Some(row) = row? {
                    let of = (turn(&row, now), row.by);
                    *of_one.entry(of).or_default() += 1;
                    kept.push((key, of, quota::edit(&row)));
                }
            }
        }
    }
    for _ in 0..over {
        let first = of_one.keys().map(|(turn, _)| *turn).min();
        let most = of_one.iter().filter(|((turn, _), _)| Some(*turn) == first);
        let Some(of) = most.max_by_key(|(_, count)| **count).map(|(of, _)| *of) else { break };
        let Some(at) = kept.iter().position(|(_, other, _)| *other == of) else { break };
        let (key, _, usage) = kept.remove(at);
        tx.delete(&CONTACT_EDITS, &key);
        quota::discharge_in_tx(tx, account, usage)?;
        if let Some(count) = of_one.get_mut(&of) {
            *count -= 1;
        }
        of_one.retain(|_, count| *count > 0);
    }
    Ok(())
}
