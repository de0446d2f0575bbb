//! Changing a calendar: entries, blocks and the quota in one transaction.
//!
//! What is sealed under the owner's keys is prepared outside the transaction, from what was read before it.
//! The transaction refuses if any of that changed meanwhile, and the caller tries again.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::quota;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::mailbox::Usage;
use crate::gateway::records::queue::Due;
use crate::gateway::records::schedule::{EntryId, ScheduleEntry};
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{SCHEDULE_BLOCKS, SCHEDULE_DELETED, SCHEDULE_ENTRIES};
use crate::gateway::schedule::blocks::{self, Line};
use crate::gateway::schedule::stored::StoredEntry;
use crate::gateway::stored_block::StoredBlock;
use crate::store::{self, Read};

/// What becomes of one entry.
#[derive(Clone)]
pub(super) struct EntryChange {
    pub id: EntryId,
    pub before: Option<ScheduleEntry>,
    /// `None` if nothing is left of it.
    pub after: Option<ScheduleEntry>,
    /// What its block knows from now on.
    pub line: Option<Line>,
}

impl EntryChange {
    /// That an entry is gone at once.
    pub fn gone(id: EntryId, before: ScheduleEntry) -> EntryChange {
        EntryChange { id, before: Some(before), after: None, line: None }
    }
}

/// Whether a change is refused where the account is full.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Needed,
    /// What somebody else changed, in an entry that is there: it is no larger than a meeting may be.
    Given,
}

struct BlockChange {
    number: u8,
    before: StoredBlock,
    after: Option<Sealed>,
}

impl Gateway {
    /// The change that stores an entry.
    pub(super) fn entry_change(
        &self,
        actor: &Actor,
        id: EntryId,
        before: Option<ScheduleEntry>,
        stored: &StoredEntry,
    ) -> Result<EntryChange, Error> {
        let version = before.as_ref().map_or(1, |row| row.version + 1);
        let sealed = self.entry_sealed(actor, id, stored)?;
        let after = Some(ScheduleEntry { version, deleted: None, sealed });
        Ok(EntryChange { id, before, after, line: Some(Line::of(id, stored)) })
    }

    /// Stores changes, with `more` in the same transaction; [`Error::Busy`] if one of the entries or blocks is
    /// not what it was.
    pub(super) fn schedule_commit(
        &self,
        actor: &Actor,
        changes: Vec<EntryChange>,
        more: impl FnMut(&mut Tx<'_, '_>) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.schedule_commit_with(actor, (changes, Room::Needed), more)
    }

    /// The same, with what it is if the account is full.
    pub(super) fn schedule_commit_with(
        &self,
        actor: &Actor,
        (changes, room): (Vec<EntryChange>, Room),
        mut more: impl FnMut(&mut Tx<'_, '_>) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let account = actor.account();
        let blocks = self.schedule_blocks_changed(actor, &changes)?;
        let most = self.inner.settings.schedule.entries_max;
        let done = self.transact(move |tx| {
            let (mut removed, mut added) = (Usage::default(), Usage::default());
            let mut is_certain = true;
            for block in &blocks {
                let row = tx.get(&SCHEDULE_BLOCKS, &(account, block.number));
                removed = removed.plus(block.before.usage_if_same(row)?);
                is_certain &= !block.before.is_damaged();
                added = added.plus(quota::sealed(block.after.as_ref()));
            }
            for change in &changes {
                if tx.get(&SCHEDULE_ENTRIES, &(account, change.id))? != change.before {
                    return Err(Error::Busy);
                }
                removed =
                    removed.plus(change.before.as_ref().map(quota::entry).unwrap_or_default());
                added = added.plus(change.after.as_ref().map(quota::entry).unwrap_or_default());
            }
            // Deleting is possible however full the account is.
            let grows =
                added.octets > removed.octets && changes.iter().any(|change| change.line.is_some());
            if room == Room::Needed && grows {
                quota::check_in_tx(tx, account, removed, added)?;
            }
            changes.iter().try_for_each(|change| put_in_tx(tx, account, change))?;
            let is_more = changes.iter().any(|change| change.before.is_none());
            if is_more && tx.count(&SCHEDULE_ENTRIES, &account)? > most {
                return Err(Error::OverQuota);
            }
            for block in &blocks {
                match &block.after {
                    Some(row) => tx.put(&SCHEDULE_BLOCKS, &(account, block.number), row)?,
                    None => tx.delete(&SCHEDULE_BLOCKS, &(account, block.number)),
                }
            }
            match is_certain {
                true => quota::replace_in_tx(tx, account, removed, added)?,
                false => quota::again_in_tx(tx, account)?,
            }
            more(tx)?;
            tx.changed(account, Changed::Schedule).map(drop)
        });
        done.wait()
    }

    fn schedule_blocks_changed(
        &self,
        actor: &Actor,
        changes: &[EntryChange],
    ) -> Result<Vec<BlockChange>, Error> {
        let mut by_block: BTreeMap<u8, Vec<&EntryChange>> = BTreeMap::new();
        for change in changes {
            by_block.entry(blocks::number(change.id)).or_default().push(change);
        }
        let mut blocks = Vec::with_capacity(by_block.len());
        for (number, changes) in by_block {
            let (before, mut lines) = self.schedule_block(actor, number)?;
            lines.0.retain(|line| changes.iter().all(|change| change.id != line.id));
            lines.0.extend(changes.iter().filter_map(|change| change.line));
            let after = self.schedule_block_sealed(actor, number, &lines)?;
            blocks.push(BlockChange { number, before, after });
        }
        Ok(blocks)
    }

    /// Removes entries for good that were deleted a day ago: at most `limit`. Called by a job.
    pub fn schedule_expire(&self, limit: usize) -> Result<usize, Error> {
        let now = u64::try_from(self.inner.clock.now().0).unwrap_or_default();
        let mut keys = Vec::new();
        self.inner.store.scan_keys(&SCHEDULE_DELETED, &(), |key| {
            if key.0 > now || keys.len() == limit {
                return ControlFlow::Break(());
            }
            keys.push(key);
            ControlFlow::Continue(())
        })?;
        let count = keys.len();
        if count > 0 {
            let done =
                self.transact(move |tx| keys.iter().try_for_each(|key| expire_in_tx(tx, *key)));
            done.wait()?;
        }
        Ok(count)
    }
}

fn put_in_tx(tx: &mut Tx<'_, '_>, account: AccountId, change: &EntryChange) -> Result<(), Error> {
    let key = (account, change.id);
    let due = |row: &Option<ScheduleEntry>| row.as_ref().and_then(ScheduleEntry::due);
    if let Some(due) = due(&change.before) {
        tx.delete(&SCHEDULE_DELETED, &(due, account, change.id));
    }
    if let Some(due) = due(&change.after) {
        tx.put(&SCHEDULE_DELETED, &(due, account, change.id), &Due)?;
    }
    match &change.after {
        Some(row) => tx.put(&SCHEDULE_ENTRIES, &key, row)?,
        None => tx.delete(&SCHEDULE_ENTRIES, &key),
    }
    Ok(())
}

/// Removes an entry for good, if it was deleted at this time.
fn expire_in_tx(
    tx: &mut Tx<'_, '_>,
    (at, account, id): (u64, AccountId, EntryId),
) -> Result<(), Error> {
    tx.delete(&SCHEDULE_DELETED, &(at, account, id));
    let row = match tx.get(&SCHEDULE_ENTRIES, &(account, id)) {
        Ok(row) => row,
        // Nobody knows how long it was, so the account is counted anew.
        Err(store::Error::Damaged(_)) => {
            tx.delete(&SCHEDULE_ENTRIES, &(account, id));
            return quota::again_in_tx(tx, account);
        }
        // It is left to the program that wrote it.
        Err(store::Error::UnknownRecordVersion { .. }) => return Ok(()),
        Err(other) => return Err(other.into()),
    };
    // It may have been restored, and deleted again.
    let Some(row) = row.filter(|row| row.due() == Some(at)) else { return Ok(()) };
    tx.delete(&SCHEDULE_ENTRIES, &(account, id));
    quota::discharge_in_tx(tx, account, quota::entry(&row))
}
