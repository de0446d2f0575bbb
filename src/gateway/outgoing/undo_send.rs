//! Letters that can still be taken back, and their going out when they cannot.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::{Bell, Tx};
use crate::gateway::mailboxes::entry::find_entry;
use crate::gateway::mailboxes::filing;
use crate::gateway::mailboxes::holders::let_go_in_tx;
use crate::gateway::mailboxes::sealed_message::{Facts, held_append_in_tx};
use crate::gateway::outgoing::draft::DraftView;
use crate::gateway::queue::{delivery, generated, rows};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::message::Protection;
use crate::gateway::records::queue::Due;
use crate::gateway::records::submission::{DeliveryState, Held};
use crate::gateway::records::tables::{
    ACCOUNTS, DELIVERIES, DRAFTS, HELD, HELD_DUE, PICKUPS, PICKUPS_OF, SUBMISSIONS, TEMPORARY,
};
use crate::gateway::records::temporary::Pickup;
use crate::gateway::reporting::notice::changed_in_tx;
use crate::gateway::{Gateway, upload};
use crate::mail::reference::Reference;
use crate::store::{self, Order, Read};

impl Gateway {
    /// Takes a letter back while that is possible; the draft is there again. `too-late` after.
    pub fn submission_undo(&self, actor: &Actor, reference: Reference) -> Result<DraftView, Error> {
        let (account, letter) = (actor.account(), reference.to_bytes());
        self.submission(actor, reference)?;
        let now = self.inner.clock.now();
        let draft = self.transact(move |tx| {
            let held = tx.get(&HELD, &letter)?.filter(|held| held.due > now);
            let held = held.ok_or(Error::Conflict(Conflict::TooLate))?;
            tx.delete(&HELD, &letter);
            tx.delete(&HELD_DUE, &(held.due.millis(), letter));
            for _ in 0..held.shares.len() + held.rows.len() {
                let_go_in_tx(tx, letter)?;
            }
            if let Ok((place, entry)) = find_entry(tx, account, letter) {
                filing::remove_in_tx(tx, account, place, &entry, now)?;
            }
            forget_in_tx(tx, letter)?;
            tx.put(&DRAFTS, &(account, held.draft_id), &held.draft)?;
            tx.changed(account, Changed::Removed(letter))?;
            Ok((held.draft_id, held.draft))
        });
        let (draft_id, draft) = draft.wait()?;
        tracing::info!(r#ref = %reference, "taken back by its sender");
        self.draft_open(actor, draft_id, &draft)
    }

    /// Lets go of letters whose time to be taken back is over; at most `limit`. Called from a
    /// timer and when [`Gateway::hold_wake`] rings.
    pub fn letters_release(&self, limit: usize) -> Result<usize, Error> {
        let now = self.inner.clock.now();
        let mut due = Vec::new();
        self.inner.store.scan(&HELD_DUE, &(), Order::Ascending, |(at, letter), Due| {
            if at > now.millis() || due.len() == limit {
                return ControlFlow::Break(());
            }
            due.push(letter);
            ControlFlow::Continue(())
        })?;
        for letter in &due {
            // One that cannot go must not keep the others.
            if let Err(error) = self.letter_release(*letter, now) {
                let reference = Reference::from_bytes(*letter);
                let reference = reference.map(|one| one.to_string()).unwrap_or_default();
                tracing::error!(%error, r#ref = %reference, "a letter could not be let go");
                self.letter_put_off(*letter, now.plus_secs(PUT_OFF_SECS))?;
            }
        }
        Ok(due.len())
    }

    /// Tries a letter again later.
    fn letter_put_off(&self, letter: ReferenceKey, due: Timestamp) -> Result<(), Error> {
        let done = self.inner.store.transact(move |tx| {
            let Some(mut held) = tx.get(&HELD, &letter)? else { return Ok(()) };
            tx.delete(&HELD_DUE, &(held.due.millis(), letter));
            held.due = due;
            tx.put(&HELD_DUE, &(due.millis(), letter), &Due)?;
            Ok::<_, Error>(tx.put(&HELD, &letter, &held)?)
        });
        done.wait()
    }

    /// When the next letter is to be let go.
    pub fn letters_next_due(&self) -> Result<Option<Timestamp>, Error> {
        let mut next = None;
        self.inner.store.scan(&HELD_DUE, &(), Order::Ascending, |(at, _), Due| {
            next = Some(Timestamp(i64::try_from(at).unwrap_or(i64::MAX)));
            ControlFlow::Break(())
        })?;
        Ok(next)
    }

    /// Rings when a letter was held back.
    pub fn hold_wake(&self) -> std::sync::Arc<tokio::sync::Notify> {
        self.inner.hold_wake.clone()
    }

    /// Tells the sender of each recipient whose account went while the letter was held.
    fn gone_told(&self, letter: ReferenceKey, now: Timestamp) -> Result<(), Error> {
        let Some(held) = self.inner.store.get(&HELD, &letter)? else { return Ok(()) };
        for share in &held.shares {
            let account = share.share.account;
            let row = self.inner.store.get(&DELIVERIES, &(letter, share.delivery))?;
            if is_living(&self.inner.store, account)? {
                continue;
            }
            if let Some(row) = row {
                let gone = (DeliveryState::Failed, Some(GONE.to_owned()));
                self.letter_end(account, letter, &row.address, gone, now)?;
            }
        }
        Ok(())
    }

    fn letter_release(&self, letter: ReferenceKey, now: Timestamp) -> Result<(), Error> {
        self.gone_told(letter, now)?;
        let done = self.transact(move |tx| {
            // Taken back, or let go by somebody else.
            let Some(held) = tx.get(&HELD, &letter)? else { return Ok(()) };
            let row = tx.get(&SUBMISSIONS, &letter)?;
            let sender = row.ok_or(Error::NotFound { what: "letter" })?.sender;
            tx.delete(&HELD, &letter);
            tx.delete(&HELD_DUE, &(held.due.millis(), letter));
            release_in_tx(tx, sender, letter, &held, now)
        });
        done.wait()
    }
}

/// Everything that was held back goes where it belongs.
pub(in crate::gateway) fn release_in_tx(
    tx: &mut Tx<'_, '_>,
    sender: AccountId,
    letter: ReferenceKey,
    held: &Held,
    now: Timestamp,
) -> Result<(), Error> {
    let mut absent = Vec::new();
    let protection = Protection::Inside;
    let facts = Facts {
        reference: letter,
        received: now,
        filed: now,
        size: held.size,
        protection: &protection,
    };
    for share in &held.shares {
        let account = share.share.account;
        // The account went while the letter was held: nobody is there to read it.
        if !is_living(tx, account)? {
            let_go_in_tx(tx, letter)?;
            let (state, gone) = (DeliveryState::Failed, Some(GONE.to_owned()));
            delivery::step_in_tx(tx, letter, Some(share.delivery), state, now, gone)?;
            absent.push(account);
            continue;
        }
        held_append_in_tx(tx, share, &facts)?;
        let state = match tx.get(&TEMPORARY, &account)? {
            Some(mut temporary) => {
                temporary.letters += 1;
                let until = pickup_until(held, account).unwrap_or(temporary.expires);
                if until > temporary.expires {
                    (temporary.expires, temporary.warned) = (until, false);
                }
                tx.put(&TEMPORARY, &account, &temporary)?;
                DeliveryState::Waiting
            }
            None => DeliveryState::Delivered,
        };
        delivery::step_in_tx(tx, letter, Some(share.delivery), state, now, None)?;
    }
    // No link to an account that is gone, and no mail that says a letter waits there.
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
        delivery::step_in_tx(tx, letter, row.delivery, state, now, None)?;
    }
    let lost: Vec<u32> = held
        .shares
        .iter()
        .filter(|share| absent.contains(&share.share.account))
        .map(|share| share.delivery)
        .collect();
    for mail in &held.mails {
        if mail.row.delivery.is_none_or(|delivery| !lost.contains(&delivery)) {
            generated::held_mail_in_tx(tx, mail, now)?;
        }
    }
    for upload in &held.uploads {
        upload::remove_in_tx(tx, sender, *upload)?;
    }
    changed_in_tx(tx, letter)
}

/// How long a letter waits that could not be let go.
const PUT_OFF_SECS: i64 = 60;

const GONE: &str = "the account is gone";

/// Whether an account is there, and not about to go.
fn is_living(reader: &impl Read, account: AccountId) -> Result<bool, Error> {
    let temporary = reader.get(&TEMPORARY, &account)?;
    Ok(reader.has(&ACCOUNTS, &account)? && temporary.is_none_or(|row| row.ending.is_none()))
}

fn pickup_until(held: &Held, account: AccountId) -> Option<Timestamp> {
    held.pickups.iter().find(|(_, pickup)| pickup.account == account).map(|(_, one)| one.until)
}

/// Removes what a letter that was taken back left.
fn forget_in_tx(tx: &mut store::Tx<'_>, letter: ReferenceKey) -> Result<(), Error> {
    for (index, _) in delivery::of_letter(tx, letter)? {
        tx.delete(&DELIVERIES, &(letter, index));
    }
    tx.delete(&SUBMISSIONS, &letter);
    Ok(())
}
