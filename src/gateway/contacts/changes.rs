//! Changing an address book: rows, blocks, photos and the quota in one transaction.
//!
//! What is sealed under the owner's keys is prepared outside the transaction, from what was read
//! before it. The transaction refuses if any of that changed meanwhile, and the caller tries again.

use std::collections::BTreeMap;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::block::{self, BLOCK_OCTETS_MAX};
use crate::gateway::contacts::line::Line;
use crate::gateway::contacts::shared::ReadersChange;
use crate::gateway::error::Error;
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::quota;
use crate::gateway::records::contact::{ContactId, ContactRow};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::mailbox::Usage;
use crate::gateway::records::queue::Due;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{CONTACT_BLOCKS, CONTACT_PHOTOS, CONTACTS, CONTACTS_DELETED};
use crate::gateway::stored_block::StoredBlock;
use crate::store::{self, Read};

/// The most contacts of an account, with those that were deleted lately.
pub const CONTACTS_MAX: u64 = 50_000;

/// How often a change is tried again because another one came before it.
const TRIES: usize = 8;

/// What becomes of one contact.
#[derive(Clone)]
pub(super) struct RowChange {
    pub id: ContactId,
    pub before: Before,
    /// `None` if nothing is left of it.
    pub after: Option<ContactRow>,
    /// What the list shows from now on.
    pub line: Option<Line>,
    pub photo: PhotoChange,
    pub readers: ReadersChange,
}

/// A contact's row before a change.
#[derive(Clone)]
pub(super) enum Before {
    Row(Option<ContactRow>),
    /// The record cannot be read at all.
    Damaged,
}

#[derive(Clone)]
pub(super) enum PhotoChange {
    Keep,
    Put(Vec<u8>),
    Drop,
}

/// A block before and after a change.
struct BlockChange {
    number: u8,
    before: StoredBlock,
    after: Option<Sealed>,
}

impl BlockChange {
    /// What the change takes away and adds; [`Error::Busy`] if the block is not what it was.
    fn usage_in_tx(&self, tx: &Tx<'_, '_>, account: AccountId) -> Result<(Usage, Usage), Error> {
        let row = tx.get(&CONTACT_BLOCKS, &(account, self.number));
        let before = self.before.usage_if_same(row)?;
        Ok((before, quota::sealed(self.after.as_ref())))
    }
}

impl Gateway {
    /// Runs `work` until no other change comes between what it reads and what it writes.
    pub(in crate::gateway) fn contacts_retry<T>(
        &self,
        mut work: impl FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        for _ in 1..TRIES {
            match work() {
                Err(Error::Busy) => {}
                done => return done,
            }
        }
        work()
    }

    /// Stores changes, with `more` in the same transaction; [`Error::Busy`] if one of the contacts
    /// or blocks is not what it was.
    pub(super) fn contacts_commit(
        &self,
        actor: &Actor,
        changes: Vec<RowChange>,
        mut more: impl FnMut(&mut Tx<'_, '_>) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let account = actor.account();
        let blocks = self.contact_blocks_changed(actor, &changes)?;
        let done = self.transact(move |tx| {
            let (mut removed, mut added) = (Usage::default(), Usage::default());
            let mut is_certain = true;
            let is_more = changes.iter().any(|change| matches!(change.before, Before::Row(None)));
            let is_less = changes.iter().all(|change| change.line.is_none());
            for block in &blocks {
                let (before, after) = block.usage_in_tx(tx, account)?;
                is_certain &= !block.before.is_damaged();
                (removed, added) = (removed.plus(before), added.plus(after));
            }
            for change in &changes {
                let counted = usage_in_tx(tx, account, change)?;
                is_certain &= counted.is_certain;
                (removed, added) = (removed.plus(counted.before), added.plus(counted.after));
            }
            // Deleting is possible however full the account is.
            if added.octets > removed.octets && !is_less {
                quota::check_in_tx(tx, account, removed, added)?;
            }
            for change in &changes {
                put_in_tx(tx, account, change)?;
            }
            if is_more && tx.count(&CONTACTS, &account)? > CONTACTS_MAX {
                return Err(Error::OverQuota);
            }
            for block in &blocks {
                match &block.after {
                    Some(row) => tx.put(&CONTACT_BLOCKS, &(account, block.number), row)?,
                    None => tx.delete(&CONTACT_BLOCKS, &(account, block.number)),
                }
            }
            quota::replace_in_tx(tx, account, removed, added)?;
            if !is_certain {
                quota::again_in_tx(tx, account)?;
            }
            more(tx)?;
            tx.changed(account, Changed::Contacts).map(drop)
        });
        done.wait()
    }

    /// The blocks that changes touch.
    fn contact_blocks_changed(
        &self,
        actor: &Actor,
        changes: &[RowChange],
    ) -> Result<Vec<BlockChange>, Error> {
        let mut by_block: BTreeMap<u8, Vec<&RowChange>> = BTreeMap::new();
        for change in changes {
            by_block.entry(block::number(change.id)).or_default().push(change);
        }
        let mut blocks = Vec::with_capacity(by_block.len());
        for (number, changes) in by_block {
            let (before, mut lines) = self.contact_block(actor, number)?;
            lines.0.retain(|line| changes.iter().all(|change| change.id != line.id));
            lines.0.extend(changes.iter().filter_map(|change| change.line.clone()));
            let after = self.contact_block_sealed(actor, number, &lines)?;
            let octets = after.as_ref().map_or(0, |row| row.0.len());
            if octets > BLOCK_OCTETS_MAX && changes.iter().any(|change| change.line.is_some()) {
                return Err(Error::OverQuota);
            }
            blocks.push(BlockChange { number, before, after });
        }
        Ok(blocks)
    }

    /// Removes contacts for good that were deleted a day ago: at most `limit`. Called by a job.
    pub fn contacts_expire(&self, limit: usize) -> Result<usize, Error> {
        let now = u64::try_from(self.inner.clock.now().0).unwrap_or_default();
        let mut keys = Vec::new();
        self.inner.store.scan_keys(&CONTACTS_DELETED, &(), |key| {
            let is_over = key.0 > now || keys.len() == limit;
            if is_over {
                return std::ops::ControlFlow::Break(());
            }
            keys.push(key);
            std::ops::ControlFlow::Continue(())
        })?;
        let count = keys.len();
        if count > 0 {
            let done = self.transact(move |tx| {
                for key in &keys {
                    expire_in_tx(tx, *key)?;
                }
                Ok::<_, Error>(())
            });
            done.wait()?;
        }
        Ok(count)
    }
}

/// Removes a contact for good, if it was deleted at this time. What is damaged goes as well, and must
/// not keep the others from being removed.
fn expire_in_tx(
    tx: &mut Tx<'_, '_>,
    (at, account, id): (u64, AccountId, ContactId),
) -> Result<(), Error> {
    let key = (account, id);
    tx.delete(&CONTACTS_DELETED, &(at, account, id));
    let row = match tx.get(&CONTACTS, &key) {
        // It may have been restored, and deleted again.
        Ok(row) => match row.filter(|row| row.due() == Some(at)) {
            Some(row) => Some(row),
            None => return Ok(()),
        },
        Err(store::Error::Damaged(_)) => None,
        // It is left to that program.
        Err(store::Error::UnknownRecordVersion { .. }) => return Ok(()),
        Err(other) => return Err(other.into()),
    };
    let photo = photo_in_tx(tx, &key)?;
    tx.delete(&CONTACTS, &key);
    tx.delete(&CONTACT_PHOTOS, &key);
    match (row, photo) {
        (Some(row), Some(photo)) => {
            quota::discharge_in_tx(tx, account, quota::contact(&row).plus(photo))
        }
        _ => quota::again_in_tx(tx, account),
    }
}

/// What a contact's photo counts; `None` if it cannot be read.
fn photo_in_tx(tx: &impl Read, key: &(AccountId, ContactId)) -> Result<Option<Usage>, Error> {
    match tx.get(&CONTACT_PHOTOS, key) {
        Ok(photo) => Ok(Some(quota::sealed(photo.as_ref()))),
        Err(store::Error::Damaged(_)) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// What a change takes away and adds, and whether that is certain: nobody knows how long something was
/// that cannot be read.
struct Counted {
    before: Usage,
    after: Usage,
    is_certain: bool,
}

/// [`Error::Busy`] if the contact is not what it was.
fn usage_in_tx(tx: &Tx<'_, '_>, account: AccountId, change: &RowChange) -> Result<Counted, Error> {
    let key = (account, change.id);
    let row = match (tx.get(&CONTACTS, &key), &change.before) {
        (Ok(row), Before::Row(before)) if row == *before => row,
        (Err(store::Error::Damaged(_)), Before::Damaged) => None,
        (Err(error), Before::Row(_)) if !matches!(error, store::Error::Damaged(_)) => {
            return Err(error.into());
        }
        _ => return Err(Error::Busy),
    };
    let photo = photo_in_tx(tx, &key)?;
    let is_certain = photo.is_some() && matches!(change.before, Before::Row(_));
    let photo = photo.unwrap_or_default();
    let before = row.as_ref().map(quota::contact).unwrap_or_default().plus(photo);
    let photo = match &change.photo {
        PhotoChange::Keep => photo,
        PhotoChange::Put(sealed) => quota::file(sealed.len() as u64),
        PhotoChange::Drop => Usage::default(),
    };
    let after = change.after.as_ref().map(quota::contact).unwrap_or_default().plus(photo);
    Ok(Counted { before, after, is_certain })
}

fn put_in_tx(tx: &mut Tx<'_, '_>, account: AccountId, change: &RowChange) -> Result<(), Error> {
    let key = (account, change.id);
    let deleted = |row: &ContactRow| row.due().map(|at| (at, account, change.id));
    if let Before::Row(Some(row)) = &change.before
        && let Some(old) = deleted(row)
    {
        tx.delete(&CONTACTS_DELETED, &old);
    }
    if let Some(new) = change.after.as_ref().and_then(deleted) {
        tx.put(&CONTACTS_DELETED, &new, &Due)?;
    }
    match &change.photo {
        PhotoChange::Keep => {}
        PhotoChange::Put(sealed) => tx.put(&CONTACT_PHOTOS, &key, &Sealed(sealed.clone()))?,
        PhotoChange::Drop => tx.delete(&CONTACT_PHOTOS, &key),
    }
    change.readers.store_in_tx(tx, key)?;
    match &change.after {
        Some(row) => tx.put(&CONTACTS, &key, row)?,
        None => tx.delete(&CONTACTS, &key),
    }
    Ok(())
}
