//! Filters: an account's rules for arriving mail.
//!
//! They check what the list shows, which only the owner's keys open. So they run when the owner's
//! next request indexes a message, and never while a message arrives.

use serde::{Deserialize, Serialize};

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::flags::Change;
use crate::gateway::mailboxes::label;
use crate::gateway::mailboxes::summary::SealedSummary;
use crate::gateway::records::ids::{AccountId, LabelId, MailboxId};
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::FILTERS;
use crate::mail::words::spelled;
use crate::store::{Read, Record};

/// The conditions, and the actions. An empty text matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// The sender's name or address contains this.
    pub from: String,
    /// A recipient's name or address contains this.
    pub to: String,
    pub subject: String,
    /// The mailbox to move the message to.
    pub mailbox: Option<MailboxId>,
    pub star: bool,
    /// The label to add.
    pub label: Option<LabelId>,
    /// Clears the unread flag. The message stays unopened, and its sender gets no confirmation.
    pub read: bool,
}

/// An account's filters, in their sealed form.
#[derive(Serialize, Deserialize)]
pub(in crate::gateway) struct Filters(pub Vec<Filter>);

impl Record for Filters {
    const VERSION: u8 = 1;
}

pub const FILTERS_MAX: usize = 200;
pub const TEXT_CHARS_MAX: usize = 200;

pub(in crate::gateway) fn binding(account: AccountId) -> Vec<u8> {
    [b"filters\0".as_slice(), &account.0].concat()
}

impl Filter {
    fn check(&self) -> Result<(), Error> {
        let texts = [&self.from, &self.to, &self.subject];
        let invalid = |what: &str| Err(Error::Invalid { what: what.to_owned() });
        if texts.iter().all(|text| text.trim().is_empty()) {
            return invalid("a filter must have a condition");
        }
        if texts.iter().any(|text| text.chars().count() > TEXT_CHARS_MAX) {
            return invalid("a filter's condition can have at most 200 characters");
        }
        let does = self.mailbox.is_some() || self.star || self.label.is_some() || self.read;
        match !does {
            true => invalid("a filter must have an action"),
            false => Ok(()),
        }
    }

    fn fits(&self, summary: &SealedSummary) -> bool {
        let has = |text: &str, asked: &str| {
            asked.trim().is_empty() || spelled(text).contains(&spelled(asked.trim()))
        };
        let name = summary.from_name.as_deref().unwrap_or_default();
        let address = summary.from_address.as_deref().unwrap_or_default();
        has(&format!("{name} {address}"), &self.from)
            && has(&summary.to.join(" "), &self.to)
            && has(&summary.subject, &self.subject)
    }
}

/// The combined changes of all matching filters; the first mailbox named is used.
pub(in crate::gateway) fn wish(filters: &[Filter], summary: &SealedSummary) -> Vec<Change> {
    // Notices must stay visible, so filters skip them.
    let fit = filters.iter().filter(|filter| summary.notice.is_none() && filter.fits(summary));
    let mut change = Change::default();
    let mut labels = Vec::new();
    for filter in fit {
        if change.mailbox.is_none() {
            change.mailbox = filter.mailbox.map(|id| id.to_string());
        }
        if filter.star {
            change.starred = Some(true);
        }
        if filter.read {
            (change.unread, change.quiet) = (Some(false), true);
        }
        // Up to the number of labels that a message can have: the first filters win.
        let fits = labels.len() < label::OF_ONE_MAX;
        if let Some(label) = filter.label.filter(|label| fits && !labels.contains(label)) {
            labels.push(label);
        }
    }
    // One change adds one label.
    let labelled = labels.into_iter().map(|id| Change { label: Some(id), ..Change::default() });
    labelled.chain((change != Change::default()).then_some(change)).collect()
}

impl Gateway {
    /// The actor's filters, in the order in which they are applied.
    pub fn filters(&self, actor: &Actor) -> Result<Vec<Filter>, Error> {
        let Some(sealed) = self.inner.store.get(&FILTERS, &actor.account())? else {
            return Ok(Vec::new());
        };
        let damaged = || Error::Damaged { what: "the stored filters cannot be read".to_owned() };
        let plain = actor.secret().open_own(&binding(actor.account()), &sealed.0);
        let Filters(filters) = sealed_form::read(FILTERS.name, &plain.map_err(|_| damaged())?)?;
        Ok(filters)
    }

    /// Replaces the actor's filters; they apply to messages indexed from now on.
    pub fn filters_set(&self, actor: &Actor, filters: &[Filter]) -> Result<(), Error> {
        if filters.len() > FILTERS_MAX {
            return Err(Error::OverQuota);
        }
        for filter in filters {
            filter.check()?;
            if let Some(id) = filter.mailbox {
                self.mailbox_find(actor.account(), &id.to_string())?;
            }
            if let Some(label) = filter.label {
                self.label_check(actor, label)?;
            }
        }
        sealed_form::keep_newer(self.filters(actor))?;
        let plain = sealed_form::octets_of(&Filters(filters.to_vec()))?;
        let account = actor.account();
        let sealed = Sealed(actor.secret().seal_own(&binding(account), &plain)?);
        let done = self
            .inner
            .store
            .transact(move |tx| Ok::<_, Error>(tx.put(&FILTERS, &account, &sealed)?));
        done.wait()
    }
}
