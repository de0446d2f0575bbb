//! What the owner of an address book shares of a contact, with whom: for each reader the fields that the
//! reader sees, and those of them that the reader may change.
//!
//! A reader is a person inside, a group, or everybody inside. Each gets a copy of its own, of nothing but
//! its fields, sealed for it alone ([`Projection`]): so a reader's key opens no other field, and every
//! answer to a reader is computed from such copies (`docs/decisions/0021-shared-contacts.md`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::gateway::contacts::stored::{ContactPatch, FIELD_COUNT, StoredContact};
use crate::gateway::error::Error;
use crate::gateway::groups::audience::Reader;
use crate::gateway::records::contact::ReaderKey;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::mail::contacts::Contact;
use crate::store::Record;

/// A field of a contact, in the order of [`ContactPatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Name,
    Work,
    Emails,
    Phones,
    Postal,
    Urls,
    Birthday,
    Notes,
    Labels,
    Own,
    Favourite,
}

/// Fields of a contact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields(pub u16);

/// With whom something is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ShareTo {
    Person(AccountId),
    /// A group, or everybody inside.
    Group(GroupId),
}

/// What one reader gets of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub to: ShareTo,
    pub read: Fields,
    /// Some of those that are read.
    pub edit: Fields,
}

/// By which addresses the owner named people: whose they are is not said by them.
pub type Named = BTreeMap<AccountId, String>;

/// All that is shared of a contact, as its owner keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sharing(pub Vec<Share>, pub Named);

impl Record for Sharing {
    const VERSION: u8 = 1;
}

/// Who may add contacts to an address book, as its owner keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adders(pub Vec<ShareTo>, pub Named);

impl Record for Adders {
    const VERSION: u8 = 1;
}

/// What one reader gets of a whole address book, and the generation in which the copies for this are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub share: Share,
    pub generation: u32,
}

/// With whom a whole address book is shared, as its owner keeps it: each contact that it has, and that is
/// added later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants(pub Vec<Grant>, pub Named);

impl Record for Grants {
    const VERSION: u8 = 1;
}

/// The part of a contact that one reader sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    /// Its other fields are empty.
    pub contact: Contact,
    pub fields: Fields,
    /// The version in which each of these fields changed last.
    pub changed: [u32; FIELD_COUNT],
}

impl Record for Projection {
    const VERSION: u8 = 1;
}

/// The most readers of a contact, and the most that may add to an address book.
pub const READERS_MAX: usize = 50;

impl Field {
    /// What can be shared. Labels, favourites and the lines of a card are their owner's own.
    pub const SHARED: [Field; 9] = [
        Field::Name,
        Field::Work,
        Field::Emails,
        Field::Phones,
        Field::Postal,
        Field::Urls,
        Field::Birthday,
        Field::Notes,
        Field::Own,
    ];

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl Fields {
    /// All that can be shared.
    pub fn all() -> Fields {
        Field::SHARED.into_iter().collect()
    }

    #[must_use]
    pub fn has(self, field: Field) -> bool {
        self.0 & field.bit() != 0
    }

    /// Whether all of these are among others.
    #[must_use]
    pub fn within(self, others: Fields) -> bool {
        self.0 & !others.0 == 0
    }

    #[must_use]
    pub fn with(self, others: Fields) -> Fields {
        Fields(self.0 | others.0)
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These fields, in their order.
    pub fn list(self) -> Vec<Field> {
        Field::SHARED.into_iter().filter(|field| self.has(*field)).collect()
    }
}

impl FromIterator<Field> for Fields {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Fields {
        Fields(fields.into_iter().fold(0, |all, field| all | field.bit()))
    }
}

impl ShareTo {
    /// By what the rows of this reader are found. The identifiers of accounts and groups are random, so
    /// that none is the other's.
    pub(in crate::gateway) fn key(self) -> ReaderKey {
        match self {
            ShareTo::Person(AccountId(octets)) | ShareTo::Group(GroupId(octets)) => octets,
        }
    }

    /// The group that it is, if it is one.
    pub(in crate::gateway) fn group(self) -> Option<GroupId> {
        match self {
            ShareTo::Person(_) => None,
            ShareTo::Group(group) => Some(group),
        }
    }

    /// Whether somebody is this reader, or belongs to it.
    #[must_use]
    pub fn includes(self, reader: &Reader) -> bool {
        match self {
            ShareTo::Person(account) => reader.account == account,
            ShareTo::Group(GroupId::EVERYBODY) => reader.inside,
            ShareTo::Group(group) => reader.inside && reader.groups.contains(&group),
        }
    }

    /// All that somebody reads as: by name, and through groups. A temporary account is in none.
    pub(in crate::gateway) fn of(reader: &Reader) -> Vec<ShareTo> {
        let mut found = vec![ShareTo::Person(reader.account)];
        if reader.inside {
            found.push(ShareTo::Group(GroupId::EVERYBODY));
            found.extend(reader.groups.iter().map(|group| ShareTo::Group(*group)));
        }
        found
    }
}

impl Sharing {
    /// Refuses too many readers, one that is named twice, and what cannot be shared; leaves out those who
    /// get nothing.
    pub(in crate::gateway) fn checked(mut self) -> Result<Sharing, Error> {
        let invalid = |what: &str| Err(Error::Invalid { what: what.to_owned() });
        let readers: BTreeSet<ShareTo> = self.0.iter().map(|share| share.to).collect();
        if readers.len() < self.0.len() {
            return invalid("a reader is named twice");
        }
        if self.0.iter().any(|share| !share.read.within(Fields::all())) {
            return invalid("this field cannot be shared");
        }
        if self.0.iter().any(|share| !share.edit.within(share.read)) {
            return invalid("who may change a field must be able to read it");
        }
        self.0.retain(|share| !share.read.is_empty());
        match self.0.len() > READERS_MAX {
            true => Err(Error::OverQuota),
            false => Ok(self),
        }
    }

    /// What both share with the same readers: all that may be said of two contacts that become one.
    #[must_use]
    pub(in crate::gateway) fn common(&self, other: &Sharing) -> Sharing {
        let common = |one: &Share| {
            let same = other.0.iter().find(|share| share.to == one.to)?;
            let (read, edit) = (one.read.0 & same.read.0, one.edit.0 & same.edit.0);
            (read != 0).then_some(Share { to: one.to, read: Fields(read), edit: Fields(edit) })
        };
        Sharing(self.0.iter().filter_map(common).collect(), self.1.clone())
    }

    /// The fields that somebody may change.
    #[must_use]
    pub fn may_edit(&self, reader: &Reader) -> Fields {
        let mine = self.0.iter().filter(|share| share.to.includes(reader));
        mine.fold(Fields::default(), |all, share| all.with(share.edit))
    }
}

impl Grants {
    /// The fields that somebody may change of each contact.
    #[must_use]
    pub fn may_edit(&self, reader: &Reader) -> Fields {
        let mine = self.0.iter().filter(|grant| grant.share.to.includes(reader));
        mine.fold(Fields::default(), |all, grant| all.with(grant.share.edit))
    }
}

impl ContactPatch {
    /// The fields that it changes.
    #[must_use]
    pub fn fields(&self) -> Fields {
        let ContactPatch { name, work, emails, phones, postal, urls, .. } = self;
        let ContactPatch { birthday, notes, labels, own, favourite, .. } = self;
        let found = [
            (Field::Name, name.is_some()),
            (Field::Work, work.is_some()),
            (Field::Emails, emails.is_some()),
            (Field::Phones, phones.is_some()),
            (Field::Postal, postal.is_some()),
            (Field::Urls, urls.is_some()),
            (Field::Birthday, birthday.is_some()),
            (Field::Notes, notes.is_some()),
            (Field::Labels, labels.is_some()),
            (Field::Own, own.is_some()),
            (Field::Favourite, favourite.is_some()),
        ];
        found.into_iter().filter(|(_, is_there)| *is_there).map(|(field, _)| field).collect()
    }

    /// What a contact says in these fields.
    #[must_use]
    pub fn of(contact: &Contact, fields: Fields) -> ContactPatch {
        ContactPatch {
            name: fields.has(Field::Name).then(|| contact.name.clone()),
            work: fields.has(Field::Work).then(|| contact.work.clone()),
            emails: fields.has(Field::Emails).then(|| contact.emails.clone()),
            phones: fields.has(Field::Phones).then(|| contact.phones.clone()),
            postal: fields.has(Field::Postal).then(|| contact.postal.clone()),
            urls: fields.has(Field::Urls).then(|| contact.urls.clone()),
            birthday: fields.has(Field::Birthday).then(|| contact.birthday.clone()),
            notes: fields.has(Field::Notes).then(|| contact.notes.clone()),
            labels: fields.has(Field::Labels).then(|| contact.labels.clone()),
            own: fields.has(Field::Own).then(|| contact.own.clone()),
            favourite: fields.has(Field::Favourite).then_some(contact.favourite),
        }
    }

    /// Writes its fields into a contact.
    pub(in crate::gateway) fn write(self, contact: &mut Contact) {
        fn set<T>(own: &mut T, wanted: Option<T>) {
            if let Some(wanted) = wanted {
                *own = wanted;
            }
        }
        set(&mut contact.name, self.name);
        set(&mut contact.work, self.work);
        set(&mut contact.emails, self.emails);
        set(&mut contact.phones, self.phones);
        set(&mut contact.postal, self.postal);
        set(&mut contact.urls, self.urls);
        set(&mut contact.birthday, self.birthday);
        set(&mut contact.notes, self.notes);
        set(&mut contact.labels, self.labels);
        set(&mut contact.own, self.own);
        set(&mut contact.favourite, self.favourite);
    }
}

impl Projection {
    /// The part of a contact that has these fields, and nothing else of it.
    pub(in crate::gateway) fn of(stored: &StoredContact, fields: Fields) -> Projection {
        let mut contact = Contact::default();
        ContactPatch::of(&stored.contact, fields).write(&mut contact);
        let mut changed = [0; FIELD_COUNT];
        for field in fields.list() {
            changed[field as usize] = stored.changed[field as usize];
        }
        Projection { contact, fields, changed }
    }

    /// Adds what another part of the same contact has.
    pub(in crate::gateway) fn add(&mut self, other: &Projection) {
        ContactPatch::of(&other.contact, other.fields).write(&mut self.contact);
        for field in other.fields.list() {
            self.changed[field as usize] = other.changed[field as usize];
        }
        self.fields = self.fields.with(other.fields);
    }

    /// Whether one of these fields changed after a version.
    pub(in crate::gateway) fn changed_after(&self, fields: Fields, version: u32) -> bool {
        fields.list().into_iter().any(|field| self.changed[field as usize] > version)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;
    use crate::mail::contacts::{Postal, Way};

    fn way(value: &str) -> Vec<Way> {
        vec![Way { label: String::new(), value: value.to_owned() }]
    }

    /// A contact each of whose fields says its own name.
    fn stored() -> StoredContact {
        let mut contact = Contact {
            uid: "uid".to_owned(),
            emails: way("emails"),
            phones: way("phones"),
            postal: vec![Postal { city: "postal".to_owned(), ..Postal::default() }],
            urls: way("urls"),
            birthday: "birthday".to_owned(),
            notes: "notes".to_owned(),
            labels: vec!["labels".to_owned()],
            own: way("own"),
            favourite: true,
            kept: vec!["kept".to_owned()],
            source: vec!["source".to_owned()],
            ..Contact::default()
        };
        contact.name.full = "name".to_owned();
        contact.work.company = "work".to_owned();
        StoredContact { contact, changed: [7; FIELD_COUNT], photo: Some("image/png".to_owned()) }
    }

    /// A contact that says these fields, and nothing else: not even what identifies it.
    fn said(whole: &Contact, fields: Fields) -> Contact {
        let mut said = Contact::default();
        for field in Field::SHARED.into_iter().filter(|field| fields.has(*field)) {
            match field {
                Field::Name => said.name = whole.name.clone(),
                Field::Work => said.work = whole.work.clone(),
                Field::Emails => said.emails = whole.emails.clone(),
                Field::Phones => said.phones = whole.phones.clone(),
                Field::Postal => said.postal = whole.postal.clone(),
                Field::Urls => said.urls = whole.urls.clone(),
                Field::Birthday => said.birthday = whole.birthday.clone(),
                Field::Notes => said.notes = whole.notes.clone(),
                Field::Own => said.own = whole.own.clone(),
                Field::Labels | Field::Favourite => unreachable!("not shared"),
            }
        }
        said
    }

    /// Who there is: five people, of whom the last is outside, in any of three groups.
    fn reader(number: u8, groups: u8) -> Reader {
        let groups = (0..3).filter(|bit| groups & (1 << bit) != 0);
        let groups = groups.map(|bit| GroupId([100 + bit; 16])).collect();
        Reader { account: AccountId([number; 16]), inside: number < 5, groups }
    }

    fn target(number: u8) -> ShareTo {
        match number {
            0 => ShareTo::Group(GroupId::EVERYBODY),
            1..=5 => ShareTo::Person(AccountId([number; 16])),
            _ => ShareTo::Group(GroupId([100 + number - 6; 16])),
        }
    }

    /// P-53, P-54: what each reader gets is exactly what was granted to the reader, or to a group of the
    /// reader, of the contact or of the whole book, in a hundred thousand graphs of people, groups, contacts
    /// and fields.
    #[test]
    fn a_reader_gets_the_granted_fields_and_no_others_in_whatever_graph() {
        let share = || prop::collection::vec((0..9_u8, 0..=u16::MAX, 0..=u16::MAX), 0..8);
        let graph = (share(), share(), prop::collection::vec(0..8_u8, 5));
        let mut runner = TestRunner::new(Config { cases: 100_000, ..Config::default() });
        let stored = stored();
        let outcome = runner.run(&graph, |(shares, of_book, groups)| {
            let all = Fields::all().0;
            let share = |(to, read, edit): (u8, u16, u16)| {
                let read = read & all;
                Share { to: target(to), read: Fields(read), edit: Fields(read & edit) }
            };
            let distinct = |wanted: Vec<(u8, u16, u16)>| {
                let mut seen = BTreeSet::new();
                let mut shares: Vec<Share> = wanted.into_iter().map(share).collect();
                shares.retain(|share| seen.insert(share.to));
                shares
            };
            let (shares, of_book) = (distinct(shares), distinct(of_book));
            let sharing = Sharing(shares.clone(), Named::new()).checked().unwrap();
            let checked = Sharing(of_book.clone(), Named::new()).checked().unwrap();
            let grants = checked.0.into_iter().map(|share| Grant { share, generation: 1 });
            let grants = Grants(grants.collect(), Named::new());
            for (number, groups) in (1..=5_u8).zip(groups) {
                let reader = reader(number, groups);
                // Said a second time, with what a person would say about it.
                let concerned = |share: &&Share| match share.to {
                    ShareTo::Person(who) => who == reader.account,
                    ShareTo::Group(which) => {
                        number < 5
                            && (which == GroupId::EVERYBODY
                                || groups & (1 << which.0[0].wrapping_sub(100)) != 0)
                    }
                };
                let granted = shares.iter().chain(&of_book);
                let granted: Vec<&Share> = granted.filter(concerned).collect();
                let read = granted.iter().fold(0, |all, share| all | share.read.0);
                let edit = granted.iter().fold(0, |all, share| all | share.edit.0);
                let may = sharing.may_edit(&reader).with(grants.may_edit(&reader));
                prop_assert_eq!(may, Fields(edit));
                let mine = ShareTo::of(&reader);
                let copied = grants.0.iter().map(|grant| &grant.share);
                let rows = sharing.0.iter().chain(copied);
                let rows = rows.filter(|share| mine.contains(&share.to));
                let mut found = Projection::default();
                rows.for_each(|share| found.add(&Projection::of(&stored, share.read)));
                prop_assert_eq!(found.fields, Fields(read));
                prop_assert_eq!(&found.contact, &said(&stored.contact, Fields(read)));
                for field in Field::SHARED {
                    let version = found.changed[field as usize];
                    prop_assert_eq!(version == 7, Fields(read).has(field));
                }
            }
            Ok(())
        });
        outcome.unwrap();
    }

    #[test]
    fn what_cannot_be_shared_is_refused() {
        let to = target(1);
        let share = |read: Fields, edit: Fields| {
            Sharing(vec![Share { to, read, edit }], Named::new()).checked()
        };
        let name: Fields = [Field::Name].into_iter().collect();
        let label: Fields = [Field::Labels].into_iter().collect();
        assert_eq!(share(name, name).unwrap().0.len(), 1);
        assert_eq!(share(Fields::default(), Fields::default()).unwrap().0.len(), 0);
        assert!(share(label, Fields::default()).is_err());
        assert!(share(name, Fields::all()).is_err());
        let twice = vec![Share { to, read: name, edit: name }; 2];
        assert!(Sharing(twice, Named::new()).checked().is_err());
        let person =
            |number: usize| ShareTo::Person(AccountId([u8::try_from(number).unwrap(); 16]));
        let many = |count: usize| (1..=count).map(person);
        let many = |count| {
            let shares = many(count).map(|to| Share { to, read: name, edit: name });
            Sharing(shares.collect(), Named::new())
        };
        assert!(many(READERS_MAX).checked().is_ok());
        assert!(matches!(many(READERS_MAX + 1).checked(), Err(Error::OverQuota)));
    }
}
