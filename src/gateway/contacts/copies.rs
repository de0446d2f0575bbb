//! Copies of a whole address book: of each contact, what a reader sees to whom all of it was granted.
//!
//! | row | says |
//! | --- | --- |
//! | the owner's | with whom the book is shared, sealed for the owner; how far the copies are made |
//! | a reader's | that there is a grant, which fields may be changed, and the generation of its copies |
//! | a copy | what the reader sees of one contact, sealed for the reader as in `shared.rs` |
//!
//! A copy is read only by a reader whose row names its generation. So a grant that ends or is narrowed
//! ends with one row, in the transaction that says so; the copies of earlier generations are removed some
//! at a time (`granting.rs`).

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::row::{octets_of, told_in_tx};
use crate::gateway::contacts::shares::{Fields, Grant, Grants, Projection, Share, ShareTo};
use crate::gateway::contacts::stored::StoredContact;
use crate::gateway::error::{Conflict, Error, unless_damaged};
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::sealing::still_sealed_in_tx;
use crate::gateway::records::contact::{ContactBook, ContactId, ContactShared, ReaderKey};
use crate::gateway::records::group::Under;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{ACCOUNTS, CONTACT_BOOKS, CONTACT_COPIES};
use crate::store::Read;

/// What becomes of the copies of one contact.
#[derive(Clone, Default)]
pub(super) struct CopiesChange {
    /// The generation of the grants for which it was prepared.
    generation: u32,
    put: Vec<(Grant, ContactShared)>,
    drop: Vec<Grant>,
    /// The epochs of those that stay as they are.
    kept: Vec<Under>,
    /// How many octets all copies are.
    pub octets: u64,
    /// The groups for which one cannot be sealed now.
    pub unsealed: Vec<GroupId>,
}

/// The place of a copy.
pub(super) type CopyKey = ((ReaderKey, AccountId), u32, ContactId);

pub(super) fn binding((of, generation, id): &CopyKey, version: u32) -> Vec<u8> {
    let (reader, owner) = of;
    let (generation, version) = (generation.to_be_bytes(), version.to_be_bytes());
    [b"contact copy\0".as_slice(), reader, &owner.0, &generation, id, &version].concat()
}

impl Grant {
    pub(super) fn key(&self, owner: AccountId, id: ContactId) -> CopyKey {
        ((self.share.to.key(), owner), self.generation, id)
    }
}

impl Gateway {
    /// With whom the actor's whole book is shared, and the row that says so. Where that cannot be read any
    /// more, it is shared with nobody from now on.
    pub(super) fn contact_book(
        &self,
        actor: &Actor,
    ) -> Result<(Option<ContactBook>, Grants), Error> {
        if let Some(found) = unless_damaged(self.contact_book_read(actor))? {
            return Ok(found);
        }
        self.contact_book_end(actor)?;
        self.contact_book_read(actor)
    }

    /// Seals for each reader of the whole book what it sees of a contact. `was` is what the contact said,
    /// if that is known: who sees the same as before keeps the copy.
    pub(super) fn contact_copies(
        &self,
        actor: &Actor,
        id: ContactId,
        (stored, was, version): (&StoredContact, Option<&StoredContact>, u32),
    ) -> Result<CopiesChange, Error> {
        let (row, grants) = self.contact_book(actor)?;
        let mut change = CopiesChange::of(row.as_ref());
        for grant in grants.0 {
            let Share { to, read, .. } = grant.share;
            let (key, projection) = (grant.key(actor.account(), id), Projection::of(stored, read));
            let mut earlier = None;
            if was.is_some_and(|was| Projection::of(was, read) == projection) {
                earlier = unless_damaged(self.inner.store.get(&CONTACT_COPIES, &key))?.flatten();
            }
            if let Some(row) = self.contact_row_kept(actor, to, earlier.clone())? {
                change.octets += octets_of(&row);
                change.kept.extend(row.under);
                continue;
            }
            let plain = sealed_form::octets_of(&projection)?;
            // What may be changed stands in the reader's row.
            let share = Share { edit: Fields::default(), ..grant.share };
            let bound = binding(&key, version);
            match self.contact_shared_sealed(actor, &share, version, (&bound, &plain))? {
                Some(row) => {
                    change.octets += octets_of(&row);
                    change.put.push((grant, row));
                }
                None => {
                    // What a group reads already stays until its keys are there.
                    match earlier.filter(|_| self.contact_reader_waits(actor, to)) {
                        Some(row) => change.octets += octets_of(&row),
                        None => change.drop.push(grant),
                    }
                    change.unsealed.extend(to.group());
                }
            }
        }
        Ok(change)
    }

    /// The change after which no reader of the whole book sees a contact.
    pub(super) fn contact_copies_ended(&self, actor: &Actor) -> Result<CopiesChange, Error> {
        let (row, grants) = self.contact_book(actor)?;
        Ok(CopiesChange { drop: grants.0, ..CopiesChange::of(row.as_ref()) })
    }

    /// Whether nothing can be sealed for a reader now, and can be later.
    pub(super) fn contact_reader_waits(&self, actor: &Actor, to: ShareTo) -> bool {
        let sealing = to.group().map(|group| self.group_sealing(actor, group));
        matches!(
            sealing,
            Some(Err(Error::Conflict(Conflict::GroupKeysWait | Conflict::GroupKeysUnproven)))
        )
    }

    /// The copy of a contact that a reader has, with what the reader may change.
    pub(super) fn contact_copy(
        &self,
        to: ShareTo,
        owner: AccountId,
        id: ContactId,
    ) -> Result<Option<(CopyKey, ContactShared)>, Error> {
        let of = (to.key(), owner);
        let Some(grant) = self.inner.store.get(&CONTACT_BOOKS, &of)? else { return Ok(None) };
        let key = (of, grant.generation, id);
        let row = self.inner.store.get(&CONTACT_COPIES, &key)?;
        Ok(row.map(|row| (key, ContactShared { edit: grant.edit, ..row })))
    }
}

impl CopiesChange {
    fn of(row: Option<&ContactBook>) -> CopiesChange {
        let generation = row.map_or(0, |row| row.generation);
        CopiesChange { generation, ..CopiesChange::default() }
    }

    /// Those of some keys of groups for which everything could be sealed.
    pub fn under_left(&self, under: &[Under]) -> Vec<Under> {
        let is_sealed = |under: &&Under| !self.unsealed.contains(&under.group);
        under.iter().filter(is_sealed).copied().collect()
    }

    /// Stores the copies of a contact; [`Error::Busy`] if the grants, or a group's keys, changed meanwhile.
    pub fn store_in_tx(
        &self,
        tx: &mut Tx<'_, '_>,
        (owner, id): (AccountId, ContactId),
    ) -> Result<(), Error> {
        let own = (owner.0, owner);
        let row = unless_damaged(tx.get(&CONTACT_BOOKS, &own))?.ok_or(Error::Busy)?;
        if row.as_ref().map_or(0, |row| row.generation) != self.generation {
            return Err(Error::Busy);
        }
        let put = self.put.iter().filter_map(|(_, row)| row.under);
        for under in put.chain(self.kept.iter().copied()) {
            still_sealed_in_tx(tx, under).map_err(|_| Error::Busy)?;
        }
        for grant in &self.drop {
            tx.delete(&CONTACT_COPIES, &grant.key(owner, id));
            told(tx, grant.share.to)?;
        }
        for (grant, row) in &self.put {
            // An account that ended meanwhile leaves nothing.
            if let ShareTo::Person(account) = grant.share.to
                && !tx.has(&ACCOUNTS, &account)?
            {
                continue;
            }
            tx.put(&CONTACT_COPIES, &grant.key(owner, id), row)?;
            told(tx, grant.share.to)?;
        }
        // The copies are made anew when the keys of these groups are there.
        match row.map(|row| (self.under_left(&row.under), row)) {
            Some((under, row)) if under != row.under => {
                tx.put(&CONTACT_BOOKS, &own, &ContactBook { under, ..row }).map_err(Into::into)
            }
            _ => Ok(()),
        }
    }
}

/// Tells a reader that contacts of others changed.
pub(super) fn told(tx: &mut Tx<'_, '_>, to: ShareTo) -> Result<(), Error> {
    match to {
        ShareTo::Person(account) => told_in_tx(tx, account),
        ShareTo::Group(_) => Ok(()),
    }
}

/// What somebody may change of a contact by a grant of the whole book; `None` without one.
pub(super) fn copy_edit_in_tx(
    tx: &Tx<'_, '_>,
    to: ShareTo,
    (owner, id): (AccountId, ContactId),
) -> Result<Option<Fields>, Error> {
    let of = (to.key(), owner);
    let Some(grant) = tx.get(&CONTACT_BOOKS, &of)? else { return Ok(None) };
    let is_there = tx.has(&CONTACT_COPIES, &(of, grant.generation, id))?;
    Ok(is_there.then_some(Fields(grant.edit)))
}

/// A reader, and a generation of an owner's book.
type Generation = (ReaderKey, u32);

/// All rows of readers of one owner's book, and all their copies' generations, where nobody knows who they
/// are.
pub(super) fn readers_of(
    reader: &impl Read,
    owner: AccountId,
) -> Result<(Vec<ReaderKey>, Vec<Generation>), Error> {
    let (mut readers, mut copies) = (Vec::new(), Vec::new());
    reader.scan_keys(&CONTACT_BOOKS, &(), |(to, of)| {
        readers.extend((of == owner && to != owner.0).then_some(to));
        ControlFlow::Continue(())
    })?;
    reader.scan_keys(&CONTACT_COPIES, &(), |((to, of), generation, _)| {
        if of == owner && copies.last() != Some(&(to, generation)) {
            copies.push((to, generation));
        }
        ControlFlow::Continue(())
    })?;
    Ok((readers, copies))
}
