//! Requests to add a contact: an account asks another one inside to take somebody into its address
//! book, the sender or a third person.
//!
//! ```text
//! asked ─▶ waits, sealed for the owner of the book, with a message that says so
//!       ─▶ allowed (the contact is stored) or refused (nothing is) ─▶ the sender is told
//! ```
//!
//! A request is mail: it is refused where a message of its sender would be, and its message counts for
//! the quota of whom it is for. One that nobody answers ends after 30 days.
//!
//! A request is answered once: the row goes in the transaction that stores the contact and the
//! notice. What a sender asked is sealed for the sender as well, so that nobody asks the same twice.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::changes::PhotoChange;
use crate::gateway::contacts::stored::{StoredContact, fitting};
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::incoming::recipient::{Origin, Reached, Reason, RecipientVerdict};
use crate::gateway::records::contact::{ContactAsked, ContactRequest, RequestOutcome};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::mailbox::Usage;
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, ACCOUNTS, CONTACT_ASKED, CONTACT_REQUESTS, ROLE_MAILBOXES,
};
use crate::gateway::text::shown;
use crate::gateway::{Gateway, quota};
use crate::mail::address::Address;
use crate::mail::contacts::Contact;
use crate::mail::contacts::contact::{digits, normalized};
use crate::mail::envelope::ForwardPath;
use crate::mail::reference::Reference;
use crate::mail::words;
use crate::store::{self, Read, Record};
use crate::vault;

/// A request as it is sealed: whom to add, and the sender's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    pub contact: Contact,
    pub note: String,
    /// The address that was asked, as the sender wrote it.
    pub to: String,
}

impl Record for Proposed {
    const VERSION: u8 = 1;
}

/// A request that waits for the actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestView {
    pub reference: String,
    pub at: Timestamp,
    /// The name and the address of the account that asks.
    pub from: (String, String),
    pub proposed: Proposed,
}

/// A request that the actor sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedView {
    pub reference: String,
    pub at: Timestamp,
    pub to: String,
    pub name: String,
    pub outcome: Option<RequestOutcome>,
}

/// The requests of a sender that wait for an account.
#[derive(Clone, Default)]
struct Waiting {
    seen: BTreeSet<ReferenceKey>,
    /// How many of them were sent to the same address as the one that is about to be.
    at_address: usize,
}

/// The owner's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The contact is stored as it was proposed, or as the owner edited it.
    Allow(Option<Box<Contact>>),
    Refuse,
}

/// The most characters of the sender's words.
pub const NOTE_CHARS_MAX: usize = 500;

/// The most requests that wait for one account, of them those of one sender, that one account may
/// send in a day, and that it can look back at.
pub const WAITING_MAX: u64 = 200;
pub const WAITING_OF_ONE_MAX: usize = 5;
pub const DAILY_MAX: usize = 50;
const ASKED_KEPT: usize = 200;

/// The most octets of a request.
const PROPOSED_OCTETS_MAX: usize = 16 * 1024;

/// How long a request waits for an answer.
pub const WAITING_DAYS: i64 = 30;

const DAY_SECS: i64 = 24 * 3_600;
const MISSING: Error = Error::NotFound { what: "request" };

fn binding(what: &[u8], account: AccountId, reference: ReferenceKey) -> Vec<u8> {
    [b"contact request ".as_slice(), what, b"\0", &account.0, &reference].concat()
}

impl Gateway {
    /// Asks the account that has the address `to` to add a contact: its name, work, addresses, numbers
    /// and links. Whatever else is proposed is left out.
    pub fn contact_request(
        &self,
        actor: &Actor,
        to: &str,
        proposed: Proposed,
    ) -> Result<Reference, Error> {
        let proposed = checked(Proposed { to: to.trim().to_owned(), ..proposed })?;
        // Nobody learns more of who is inside than the directory and SMTP say anyway.
        let owner = self.contact_owner(actor, to)?;
        let owner = owner.filter(|to| *to != actor.account()).ok_or(MISSING)?;
        self.contacts_retry(|| self.contact_ask(actor, owner, &proposed))
    }

    fn contact_ask(
        &self,
        actor: &Actor,
        to: AccountId,
        proposed: &Proposed,
    ) -> Result<Reference, Error> {
        let from = actor.account();
        let waiting = self.contacts_waiting(actor, to, proposed)?;
        let (reference, at) = (self.reference_new(), self.inner.clock.now());
        let key = reference.to_bytes();
        let plain = sealed_form::octets_of(proposed)?;
        let request = self.contact_request_sealed(to, key, (from, at), &plain)?;
        let sealed = actor.secret().seal_own(&binding(b"asked", from, key), &plain)?;
        let asked = ContactAsked { to, at, outcome: None, sealed };
        let message = self.contact_request_message(from, to, reference, proposed)?;
        let done = self.transact(move |tx| {
            ask_allowed_in_tx(tx, (from, to), &waiting, at)?;
            let (mine, theirs) = (quota::asked(&asked), quota::request(&request));
            quota::check_in_tx(tx, from, Usage::default(), mine)?;
            quota::admit_in_tx(tx, [to], message.size + theirs.octets)?;
            asked_forget_in_tx(tx, from)?;
            tx.put(&CONTACT_REQUESTS, &(to, key), &request)?;
            quota::charge_in_tx(tx, to, theirs)?;
            tx.put(&CONTACT_ASKED, &(from, key), &asked)?;
            quota::charge_in_tx(tx, from, mine)?;
            message.store_in_tx(tx)?;
            tx.changed(to, Changed::Contacts).map(drop)
        });
        done.wait()?;
        Ok(reference)
    }

    /// The account inside that takes what people inside write to an address: a request is refused
    /// where a message would be.
    pub(in crate::gateway) fn contact_owner(
        &self,
        actor: &Actor,
        address: &str,
    ) -> Result<Option<AccountId>, Error> {
        let Ok(address) = Address::parse(address.trim()) else { return Ok(None) };
        let (to, asker) = (ForwardPath::Address(address), self.asker(actor.account())?);
        let account = match self.recipient_check_from(&to, &asker, Origin::Inside, 0)? {
            RecipientVerdict::Accept(accepted) => match accepted.reached {
                Reached::Account(account) => account,
                // A group has no address book.
                Reached::Group(_) => return Ok(None),
            },
            RecipientVerdict::Refuse(Reason::MailboxFull) => return Err(Error::MailboxFull),
            RecipientVerdict::Refuse(_) => return Ok(None),
        };
        // Neither has a role mailbox.
        let has_none = self.temporary(account)?.is_some()
            || self.inner.store.has(&ROLE_MAILBOXES, &account)?;
        Ok((!has_none).then_some(account))
    }

    /// The actor's requests that wait for an account; refuses one that is among them already.
    fn contacts_waiting(
        &self,
        actor: &Actor,
        to: AccountId,
        proposed: &Proposed,
    ) -> Result<Waiting, Error> {
        let mut waiting = Waiting::default();
        for (key, row) in self.contacts_asked_rows(actor.account())? {
            if row.to != to || !self.contact_waits(to, key)? {
                continue;
            }
            waiting.seen.insert(key);
            let asked = match self.contact_asked_opened(actor, key, &row) {
                Err(Error::Damaged { .. }) => continue,
                asked => asked?,
            };
            // What was asked at another address of the same account must not be noticed: it would say
            // who has the address.
            if normalized(&asked.to) != normalized(&proposed.to) {
                continue;
            }
            if says(&asked.contact) == says(&proposed.contact) {
                return Err(Error::Conflict(Conflict::RequestWaits));
            }
            waiting.at_address += 1;
        }
        Ok(waiting)
    }

    /// Ends requests that nobody answered in [`WAITING_DAYS`]: at most `limit`. Called by a job.
    pub fn contact_requests_expire(&self, limit: usize) -> Result<usize, Error> {
        let before = self.inner.clock.now().plus_secs(-WAITING_DAYS * DAY_SECS);
        let before = u64::try_from(before.0).unwrap_or_default();
        let mut old = Vec::new();
        // The number of a request says when it was sent.
        self.inner.store.scan_keys(&CONTACT_REQUESTS, &(), |key| {
            let sent = Reference::from_bytes(key.1).map_or(0, Reference::millis);
            old.extend((sent < before).then_some(key));
            match old.len() < limit {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        let count = old.len();
        if count > 0 {
            let done = self.transact(move |tx| old.iter().try_for_each(|key| end_in_tx(tx, *key)));
            done.wait()?;
        }
        Ok(count)
    }

    fn contact_waits(&self, to: AccountId, reference: ReferenceKey) -> Result<bool, Error> {
        Ok(self.inner.store.has(&CONTACT_REQUESTS, &(to, reference))?)
    }

    fn contact_request_sealed(
        &self,
        to: AccountId,
        reference: ReferenceKey,
        (from, at): (AccountId, Timestamp),
        plain: &[u8],
    ) -> Result<ContactRequest, Error> {
        let bound = binding(b"waits", to, reference);
        let keys = self.inner.store.get(&ACCOUNT_KEYS, &to)?.ok_or(MISSING)?;
        let (keys, encapsulation) = vault::epoch_begin(&keys.public_key(), &bound)?;
        let sealed = keys.seal_summary(&bound, plain)?;
        Ok(ContactRequest { from, at, encapsulation, sealed })
    }

    /// The requests that wait for the actor, the latest first.
    pub fn contact_requests(&self, actor: &Actor) -> Result<Vec<RequestView>, Error> {
        let mut rows = Vec::new();
        let account = actor.account();
        self.inner.store.scan_readable(&CONTACT_REQUESTS, &account, |key, row| {
            rows.push((key.1, row));
            ControlFlow::Continue(())
        })?;
        rows.reverse();
        let mut views = Vec::with_capacity(rows.len());
        for (key, row) in rows {
            // An account that ended asks no more.
            if !self.account_exists(row.from)? {
                continue;
            }
            let proposed = match self.contact_request_opened(actor, key, &row) {
                Err(Error::Damaged { .. }) => continue,
                proposed => proposed?,
            };
            let from = self.account(row.from)?.view(row.from);
            let from = (from.display_name, from.address);
            views.push(RequestView { reference: shown(key), at: row.at, from, proposed });
        }
        Ok(views)
    }

    fn contact_request_opened(
        &self,
        actor: &Actor,
        key: ReferenceKey,
        row: &ContactRequest,
    ) -> Result<Proposed, Error> {
        let bound = binding(b"waits", actor.account(), key);
        let plain = actor
            .secret()
            .epoch_open(&row.encapsulation, &bound)
            .and_then(|keys| keys.open_summary(&bound, &row.sealed));
        let damaged = || Error::Damaged { what: "the request cannot be read".to_owned() };
        sealed_form::read(CONTACT_REQUESTS.name, &plain.map_err(|_| damaged())?)
    }

    /// The requests that the actor sent lately, the latest first.
    pub fn contacts_asked(&self, actor: &Actor) -> Result<Vec<AskedView>, Error> {
        let mut views = Vec::new();
        for (key, row) in self.contacts_asked_rows(actor.account())? {
            let Proposed { contact, to, .. } = match self.contact_asked_opened(actor, key, &row) {
                Err(Error::Damaged { .. }) => continue,
                asked => asked?,
            };
            let name = contact.shown();
            let (at, outcome) = (row.at, row.outcome);
            views.push(AskedView { reference: shown(key), at, to, name, outcome });
        }
        Ok(views)
    }

    fn contacts_asked_rows(
        &self,
        from: AccountId,
    ) -> Result<Vec<(ReferenceKey, ContactAsked)>, Error> {
        let mut rows = Vec::new();
        self.inner.store.scan_readable(&CONTACT_ASKED, &from, |key, row| {
            rows.push((key.1, row));
            ControlFlow::Continue(())
        })?;
        rows.reverse();
        Ok(rows)
    }

    fn contact_asked_opened(
        &self,
        actor: &Actor,
        key: ReferenceKey,
        row: &ContactAsked,
    ) -> Result<Proposed, Error> {
        let plain = actor.secret().open_own(&binding(b"asked", actor.account(), key), &row.sealed);
        let damaged = || Error::Damaged { what: "the request cannot be read".to_owned() };
        sealed_form::read(CONTACT_ASKED.name, &plain.map_err(|_| damaged())?)
    }

    /// Answers a request that waits for the actor, and tells its sender. Returns the contact's id if
    /// one was stored.
    pub fn contact_request_answer(
        &self,
        actor: &Actor,
        reference: Reference,
        answer: &Answer,
    ) -> Result<Option<String>, Error> {
        self.contacts_retry(|| self.contact_request_end(actor, reference, answer))
    }

    fn contact_request_end(
        &self,
        actor: &Actor,
        reference: Reference,
        answer: &Answer,
    ) -> Result<Option<String>, Error> {
        let (account, key) = (actor.account(), reference.to_bytes());
        let row = self.inner.store.get(&CONTACT_REQUESTS, &(account, key))?.ok_or(MISSING)?;
        let proposed = self.contact_request_opened(actor, key, &row)?;
        let (from, outcome) = (
            row.from,
            match answer {
                Answer::Allow(_) => RequestOutcome::Allowed,
                Answer::Refuse => RequestOutcome::Refused,
            },
        );
        let notice = match self.account_exists(from)? {
            true => Some(self.contact_outcome_message(account, from, key, (&proposed, outcome))?),
            false => None,
        };
        let end = move |tx: &mut Tx<'_, '_>| -> Result<(), Error> {
            // Answered meanwhile, on another page.
            let row = tx.get(&CONTACT_REQUESTS, &(account, key))?.ok_or(MISSING)?;
            tx.delete(&CONTACT_REQUESTS, &(account, key));
            quota::discharge_in_tx(tx, account, quota::request(&row))?;
            let asked = match tx.get(&CONTACT_ASKED, &(from, key)) {
                // What cannot be read does not keep a request from being answered.
                Err(store::Error::Damaged(_)) => None,
                asked => asked?,
            };
            if let Some(asked) = asked {
                let asked = ContactAsked { outcome: Some(outcome), ..asked };
                tx.put(&CONTACT_ASKED, &(from, key), &asked)?;
            }
            if let Some(notice) = &notice {
                notice.store_in_tx(tx)?;
                tx.changed(from, Changed::Contacts)?;
            }
            Ok(())
        };
        let Answer::Allow(edited) = answer else {
            let done = self.transact(move |tx| {
                end(tx)?;
                tx.changed(account, Changed::Contacts).map(drop)
            });
            done.wait()?;
            return Ok(None);
        };
        let contact = edited.as_deref().cloned().unwrap_or(proposed.contact);
        let stored = StoredContact { contact: fitting(contact)?, ..StoredContact::default() };
        let id = vault::random_bytes()?;
        let change = self.contact_sealed(actor, id, None, &stored, PhotoChange::Keep)?;
        self.contacts_commit(actor, vec![change], end)?;
        Ok(Some(crate::gateway::text::hex(&id)))
    }
}

/// The request without what one keeps about somebody for oneself.
fn checked(proposed: Proposed) -> Result<Proposed, Error> {
    let note = crate::mail::contacts::contact::clean_lines(&proposed.note);
    if note.chars().count() > NOTE_CHARS_MAX {
        let what = format!("a note can have at most {NOTE_CHARS_MAX} characters");
        return Err(Error::Invalid { what });
    }
    // What is not shown to whom is asked must not be stored there.
    let Contact { name, work, emails, phones, postal, urls, .. } = proposed.contact;
    let contact = Contact { name, work, emails, phones, postal, urls, ..Contact::default() };
    let proposed = Proposed { contact: fitting(contact)?, note, to: proposed.to };
    match sealed_form::octets_of(&proposed)?.len() <= PROPOSED_OCTETS_MAX {
        true => Ok(proposed),
        false => Err(Error::Invalid { what: "the contact is too long for a request".to_owned() }),
    }
}

/// What a contact says, however it is spelled: its names, addresses and numbers.
fn says(contact: &Contact) -> BTreeSet<String> {
    let numbers = contact.phones.iter().map(|way| digits(&way.value));
    let names = words::folded(&contact.shown()).into_iter();
    names.chain(contact.addresses()).chain(numbers).collect()
}

/// Refuses more than one account may ask in a day, and more than may wait. [`Error::Busy`] if another
/// request of the sender waits than those that were looked at.
fn ask_allowed_in_tx(
    tx: &Tx<'_, '_>,
    (from, to): (AccountId, AccountId),
    waiting: &Waiting,
    now: Timestamp,
) -> Result<(), Error> {
    let mut asked = Vec::new();
    tx.scan_readable(&CONTACT_ASKED, &from, |(_, key), row: ContactAsked| {
        asked.push((key, row.to, row.at));
        ControlFlow::Continue(())
    })?;
    let since = now.plus_secs(-DAY_SECS);
    if asked.iter().filter(|(_, _, at)| *at > since).count() >= DAILY_MAX {
        return Err(Error::Conflict(Conflict::RequestedOften));
    }
    for (key, whom, _) in asked {
        let waits = whom == to && tx.has(&CONTACT_REQUESTS, &(to, key))?;
        if waits && !waiting.seen.contains(&key) {
            return Err(Error::Busy);
        }
    }
    if waiting.at_address >= WAITING_OF_ONE_MAX || tx.count(&CONTACT_REQUESTS, &to)? >= WAITING_MAX
    {
        return Err(Error::Conflict(Conflict::RequestWaits));
    }
    Ok(())
}

/// Ends a request that nobody answered.
fn end_in_tx(tx: &mut Tx<'_, '_>, (account, key): (AccountId, ReferenceKey)) -> Result<(), Error> {
    let row = match tx.get(&CONTACT_REQUESTS, &(account, key)) {
        Ok(Some(row)) => Some(row),
        // One that cannot be read cannot be answered, either.
        Err(store::Error::Damaged(_)) => None,
        // It was answered meanwhile, or a later version of the program wrote it.
        Ok(None) | Err(store::Error::UnknownRecordVersion { .. }) => return Ok(()),
        Err(other) => return Err(other.into()),
    };
    tx.delete(&CONTACT_REQUESTS, &(account, key));
    if let Some(row) = &row
        && tx.has(&ACCOUNTS, &row.from)?
    {
        asked_delete_in_tx(tx, (row.from, key))?;
        tx.changed(row.from, Changed::Contacts)?;
    }
    if tx.has(&ACCOUNTS, &account)? {
        match &row {
            Some(row) => quota::discharge_in_tx(tx, account, quota::request(row))?,
            None => quota::again_in_tx(tx, account)?,
        }
        tx.changed(account, Changed::Contacts)?;
    }
    Ok(())
}

/// Deletes what a sender asked, whether it can be read or not.
fn asked_delete_in_tx(tx: &mut Tx<'_, '_>, key: (AccountId, ReferenceKey)) -> Result<(), Error> {
    let row = match tx.get(&CONTACT_ASKED, &key) {
        Ok(Some(row)) => Some(row),
        Err(store::Error::Damaged(_)) => None,
        Ok(None) | Err(store::Error::UnknownRecordVersion { .. }) => return Ok(()),
        Err(other) => return Err(other.into()),
    };
    tx.delete(&CONTACT_ASKED, &key);
    match row {
        Some(row) => quota::discharge_in_tx(tx, key.0, quota::asked(&row)),
        None => quota::again_in_tx(tx, key.0),
    }
}

/// Forgets the oldest requests of a sender, so that one more can be kept; none that still waits.
fn asked_forget_in_tx(tx: &mut Tx<'_, '_>, from: AccountId) -> Result<(), Error> {
    let (mut keys, mut waiting) = (Vec::new(), BTreeSet::new());
    tx.scan_keys(&CONTACT_ASKED, &from, |key| {
        keys.push(key);
        ControlFlow::Continue(())
    })?;
    let mut asked = Vec::new();
    tx.scan_readable(&CONTACT_ASKED, &from, |key, row: ContactAsked| {
        asked.push((key, row.to));
        ControlFlow::Continue(())
    })?;
    for (key, to) in asked {
        if tx.has(&CONTACT_REQUESTS, &(to, key.1))? {
            waiting.insert(key);
        }
    }
    let old = (keys.len() + 1).saturating_sub(ASKED_KEPT);
    let ended: Vec<_> = keys.into_iter().filter(|key| !waiting.contains(key)).take(old).collect();
    if ended.len() < old {
        return Err(Error::Conflict(Conflict::RequestedOften));
    }
    ended.into_iter().try_for_each(|key| asked_delete_in_tx(tx, key))
}
