//! Starting a temporary account again, when its owner has lost the passphrase.
//!
//! Nobody but its owner opens an account, so its keys are lost with the passphrase. It gets others, and
//! what the sponsor can open is sealed to those once more: the messages of which the sponsor has the
//! own copy. All else in it is gone: replies, drafts, and messages from other senders, who learn that
//! what was not opened has expired.
//!
//! | step | if the daemon is killed after it |
//! | --- | --- |
//! | senders of what is lost learn of it | the account is as it was; the sponsor starts again, and nobody is told twice |
//! | one transaction: new keys, another one-time password, messages sealed anew, sessions end | the sponsor sends the notification again |
//! | the notification | |

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::gateway::accounts::claim::Successor;
use crate::gateway::accounts::{password, session_rows};
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::entry::find_entry;
use crate::gateway::mailboxes::epoch::Arriving;
use crate::gateway::mailboxes::filing;
use crate::gateway::mailboxes::item::OpenedEpochs;
use crate::gateway::mailboxes::summary::{SealedSummary, reader_binding};
use crate::gateway::outsiders::expiry::clear_in_tx;
use crate::gateway::outsiders::temporary::{MISSING, TemporaryView};
use crate::gateway::records::account::AccountKeys;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::mailbox::{Entry, Place};
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, APPEARANCES, CREDENTIALS, DRAFTS, ENTRIES, EPOCHS, FILTERS, HELD, LABELS,
    TEMPORARY, TOTP, UPLOADS,
};
use crate::gateway::records::temporary::Temporary;
use crate::gateway::{Gateway, quota, upload};
use crate::store::{Order, Read};
use crate::vault;

/// What came of starting again.
#[derive(Debug)]
pub struct StartedAgain {
    pub account: TemporaryView,
    /// How many messages were sealed anew.
    pub brought: u32,
    /// How many messages nobody can open any more.
    pub lost: u32,
}

/// One message, sealed to the new keys.
#[derive(Clone)]
struct Copy {
    sealed_summary: Vec<u8>,
    wrapped_key: Vec<u8>,
}

/// What replaces the account's keys, and what was sealed to them.
struct Again {
    account: AccountId,
    before: AccountKeys,
    keys: AccountKeys,
    first: Successor,
    epoch: Arc<Arriving>,
    copies: HashMap<ReferenceKey, Copy>,
    now: Timestamp,
}

/// At most so many messages are sealed anew, the latest.
const BROUGHT_MAX: usize = 500;

impl Gateway {
    /// Starts a temporary account again for its sponsor: what opened it opens nothing any more, its
    /// sessions end, and its owner gets a notification with another one-time password. Fails with
    /// `one-time-password` as long as a notification brings one anyway.
    pub fn temporary_start_again(&self, actor: &Actor, id: &str) -> Result<StartedAgain, Error> {
        let account = self.sponsored(actor, id)?;
        let now = self.inner.clock.now();
        let row = self.temporary(account)?.ok_or(MISSING)?;
        check(&row, now)?;
        self.check_held(account)?;
        let before = self.inner.store.get(&ACCOUNT_KEYS, &account)?.ok_or(MISSING)?;
        let new = vault::account_keys(&account.0)?;
        let epoch = Arc::new(self.epoch_under(account, &new.public)?);
        let copies = self.own_copies(actor, account, &epoch)?;
        let first = self.one_time_new(account, &new.unlock)?;
        for message in self.unopened_of(account)? {
            if !copies.contains_key(&message) {
                self.message_expire(account, message, &row.address, now)?;
            }
        }
        let keys = AccountKeys::new(&new);
        let again = Again { account, before, keys, first, epoch, copies, now };
        let (brought, lost) = self.transact(move |tx| again.store_in_tx(tx)).wait()?;
        self.inner.renewals.add();
        self.publish_session(account);
        let account = self.temporary_resend(actor, id)?;
        tracing::info!(account.id = %account.id, brought, lost, "temporary account started again");
        Ok(StartedAgain { account, brought, lost })
    }

    /// Fails while the sending of a message to the account can be undone: that is sealed to the keys
    /// which are to be replaced.
    fn check_held(&self, account: AccountId) -> Result<(), Error> {
        let mut is_held = false;
        self.inner.store.scan_readable(&HELD, &(), |_, held| {
            is_held |= held.copies.iter().any(|copy| copy.copy.account == account);
            if is_held { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        match is_held {
            true => Err(Error::Conflict(Conflict::BeingSent)),
            false => Ok(()),
        }
    }

    /// Seals the messages of which the actor is the sender, and has the own copy, in `epoch`.
    fn own_copies(
        &self,
        actor: &Actor,
        account: AccountId,
        epoch: &Arriving,
    ) -> Result<HashMap<ReferenceKey, Copy>, Error> {
        let mut messages = Vec::new();
        self.inner.store.scan(&ENTRIES, &account, Order::Ascending, |_, entry| {
            if !entry.sent {
                messages.push((entry.received, entry.reference));
            }
            ControlFlow::Continue(())
        })?;
        messages.sort_unstable_by_key(|(received, _)| std::cmp::Reverse(*received));
        let mut epochs = OpenedEpochs::new(self, actor);
        let mut copies = HashMap::new();
        for (_, message) in messages {
            if copies.len() == BROUGHT_MAX {
                break;
            }
            let own = self.own_copy(&mut epochs, account, message, epoch);
            if let Some(copy) = readable(own)?.flatten() {
                copies.insert(message, copy);
            }
        }
        Ok(copies)
    }

    fn own_copy(
        &self,
        epochs: &mut OpenedEpochs<'_>,
        account: AccountId,
        message: ReferenceKey,
        epoch: &Arriving,
    ) -> Result<Option<Copy>, Error> {
        let sender = epochs.account();
        if self.message_sender(message)? != Some(sender) {
            return Ok(None);
        }
        let own = match find_entry(&self.inner.store, sender, message) {
            Ok((_, own)) => own,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (from, to) = (reader_binding(sender, message), reader_binding(account, message));
        let damaged = |_| Error::Damaged { what: "the stored message cannot be read".to_owned() };
        let key = epochs.get(own.epoch)?.unwrap_content(&from, &own.wrapped_key);
        let key = key.map_err(damaged)?;
        // Who else got it is for the sender alone to see.
        let summary = SealedSummary { recipients: Vec::new(), ..epochs.summary(&own)? };
        Ok(Some(Copy {
            sealed_summary: epoch.keys.seal_summary(&to, &summary.to_octets()?)?,
            wrapped_key: epoch.keys.wrap_content(&to, &key)?,
        }))
    }
}

/// Fails if the account ends, or a notification brings a password that opens it.
fn check(row: &Temporary, now: Timestamp) -> Result<(), Error> {
    if row.ending.is_some() || row.expires <= now {
        return Err(MISSING);
    }
    match row.sealed_password {
        Some(_) => Err(Error::Conflict(Conflict::OneTimePassword)),
        None => Ok(()),
    }
}

impl Again {
    /// Returns how many messages were sealed anew, and how many were lost.
    fn store_in_tx(&self, tx: &mut Tx<'_, '_>) -> Result<(u32, u32), Error> {
        let account = self.account;
        let mut row = tx.get(&TEMPORARY, &account)?.ok_or(MISSING)?;
        check(&row, self.now)?;
        // It was started again at the same moment.
        if tx.get(&ACCOUNT_KEYS, &account)?.as_ref() != Some(&self.before) {
            return Err(Error::Refused);
        }
        row.sealed_password.clone_from(&self.first.sealed_password);
        row.claimed = None;
        tx.put(&TEMPORARY, &account, &row)?;
        tx.put(&ACCOUNT_KEYS, &account, &self.keys)?;
        password::drop_in_tx(tx, account, |_| true)?;
        tx.put(&CREDENTIALS, &(account, self.first.id), &self.first.credential)?;
        tx.delete(&TOTP, &account);
        session_rows::end_others_in_tx(tx, account, None)?;
        self.clear_sealed_in_tx(tx)?;
        self.epoch.store_in_tx(tx, account)?;
        self.messages_in_tx(tx)
    }

    /// Removes what was sealed to the keys before, except for messages.
    fn clear_sealed_in_tx(&self, tx: &mut Tx<'_, '_>) -> Result<(), Error> {
        let account = self.account;
        let (mut uploads, mut drafts) = (Vec::new(), Vec::new());
        tx.scan_keys(&UPLOADS, &account, |(_, upload)| {
            uploads.push(upload);
            ControlFlow::Continue(())
        })?;
        tx.scan(&DRAFTS, &account, Order::Ascending, |key, draft| {
            drafts.push((key, quota::draft(&draft)));
            ControlFlow::Continue(())
        })?;
        for upload in uploads {
            upload::remove_in_tx(tx, account, upload)?;
        }
        for (key, octets) in drafts {
            tx.delete(&DRAFTS, &key);
            quota::discharge_in_tx(tx, account, octets)?;
        }
        clear_in_tx(tx, &EPOCHS, account)?;
        clear_in_tx(tx, &LABELS, account)?;
        clear_in_tx(tx, &FILTERS, account)?;
        clear_in_tx(tx, &APPEARANCES, account)
    }

    fn messages_in_tx(&self, tx: &mut Tx<'_, '_>) -> Result<(u32, u32), Error> {
        let mut entries: Vec<(Place, Entry)> = Vec::new();
        let order = Order::Ascending;
        tx.scan(&ENTRIES, &self.account, order, |(_, mailbox, uid), entry| {
            entries.push((Place { mailbox, uid }, entry));
            ControlFlow::Continue(())
        })?;
        let (mut brought, mut lost) = (0, 0);
        for (place, mut entry) in entries {
            let copy = self.copies.get(&entry.reference).filter(|_| !entry.sent);
            let Some(copy) = copy else {
                lost += u32::from(!entry.sent);
                filing::remove_in_tx(tx, self.account, place, &entry, self.now)?;
                continue;
            };
            brought += 1;
            entry.epoch = self.epoch.id;
            entry.sealed_summary.clone_from(&copy.sealed_summary);
            entry.wrapped_key.clone_from(&copy.wrapped_key);
            entry.labels.clear();
            tx.put(&ENTRIES, &(self.account, place.mailbox, place.uid), &entry)?;
        }
        Ok((brought, lost))
    }
}
