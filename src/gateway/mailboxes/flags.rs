//! Changing a message's flags, labels and mailbox; deleting a message.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::{Acting, Actor};
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::entry::{entry_in_tx, require_opened};
use crate::gateway::mailboxes::filing::{move_in_tx, recount_in_tx, remove_in_tx};
use crate::gateway::mailboxes::item::ItemView;
use crate::gateway::mailboxes::label;
use crate::gateway::records::ids::{AccountId, LabelId, MailboxId, ReferenceKey};
use crate::gateway::records::tables::ENTRIES;
use crate::gateway::roles::acts::may_destroy_in_tx;
use crate::mail::reference::Reference;

/// What to change in a message; `None` leaves a property unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub unread: Option<bool>,
    pub starred: Option<bool>,
    /// The mailbox to move it to: an ID, or the code of a role.
    pub mailbox: Option<String>,
    /// A label to add.
    pub label: Option<LabelId>,
    /// A label to remove.
    pub remove_label: Option<LabelId>,
    /// Allows a filter to clear the unread flag of an unopened message.
    pub quiet: bool,
}

/// The result of [`Gateway::message_change_many`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedMany {
    pub state: String,
    pub done: Vec<Reference>,
    pub failed: Vec<(Reference, &'static str)>,
}

impl Gateway {
    /// Changes a message's flags or labels, or moves it.
    pub fn message_change(
        &self,
        actor: &Actor,
        reference: Reference,
        change: &Change,
    ) -> Result<ItemView, Error> {
        self.change_check(actor, change)?;
        self.change_one_as(actor.acting(), actor.account(), reference.to_bytes(), change)?;
        self.message_item(actor, reference)
    }

    /// Makes the same change to many messages; each succeeds or fails on its own.
    pub fn message_change_many(
        &self,
        actor: &Actor,
        references: &[Reference],
        change: &Change,
    ) -> Result<ChangedMany, Error> {
        let (account, acting) = (actor.account(), actor.acting());
        self.change_check(actor, change)?;
        let wanted = self.change_wanted(account, change)?;
        let references = references.to_vec();
        // One transaction, so that moving a whole mailbox takes seconds.
        let changed = self.transact(move |tx| {
            acting.is_there(tx)?;
            let (mut done, mut failed) = (Vec::new(), Vec::new());
            for reference in &references {
                match wanted.apply_in_tx(tx, account, reference.to_bytes()) {
                    Ok(()) => done.push(*reference),
                    Err(Error::NotFound { what: "message" }) => {
                        failed.push((*reference, "not-found"));
                    }
                    Err(Error::Conflict(why)) => failed.push((*reference, why.as_str())),
                    Err(other) => return Err(other),
                }
            }
            Ok((done, failed))
        });
        let (done, failed) = changed.wait()?;
        Ok(ChangedMany { state: self.state(account)?, done, failed })
    }

    /// Checks that the label of a change exists.
    fn change_check(&self, actor: &Actor, change: &Change) -> Result<(), Error> {
        change.label.map_or(Ok(()), |label| self.label_check(actor, label))
    }

    fn change_wanted(&self, account: AccountId, change: &Change) -> Result<Wanted, Error> {
        let target = change.mailbox.as_deref().map(|id| self.mailbox_find(account, id));
        Ok(Wanted {
            target: target.transpose()?,
            change: change.clone(),
            now: self.inner.clock.now(),
        })
    }

    /// Deletes an opened message: this reader's copy and key. Fails with `not-opened` for an
    /// unopened one: its sender waits to hear whether it was read or rejected.
    pub fn message_delete(&self, actor: &Actor, reference: Reference) -> Result<(), Error> {
        let (account, key) = (actor.account(), reference.to_bytes());
        let (now, behind) = (self.inner.clock.now(), actor.behind());
        let acting = actor.acting();
        let done = self.transact(move |tx| {
            acting.is_there(tx)?;
            may_destroy_in_tx(tx, behind)?;
            let (place, entry) = entry_in_tx(tx, account, key)?;
            require_opened(&entry)?;
            remove_in_tx(tx, account, place, &entry, now)?;
            tx.changed(account, Changed::Removed(key))?;
            Ok(())
        });
        done.wait()
    }

    fn change_one_as(
        &self,
        acting: Acting,
        account: AccountId,
        key: ReferenceKey,
        change: &Change,
    ) -> Result<(), Error> {
        let wanted = self.change_wanted(account, change)?;
        let done = self.transact(move |tx| {
            acting.is_there(tx)?;
            wanted.apply_in_tx(tx, account, key)
        });
        done.wait()
    }

    pub(in crate::gateway) fn change_one(
        &self,
        account: AccountId,
        key: ReferenceKey,
        change: &Change,
    ) -> Result<(), Error> {
        let wanted = self.change_wanted(account, change)?;
        self.transact(move |tx| wanted.apply_in_tx(tx, account, key)).wait()
    }
}

/// A change whose target mailbox was resolved.
struct Wanted {
    target: Option<MailboxId>,
    change: Change,
    now: Timestamp,
}

impl Wanted {
    /// Changes one message. On failure nothing changes.
    fn apply_in_tx(
        &self,
        tx: &mut Tx<'_, '_>,
        account: AccountId,
        key: ReferenceKey,
    ) -> Result<(), Error> {
        let (place, mut entry) = entry_in_tx(tx, account, key)?;
        let before = entry.clone();
        entry.unread = self.change.unread.unwrap_or(entry.unread);
        entry.starred = self.change.starred.unwrap_or(entry.starred);
        // A reader cannot mark an unopened message as read; only a filter can.
        if self.change.unread == Some(false) && !self.change.quiet && entry.opened.is_none() {
            entry.unread = before.unread;
        }
        entry.labels.retain(|label| Some(*label) != self.change.remove_label);
        if let Some(label) = self.change.label.filter(|label| !entry.labels.contains(label)) {
            if entry.labels.len() == label::OF_ONE_MAX {
                return Err(Error::Conflict(Conflict::Labels));
            }
            entry.labels.push(label);
        }
        match self.target.filter(|target| *target != place.mailbox) {
            Some(target) => {
                entry.filed = self.now;
                move_in_tx(tx, account, place, target, &before, &entry)?;
            }
            None => {
                recount_in_tx(tx, account, place.mailbox, Some(&before), Some(&entry))?;
                tx.put(&ENTRIES, &(account, place.mailbox, place.uid), &entry)?;
            }
        }
        tx.changed(account, Changed::Updated(key))?;
        Ok(())
    }
}
