//! The fields of a contact, as the API reads and writes them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::contacts::stored::ContactPatch;
use crate::mail::contacts;

/// The parts of a name.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactName {
    prefix: String,
    given: String,
    middle: String,
    family: String,
    suffix: String,
    nickname: String,
    /// The whole name, if it is not made of the parts.
    full: String,
}

/// Where a person works, and as what.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactWork {
    company: String,
    department: String,
    title: String,
}

/// An address, a number, a link, or a field that the owner named.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactWay {
    /// Such as `work`, `home` or `cell`, or a word of the owner.
    label: String,
    value: String,
}

/// A postal address.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ContactPostal {
    label: String,
    post_box: String,
    extended: String,
    street: String,
    city: String,
    region: String,
    code: String,
    country: String,
}

/// What an address book says about a person or an organisation.
#[derive(Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactFields {
    name: ContactName,
    work: ContactWork,
    emails: Vec<ContactWay>,
    phones: Vec<ContactWay>,
    postal: Vec<ContactPostal>,
    urls: Vec<ContactWay>,
    /// `YYYY-MM-DD`, or `--MM-DD` without a year; empty if it is not known.
    birthday: String,
    notes: String,
    labels: Vec<String>,
    own: Vec<ContactWay>,
    favourite: bool,
}

/// The fields of a contact that change; those that are left out stay as they are.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<ContactName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work: Option<ContactWork>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emails: Option<Vec<ContactWay>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phones: Option<Vec<ContactWay>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal: Option<Vec<ContactPostal>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    urls: Option<Vec<ContactWay>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birthday: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<Vec<ContactWay>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    favourite: Option<bool>,
}

/// Both directions of a type that has the same fields here and in the core.
macro_rules! same {
    ($($ours:ident = $core:ident { $($field:ident),* })*) => {$(
        impl From<contacts::$core> for $ours {
            fn from(contacts::$core { $($field),* }: contacts::$core) -> $ours {
                $ours { $($field),* }
            }
        }

        impl From<$ours> for contacts::$core {
            fn from($ours { $($field),* }: $ours) -> contacts::$core {
                contacts::$core { $($field),* }
            }
        }
    )*};
}

same! {
    ContactName = Name { prefix, given, middle, family, suffix, nickname, full }
    ContactWork = Work { company, department, title }
    ContactWay = Way { label, value }
    ContactPostal = Postal { label, post_box, extended, street, city, region, code, country }
}

pub(super) fn each<T: Into<U>, U>(items: Vec<T>) -> Vec<U> {
    items.into_iter().map(Into::into).collect()
}

impl From<contacts::Contact> for ContactFields {
    fn from(contact: contacts::Contact) -> ContactFields {
        let contacts::Contact { name, work, birthday, notes, labels, favourite, .. } = contact;
        ContactFields {
            name: name.into(),
            work: work.into(),
            emails: each(contact.emails),
            phones: each(contact.phones),
            postal: each(contact.postal),
            urls: each(contact.urls),
            birthday,
            notes,
            labels,
            own: each(contact.own),
            favourite,
        }
    }
}

impl From<ContactFields> for contacts::Contact {
    fn from(fields: ContactFields) -> contacts::Contact {
        let ContactFields { name, work, birthday, notes, labels, favourite, .. } = fields;
        contacts::Contact {
            name: name.into(),
            work: work.into(),
            emails: each(fields.emails),
            phones: each(fields.phones),
            postal: each(fields.postal),
            urls: each(fields.urls),
            birthday,
            notes,
            labels,
            own: each(fields.own),
            favourite,
            ..contacts::Contact::default()
        }
    }
}

impl From<ContactChange> for ContactPatch {
    fn from(change: ContactChange) -> ContactPatch {
        let ContactChange { name, work, birthday, notes, labels, favourite, .. } = change;
        ContactPatch {
            name: name.map(Into::into),
            work: work.map(Into::into),
            emails: change.emails.map(each),
            phones: change.phones.map(each),
            postal: change.postal.map(each),
            urls: change.urls.map(each),
            birthday,
            notes,
            labels,
            own: change.own.map(each),
            favourite,
        }
    }
}

impl From<ContactPatch> for ContactChange {
    fn from(patch: ContactPatch) -> ContactChange {
        let ContactPatch { name, work, birthday, notes, labels, favourite, .. } = patch;
        ContactChange {
            name: name.map(Into::into),
            work: work.map(Into::into),
            emails: patch.emails.map(each),
            phones: patch.phones.map(each),
            postal: patch.postal.map(each),
            urls: patch.urls.map(each),
            birthday,
            notes,
            labels,
            own: patch.own.map(each),
            favourite,
        }
    }
}
