//! Labels: the owner's own keywords. A message can have several, in any folder.
//!
//! Their names are sealed under the owner's keys; an entry has only their numbers. A number is
//! never used again, so the remaining numbers of a deleted label have no meaning.

use serde::{Deserialize, Serialize};

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::ids::{AccountId, LabelId};
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::LABELS;
use crate::store::{Read, Record};

/// A label and its colour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Zero for a new label.
    pub id: LabelId,
    pub name: String,
    /// One of [`COLOURS`], which the reader's page turns into a colour with enough contrast.
    pub colour: u8,
}

/// An account's labels, in their sealed form.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::gateway) struct Labels {
    pub last: LabelId,
    pub items: Vec<Label>,
}

impl Record for Labels {
    const VERSION: u8 = 1;
}

/// The number of colours.
pub const COLOURS: u8 = 8;

/// The most labels of one message.
pub(in crate::gateway) const OF_ONE_MAX: usize = 20;

pub const LABELS_MAX: usize = 100;
pub const NAME_CHARS_MAX: usize = 50;

fn binding(account: AccountId) -> Vec<u8> {
    [b"labels\0".as_slice(), &account.0].concat()
}

impl Gateway {
    /// The actor's labels, in their order.
    pub fn labels(&self, actor: &Actor) -> Result<Vec<Label>, Error> {
        Ok(self.labels_read(actor)?.items)
    }

    /// Sets the actor's labels: new ones get a number, and missing ones are deleted.
    pub fn labels_set(&self, actor: &Actor, wanted: &[Label]) -> Result<Vec<Label>, Error> {
        if wanted.len() > LABELS_MAX {
            return Err(Error::OverQuota);
        }
        let account = actor.account();
        let before = self.inner.store.get(&LABELS, &account)?.map(|sealed| sealed.0);
        let mut kept = self.labels_opened(actor, before.as_deref())?;
        let mut items: Vec<Label> = Vec::with_capacity(wanted.len());
        for label in wanted {
            let name = checked_name(&label.name)?;
            if items.iter().any(|other| other.name.to_lowercase() == name.to_lowercase()) {
                return Err(Error::Conflict(Conflict::Exists));
            }
            let id = match label.id {
                0 => {
                    kept.last = kept.last.checked_add(1).ok_or(Error::OverQuota)?;
                    kept.last
                }
                id if kept.items.iter().any(|old| old.id == id) => id,
                _ => return Err(Error::NotFound { what: "label" }),
            };
            if items.iter().any(|other| other.id == id) {
                return Err(Error::Conflict(Conflict::Exists));
            }
            items.push(Label { id, name, colour: label.colour % COLOURS });
        }
        kept.items = items;
        let plain = sealed_form::octets_of(&kept)?;
        let sealed = Sealed(actor.secret().seal_own(&binding(account), &plain)?);
        let acting = actor.acting();
        let done = self.inner.store.transact(move |tx| {
            acting.may_write(tx)?;
            // Two concurrent changes would assign the same number.
            if tx.get(&LABELS, &account)?.map(|sealed| sealed.0) != before {
                return Err(Error::Busy);
            }
            Ok(tx.put(&LABELS, &account, &sealed)?)
        });
        done.wait()?;
        Ok(kept.items)
    }

    fn labels_read(&self, actor: &Actor) -> Result<Labels, Error> {
        let sealed = self.inner.store.get(&LABELS, &actor.account())?.map(|sealed| sealed.0);
        self.labels_opened(actor, sealed.as_deref())
    }

    fn labels_opened(&self, actor: &Actor, sealed: Option<&[u8]>) -> Result<Labels, Error> {
        let Some(sealed) = sealed else { return Ok(Labels::default()) };
        let damaged = || Error::Damaged { what: "the stored labels cannot be read".to_owned() };
        let plain = actor.secret().open_own(&binding(actor.account()), sealed);
        sealed_form::read(LABELS.name, &plain.map_err(|_| damaged())?)
    }

    /// Checks that a label is one of the actor's.
    pub(in crate::gateway) fn label_check(&self, actor: &Actor, id: LabelId) -> Result<(), Error> {
        match self.labels(actor)?.iter().any(|label| label.id == id) {
            true => Ok(()),
            false => Err(Error::NotFound { what: "label" }),
        }
    }
}

fn checked_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    // A quotation mark would end the name in a search: `label:"to do"`.
    if fits && !name.chars().any(|c| c.is_control() || c == '"') {
        return Ok(name.to_owned());
    }
    let what = format!(
        "a label's name must have 1 to {NAME_CHARS_MAX} characters, without quotation marks"
    );
    Err(Error::Invalid { what })
}
