//! Undo send: messages that are held back, and their release when the time is over.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::{Bell, Tx};
use crate::gateway::mailboxes::entry::find_entry;
use crate::gateway::mailboxes::filing;
use crate::gateway::mailboxes::holders::content_release_in_tx;
use crate::gateway::mailboxes::owed;
use crate::gateway::mailboxes::sealed_message::{Facts, held_append_in_tx};
use crate::gateway::outgoing::draft::DraftView;
use crate::gateway::queue::delivery::{self, Said};
use crate::gateway::queue::{generated, rows};
use crate::gateway::quota;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::message::Protection;
use crate::gateway::records::queue::Due;
use crate::gateway::records::submission::Held;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, DELIVERIES, DRAFTS, HELD, HELD_DUE, PICKUPS, PICKUPS_OF, ROLE_MAILBOXES,
    SUBMISSIONS, TEMPORARY,
};
use crate::gateway::records::temporary::Pickup;
use crate::gateway::reporting::notice::changed_in_tx;
use crate::gateway::roles::acts::unwrote_in_tx;
use crate::gateway::{Gateway, upload};
use crate::mail::reference::Reference;
use crate::store::{self, Order, Read};
use crate::terms::{DeliveryState, StepNote};

impl Gateway {
    /// Undoes sending while that is possible, and restores the draft; `too-late` afterwards.
    pub fn submission_undo(&self, actor: &Actor, reference: Reference) -> Result<DraftView, Error> {
        let (account, message) = (actor.account(), reference.to_bytes());
        self.submission(actor, reference)?;
        let (now, acting) = (self.inner.clock.now(), actor.acting());
        let draft = self.transact(move |tx| {
            acting.is_there(tx)?;
            let held = tx.get(&HELD, &message)?.filter(|held| held.due > now);
            let held = held.ok_or(Error::Conflict(Conflict::TooLate))?;
            tx.delete(&HELD, &message);
            tx.delete(&HELD_DUE, &(held.due.millis(), message));
            for _ in 0..held.copies.len() + held.rows.len() {
                content_release_in_tx(tx, message)?;
            }
            unwrote_in_tx(tx, (account, message))?;
            match find_entry(tx, account, message) {
                Ok((place, entry)) => filing::remove_in_tx(tx, account, place, &entry, now)?,
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
            forget_in_tx(tx, message)?;
            tx.put(&DRAFTS, &(account, held.draft_id), &held.draft)?;
            quota::charge_in_tx(tx, account, quota::draft(&held.draft))?;
            tx.changed(account, Changed::Removed(message))?;
            Ok((held.draft_id, held.draft))
        });
        let (draft_id, draft) = draft.wait()?;
        tracing::info!(r#ref = %reference, "the sender undid sending");
        self.draft_open(actor, draft_id, &draft)
    }

    /// Releases at most `limit` messages whose undo time is over. Called from a timer and when
    /// [`Gateway::hold_wake`] is notified.
    pub fn messages_release(&self, limit: usize) -> Result<usize, Error> {
        let now = self.inner.clock.now();
        let mut due = Vec::new();
        self.inner.store.scan(&HELD_DUE, &(), Order::Ascending, |(at, message), Due| {
            if at > now.millis() || due.len() == limit {
                return ControlFlow::Break(());
            }
            due.push((at, message));
            ControlFlow::Continue(())
        })?;
        for (at, message) in &due {
            // A message that cannot be released must not block the others.
            if let Err(error) = self.message_release(*at, *message, now) {
                let reference = Reference::from_bytes(*message);
                let reference = reference.map(|one| one.to_string()).unwrap_or_default();
                tracing::error!(%error, r#ref = %reference, "a message could not be released");
                self.message_defer(*at, *message, now.plus_secs(DEFER_SECS))?;
            }
        }
        Ok(due.len())
    }

    /// Defers the release of a message, whose record may be one that cannot be read.
    fn message_defer(&self, at: u64, message: ReferenceKey, due: Timestamp) -> Result<(), Error> {
        let done = self.inner.store.transact(move |tx| {
            tx.delete(&HELD_DUE, &(at, message));
            match tx.get(&HELD, &message).map_err(Error::from) {
                Ok(None) => return Ok(()),
                Ok(Some(mut held)) => {
                    tx.delete(&HELD_DUE, &(held.due.millis(), message));
                    held.due = due;
                    tx.put(&HELD, &message, &held)?;
                }
                Err(error) if error.is_unreadable() => {}
                Err(error) => return Err(error),
            }
            Ok::<_, Error>(tx.put(&HELD_DUE, &(due.millis(), message), &Due)?)
        });
        done.wait()
    }

    /// When the next message is to be released.
    pub fn messages_next_due(&self) -> Result<Option<Timestamp>, Error> {
        let mut next = None;
        self.inner.store.scan(&HELD_DUE, &(), Order::Ascending, |(at, _), Due| {
            next = Some(Timestamp(i64::try_from(at).unwrap_or(i64::MAX)));
            ControlFlow::Break(())
        })?;
        Ok(next)
    }

    /// Notified when a message was held back.
    pub fn hold_wake(&self) -> std::sync::Arc<tokio::sync::Notify> {
        self.inner.hold_wake.clone()
    }

    /// Notifies the sender of each recipient whose account was deleted while the message was held.
    fn gone_report(&self, message: ReferenceKey, now: Timestamp) -> Result<(), Error> {
        let Some(held) = self.inner.store.get(&HELD, &message)? else { return Ok(()) };
        for copy in &held.copies {
            let account = copy.copy.account;
            if is_living(&self.inner.store, account)? {
                continue;
            }
            // If it cannot be read, the message waits: its sender must learn of this.
            if let Some(row) = self.inner.store.get(&DELIVERIES, &(message, copy.delivery))? {
                let gone = (DeliveryState::Failed, Some(StepNote::AccountDeleted));
                self.message_end(account, message, &row.address, gone, now)?;
            }
        }
        Ok(())
    }

    fn message_release(&self, at: u64, message: ReferenceKey, now: Timestamp) -> Result<(), Error> {
        self.gone_report(message, now)?;
        let done = self.transact(move |tx| {
            // It may differ from the record's own time if that could not be read for a while.
            tx.delete(&HELD_DUE, &(at, message));
            // Sending was undone, or another call released it.
            let Some(held) = tx.get(&HELD, &message)? else { return Ok(()) };
            let row = tx.get(&SUBMISSIONS, &message)?;
            let sender = row.ok_or(Error::NotFound { what: "message" })?.sender;
            tx.delete(&HELD, &message);
            tx.delete(&HELD_DUE, &(held.due.millis(), message));
            release_in_tx(tx, sender, message, &held, now)
        });
        done.wait()
    }
}

/// Releases everything that was held back to its destinations.
pub(in crate::gateway) fn release_in_tx(
    tx: &mut Tx<'_, '_>,
    sender: AccountId,
    message: ReferenceKey,
    held: &Held,
    now: Timestamp,
) -> Result<(), Error> {
    let mut absent = Vec::new();
    // The copies of a group's members share one delivery.
    let mut delivered = BTreeSet::new();
    let protection = Protection::Inside;
    let facts = Facts {
        reference: message,
        received: now,
        filed: now,
        size: held.size,
        protection: &protection,
    };
    for copy in &held.copies {
        let account = copy.copy.account;
        // The account was deleted while the message was held: nobody can read it.
        if !is_living(tx, account)? {
            content_release_in_tx(tx, message)?;
            let gone = (DeliveryState::Failed, Said::note(StepNote::AccountDeleted));
            delivery::step_in_tx(tx, message, Some(copy.delivery), gone.0, now, gone.1)?;
            absent.push(account);
            continue;
        }
        held_append_in_tx(tx, copy, &facts)?;
        let state = match tx.get(&TEMPORARY, &account)? {
            Some(mut temporary) => {
                temporary.messages += 1;
                let until = pickup_until(held, account).unwrap_or(temporary.expires);
                if until > temporary.expires {
                    (temporary.expires, temporary.warned) = (until, false);
                }
                tx.put(&TEMPORARY, &account, &temporary)?;
                DeliveryState::Waiting
            }
            None => DeliveryState::Delivered,
        };
        if delivered.insert(copy.delivery) {
            delivery::step_in_tx(tx, message, Some(copy.delivery), state, now, Said::default())?;
        }
    }
    // No link to a deleted account, and no notification that a message waits there.
    let there = |pickup: &Pickup| !absent.contains(&pickup.account);
    for (key, pickup) in held.pickups.iter().filter(|(_, pickup)| there(pickup)) {
        tx.put(&PICKUPS, key, pickup)?;
        tx.put(&PICKUPS_OF, &(pickup.account, *key), &Due)?;
    }
    for row in &held.rows {
        let mut row = row.clone();
        (row.due, row.queued) = (now, now);
        rows::put_in_tx(tx, rows::row_id(&row), &row)?;
        tx.ring(Bell::Queue);
        let state = DeliveryState::Waiting;
        delivery::step_in_tx(tx, message, row.delivery, state, now, Said::default())?;
    }
    let lost: Vec<u32> = held
        .copies
        .iter()
        .filter(|copy| absent.contains(&copy.copy.account))
        .map(|copy| copy.delivery)
        .collect();
    for mail in &held.mails {
        if mail.row.delivery.is_none_or(|delivery| !lost.contains(&delivery)) {
            generated::held_mail_in_tx(tx, mail, now)?;
        }
    }
    for upload in &held.uploads {
        upload::remove_in_tx(tx, sender, *upload)?;
    }
    owed::settle_in_tx(tx, message)?;
    changed_in_tx(tx, message)
}

/// How long the release of a message is deferred after an error.
const DEFER_SECS: i64 = 60;

/// Whether an account exists and is not being deleted.
fn is_living(reader: &impl Read, account: AccountId) -> Result<bool, Error> {
    let temporary = reader.get(&TEMPORARY, &account)?;
    let role = reader.get(&ROLE_MAILBOXES, &account)?;
    // The keys of a user who is being removed are gone before the account; a role mailbox has none.
    Ok((role.is_some() || reader.has(&ACCOUNT_KEYS, &account)?)
        && temporary.is_none_or(|row| row.ending.is_none())
        && role.is_none_or(|row| !row.ending))
}

fn pickup_until(held: &Held, account: AccountId) -> Option<Timestamp> {
    held.pickups.iter().find(|(_, pickup)| pickup.account == account).map(|(_, one)| one.until)
}

/// Removes the records of a submission that was undone.
fn forget_in_tx(tx: &mut store::Tx<'_>, message: ReferenceKey) -> Result<(), Error> {
    let mut deliveries = Vec::new();
    tx.scan_keys(&DELIVERIES, &message, |key| {
        deliveries.push(key);
        ControlFlow::Continue(())
    })?;
    deliveries.iter().for_each(|key| tx.delete(&DELIVERIES, key));
    tx.delete(&SUBMISSIONS, &message);
    Ok(())
}
