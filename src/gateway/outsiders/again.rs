//! Starting a temporary account again, when its owner has lost the passphrase.
//!
//! Nobody but its owner opens an account, so its keys are lost with the passphrase. It gets others, and
//! what the sponsor can open is sealed to those once more: the messages of which the sponsor has the
//! own copy. All else in it is gone: replies, drafts, and messages from other senders, who learn that
//! what was not opened has expired.
//!
//! All of it is one transaction: the new keys, another one-time password, the messages sealed anew, the
//! end of the sessions, the notices to senders, the entry in the audit log and the notification. What it
//! does with a message is decided before. If another message has come meanwhile, or one whose sending can
//! be undone, it changes nothing and all begins again. A message that was sealed to the keys before and
//! is stored after it is refused, and sealed anew (`Arriving::check`).
//!
//! The hand-off is `claim` from then on, whatever it was: with `by-sender` the sponsor would get an
//! account whose owner has chosen a passphrase.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::gateway::accounts::claim::Successor;
use crate::gateway::accounts::{password, session_rows};
use crate::gateway::actor::Actor;
use crate::gateway::audit::PreparedEntry;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::entry::find_entry;
use crate::gateway::mailboxes::epoch::Arriving;
use crate::gateway::mailboxes::filing;
use crate::gateway::mailboxes::item::OpenedEpochs;
use crate::gateway::mailboxes::sealed_message::SealedMessage;
use crate::gateway::mailboxes::summary::{SealedSummary, reader_binding};
use crate::gateway::outsiders::clearing::clear_in_tx;
use crate::gateway::outsiders::expiry::end_in_tx;
use crate::gateway::outsiders::notification::Anew;
use crate::gateway::outsiders::temporary::{MISSING, TemporaryView};
use crate::gateway::records::account::AccountKeys;
use crate::gateway::records::audit::Act;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::keyring_rows::keys_lost_in_tx;
use crate::gateway::records::mailbox::{Entry, Place};
use crate::gateway::records::queue::Due;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, APPEARANCES, CODE_FAILURES, CREDENTIALS, DRAFTS, ENTRIES, EPOCHS, FILTERS, HELD,
    LABELS, PICKUPS, PICKUPS_OF, TEMPORARY, TOTP, UPLOADS,
};
use crate::gateway::records::temporary::Temporary;
use crate::gateway::reporting::notice::notice_in_tx;
use crate::gateway::{Gateway, quota, upload};
use crate::store::{Order, Read};
use crate::terms::{DeliveryState, HandOff, StepNote};
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
pub(in crate::gateway) struct Again {
    account: AccountId,
    before: AccountKeys,
    keys: AccountKeys,
    first: Successor,
    epoch: Arc<Arriving>,
    /// What was in the account when it was decided what becomes of it.
    judged: HashSet<ReferenceKey>,
    copies: HashMap<ReferenceKey, Copy>,
    /// The notices to the senders of what is lost and was not opened.
    endings: HashMap<ReferenceKey, Option<SealedMessage>>,
    anew: Anew,
    entry: PreparedEntry,
    now: Timestamp,
}

/// A message in the account that its owner did not write.
struct Received {
    reference: ReferenceKey,
    at: Timestamp,
    opened: bool,
}

/// At most so many messages are sealed anew, the latest.
const BROUGHT_MAX: usize = 500;

/// How often it is begun anew, because a message has come meanwhile.
const TRIES: usize = 5;

/// How long after its owner asked for help an account may be started again although unopened messages of
/// other senders are lost.
const ASKED_SECS: i64 = 7 * 24 * 3600;

impl Gateway {
    /// Starts a temporary account again for its sponsor: what opened it opens nothing any more, its
    /// sessions end, and its owner gets a notification with another one-time password. Fails with
    /// `one-time-password` as long as a notification brings one anyway, and with `others-wait` if
    /// unopened messages of others would be lost whose reader has not asked for help.
    pub fn temporary_start_again(
        &self,
        actor: &Actor,
        id: &str,
        peer: &str,
    ) -> Result<StartedAgain, Error> {
        let account = self.sponsored(actor, id)?;
        for _ in 0..TRIES {
            let again = self.again(actor, account, peer)?;
            if let Some((brought, lost)) = self.again_store(again)? {
                let id = account.to_text();
                tracing::info!(account.id = %id, brought, lost, "temporary account started again");
                let view = self.temporary_view(account, Some(actor.account()))?;
                return Ok(StartedAgain { account: view.ok_or(MISSING)?, brought, lost });
            }
        }
        Err(Error::Busy)
    }

    /// Decides what becomes of each message, and prepares everything that is stored.
    pub(in crate::gateway) fn again(
        &self,
        actor: &Actor,
        account: AccountId,
        peer: &str,
    ) -> Result<Again, Error> {
        let now = self.inner.clock.now();
        let mut row = self.temporary(account)?.ok_or(MISSING)?;
        check(&row, now)?;
        if is_held(&self.inner.store, account)? {
            return Err(Error::Conflict(Conflict::BeingSent));
        }
        let before = self.inner.store.get(&ACCOUNT_KEYS, &account)?.ok_or(MISSING)?;
        let new = vault::account_keys(&account.0)?;
        let epoch = Arc::new(self.epoch_under(account, &new.public)?);
        let received = self.received(account)?;
        let copies = self.own_copies(actor, account, &received, &epoch)?;
        let endings = self.endings(actor, &row, account, &received, &copies)?;
        let first = self.one_time_new(account, &new.unlock)?;
        change(&mut row, &first);
        let unopened = received.iter().filter(|one| !one.opened);
        let unopened = unopened.filter(|one| copies.contains_key(&one.reference)).count() as u64;
        let brought = |message: &ReferenceKey| copies.contains_key(message);
        let anew = self.notification_anew(account, &row, brought, unopened)?;
        let who = self.name_of(actor.person());
        let about = format!("{} (temporary account started again)", row.address);
        let entry = self.note_prepare((&who, Act::CredentialRemoved, &about, peer))?;
        let judged = received.iter().map(|one| one.reference).collect();
        let keys = AccountKeys::new(&new);
        Ok(Again { account, before, keys, first, epoch, judged, copies, endings, anew, entry, now })
    }

    /// Stores what was prepared; returns how many messages were sealed anew, and how many were lost.
    /// Changes nothing and returns `None` if it was prepared from what is no longer so.
    pub(in crate::gateway) fn again_store(
        &self,
        again: Again,
    ) -> Result<Option<(u32, u32)>, Error> {
        let account = again.account;
        let done = self.transact(move |tx| again.store_in_tx(tx)).wait()?;
        if done.is_some() {
            self.publish_session(account);
        }
        Ok(done)
    }

    /// The messages in the account that its owner did not write, the latest first.
    fn received(&self, account: AccountId) -> Result<Vec<Received>, Error> {
        let mut received = Vec::new();
        self.inner.store.scan(&ENTRIES, &account, Order::Ascending, |_, entry| {
            if !entry.sent {
                let (at, opened) = (entry.received, entry.opened.is_some());
                received.push(Received { reference: entry.reference, at, opened });
            }
            ControlFlow::Continue(())
        })?;
        received.sort_unstable_by_key(|one| std::cmp::Reverse(one.at));
        Ok(received)
    }

    /// What the senders of the messages learn that are lost without having been opened.
    fn endings(
        &self,
        actor: &Actor,
        row: &Temporary,
        account: AccountId,
        received: &[Received],
        copies: &HashMap<ReferenceKey, Copy>,
    ) -> Result<HashMap<ReferenceKey, Option<SealedMessage>>, Error> {
        let now = self.inner.clock.now();
        let lost =
            received.iter().filter(|one| !one.opened && !copies.contains_key(&one.reference));
        let lost: Vec<ReferenceKey> = lost.map(|one| one.reference).collect();
        for message in &lost {
            let sender = self.message_sender(*message)?;
            if sender.is_some_and(|sender| sender != actor.account())
                && !self.asked_lately(account, now)?
            {
                return Err(Error::Conflict(Conflict::OthersWait));
            }
        }
        let ending = |message| Ok((message, self.ending(message, &row.address, EXPIRED, now)?));
        lost.into_iter().map(ending).collect()
    }

    /// Whether the account's owner has asked for help.
    fn asked_lately(&self, account: AccountId, now: Timestamp) -> Result<bool, Error> {
        let mut keys = Vec::new();
        self.inner.store.scan(&PICKUPS_OF, &account, Order::Ascending, |(_, key), Due| {
            keys.push(key);
            ControlFlow::Continue(())
        })?;
        for key in keys {
            let asked = self.inner.store.get(&PICKUPS, &key)?.and_then(|pickup| pickup.asked);
            if asked.is_some_and(|asked| asked.plus_secs(ASKED_SECS) > now) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Seals the messages of which the actor is the sender, and has the own copy, in `epoch`.
    fn own_copies(
        &self,
        actor: &Actor,
        account: AccountId,
        received: &[Received],
        epoch: &Arriving,
    ) -> Result<HashMap<ReferenceKey, Copy>, Error> {
        let mut epochs = OpenedEpochs::new(self, actor);
        let mut copies = HashMap::new();
        for message in received.iter().map(|one| one.reference) {
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

/// What becomes of a message that is lost and was not opened.
const EXPIRED: (DeliveryState, Option<StepNote>) = (DeliveryState::Expired, None);

/// Whether the sending of a message to the account can be undone: that is sealed to the keys which are to
/// be replaced.
fn is_held(reader: &impl Read, account: AccountId) -> Result<bool, Error> {
    let mut messages = Vec::new();
    reader.scan_keys(&HELD, &(), |message| {
        messages.push(message);
        ControlFlow::Continue(())
    })?;
    for message in messages {
        let held = match reader.get(&HELD, &message).map_err(Error::from) {
            // It is never released.
            Err(Error::Damaged { .. }) => continue,
            held => held?,
        };
        if held.is_some_and(|held| held.copies.iter().any(|one| one.copy.account == account)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Changes how the account is handed over, and what opens it.
fn change(row: &mut Temporary, first: &Successor) {
    row.hand_off = HandOff::Claim;
    row.sealed_password.clone_from(&first.sealed_password);
    row.claimed = None;
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
    fn store_in_tx(&self, tx: &mut Tx<'_, '_>) -> Result<Option<(u32, u32)>, Error> {
        let account = self.account;
        let mut row = tx.get(&TEMPORARY, &account)?.ok_or(MISSING)?;
        check(&row, self.now)?;
        if tx.get(&ACCOUNT_KEYS, &account)?.as_ref() != Some(&self.before) {
            return Ok(None);
        }
        let entries = self.entries_in_tx(tx)?;
        let is_judged = |entry: &Entry| entry.sent || self.judged.contains(&entry.reference);
        if !entries.iter().all(|(_, entry)| is_judged(entry)) || is_held(tx, account)? {
            return Ok(None);
        }
        change(&mut row, &self.first);
        tx.put(&TEMPORARY, &account, &row)?;
        tx.put(&ACCOUNT_KEYS, &account, &self.keys)?;
        keys_lost_in_tx(tx, account)?;
        password::drop_in_tx(tx, account, |_| true)?;
        tx.put(&CREDENTIALS, &(account, self.first.id), &self.first.credential)?;
        tx.delete(&TOTP, &account);
        tx.delete(&CODE_FAILURES, &account);
        session_rows::end_others_in_tx(tx, account, None)?;
        self.clear_sealed_in_tx(tx)?;
        self.epoch.store_in_tx(tx, account)?;
        let counts = self.messages_in_tx(tx, entries)?;
        self.entry.store_in_tx(tx)?;
        self.anew.store_in_tx(tx, self.now)?;
        tx.then(|gateway| gateway.inner.renewals.add());
        Ok(Some(counts))
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

    fn entries_in_tx(&self, tx: &Tx<'_, '_>) -> Result<Vec<(Place, Entry)>, Error> {
        let mut entries = Vec::new();
        let order = Order::Ascending;
        tx.scan(&ENTRIES, &self.account, order, |(_, mailbox, uid), entry| {
            entries.push((Place { mailbox, uid }, entry));
            ControlFlow::Continue(())
        })?;
        Ok(entries)
    }

    fn messages_in_tx(
        &self,
        tx: &mut Tx<'_, '_>,
        entries: Vec<(Place, Entry)>,
    ) -> Result<(u32, u32), Error> {
        let (mut brought, mut lost) = (0, 0);
        for (place, mut entry) in entries {
            let copy = self.copies.get(&entry.reference).filter(|_| !entry.sent);
            let Some(copy) = copy else {
                lost += u32::from(!entry.sent);
                self.lose_in_tx(tx, place, &entry)?;
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

    /// Removes a message, and tells its sender if it was not opened.
    fn lose_in_tx(&self, tx: &mut Tx<'_, '_>, place: Place, entry: &Entry) -> Result<(), Error> {
        let (account, message) = (self.account, entry.reference);
        filing::remove_in_tx(tx, account, place, entry, self.now)?;
        let Some(notice) = self.endings.get(&message).filter(|_| entry.opened.is_none()) else {
            return Ok(());
        };
        let told = end_in_tx(tx, (account, message), EXPIRED, self.now)?;
        notice_in_tx(tx, notice.as_ref().filter(|_| told), message)
    }
}
