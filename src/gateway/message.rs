//! Messages in a reader's mailboxes: list, open, reject, change, delete.
//!
//! | state | list shows | leads to |
//! | --- | --- | --- |
//! | unopened | sender, time, reference, size, protection, subject | opened, or rejected |
//! | opened | the same, and the content can be read | moved, deleted |
//! | rejected | nothing: the reader's key was destroyed unread | – |
//!
//! Opening and rejecting each leave one outcome, from which the sender's confirmation is made.
//! A number that is unknown, somebody else's or rejected gets the same answer.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::mail::mdn::Disposition;
use crate::mail::reference::Reference;
use crate::store::{Order, Read, Room, Span, Tx};
use crate::vault::Epoch;

use super::change::{self, Changed};
use super::content::Content;
use super::notice::Telling;
use super::parcel::{Noted, NoticeOf, SealedSummary, let_go_in_tx, reader_binding};
use super::tables::{
    ACCOUNTS, AccountId, DeliveryState, ENTRIES, EPOCHS, Entry, LabelId, MAILBOXES, MESSAGES,
    Mailbox, MailboxId, OUTCOMES, Outcome, OutcomeKind, PLACES, Place, Protection, ReferenceKey,
    RejectReason,
};
use super::{
    Actor, Error, EventKind, Gateway, account, conversation, delivery, epoch, label, mailbox,
    queue, search,
};

/// What the reader sees of a message without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemView {
    pub reference: Reference,
    pub mailbox: String,
    pub from_name: Option<String>,
    pub from_address: Option<String>,
    pub subject: String,
    pub received: Timestamp,
    pub size: u64,
    pub attachments: u32,
    pub protection: Protection,
    pub opened: Option<Timestamp>,
    pub unread: bool,
    pub starred: bool,
    /// The account's own letter, and to whom it went.
    pub sent: bool,
    pub recipients: Vec<String>,
    /// What it is about, when the system itself wrote it.
    pub notice: Option<NoticeOf>,
    /// The reader is asked whether the outside sender may learn what became of it.
    pub asks_confirmation: bool,
    /// Letters with the same word here answer each other.
    pub conversation: Option<String>,
    pub labels: Vec<LabelId>,
}

/// A window of a mailbox, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub state: String,
    pub total: u64,
    pub unread: u64,
    pub items: Vec<ItemView>,
    /// Where the next window begins; `None` at the end.
    pub next: Option<String>,
}

/// What to change about a message; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub unread: Option<bool>,
    pub starred: Option<bool>,
    /// Moves it: a mailbox's id, or its role's word.
    pub mailbox: Option<String>,
    /// A label that it gets,
    pub label: Option<LabelId>,
    /// and one that it loses.
    pub unlabel: Option<LabelId>,
    /// The unread mark goes even from what was never opened, as a filter may want.
    pub quiet: bool,
}

/// A message with what can be changed about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    pub reference: Reference,
    pub mailbox: String,
    pub unread: bool,
    pub starred: bool,
    pub conversation: Option<String>,
    pub labels: Vec<LabelId>,
}

/// Some of all messages of a mailbox, or of all that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarksPage {
    pub items: Vec<Marks>,
    /// Where the rest begins; `None` at the end.
    pub next: Option<String>,
}

/// What [`Gateway::message_change_many`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedMany {
    pub state: String,
    pub done: Vec<Reference>,
    pub failed: Vec<(Reference, &'static str)>,
}

/// The longest window of a list.
pub const WINDOW_MAX: usize = 200;
/// How many messages one answer about all of them has.
pub const MARKS_MAX: usize = 5_000;

const NOT_FOUND: Error = Error::NotFound { what: "message" };

impl Gateway {
    /// A window of a mailbox: `limit` messages older than the cursor `before`.
    pub fn message_list(
        &self,
        actor: &Actor,
        mailbox: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Page, Error> {
        let account = actor.account();
        let id = self.mailbox_find(account, mailbox)?;
        let before = before.map(parse_cursor).transpose()?;
        let limit = limit.clamp(1, WINDOW_MAX);
        let state = self.state(account)?;
        let counts = self.inner.store.get(&MAILBOXES, &(account, id))?.ok_or(NOT_FOUND)?;
        let (rows, next) = self.window(account, id, before, limit)?;
        let mut epochs = OpenedEpochs::new(self, actor);
        let items = rows.iter().map(|entry| epochs.item(id, entry)).collect::<Result<_, _>>()?;
        Ok(Page { state, total: counts.total, unread: counts.unread, items, next })
    }

    /// One message as the list shows it.
    pub fn message_item(&self, actor: &Actor, reference: Reference) -> Result<ItemView, Error> {
        let (place, entry) = self.entry(actor.account(), reference)?;
        OpenedEpochs::new(self, actor).item(place.mailbox, &entry)
    }

    /// The same for several; those that are not there are left out. At most [`WINDOW_MAX`].
    pub fn message_items(
        &self,
        actor: &Actor,
        references: &[Reference],
    ) -> Result<Vec<ItemView>, Error> {
        if references.len() > WINDOW_MAX {
            return Err(Error::Invalid { what: format!("at most {WINDOW_MAX} references") });
        }
        let mut epochs = OpenedEpochs::new(self, actor);
        let mut items = Vec::with_capacity(references.len());
        for reference in references {
            match self.entry(actor.account(), *reference) {
                Err(Error::NotFound { .. }) => {}
                found => {
                    let (place, entry) = found?;
                    items.push(epochs.item(place.mailbox, &entry)?);
                }
            }
        }
        Ok(items)
    }

    /// Opens a message: its octets, trace lines in front. The first time, it is marked read
    /// and the outcome is recorded; not before it turned out to be intact. `said` is whether an
    /// outside sender may be told, where the reader is asked.
    pub fn message_open(
        &self,
        actor: &Actor,
        reference: Reference,
        said: Option<bool>,
    ) -> Result<(ItemView, Content), Error> {
        let (_, entry) = self.entry(actor.account(), reference)?;
        let content = self.content(actor, &entry)?;
        if entry.opened.is_none() {
            self.mark_opened(actor.account(), reference.to_bytes(), said)?;
        }
        Ok((self.message_item(actor, reference)?, content))
    }

    /// The octets of a message that was opened before, trace lines in front; `not-opened` else.
    pub fn message_raw(
        &self,
        actor: &Actor,
        reference: Reference,
    ) -> Result<(ItemView, Content), Error> {
        let (place, entry) = self.entry(actor.account(), reference)?;
        require_opened(&entry)?;
        let content = self.content(actor, &entry)?;
        Ok((OpenedEpochs::new(self, actor).item(place.mailbox, &entry)?, content))
    }

    /// Rejects a message unread: the reader's key to it is destroyed without opening anything.
    /// The content goes with the last reader.
    pub fn message_reject(
        &self,
        actor: &Actor,
        reference: Reference,
        reason: Option<RejectReason>,
        said: Option<bool>,
    ) -> Result<Timestamp, Error> {
        let (account, key) = (actor.account(), reference.to_bytes());
        let now = self.inner.clock.now();
        let kept = self.inner.settings.changes_kept;
        let outcome = OutcomeKind::Rejected(reason);
        self.outcome_transact(account, key, outcome, said, now, move |tx| {
            let (place, entry) = entry_in_tx(tx, account, key)?;
            if entry.opened.is_some() {
                return Err(Error::Conflict { code: "already-opened" });
            }
            let first = outcome_in_tx(tx, account, key, outcome, now)?;
            remove_in_tx(tx, account, place, &entry, now)?;
            Ok((first, change::record_in_tx(tx, account, Changed::Removed(key), kept)?))
        })?;
        Ok(now)
    }

    /// Changes a message's marks or moves it.
    pub fn message_change(
        &self,
        actor: &Actor,
        reference: Reference,
        change: &Change,
    ) -> Result<ItemView, Error> {
        self.change_check(actor, change)?;
        self.change_one(actor.account(), reference.to_bytes(), change)?;
        self.message_item(actor, reference)
    }

    /// The same change for many messages; each succeeds or fails by itself.
    pub fn message_change_many(
        &self,
        actor: &Actor,
        references: &[Reference],
        change: &Change,
    ) -> Result<ChangedMany, Error> {
        let account = actor.account();
        self.change_check(actor, change)?;
        let wanted = self.change_wanted(account, change)?;
        let references = references.to_vec();
        // One transaction, so that a whole mailbox is moved in seconds.
        let (done, failed) = self.transact_changed(account, EventKind::Mail, move |tx| {
            let (mut done, mut failed) = (Vec::new(), Vec::new());
            let mut modseq = change::counters_in_tx(tx, account)?.modseq;
            for reference in &references {
                match wanted.apply_in_tx(tx, account, reference.to_bytes()) {
                    Ok(changed) => {
                        modseq = changed;
                        done.push(*reference);
                    }
                    Err(Error::NotFound { what: "message" }) => {
                        failed.push((*reference, "not-found"));
                    }
                    Err(Error::Conflict { code }) => failed.push((*reference, code)),
                    Err(other) => return Err(other),
                }
            }
            Ok(((done, failed), modseq))
        })?;
        Ok(ChangedMany { state: self.state(account)?, done, failed })
    }

    /// All messages of a mailbox, newest first, with no more than what can be changed about them.
    pub fn message_marks(
        &self,
        actor: &Actor,
        mailbox: &str,
        before: Option<&str>,
    ) -> Result<MarksPage, Error> {
        let account = actor.account();
        let id = self.mailbox_find(account, mailbox)?;
        let before = before.map(parse_cursor).transpose()?;
        let (rows, next) = self.window(account, id, before, MARKS_MAX)?;
        let items = rows.iter().map(|entry| marks(id, entry)).collect::<Result<_, _>>()?;
        Ok(MarksPage { items, next })
    }

    /// Deletes what has lain in trash or junk for as long as is set, except what was never
    /// opened: its sender waits to hear whether it was read or rejected. At most `limit` at once.
    pub fn messages_expire(&self, limit: usize) -> Result<usize, Error> {
        let (settings, now) = (&self.inner.settings, self.inner.clock.now());
        let before = |kept: Option<i64>| kept.map(|secs| now.plus_secs(-secs));
        let places = [
            ("trash", before(settings.trash_kept_secs)),
            ("junk", before(settings.junk_kept_secs)),
        ];
        let mut accounts = Vec::new();
        self.inner.store.scan(&ACCOUNTS, &(), Order::Ascending, |id, _| {
            accounts.push(id);
            ControlFlow::Continue(())
        })?;
        let mut count = 0;
        for account in accounts {
            for (role, before) in places {
                let Some(before) = before else { continue };
                match self.expire_one(account, role, before, limit - count) {
                    Ok(removed) => count += removed,
                    // One account's trouble is not the others'.
                    Err(error) => tracing::warn!(%error, "what was thrown away is still there"),
                }
                if count >= limit {
                    return Ok(count);
                }
            }
        }
        Ok(count)
    }

    fn expire_one(
        &self,
        account: AccountId,
        role: &str,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, Error> {
        let mailbox = match self.mailbox_find(account, role) {
            // An account that is just ending has none.
            Err(Error::NotFound { .. }) => return Ok(0),
            found => found?,
        };
        let over = self.lying_since(account, mailbox, before, limit)?;
        let count = over.len();
        self.remove_lying(account, mailbox, before, over)?;
        Ok(count)
    }

    fn lying_since(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<ReferenceKey>, Error> {
        let mut over = Vec::new();
        let prefix = (account, mailbox);
        self.inner.store.scan(&ENTRIES, &prefix, Order::Ascending, |_, entry| {
            // They lie in the order in which they came here.
            if entry.filed >= before || over.len() == limit {
                return ControlFlow::Break(());
            }
            if entry.opened.is_some() {
                over.push(entry.reference);
            }
            ControlFlow::Continue(())
        })?;
        Ok(over)
    }

    /// Removes those that still lie there since then, opened: their owner may have taken one out
    /// meanwhile.
    pub(super) fn remove_lying(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        before: Timestamp,
        over: Vec<ReferenceKey>,
    ) -> Result<(), Error> {
        if over.is_empty() {
            return Ok(());
        }
        let kept = self.inner.settings.changes_kept;
        let now = self.inner.clock.now();
        self.transact_changed(account, EventKind::Mail, move |tx| {
            let mut modseq = change::counters_in_tx(tx, account)?.modseq;
            for key in &over {
                let (place, entry) = match entry_in_tx(tx, account, *key) {
                    Err(Error::NotFound { .. }) => continue,
                    found => found?,
                };
                let lies = place.mailbox == mailbox && entry.filed < before;
                if !lies || entry.opened.is_none() {
                    continue;
                }
                remove_in_tx(tx, account, place, &entry, now)?;
                modseq = change::record_in_tx(tx, account, Changed::Removed(*key), kept)?;
            }
            Ok(((), modseq))
        })
    }

    /// How many messages are stored, whoever reads them.
    pub fn message_count(&self) -> Result<u64, Error> {
        Ok(self.inner.store.count(&MESSAGES, &())?)
    }

    /// How much room the store takes, and has.
    pub fn room(&self) -> Result<Room, Error> {
        Ok(self.inner.store.engine().room()?)
    }

    /// That what a change names is there.
    fn change_check(&self, actor: &Actor, change: &Change) -> Result<(), Error> {
        change.label.map_or(Ok(()), |label| self.label_check(actor, label))
    }

    fn change_wanted(&self, account: AccountId, change: &Change) -> Result<Wanted, Error> {
        let target = change.mailbox.as_deref().map(|id| self.mailbox_find(account, id));
        Ok(Wanted {
            target: target.transpose()?,
            change: change.clone(),
            now: self.inner.clock.now(),
            kept: self.inner.settings.changes_kept,
        })
    }

    /// Deletes an opened message: this reader's copy and key. An unopened one is `not-opened`:
    /// its sender waits to hear whether it was read or rejected.
    pub fn message_delete(&self, actor: &Actor, reference: Reference) -> Result<(), Error> {
        let (account, key) = (actor.account(), reference.to_bytes());
        let kept = self.inner.settings.changes_kept;
        let now = self.inner.clock.now();
        self.transact_changed(account, EventKind::Mail, move |tx| {
            let (place, entry) = entry_in_tx(tx, account, key)?;
            require_opened(&entry)?;
            remove_in_tx(tx, account, place, &entry, now)?;
            Ok(((), change::record_in_tx(tx, account, Changed::Removed(key), kept)?))
        })
    }

    fn window(
        &self,
        account: AccountId,
        id: MailboxId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), Error> {
        let mut span = Span::prefix(&ENTRIES.raw(&(account, id)), Order::Descending);
        if let Some(uid) = before {
            span.to = Some(ENTRIES.raw(&(account, id, uid)));
        }
        let (mut rows, mut next) = (Vec::new(), None);
        self.inner.store.scan_span(&ENTRIES, &span, |(_, _, uid), entry| {
            if rows.len() == limit {
                next = Some(uid.saturating_add(1).to_string());
                return ControlFlow::Break(());
            }
            rows.push(entry);
            ControlFlow::Continue(())
        })?;
        Ok((rows, next))
    }

    pub(super) fn entry(
        &self,
        account: AccountId,
        reference: Reference,
    ) -> Result<(Place, Entry), Error> {
        find_entry(&self.inner.store, account, reference.to_bytes())
    }

    pub(super) fn content(&self, actor: &Actor, entry: &Entry) -> Result<Content, Error> {
        let damaged = |_| Error::Damaged { what: "the message is not what was stored".to_owned() };
        let mut epochs = OpenedEpochs::new(self, actor);
        let bound = reader_binding(actor.account(), entry.reference);
        let key = epochs.get(entry.epoch)?.unwrap_content(&bound, &entry.wrapped_key);
        let key = key.map_err(damaged)?;
        let summary = epochs.summary(entry)?;
        let store = self.inner.store.clone();
        Content::open(store, key, entry.reference, summary.outline)?.ok_or(NOT_FOUND)
    }

    fn mark_opened(
        &self,
        account: AccountId,
        key: ReferenceKey,
        said: Option<bool>,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let kept = self.inner.settings.changes_kept;
        self.outcome_transact(account, key, OutcomeKind::Read, said, now, move |tx| {
            let (place, mut entry) = entry_in_tx(tx, account, key)?;
            let mut first = false;
            if entry.opened.is_none() {
                let before = entry.clone();
                (entry.opened, entry.unread) = (Some(now), false);
                first = outcome_in_tx(tx, account, key, OutcomeKind::Read, now)?;
                recount_in_tx(tx, account, place.mailbox, Some(&before), Some(&entry))?;
                tx.put(&ENTRIES, &(account, place.mailbox, place.uid), &entry)?;
                search::wait_in_tx(tx, account, key)?;
            }
            Ok((first, change::record_in_tx(tx, account, Changed::Updated(key), kept)?))
        })
    }

    /// Runs `work`, which says whether it recorded the outcome; then, in the same transaction,
    /// the sender's status line, confirmation, or report to outside. So there is exactly one of
    /// each for every reader and outcome, whatever crashes or is asked twice.
    fn outcome_transact(
        &self,
        account: AccountId,
        key: ReferenceKey,
        outcome: OutcomeKind,
        said: Option<bool>,
        now: Timestamp,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<(bool, u64), Error> + Send + 'static,
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
            if let Some(sender) = self.letter_sender(key)?.filter(|sender| *sender != account) {
                let recipient = &delivery.address;
                let telling = Telling {
                    kind: state,
                    about: key,
                    recipient,
                    at: now,
                    detail: None,
                    besides: None,
                    report: None,
                };
                // A sender whose account is gone needs no notice.
                notice = match self.account(sender) {
                    Ok(_) => Some(self.notice_prepare(sender, &telling)?),
                    Err(_) => None,
                };
            }
        } else {
            report = self.confirmation_prepare(account, key, disposition, said, now)?;
        }
        let index = delivery.map(|(index, _)| index);
        let (this, wake) = (self.clone(), self.inner.queue_wake.clone());
        let noted: Noted<u64> = Noted::default();
        let own = noted.clone();
        self.notice_transact(notice, key, move |tx| {
            let (first, modseq) = work(tx)?;
            noted.set(modseq);
            if !first {
                return Ok(false);
            }
            if let Some(index) = index {
                delivery::end_in_tx(tx, key, index, state, reason, now)?;
            }
            if let Some(report) = &report {
                queue::held_mail_in_tx(tx, report, now)?;
            }
            Ok(true)
        })?;
        this.publish(account, EventKind::Mail, *own.lock());
        wake.notify_one();
        Ok(())
    }

    pub(super) fn change_one(
        &self,
        account: AccountId,
        key: ReferenceKey,
        change: &Change,
    ) -> Result<(), Error> {
        let wanted = self.change_wanted(account, change)?;
        self.transact_changed(account, EventKind::Mail, move |tx| {
            Ok(((), wanted.apply_in_tx(tx, account, key)?))
        })
    }
}

/// A change whose mailbox was found.
struct Wanted {
    target: Option<MailboxId>,
    change: Change,
    now: Timestamp,
    kept: u64,
}

impl Wanted {
    /// Changes one message; tells the change's number. What cannot be done changes nothing.
    fn apply_in_tx(
        &self,
        tx: &mut Tx<'_>,
        account: AccountId,
        key: ReferenceKey,
    ) -> Result<u64, Error> {
        let (place, mut entry) = entry_in_tx(tx, account, key)?;
        let before = entry.clone();
        entry.unread = self.change.unread.unwrap_or(entry.unread);
        entry.starred = self.change.starred.unwrap_or(entry.starred);
        // What was never opened is not read by its reader saying so; a filter may say it.
        if self.change.unread == Some(false) && !self.change.quiet && entry.opened.is_none() {
            entry.unread = before.unread;
        }
        entry.labels.retain(|label| Some(*label) != self.change.unlabel);
        if let Some(label) = self.change.label.filter(|label| !entry.labels.contains(label)) {
            if entry.labels.len() == label::OF_ONE_MAX {
                return Err(Error::Conflict { code: "labels" });
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
        change::record_in_tx(tx, account, Changed::Updated(key), self.kept)
    }
}

/// What can be changed about a message.
pub(super) fn marks(mailbox: MailboxId, entry: &Entry) -> Result<Marks, Error> {
    Ok(Marks {
        reference: Reference::from_bytes(entry.reference).ok_or_else(damaged_summary)?,
        mailbox: mailbox.to_string(),
        unread: entry.unread,
        starred: entry.starred,
        conversation: entry.conversation.map(|key| super::session::hex(&key)),
        labels: entry.labels.clone(),
    })
}

/// The epochs that one request opened: one decapsulation each, wiped with the request.
pub(super) struct OpenedEpochs<'r> {
    gateway: &'r Gateway,
    actor: &'r Actor,
    opened: HashMap<u64, Epoch>,
}

impl<'r> OpenedEpochs<'r> {
    pub fn new(gateway: &'r Gateway, actor: &'r Actor) -> Self {
        OpenedEpochs { gateway, actor, opened: HashMap::new() }
    }

    fn get(&mut self, id: u64) -> Result<&Epoch, Error> {
        if !self.opened.contains_key(&id) {
            let account = self.actor.account();
            let record = self.gateway.inner.store.get(&EPOCHS, &(account, id))?;
            let missing = || Error::Damaged { what: "an arrival epoch is missing".to_owned() };
            let record = record.ok_or_else(missing)?;
            let bound = epoch::binding(account, id);
            let keys = self.actor.secret().epoch_open(&record.encapsulation, &bound)?;
            self.opened.insert(id, keys);
        }
        Ok(&self.opened[&id])
    }

    pub fn summary(&mut self, entry: &Entry) -> Result<SealedSummary, Error> {
        let bound = reader_binding(self.actor.account(), entry.reference);
        let summary = self.get(entry.epoch)?.open_summary(&bound, &entry.sealed_summary);
        let summary = summary.map_err(|_| damaged_summary())?;
        postcard::from_bytes(&summary).map_err(|_| damaged_summary())
    }

    pub fn item(&mut self, mailbox: MailboxId, entry: &Entry) -> Result<ItemView, Error> {
        let summary = self.summary(entry)?;
        Ok(ItemView {
            reference: Reference::from_bytes(entry.reference).ok_or_else(damaged_summary)?,
            mailbox: mailbox.to_string(),
            from_name: summary.from_name,
            from_address: summary.from_address,
            subject: summary.subject,
            received: entry.received,
            size: entry.size,
            attachments: summary.attachments,
            protection: entry.protection.clone(),
            opened: entry.opened,
            unread: entry.unread,
            starred: entry.starred,
            sent: entry.sent,
            recipients: summary.recipients,
            notice: summary.notice,
            asks_confirmation: entry.opened.is_none()
                && self.gateway.confirmation_asked(self.actor.account(), entry.reference)?,
            conversation: entry.conversation.map(|key| super::session::hex(&key)),
            labels: entry.labels.clone(),
        })
    }
}

fn damaged_summary() -> Error {
    Error::Damaged { what: "a summary is not what was stored".to_owned() }
}

fn parse_cursor(cursor: &str) -> Result<u32, Error> {
    cursor.parse().map_err(|_| Error::Invalid { what: "cursor".to_owned() })
}

fn require_opened(entry: &Entry) -> Result<(), Error> {
    entry.opened.map(|_| ()).ok_or(Error::Conflict { code: "not-opened" })
}

pub(super) fn find_entry(
    reader: &impl Read,
    account: AccountId,
    key: ReferenceKey,
) -> Result<(Place, Entry), Error> {
    let place = reader.get(&PLACES, &(account, key))?.ok_or(NOT_FOUND)?;
    let entry = reader.get(&ENTRIES, &(account, place.mailbox, place.uid))?.ok_or(NOT_FOUND)?;
    Ok((place, entry))
}

fn entry_in_tx(
    tx: &Tx<'_>,
    account: AccountId,
    key: ReferenceKey,
) -> Result<(Place, Entry), Error> {
    find_entry(tx, account, key)
}

/// Records what became of a reader's copy, and that the reader did something. The first
/// outcome stands: there is exactly one.
fn outcome_in_tx(
    tx: &mut Tx<'_>,
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

/// Removes a reader's entry with its key wrap; the content goes with the last reader.
pub(super) fn remove_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    place: Place,
    entry: &Entry,
    at: Timestamp,
) -> Result<(), Error> {
    search::forget_in_tx(tx, account, entry.reference, at)?;
    conversation::leave_in_tx(tx, account, entry)?;
    tx.delete(&ENTRIES, &(account, place.mailbox, place.uid));
    tx.delete(&PLACES, &(account, entry.reference));
    recount_in_tx(tx, account, place.mailbox, Some(entry), None)?;
    let_go_in_tx(tx, entry.reference)
}

fn move_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    place: Place,
    target: MailboxId,
    before: &Entry,
    entry: &Entry,
) -> Result<(), Error> {
    let mut mailbox = mailbox::get_in_tx(tx, account, target)?;
    let uid = mailbox.uid_next;
    mailbox.uid_next = uid.checked_add(1).ok_or(Error::OverQuota)?;
    tx.put(&MAILBOXES, &(account, target), &mailbox)?;
    tx.delete(&ENTRIES, &(account, place.mailbox, place.uid));
    tx.put(&ENTRIES, &(account, target, uid), entry)?;
    tx.put(&PLACES, &(account, entry.reference), &Place { mailbox: target, uid })?;
    recount_in_tx(tx, account, place.mailbox, Some(before), None)?;
    recount_in_tx(tx, account, target, None, Some(entry))
}

/// Keeps a mailbox's counts in step with one entry that changed, came or went.
fn recount_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: MailboxId,
    before: Option<&Entry>,
    after: Option<&Entry>,
) -> Result<(), Error> {
    let mut mailbox = mailbox::get_in_tx(tx, account, id)?;
    let count =
        |entry: Option<&Entry>, counts: fn(&Entry) -> bool| u64::from(entry.is_some_and(counts));
    let adjust = |total: u64, counts: fn(&Entry) -> bool| {
        (total + count(after, counts)).saturating_sub(count(before, counts))
    };
    mailbox = Mailbox {
        total: adjust(mailbox.total, |_| true),
        unread: adjust(mailbox.unread, |entry| entry.unread),
        unopened: adjust(mailbox.unopened, |entry| entry.opened.is_none()),
        ..mailbox
    };
    Ok(tx.put(&MAILBOXES, &(account, id), &mailbox)?)
}
