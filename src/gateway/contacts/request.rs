//! Requests to add a contact: an account asks another one inside to take somebody into its address
//! book, the sender or a third person.
//!
//! ```text
//! asked ─▶ waits, sealed for the owner of the book, with a message that says so
//!       ─▶ allowed (the contact is stored) or refused (nothing is) ─▶ the sender is told
//! ```
//!
//! A request is answered once: the row goes in the transaction that stores the contact and the
//! notice. What a sender asked is sealed for the sender as well, so that nobody asks the same twice.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::book::{StoredContact, fitting};
use crate::gateway::contacts::changes::PhotoChange;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::sealed_message::{Placement, SealedMessage};
use crate::gateway::mailboxes::summary::{SealedSummary, Summarised};
use crate::gateway::records::contact::{ContactAsked, ContactRequest, RequestOutcome};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::message::Protection;
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{ACCOUNT_KEYS, CONTACT_ASKED, CONTACT_REQUESTS};
use crate::gateway::text::shown;
use crate::mail::address::Address;
use crate::mail::compose::{self, Mailbox, Message};
use crate::mail::contact_text::{self, Asked};
use crate::mail::contacts::{Contact, Way};
use crate::mail::message::Ids;
use crate::mail::reference::Reference;
use crate::store::{Order, Read, Record};
use crate::terms::Language;
use crate::vault::{self, ContentKey};

/// A request as it is sealed: whom to add, and the sender's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    pub contact: Contact,
    pub note: String,
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

/// The owner's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The contact is stored as it was proposed, or as the owner edited it.
    Allow(Option<Box<Contact>>),
    Refuse,
}

/// The most characters of the sender's words.
pub const NOTE_CHARS_MAX: usize = 500;

/// The most requests that wait for one account, that one account may send in a day, and that it can
/// look back at.
pub const WAITING_MAX: u64 = 200;
pub const DAILY_MAX: usize = 50;
const ASKED_KEPT: usize = 200;

const DAY_SECS: i64 = 24 * 3_600;
const MISSING: Error = Error::NotFound { what: "request" };

fn binding(what: &[u8], account: AccountId, reference: ReferenceKey) -> Vec<u8> {
    [b"contact request ".as_slice(), what, b"\0", &account.0, &reference].concat()
}

impl Gateway {
    /// Asks the account that has the address `to` to add a contact.
    pub fn contact_request(
        &self,
        actor: &Actor,
        to: &str,
        proposed: Proposed,
    ) -> Result<Reference, Error> {
        let proposed = checked(proposed)?;
        let from = actor.account();
        // Nobody learns more of who is inside than the directory and SMTP say anyway.
        let to = self.contact_owner(to)?.filter(|to| *to != from).ok_or(MISSING)?;
        self.contact_ask_allowed(actor, to, &proposed)?;
        let (reference, at) = (self.reference_new(), self.inner.clock.now());
        let key = reference.to_bytes();
        let plain = sealed_form::octets_of(&proposed)?;
        let request = self.contact_request_sealed(to, key, (from, at), &plain)?;
        let sealed = actor.secret().seal_own(&binding(b"asked", from, key), &plain)?;
        let asked = ContactAsked { to, at, outcome: None, sealed };
        let message = self.contact_request_message(from, to, reference, &proposed)?;
        let done = self.transact(move |tx| {
            if tx.count(&CONTACT_REQUESTS, &to)? >= WAITING_MAX {
                return Err(Error::OverQuota);
            }
            asked_forget_in_tx(tx, from)?;
            tx.put(&CONTACT_REQUESTS, &(to, key), &request)?;
            tx.put(&CONTACT_ASKED, &(from, key), &asked)?;
            message.store_in_tx(tx)?;
            tx.changed(to, Changed::Contacts).map(drop)
        });
        done.wait()?;
        Ok(reference)
    }

    /// The account inside that has an address.
    fn contact_owner(&self, address: &str) -> Result<Option<AccountId>, Error> {
        let Ok(address) = Address::parse(address.trim()) else { return Ok(None) };
        let Some(address) = self.as_ours(&address) else { return Ok(None) };
        let mut found = None;
        for form in address.stored_forms() {
            found = found.or(self.account_at(&form)?);
        }
        let Some(account) = found else { return Ok(None) };
        let is_temporary = self.temporary(account)?.is_some();
        Ok((!is_temporary && !self.account(account)?.disabled).then_some(account))
    }

    /// Refuses what was asked already and waits, and more than one may ask in a day.
    fn contact_ask_allowed(
        &self,
        actor: &Actor,
        to: AccountId,
        proposed: &Proposed,
    ) -> Result<(), Error> {
        let since = self.inner.clock.now().plus_secs(-DAY_SECS);
        let mut today = 0;
        for (key, row) in self.contacts_asked_rows(actor.account())? {
            today += usize::from(row.at > since);
            let waits = row.to == to && self.contact_waits(to, key)?;
            if waits && self.contact_asked_opened(actor, key, &row)?.contact == proposed.contact {
                return Err(Error::Conflict(Conflict::RequestWaits));
            }
        }
        match today < DAILY_MAX {
            true => Ok(()),
            false => Err(Error::Conflict(Conflict::RequestedOften)),
        }
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
        self.inner.store.scan(&CONTACT_REQUESTS, &account, Order::Descending, |key, row| {
            rows.push((key.1, row));
            std::ops::ControlFlow::Continue(())
        })?;
        let mut views = Vec::with_capacity(rows.len());
        for (key, row) in rows {
            // An account that ended asks no more.
            if !self.account_exists(row.from)? {
                continue;
            }
            let proposed = self.contact_request_opened(actor, key, &row)?;
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
            let proposed = self.contact_asked_opened(actor, key, &row)?;
            let to = match self.account_exists(row.to)? {
                true => self.account(row.to)?.view(row.to).address,
                false => String::new(),
            };
            let name = proposed.contact.shown();
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
        self.inner.store.scan(&CONTACT_ASKED, &from, Order::Descending, |key, row| {
            rows.push((key.1, row));
            std::ops::ControlFlow::Continue(())
        })?;
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
        let end = move |tx: &mut Tx<'_, '_>| {
            // Answered meanwhile, on another page.
            if !tx.has(&CONTACT_REQUESTS, &(account, key))? {
                return Err(MISSING);
            }
            tx.delete(&CONTACT_REQUESTS, &(account, key));
            if let Some(asked) = tx.get(&CONTACT_ASKED, &(from, key))? {
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

    /// The message that says what is asked, from the account that asks.
    fn contact_request_message(
        &self,
        from: AccountId,
        to: AccountId,
        reference: Reference,
        proposed: &Proposed,
    ) -> Result<SealedMessage, Error> {
        let sender = self.account(from)?.view(from);
        let language = self.language_of(to)?.unwrap_or(Language::English);
        let (name, fields) = (proposed.contact.shown(), fields(&proposed.contact));
        let who = match sender.display_name.is_empty() {
            true => &sender.address,
            false => &sender.display_name,
        };
        let number = reference.to_string();
        let note = proposed.note.as_str();
        let asked = Asked { who, name: &name, note, fields: &fields, reference: &number };
        let words = Words {
            from: (sender.display_name.clone(), sender.address.clone()),
            subject: contact_text::subject(language, who, &name),
            text: contact_text::text(language, &asked),
            in_reply_to: None,
        };
        self.contact_message(to, reference, &words)
    }

    /// The message that tells the sender of a request what became of it.
    fn contact_outcome_message(
        &self,
        owner: AccountId,
        to: AccountId,
        about: ReferenceKey,
        (proposed, outcome): (&Proposed, RequestOutcome),
    ) -> Result<SealedMessage, Error> {
        let owner = self.account(owner)?.view(owner);
        let language = self.language_of(to)?.unwrap_or(Language::English);
        let who = match owner.display_name.is_empty() {
            true => &owner.address,
            false => &owner.display_name,
        };
        let name = proposed.contact.shown();
        let is_allowed = outcome == RequestOutcome::Allowed;
        let said = match is_allowed {
            true => contact_text::allowed(language, who, &name),
            false => contact_text::refused(language, who, &name),
        };
        let site = self.site()?;
        let words = Words {
            from: (site.organisation.clone(), self.system_address()),
            text: contact_text::outcome(language, &said, &shown(about).to_string()),
            subject: said,
            in_reply_to: Some(self.message_id_of(about)),
        };
        self.contact_message(to, self.reference_new(), &words)
    }

    /// Seals a message for one account inside; nothing of it is to be opened or rejected first.
    fn contact_message(
        &self,
        to: AccountId,
        reference: Reference,
        words: &Words,
    ) -> Result<SealedMessage, Error> {
        let now = self.inner.clock.now();
        let address = self.account(to)?.view(to).address;
        let (name, from) = &words.from;
        let from_name = (!name.is_empty()).then(|| name.clone());
        let message = Message {
            from: Mailbox { name: from_name.clone(), address: from.clone() },
            to: &[Mailbox { name: None, address }],
            cc: &[],
            reply_to: None,
            subject: &words.subject,
            date: now.to_utc(),
            message_id: &self.message_id(reference),
            in_reply_to: words.in_reply_to.as_deref(),
            references: &[],
            reference: &reference.to_string(),
            text: &words.text,
            html: None,
            // RFC 3834 §5: no auto-responder answers it.
            extra: &[("Auto-Submitted", "auto-generated".to_owned())],
        };
        let octets = compose::begin(&message, compose::Follows::default(), "");
        let summary = SealedSummary {
            from_name,
            from_address: Some(from.clone()),
            subject: words.subject.clone(),
            octets: Some(octets.len() as u64),
            ..SealedSummary::default()
        };
        let key = ContentKey::generate()?;
        let mut sealing = self.sealing(&key, reference, octets.len());
        sealing.push(&octets)?;
        let summary = summary.to_octets()?;
        let summary = Summarised { octets: &summary, ids: &Ids::default() };
        let reader = self.reader(to, reference, Placement::notice(now), &summary, &key)?;
        Ok(SealedMessage {
            reference,
            received: now,
            filed: None,
            reverse_path: String::new(),
            trace_octets: 0,
            size: octets.len() as u64,
            protection: Protection::Inside,
            content: sealing.finish()?,
            readers: vec![reader],
            other_holders: 0,
        })
    }
}

/// What a message says, and in whose name.
struct Words {
    from: (String, String),
    subject: String,
    text: String,
    in_reply_to: Option<String>,
}

fn checked(proposed: Proposed) -> Result<Proposed, Error> {
    let note = crate::mail::contacts::contact::clean_lines(&proposed.note);
    if note.chars().count() > NOTE_CHARS_MAX {
        let what = format!("a note can have at most {NOTE_CHARS_MAX} characters");
        return Err(Error::Invalid { what });
    }
    Ok(Proposed { contact: fitting(proposed.contact)?, note })
}

/// The fields of a contact, one on each line, as the message shows them.
fn fields(contact: &Contact) -> Vec<String> {
    let ways = |ways: &[Way]| ways.iter().map(|way| way.value.clone()).collect::<Vec<_>>();
    let work = [&contact.work.title, &contact.work.company].map(String::clone);
    let mut fields = vec![contact.shown()];
    fields.extend(work.into_iter().filter(|part| !part.is_empty()));
    fields.extend(ways(&contact.emails));
    fields.extend(ways(&contact.phones));
    fields.extend(contact.postal.iter().map(crate::mail::contacts::Postal::line));
    fields.dedup();
    fields
}

/// Forgets the oldest requests of a sender, so that one more can be kept.
fn asked_forget_in_tx(tx: &mut Tx<'_, '_>, from: AccountId) -> Result<(), Error> {
    let mut keys = Vec::new();
    tx.scan_keys(&CONTACT_ASKED, &from, |key| {
        keys.push(key);
        std::ops::ControlFlow::Continue(())
    })?;
    let old = (keys.len() + 1).saturating_sub(ASKED_KEPT);
    for key in keys.into_iter().take(old) {
        tx.delete(&CONTACT_ASKED, &key);
    }
    Ok(())
}
