//! The fields of a profile, whom each is for, and the part that one reader sees.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::gateway::contacts::shares::{Named, READERS_MAX, ShareTo};
use crate::gateway::error::Error;
use crate::gateway::groups::audience::Audience;
use crate::gateway::records::ids::GroupId;
use crate::mail::contacts::Way;
use crate::mail::contacts::contact::{clean, clean_lines};
use crate::mail::words;
use crate::store::Record;

/// A field of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileField {
    Name,
    Picture,
    Phones,
    Office,
    Languages,
    Hours,
    About,
}

/// Fields of a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileFields(pub u8);

/// What a user says, without the picture. Every field may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileText {
    /// As the user wants to be called.
    pub name: String,
    pub phones: Vec<Way>,
    pub office: String,
    pub languages: Vec<String>,
    /// When the user works.
    pub hours: String,
    pub about: String,
}

/// A profile as it is sealed for its owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredProfile {
    pub text: ProfileText,
    /// The SHA-256 hash of the picture: one of an earlier day is not shown to the readers of today.
    pub picture: Option<[u8; 32]>,
    /// Whom each field is for, in the order of [`ProfileField`].
    pub audiences: [Audience; FIELD_COUNT],
    /// By which addresses the owner named people.
    pub named: Named,
}

impl Record for StoredProfile {
    const VERSION: u8 = 1;
}

/// The part of a profile that one reader sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Its other fields are empty.
    pub text: ProfileText,
    pub fields: ProfileFields,
}

impl Record for Published {
    const VERSION: u8 = 1;
}

pub const FIELD_COUNT: usize = 7;

/// The most characters of the name, the office, the hours, a telephone number, a word for one, and a
/// language; and of the free text.
pub const NAME_CHARS_MAX: usize = 100;
pub const LINE_CHARS_MAX: usize = 200;
pub const LABEL_CHARS_MAX: usize = 40;
pub const ABOUT_CHARS_MAX: usize = 2_000;

/// The most telephone numbers, and languages.
pub const PHONES_MAX: usize = 10;
pub const LANGUAGES_MAX: usize = 20;

impl ProfileField {
    pub const ALL: [ProfileField; FIELD_COUNT] = [
        ProfileField::Name,
        ProfileField::Picture,
        ProfileField::Phones,
        ProfileField::Office,
        ProfileField::Languages,
        ProfileField::Hours,
        ProfileField::About,
    ];

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl ProfileFields {
    #[must_use]
    pub fn has(self, field: ProfileField) -> bool {
        self.0 & field.bit() != 0
    }

    #[must_use]
    pub fn with(self, others: ProfileFields) -> ProfileFields {
        ProfileFields(self.0 | others.0)
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These fields, in their order.
    pub fn list(self) -> Vec<ProfileField> {
        ProfileField::ALL.into_iter().filter(|field| self.has(*field)).collect()
    }
}

impl FromIterator<ProfileField> for ProfileFields {
    fn from_iter<I: IntoIterator<Item = ProfileField>>(fields: I) -> ProfileFields {
        ProfileFields(fields.into_iter().fold(0, |all, field| all | field.bit()))
    }
}

impl ProfileText {
    /// Cleans every field, and takes away empty ones; refuses what is longer than a field can be, in place
    /// of cutting it.
    pub(in crate::gateway) fn fitted(mut self) -> Result<ProfileText, Error> {
        self.name = line("the name", &self.name, NAME_CHARS_MAX)?;
        self.office = line("the office", &self.office, LINE_CHARS_MAX)?;
        self.hours = line("the working hours", &self.hours, LINE_CHARS_MAX)?;
        for Way { label, value } in &mut self.phones {
            *label = line("a telephone's label", label, LABEL_CHARS_MAX)?;
            *value = line("a telephone number", value, LINE_CHARS_MAX)?;
        }
        self.phones.retain(|way| !way.value.is_empty());
        for language in &mut self.languages {
            *language = line("a language", language, LABEL_CHARS_MAX)?;
        }
        self.languages.retain(|language| !language.is_empty());
        self.about = clean_lines(&self.about);
        within("the text", &self.about, ABOUT_CHARS_MAX)?;
        if self.phones.len() > PHONES_MAX || self.languages.len() > LANGUAGES_MAX {
            let what = format!(
                "a profile has at most {PHONES_MAX} telephones and {LANGUAGES_MAX} languages"
            );
            return Err(Error::Invalid { what });
        }
        Ok(self)
    }

    /// Writes some of its fields into another text.
    fn write(&self, fields: ProfileFields, to: &mut ProfileText) {
        let ProfileText { name, phones, office, languages, hours, about } = self;
        for field in fields.list() {
            match field {
                ProfileField::Name => to.name.clone_from(name),
                // It is a part of its own.
                ProfileField::Picture => {}
                ProfileField::Phones => to.phones.clone_from(phones),
                ProfileField::Office => to.office.clone_from(office),
                ProfileField::Languages => to.languages.clone_from(languages),
                ProfileField::Hours => to.hours.clone_from(hours),
                ProfileField::About => to.about.clone_from(about),
            }
        }
    }

    /// All that it says, in the spelling in which words are compared.
    pub(in crate::gateway) fn searched(&self) -> String {
        let ProfileText { name, phones, office, languages, hours, about } = self;
        let mut all: Vec<&str> = vec![name, office, hours];
        all.extend(phones.iter().flat_map(|way| [&*way.label, &*way.value]));
        all.extend(languages.iter().map(String::as_str));
        all.push(about);
        words::spelled(&all.join("\n"))
    }
}

impl StoredProfile {
    /// The fields that say something.
    pub fn filled(&self) -> ProfileFields {
        let ProfileText { name, phones, office, languages, hours, about } = &self.text;
        let found = [
            (ProfileField::Name, !name.is_empty()),
            (ProfileField::Picture, self.picture.is_some()),
            (ProfileField::Phones, !phones.is_empty()),
            (ProfileField::Office, !office.is_empty()),
            (ProfileField::Languages, !languages.is_empty()),
            (ProfileField::Hours, !hours.is_empty()),
            (ProfileField::About, !about.is_empty()),
        ];
        found.into_iter().filter(|(_, is_there)| *is_there).map(|(field, _)| field).collect()
    }

    /// Each reader, with the fields that it gets; those who get nothing are left out.
    pub(in crate::gateway) fn readers(&self) -> BTreeMap<ShareTo, ProfileFields> {
        let mut readers: BTreeMap<ShareTo, ProfileFields> = BTreeMap::new();
        for field in self.filled().list() {
            for to in named_by(&self.audiences[field as usize]) {
                let fields = readers.entry(to).or_default();
                *fields = fields.with(ProfileFields(field.bit()));
            }
        }
        readers
    }

    /// All whom the owner named, whether there is something for them or not.
    pub(in crate::gateway) fn known(&self) -> std::collections::BTreeSet<ShareTo> {
        self.audiences.iter().flat_map(named_by).collect()
    }

    /// The part that has these fields, and nothing else of it.
    pub(in crate::gateway) fn part(&self, fields: ProfileFields) -> Published {
        let mut text = ProfileText::default();
        self.text.write(fields, &mut text);
        Published { text, fields }
    }

    /// Refuses audiences that name too many.
    pub(in crate::gateway) fn check(&self) -> Result<(), Error> {
        self.audiences.iter().try_for_each(Audience::check)?;
        match self.known().len() > READERS_MAX {
            true => Err(Error::OverQuota),
            false => Ok(()),
        }
    }
}

impl Published {
    /// Adds what another part of the same profile has.
    pub(in crate::gateway) fn add(&mut self, other: &Published) {
        other.text.write(other.fields, &mut self.text);
        self.fields = self.fields.with(other.fields);
    }
}

fn named_by(audience: &Audience) -> Vec<ShareTo> {
    match audience {
        Audience::Nobody => Vec::new(),
        Audience::Everybody => vec![ShareTo::Group(GroupId::EVERYBODY)],
        Audience::Named { accounts, groups } => {
            let people = accounts.iter().map(|one| ShareTo::Person(*one));
            people.chain(groups.iter().map(|one| ShareTo::Group(*one))).collect()
        }
    }
}

fn line(what: &str, text: &str, max: usize) -> Result<String, Error> {
    let text = clean(text);
    within(what, &text, max)?;
    Ok(text)
}

fn within(what: &str, text: &str, max: usize) -> Result<(), Error> {
    match text.chars().count() <= max {
        true => Ok(()),
        false => Err(Error::Invalid { what: format!("{what} can have at most {max} characters") }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;
    use crate::gateway::groups::audience::Reader;
    use crate::gateway::profiles::tests::whole;
    use crate::gateway::records::ids::AccountId;

    /// Five people, of whom the last is outside, in any of three groups.
    fn reader(number: u8, groups: u8) -> Reader {
        let groups = (0..3).filter(|bit| groups & (1 << bit) != 0);
        let groups = groups.map(|bit| GroupId([100 + bit; 16])).collect();
        Reader { account: AccountId([number; 16]), inside: number < 5, groups }
    }

    fn audience((kind, people, groups): (u8, u8, u8)) -> Audience {
        let some = |mask: u8, below: u8| (0..below).filter(move |bit| mask & (1 << bit) != 0);
        match kind {
            0 => Audience::Nobody,
            1 => Audience::Everybody,
            _ => Audience::Named {
                accounts: some(people, 5).map(|bit| AccountId([bit + 1; 16])).collect(),
                groups: some(groups, 3).map(|bit| GroupId([100 + bit; 16])).collect(),
            },
        }
    }

    /// P-56: the copies of a reader together have exactly the fields that are for this reader, in a hundred
    /// thousand graphs of people, groups and audiences.
    #[test]
    fn the_copies_of_a_reader_have_its_fields_and_no_others() {
        let audiences = prop::collection::vec((0..4_u8, any::<u8>(), any::<u8>()), FIELD_COUNT);
        let graph = (audiences, any::<bool>(), prop::collection::vec(0..8_u8, 5));
        let mut runner = TestRunner::new(Config { cases: 100_000, ..Config::default() });
        let outcome = runner.run(&graph, |(drawn, has_picture, groups)| {
            let mut audiences = [const { Audience::Nobody }; FIELD_COUNT];
            audiences.iter_mut().zip(&drawn).for_each(|(one, drawn)| *one = audience(*drawn));
            let named = Named::new();
            let picture = has_picture.then_some([7; 32]);
            let stored = StoredProfile { text: whole(), picture, audiences, named };
            let copies = stored.readers();
            for (number, groups) in (1..=5_u8).zip(groups) {
                // Said a second time, in other words.
                let sees = |(kind, people, named): (u8, u8, u8)| match kind {
                    0 => false,
                    1 => number < 5,
                    _ => people & (1 << (number - 1)) != 0 || number < 5 && named & groups & 7 != 0,
                };
                let wanted = ProfileField::ALL.into_iter().zip(&drawn);
                let wanted = wanted.filter(|(field, drawn)| {
                    sees(**drawn) && (has_picture || *field != ProfileField::Picture)
                });
                let wanted: ProfileFields = wanted.map(|(field, _)| field).collect();
                let reader = reader(number, groups);
                let mut found = Published::default();
                for to in ShareTo::of(&reader) {
                    if let Some(fields) = copies.get(&to) {
                        found.add(&stored.part(*fields));
                    }
                }
                prop_assert_eq!(crate::gateway::profiles::tests::said(&found), wanted);
                prop_assert_eq!(&found, &stored.part(wanted));
            }
            Ok(())
        });
        outcome.unwrap();
    }
}
