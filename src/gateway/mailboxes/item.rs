//! A message as the list shows it, opened with the reader's own keys.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::mailboxes::epoch;
use crate::gateway::mailboxes::standing::StandingView;
use crate::gateway::mailboxes::summary::{NoticeOf, SealedSummary, reader_binding};
use crate::gateway::records::ids::{AccountId, LabelId, MailboxId};
use crate::gateway::records::mailbox::Entry;
use crate::gateway::records::message::Protection;
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{ENTRIES, EPOCHS};
use crate::gateway::roles::acts::ActView;
use crate::gateway::{Gateway, text};
use crate::mail::reference::Reference;
use crate::mail::warnings::Warning;
use crate::store::{Read, Store};
use crate::terms::SenderCheck;
use crate::vault::{self, Epoch};

/// A message as its reader sees it without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemView {
    pub reference: Reference,
    pub mailbox: String,
    pub from_name: Option<String>,
    pub from_address: Option<String>,
    pub subject: String,
    pub received: Timestamp,
    /// As stored.
    pub size: u64,
    /// What the reader gets, as far as it is known.
    pub octets: u64,
    pub attachments: u32,
    pub protection: Protection,
    pub opened: Option<Timestamp>,
    pub unread: bool,
    pub starred: bool,
    /// The account itself sent it; `recipients` is whom it was sent to.
    pub sent: bool,
    pub recipients: Vec<String>,
    /// How it stands with them, if the account sent it from here.
    pub standing: Option<StandingView>,
    /// Set for a notice: what the notice is about.
    pub notice: Option<NoticeOf>,
    /// The reader is asked whether the outside sender may be notified of the outcome.
    pub asks_confirmation: bool,
    /// Messages with the same value belong to one conversation.
    pub conversation: Option<String>,
    pub labels: Vec<LabelId>,
    /// What the check of its authors said when it arrived.
    pub sender: SenderCheck,
    pub warnings: Vec<Warning>,
    /// In a role mailbox: what its readers did with the message.
    pub acts: Vec<ActView>,
}

/// A message with its changeable properties, and where it stands in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flags {
    pub reference: Reference,
    pub mailbox: String,
    pub received: Timestamp,
    pub opened: bool,
    pub unread: bool,
    pub starred: bool,
    pub conversation: Option<String>,
    pub labels: Vec<LabelId>,
}

/// The changeable properties of a message.
pub(in crate::gateway) fn marks(mailbox: MailboxId, entry: &Entry) -> Result<Flags, Error> {
    Ok(Flags {
        reference: Reference::from_bytes(entry.reference).ok_or_else(damaged_summary)?,
        mailbox: mailbox.to_string(),
        received: entry.received,
        opened: entry.opened.is_some(),
        unread: entry.unread,
        starred: entry.starred,
        conversation: entry.conversation.map(|key| text::hex(&key)),
        labels: entry.labels.clone(),
    })
}

/// The epochs opened by one request: one decapsulation each, wiped with the request.
pub(in crate::gateway) struct OpenedEpochs<'r> {
    gateway: &'r Gateway,
    actor: &'r Actor,
    opened: HashMap<u64, Epoch>,
    /// Names of readers of a role mailbox.
    names: HashMap<AccountId, String>,
}

impl<'r> OpenedEpochs<'r> {
    pub fn new(gateway: &'r Gateway, actor: &'r Actor) -> Self {
        OpenedEpochs { gateway, actor, opened: HashMap::new(), names: HashMap::new() }
    }

    /// The account whose epochs these are.
    pub(in crate::gateway) fn account(&self) -> AccountId {
        self.actor.account()
    }

    pub(in crate::gateway) fn store(&self) -> Store {
        self.gateway.inner.store.clone()
    }

    pub(in crate::gateway) fn get(&mut self, id: u64) -> Result<&Epoch, Error> {
        if !self.opened.contains_key(&id) {
            let account = self.actor.account();
            let record = self.gateway.inner.store.get(&EPOCHS, &(account, id))?;
            let missing = || Error::Damaged { what: "an arrival epoch is missing".to_owned() };
            let record = record.ok_or_else(missing)?;
            let bound = epoch::binding(account, id);
            let keys = self.actor.secret().epoch_open(&record.encapsulation, &bound);
            let keys = keys.map_err(|error| match error {
                // A member may not open what came before an epoch that nobody held any more.
                vault::Error::Malformed if self.actor.behind().is_some() => NO_KEYS,
                error => error.into(),
            })?;
            self.opened.insert(id, keys);
        }
        Ok(&self.opened[&id])
    }

    pub fn summary(&mut self, entry: &Entry) -> Result<SealedSummary, Error> {
        let bound = reader_binding(self.actor.account(), entry.reference);
        let summary = self.get(entry.epoch)?.open_summary(&bound, &entry.sealed_summary);
        let summary = summary.map_err(|_| damaged_summary())?;
        sealed_form::read(ENTRIES.name, &summary)
    }

    pub fn item(&mut self, mailbox: MailboxId, entry: &Entry) -> Result<ItemView, Error> {
        let summary = self.summary(entry)?;
        let octets = summary.octets_of(entry.size);
        Ok(ItemView {
            reference: Reference::from_bytes(entry.reference).ok_or_else(damaged_summary)?,
            mailbox: mailbox.to_string(),
            from_name: summary.from_name,
            from_address: summary.from_address,
            subject: summary.subject,
            received: entry.received,
            size: entry.size,
            octets,
            attachments: summary.attachments,
            protection: entry.protection.clone(),
            opened: entry.opened,
            unread: entry.unread,
            starred: entry.starred,
            sent: entry.sent,
            recipients: summary.recipients,
            standing: match entry.sent {
                true => self.gateway.standing(self.actor.account(), entry.reference)?,
                false => None,
            },
            notice: summary.notice,
            asks_confirmation: entry.opened.is_none()
                && self.gateway.confirmation_asked(self.actor.account(), entry.reference)?,
            conversation: entry.conversation.map(|key| text::hex(&key)),
            labels: entry.labels.clone(),
            sender: summary.sender,
            warnings: summary.warnings,
            acts: match self.actor.behind() {
                Some(_) => self.gateway.role_acts(
                    self.actor.account(),
                    entry.reference,
                    &mut self.names,
                )?,
                None => Vec::new(),
            },
        })
    }
}

/// A reader of a role mailbox has no keys for a message.
pub(in crate::gateway) const NO_KEYS: Error = Error::Conflict(Conflict::GroupKeysWait);

fn damaged_summary() -> Error {
    Error::Damaged { what: "a stored summary cannot be read".to_owned() }
}
