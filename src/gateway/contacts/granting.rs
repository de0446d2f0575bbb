//! What the owner of an address book grants of all of it, and the making of the copies for that.
//!
//! ```text
//! the owner grants ─▶ one transaction: the owner's row, the readers' rows; what ended is read by nobody
//!      ─▶ the owner's session makes copies, one block of contacts in each transaction
//!      ─▶ and removes those that nobody reads any more, some in each transaction
//! ```
//!
//! Each step begins where the owner's row says that the last one ended, so that a crash costs nothing. What
//! is not done in the request that grants is done when the owner looks at the contacts. A contact that is
//! added or changed meanwhile is sealed under the grants of that moment.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::gateway::actor::Actor;
use crate::gateway::contacts::copies::{CopiesChange, readers_of, told};
use crate::gateway::contacts::row::octets_of;
use crate::gateway::contacts::shares::{Grant, Grants, Named, Share, ShareTo, Sharing};
use crate::gateway::contacts::sharing::{ShareView, WantedShare};
use crate::gateway::error::{Conflict, Error, readable, unless_damaged};
use crate::gateway::feed::change::Changed;
use crate::gateway::records::contact::{ContactBook, ContactId, ContactRow, ContactSharing};
use crate::gateway::records::group::Under;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::mailbox::Usage;
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{
    ACCOUNTS, CONTACT_BOOKS, CONTACT_COPIES, CONTACT_SHARED, CONTACTS,
};
use crate::gateway::{Gateway, quota};
use crate::store::Read;

/// How far the copies of a book are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Done,
    /// The owner's next look at the contacts goes on.
    Going,
    /// The keys of a group are not there yet.
    Waiting,
    /// There is no room for more in the owner's account.
    Full,
}

/// With whom a whole address book is shared, for its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantsView {
    /// Grows with each change.
    pub version: u32,
    pub shares: Vec<ShareView>,
    pub progress: Progress,
}

/// The most readers of a whole address book: each change of a contact is sealed for all of them.
pub const BOOK_READERS_MAX: usize = 10;

/// After how many contacts one request makes no more copies, how many copies that nobody reads it removes,
/// and how many of these in one transaction.
const COPIES_AT_ONCE: usize = 200;
const CLEARED_AT_ONCE: usize = 5_000;
const CLEARED_IN_TX: usize = 500;

/// The most generations of copies that wait to be removed.
const OVER_MAX: usize = 100;

/// What a step does to one contact.
#[derive(Clone)]
struct Sealed {
    id: ContactId,
    before: ContactRow,
    after: ContactRow,
    copies: CopiesChange,
}

fn binding(account: AccountId, generation: u32) -> Vec<u8> {
    [b"contact book\0".as_slice(), &account.0, &generation.to_be_bytes()].concat()
}

fn damaged() -> Error {
    Error::Damaged { what: "with whom the address book is shared cannot be read".to_owned() }
}

impl Gateway {
    pub(super) fn contact_book_read(
        &self,
        actor: &Actor,
    ) -> Result<(Option<ContactBook>, Grants), Error> {
        let account = actor.account();
        let Some(row) = self.inner.store.get(&CONTACT_BOOKS, &(account.0, account))? else {
            return Ok((None, Grants::default()));
        };
        let bound = binding(account, row.generation);
        let plain = actor.secret().open_own(&bound, &row.sealed).map_err(|_| damaged())?;
        let grants = sealed_form::read(CONTACT_BOOKS.name, &plain)?;
        Ok((Some(row), grants))
    }

    /// Takes the book from all who read it, where nobody knows who they are.
    pub(super) fn contact_book_end(&self, actor: &Actor) -> Result<(), Error> {
        let (account, own) = (actor.account(), (actor.account().0, actor.account()));
        tracing::error!(account.id = %account.to_text(), "with whom an address book is shared is lost");
        let before = unless_damaged(self.inner.store.get(&CONTACT_BOOKS, &own))?;
        let (readers, copies) = readers_of(&self.inner.store, account)?;
        // None that was there before: its copies would be read again.
        let generation = copies.iter().map(|(_, generation)| generation + 1).max().unwrap_or(1);
        let plain = sealed_form::octets_of(&Grants::default())?;
        let sealed = actor.secret().seal_own(&binding(account, generation), &plain)?;
        let done = self.transact(move |tx| {
            // Who reads the book changes with this row alone.
            if unless_damaged(tx.get(&CONTACT_BOOKS, &own))? != before {
                return Err(Error::Busy);
            }
            for to in &readers {
                tx.delete(&CONTACT_BOOKS, &(*to, account));
                // The reader may be a group, whose identifier no account has.
                told(tx, ShareTo::Person(AccountId(*to)))?;
            }
            let (sealed, due, over) = (sealed.clone(), Some(0), copies.clone());
            let row = ContactBook { generation, due, over, sealed, ..ContactBook::default() };
            tx.put(&CONTACT_BOOKS, &own, &row)?;
            tx.changed(account, Changed::Contacts).map(drop)
        });
        done.wait()
    }

    /// With whom the actor's whole address book is shared. Goes on with the copies that are due.
    pub fn contact_book_sharing(&self, actor: &Actor) -> Result<GrantsView, Error> {
        let progress = self.contact_book_step(actor)?;
        let (row, Grants(grants, named)) = self.contact_book(actor)?;
        let version = row.map_or(0, |row| row.generation);
        let asker = self.asker(actor.account())?;
        let mut shares = Vec::with_capacity(grants.len());
        for Grant { share: Share { to, read, edit }, .. } in grants {
            let reader = self.contact_reader_view(actor, &asker, (to, &named))?;
            let sealed = match to {
                ShareTo::Person(_) => true,
                ShareTo::Group(group) => self.group_sealing(actor, group).is_ok(),
            };
            shares.push(ShareView { reader, read, edit, sealed });
        }
        Ok(GrantsView { version, shares, progress })
    }

    /// Says who reads and changes the actor's whole address book from now on. `over` is the version that
    /// the actor looked at; `edited-elsewhere` if it is another one by now.
    pub fn contact_book_share(
        &self,
        actor: &Actor,
        over: u32,
        wanted: &[WantedShare],
    ) -> Result<GrantsView, Error> {
        self.contact_book_clear(actor.account())?;
        self.contacts_retry(|| self.contact_book_set(actor, over, wanted))?;
        self.contact_book_sharing(actor)
    }

    fn contact_book_set(
        &self,
        actor: &Actor,
        over: u32,
        wanted: &[WantedShare],
    ) -> Result<(), Error> {
        let (account, own) = (actor.account(), (actor.account().0, actor.account()));
        let (before, Grants(had, had_names)) = self.contact_book(actor)?;
        if before.as_ref().map_or(0, |row| row.generation) != over {
            return Err(Error::Conflict(Conflict::EditedElsewhere));
        }
        let known: BTreeSet<ShareTo> = had.iter().map(|grant| grant.share.to).collect();
        let (mut shares, mut names) = (Vec::with_capacity(wanted.len()), Named::new());
        for WantedShare { to, read, edit } in wanted {
            let to = self.contact_reader_named(actor, to, (&known, &had_names), &mut names)?;
            shares.push(Share { to, read: *read, edit: *edit });
        }
        let Sharing(shares, names) = Sharing(shares, names).checked()?;
        if shares.len() > BOOK_READERS_MAX {
            return Err(Error::OverQuota);
        }
        let generation = before.as_ref().map_or(0, |row| row.generation) + 1;
        let grants: Vec<Grant> =
            shares.iter().map(|share| granted(share, &had, generation)).collect();
        let is_kept = |old: &Grant| {
            grants
                .iter()
                .any(|new| (new.share.to, new.generation) == (old.share.to, old.generation))
        };
        let mut over = before.as_ref().map(|row| row.over.clone()).unwrap_or_default();
        let ended = had.iter().filter(|old| !is_kept(old));
        over.extend(ended.map(|old| (old.share.to.key(), old.generation)));
        if over.len() > OVER_MAX {
            return Err(Error::OverQuota);
        }
        let plain = sealed_form::octets_of(&Grants(grants.clone(), names))?;
        let sealed = actor.secret().seal_own(&binding(account, generation), &plain)?;
        let row = ContactBook { generation, due: Some(0), over, sealed, ..ContactBook::default() };
        let done = self.transact(move |tx| {
            if unless_damaged(tx.get(&CONTACT_BOOKS, &own))?.as_ref() != Some(&before) {
                return Err(Error::Busy);
            }
            tx.put(&CONTACT_BOOKS, &own, &row)?;
            for to in &known {
                tx.delete(&CONTACT_BOOKS, &(to.key(), account));
                told(tx, *to)?;
            }
            for Grant { share, generation } in &grants {
                // An account that ended meanwhile leaves nothing.
                if let ShareTo::Person(person) = share.to
                    && !tx.has(&ACCOUNTS, &person)?
                {
                    continue;
                }
                let (generation, edit) = (*generation, share.edit.0);
                let row = ContactBook { generation, edit, ..ContactBook::default() };
                tx.put(&CONTACT_BOOKS, &(share.to.key(), account), &row)?;
                told(tx, share.to)?;
            }
            tx.changed(account, Changed::Contacts).map(drop)
        });
        done.wait()
    }

    /// Goes on with the copies that are due: a bounded number of them.
    pub(super) fn contact_book_step(&self, actor: &Actor) -> Result<Progress, Error> {
        self.contact_book_clear(actor.account())?;
        let mut made = 0;
        while made < COPIES_AT_ONCE {
            let progress = self.contacts_retry(|| self.contact_book_due(actor))?;
            if progress != Progress::Going {
                return Ok(progress);
            }
            match self.contacts_retry(|| self.contact_book_block(actor)) {
                Err(Error::OverQuota) => return Ok(Progress::Full),
                done => made += done?,
            }
        }
        Ok(Progress::Going)
    }

    /// Whether copies are to be made. They are to be made anew where a group has other keys than those of
    /// the last time, or the actor has left it; one whose keys wait keeps nobody else from getting copies.
    fn contact_book_due(&self, actor: &Actor) -> Result<Progress, Error> {
        let own = (actor.account().0, actor.account());
        let (Some(before), grants) = self.contact_book(actor)? else { return Ok(Progress::Done) };
        let (mut under, mut waits) = (Vec::new(), false);
        for Grant { share: Share { to, .. }, .. } in grants.0 {
            let Some(group) = to.group() else { continue };
            if group == GroupId::EVERYBODY {
                self.groups_tend_or_not(actor);
            }
            match self.group_sealing(actor, group) {
                Ok((in_use, _)) => under.push(in_use),
                Err(_) => waits |= self.contact_reader_waits(actor, to),
            }
        }
        if under == before.under {
            return Ok(match (before.due, waits) {
                (Some(_), _) => Progress::Going,
                (None, true) => Progress::Waiting,
                (None, false) => Progress::Done,
            });
        }
        let done = self.transact(move |tx| {
            if tx.get(&CONTACT_BOOKS, &own)?.as_ref() != Some(&before) {
                return Err(Error::Busy);
            }
            let (due, under) = (Some(0), under.clone());
            tx.put(&CONTACT_BOOKS, &own, &ContactBook { due, under, ..before.clone() })?;
            Ok(())
        });
        done.wait().map(|()| Progress::Going)
    }

    /// The same, for a page that is only read.
    pub fn contact_book_step_or_not(&self, actor: &Actor) {
        if let Err(error) = self.contact_book_step(actor) {
            tracing::warn!(%error, "copies of an address book were not made");
        }
    }

    /// Makes the copies of the next block of contacts; returns of how many.
    fn contact_book_block(&self, actor: &Actor) -> Result<usize, Error> {
        let (account, own) = (actor.account(), (actor.account().0, actor.account()));
        let (Some(before), _) = self.contact_book(actor)? else { return Ok(0) };
        let Some(mut number) = before.due else { return Ok(0) };
        while number < u8::MAX && !self.contacts_are_in(account, number)? {
            number += 1;
        }
        let mut ids = Vec::new();
        self.inner.store.scan_keys(&CONTACTS, &(account, number), |(_, id)| {
            ids.push(id);
            ControlFlow::Continue(())
        })?;
        let mut changes = Vec::with_capacity(ids.len());
        for id in ids {
            changes.extend(self.contact_book_contact(actor, id)?);
        }
        let count = changes.len().max(1);
        let due = number.checked_add(1);
        let under = |under: Vec<Under>, change: &Sealed| change.copies.under_left(&under);
        let under = changes.iter().fold(before.under.clone(), under);
        let done = self.transact(move |tx| {
            if tx.get(&CONTACT_BOOKS, &own)?.as_ref() != Some(&before) {
                return Err(Error::Busy);
            }
            let (mut removed, mut added) = (Usage::default(), Usage::default());
            for change in &changes {
                removed = removed.plus(quota::contact(&change.before));
                added = added.plus(quota::contact(&change.after));
            }
            if added.octets > removed.octets {
                quota::check_in_tx(tx, account, removed, added)?;
            }
            for Sealed { id, before, after, copies } in &changes {
                if tx.get(&CONTACTS, &(account, *id))?.as_ref() != Some(before) {
                    return Err(Error::Busy);
                }
                copies.store_in_tx(tx, (account, *id))?;
                tx.put(&CONTACTS, &(account, *id), after)?;
            }
            quota::replace_in_tx(tx, account, removed, added)?;
            let under = under.clone();
            tx.put(&CONTACT_BOOKS, &own, &ContactBook { due, under, ..before.clone() })?;
            Ok(())
        });
        done.wait().map(|()| count)
    }

    /// The copies of one contact, and its row, which says how long they are; `None` if it was deleted, or
    /// cannot be read.
    fn contact_book_contact(&self, actor: &Actor, id: ContactId) -> Result<Option<Sealed>, Error> {
        let key = (actor.account(), id);
        let row = readable(self.inner.store.get(&CONTACTS, &key))?.flatten();
        let Some(before) = row.filter(|row| row.deleted.is_none()) else { return Ok(None) };
        let Some(stored) = readable(self.contact_read(actor, id, &before))? else {
            return Ok(None);
        };
        let said = (&stored, Some(&stored), before.version);
        let copies = self.contact_copies(actor, id, said)?;
        let Some(own) = unless_damaged(self.contact_sharing_of(actor, id, &before))? else {
            // It is mended when the owner looks at it.
            return Ok(Some(Sealed { id, after: before.clone(), before, copies }));
        };
        let mut octets = copies.octets;
        for share in &own.0 {
            let key = (share.to.key(), actor.account(), id);
            let row = unless_damaged(self.inner.store.get(&CONTACT_SHARED, &key))?.flatten();
            octets += row.as_ref().map_or(0, octets_of);
        }
        let sealed = match &before.sharing {
            Some(sharing) => sharing.sealed.clone(),
            None => self.contact_sharing_sealed(actor, id, (&before.sealed, &own))?,
        };
        let is_shared = octets > 0 || !own.0.is_empty();
        let sharing = is_shared.then_some(ContactSharing { sealed, octets });
        let after = ContactRow { sharing, ..before.clone() };
        Ok(Some(Sealed { id, before, after, copies }))
    }

    /// Removes copies that nobody reads any more: a bounded number of them.
    fn contact_book_clear(&self, account: AccountId) -> Result<(), Error> {
        let own = (account.0, account);
        for _ in 0..CLEARED_AT_ONCE / CLEARED_IN_TX {
            let row = unless_damaged(self.inner.store.get(&CONTACT_BOOKS, &own))?.flatten();
            if row.is_none_or(|row| row.over.is_empty()) {
                return Ok(());
            }
            let done = self.transact(move |tx| {
                let Some(mut row) = tx.get(&CONTACT_BOOKS, &own)? else { return Ok(()) };
                let Some((to, generation)) = row.over.last().copied() else { return Ok(()) };
                let mut keys = Vec::new();
                tx.scan_keys(&CONTACT_COPIES, &((to, account), generation), |key| {
                    keys.push(key);
                    match keys.len() < CLEARED_IN_TX {
                        true => ControlFlow::Continue(()),
                        false => ControlFlow::Break(()),
                    }
                })?;
                keys.iter().for_each(|key| tx.delete(&CONTACT_COPIES, key));
                if keys.len() < CLEARED_IN_TX {
                    row.over.pop();
                    tx.put(&CONTACT_BOOKS, &own, &row)?;
                }
                Ok::<_, Error>(())
            });
            done.wait()?;
        }
        Ok(())
    }
}

/// A grant as it is from now on: who reads the same as before keeps the copies.
fn granted(share: &Share, had: &[Grant], generation: u32) -> Grant {
    let same = had.iter().find(|old| (old.share.to, old.share.read) == (share.to, share.read));
    Grant { share: *share, generation: same.map_or(generation, |old| old.generation) }
}
