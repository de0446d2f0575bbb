//! Reading and rejecting a message: the outcome, the sender's status and the confirmation.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::account;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::content::Content;
use crate::gateway::mailboxes::entry::{NOT_FOUND, entry_in_tx};
use crate::gateway::mailboxes::filing::{recount_in_tx, remove_in_tx};
use crate::gateway::mailboxes::indexing;
use crate::gateway::mailboxes::item::{ItemView, OpenedEpochs};
use crate::gateway::queue::{delivery, generated};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::message::{Outcome, OutcomeKind};
use crate::gateway::records::tables::{ENTRIES, MESSAGES, OUTCOMES};
use crate::gateway::reporting::notice::NoticeDraft;
use crate::gateway::roles::acts::{may_destroy_in_tx, read_in_tx};
use crate::mail::mdn::Disposition;
use crate::mail::reference::Reference;
use crate::store::{self, Read};
use crate::terms::{DeliveryState, RejectReason};

impl Gateway {
    /// Opens a message and returns its octets, preceded by trace fields. The first time, it marks
    /// the message read and records the outcome, but only after the content proved intact. `said`
    /// is the reader's answer whether an outside sender may be notified, where the reader is asked.
    pub fn message_open(
        &self,
        actor: &Actor,
        reference: Reference,
        said: Option<bool>,
    ) -> Result<(ItemView, Content), Error> {
        let account = actor.account();
        let (mut place, mut entry) = self.entry(account, reference)?;
        let mut epochs = OpenedEpochs::new(self, actor);
        let content = epochs.content(&entry)?;
        if entry.opened.is_none() {
            self.mark_opened(actor, reference.to_bytes(), said)?;
            (place, entry) = self.entry(account, reference)?;
        } else {
            self.role_read(actor, entry.reference)?;
        }
        Ok((epochs.item(place.mailbox, &entry)?, content))
    }

    /// Rejects a message unread: the reader's key to it is deleted without opening anything. The
    /// content is deleted with its last holder. In a role mailbox that is for managers of its group, since
    /// nobody else could read it afterwards.
    pub fn message_reject(
        &self,
        actor: &Actor,
        reference: Reference,
        reason: Option<RejectReason>,
        said: Option<bool>,
    ) -> Result<Timestamp, Error> {
        let (account, key) = (actor.account(), reference.to_bytes());
        let now = self.inner.clock.now();
        let outcome = OutcomeKind::Rejected(reason);
        let (behind, acting) = (actor.behind(), actor.acting());
        self.outcome_transact(account, key, outcome, said, now, move |tx| {
            acting.is_there(tx)?;
            may_destroy_in_tx(tx, behind)?;
            let (place, entry) = entry_in_tx(tx, account, key)?;
            if entry.opened.is_some() {
                return Err(Error::Conflict(Conflict::AlreadyOpened));
            }
            let first = outcome_in_tx(tx, account, key, outcome, now)?;
            remove_in_tx(tx, account, place, &entry, now)?;
            tx.changed(account, Changed::Removed(key))?;
            Ok(first)
        })?;
        Ok(now)
    }

    fn mark_opened(
        &self,
        actor: &Actor,
        key: ReferenceKey,
        said: Option<bool>,
    ) -> Result<(), Error> {
        let (account, behind, acting) = (actor.account(), actor.behind(), actor.acting());
        let now = self.inner.clock.now();
        self.outcome_transact(account, key, OutcomeKind::Read, said, now, move |tx| {
            acting.is_there(tx)?;
            if let Some(behind) = behind {
                read_in_tx(tx, (account, key), behind, now)?;
            }
            let (place, mut entry) = entry_in_tx(tx, account, key)?;
            let mut first = false;
            if entry.opened.is_none() {
                let before = entry.clone();
                (entry.opened, entry.unread) = (Some(now), false);
                first = outcome_in_tx(tx, account, key, OutcomeKind::Read, now)?;
                recount_in_tx(tx, account, place.mailbox, Some(&before), Some(&entry))?;
                tx.put(&ENTRIES, &(account, place.mailbox, place.uid), &entry)?;
                if indexing::is_searched(tx, account)? {
                    indexing::wait_in_tx(tx, account, key)?;
                }
            }
            tx.changed(account, Changed::Updated(key))?;
            Ok(first)
        })
    }

    /// Runs `work`, which returns whether it recorded the outcome; then, in the same transaction,
    /// writes the sender's status line and the notice or the confirmation to an outside sender. So
    /// there is exactly one of each for every reader and outcome, whatever crashes or is requested
    /// twice.
    fn outcome_transact(
        &self,
        account: AccountId,
        key: ReferenceKey,
        outcome: OutcomeKind,
        said: Option<bool>,
        now: Timestamp,
        mut work: impl FnMut(&mut Tx<'_, '_>) -> Result<bool, Error> + Send + 'static,
    ) -> Result<(), Error> {
        let (state, reason, disposition) = match outcome {
            OutcomeKind::Read => (DeliveryState::Read, None, Disposition::Displayed),
            OutcomeKind::Rejected(reason) => {
                (DeliveryState::Rejected, reason, Disposition::Deleted)
            }
        };
        let delivery = delivery::of_account(&self.inner.store, key, account)?;
        let (mut notice, mut report) = (None, None);
        if let Some((_, delivery)) = &delivery {
            let sender = readable(self.message_sender(key))?.flatten();
            if let Some(sender) = sender.filter(|sender| *sender != account) {
                let recipient = &delivery.address;
                let draft = NoticeDraft {
                    kind: state,
                    about: key,
                    recipient,
                    at: now,
                    detail: None,
                    topic: None,
                    others: &[],
                    report: None,
                };
                // A sender whose account no longer exists needs no notice, nor does one without readers.
                notice = match self.account_exists(sender)? && self.has_readers(sender)? {
                    true => Some(self.notice_prepare(sender, &draft)?),
                    false => None,
                };
            }
        } else {
            report = self.confirmation_prepare(account, key, disposition, said, now)?;
        }
        let index = delivery.map(|(index, _)| index);
        self.notice_transact(notice, key, move |tx| {
            if !work(tx)? {
                return Ok(false);
            }
            if let Some(index) = index {
                delivery::end_in_tx(tx, key, index, state, reason, now)?;
            }
            if let Some(report) = &report {
                generated::held_mail_in_tx(tx, report, now)?;
            }
            Ok(true)
        })
    }
}

/// Records the outcome of a reader's copy, and that the reader was active. The first outcome
/// stands: there is exactly one.
fn outcome_in_tx(
    tx: &mut store::Tx<'_>,
    account: AccountId,
    key: ReferenceKey,
    kind: OutcomeKind,
    at: Timestamp,
) -> Result<bool, Error> {
    let reverse_path = tx.get(&MESSAGES, &key)?.ok_or(NOT_FOUND)?.reverse_path;
    let first = tx.insert(&OUTCOMES, &(key, account), &Outcome { kind, at, reverse_path })?;
    account::touch_in_tx(tx, account, at)?;
    Ok(first)
}
