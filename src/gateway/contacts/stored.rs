//! A contact as it is sealed, and changes of its fields.

use serde::{Deserialize, Serialize};

use crate::gateway::Gateway;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::contact::ContactId;
use crate::gateway::records::ids::AccountId;
use crate::mail::contacts::{Contact, Name, Postal, Way, Work};
use crate::store::Record;
use crate::vault::{self, Lookup};

/// The fields that change; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactPatch {
    pub name: Option<Name>,
    pub work: Option<Work>,
    pub emails: Option<Vec<Way>>,
    pub phones: Option<Vec<Way>>,
    pub postal: Option<Vec<Postal>>,
    pub urls: Option<Vec<Way>>,
    pub birthday: Option<String>,
    pub notes: Option<String>,
    pub labels: Option<Vec<String>>,
    pub own: Option<Vec<Way>>,
    pub favourite: Option<bool>,
}

/// A contact as it is sealed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) struct StoredContact {
    pub contact: Contact,
    /// The version in which each field changed last, in the order of [`ContactPatch`].
    pub changed: [u32; FIELD_COUNT],
    /// The media type of its photo.
    pub photo: Option<String>,
}

impl Record for StoredContact {
    const VERSION: u8 = 1;
}

pub(in crate::gateway) const FIELD_COUNT: usize = 11;

/// The most contacts that are merged into one.
pub const MERGED_MAX: usize = 10;

pub(super) const MISSING: Error = Error::NotFound { what: "contact" };

impl StoredContact {
    /// Changes fields. `over` is the version that the caller knows, `version` the new one.
    pub(super) fn apply(
        &mut self,
        patch: ContactPatch,
        over: u32,
        version: u32,
    ) -> Result<(), Error> {
        let Contact { name, work, emails, phones, postal, urls, .. } = &mut self.contact;
        let mut fields = Fields { changed: &mut self.changed, over, version, clash: false };
        fields.set(0, name, patch.name);
        fields.set(1, work, patch.work);
        fields.set(2, emails, patch.emails);
        fields.set(3, phones, patch.phones);
        fields.set(4, postal, patch.postal);
        fields.set(5, urls, patch.urls);
        let Contact { birthday, notes, labels, own, favourite, .. } = &mut self.contact;
        fields.set(6, birthday, patch.birthday);
        fields.set(7, notes, patch.notes);
        fields.set(8, labels, patch.labels);
        fields.set(9, own, patch.own);
        fields.set(10, favourite, patch.favourite);
        match fields.clash {
            true => Err(Error::Conflict(Conflict::EditedElsewhere)),
            false => Ok(()),
        }
    }
}

struct Fields<'c> {
    changed: &'c mut [u32; FIELD_COUNT],
    over: u32,
    version: u32,
    /// Whether somebody else changed one of the fields meanwhile.
    clash: bool,
}

impl Fields<'_> {
    fn set<T: PartialEq>(&mut self, field: usize, own: &mut T, wanted: Option<T>) {
        let Some(wanted) = wanted.filter(|wanted| wanted != own) else { return };
        self.clash |= self.changed[field] > self.over;
        self.changed[field] = self.version;
        *own = wanted;
    }
}

impl Gateway {
    /// The id of a new contact: the same one for the same key of a request, so that who asks again because
    /// the answer was lost adds it once. Its first octet is the block that the contact comes into, so it is
    /// nothing that its author can compute.
    pub(super) fn contact_id_of(
        &self,
        by: AccountId,
        key: Option<&str>,
    ) -> Result<ContactId, Error> {
        match key {
            None => Ok(vault::random_bytes()?),
            Some(key) => {
                let octets = [by.0.as_slice(), key.as_bytes()].concat();
                Ok(self.inner.vault.lookup(Lookup::Contact, &octets))
            }
        }
    }
}

/// Refuses what is longer than a field can be, in place of cutting it.
pub(super) fn fitting(contact: Contact) -> Result<Contact, Error> {
    match contact.is_empty() {
        true => Err(Error::Invalid { what: "the contact is empty".to_owned() }),
        false => fits(contact),
    }
}

/// The same for a part of a contact, which may be empty.
pub(super) fn fits(mut contact: Contact) -> Result<Contact, Error> {
    // Lines of cards come from files alone, and were fitted there.
    match contact.fit().first() {
        Some(("BDAY", _)) => Err(Error::Invalid {
            what: "the birthday must be a day such as 1980-05-04, or --05-04".to_owned(),
        }),
        Some((property, _)) => {
            let what = format!("a contact's field is too long, or has too many items: {property}");
            Err(Error::Invalid { what })
        }
        None => Ok(contact),
    }
}

impl StoredContact {
    /// Gives the fields that are not what they were the version in which they changed.
    pub(super) fn changed_since(&mut self, before: &StoredContact, version: u32) {
        let (old, new) = (&before.contact, &self.contact);
        let is_same = [
            old.name == new.name,
            old.work == new.work,
            old.emails == new.emails,
            old.phones == new.phones,
            old.postal == new.postal,
            old.urls == new.urls,
            old.birthday == new.birthday,
            old.notes == new.notes,
            old.labels == new.labels,
            old.own == new.own,
            old.favourite == new.favourite,
        ];
        for (changed, _) in self.changed.iter_mut().zip(is_same).filter(|(_, is_same)| !is_same) {
            *changed = version;
        }
    }
}
