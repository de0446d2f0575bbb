//! Contacts as tables: the columns of Google, Outlook and Thunderbird by their names, and ours, which
//! are Google's.
//!
//! A column that nobody knows becomes a field of the contact that has the column's name.

use std::collections::BTreeMap;

use super::contact::{Contact, ITEMS_MAX, LABEL_CHARS_MAX, LABELS_READ_MAX, Postal, Way, day};
use super::csv::{self, Rows};
use super::{Read, Reason};

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    Name(usize),
    Work(usize),
    Notes,
    Labels,
    Birthday,
    /// Thunderbird has the year, the month and the day in columns of their own.
    BirthPart(usize),
    Favourite,
    /// The value, or the label, of an address, number or field, by its number.
    Way(Kind, Slot, Part),
    Postal(Slot, usize),
    PostalLabel(Slot),
    Unknown(String),
    Ignored,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Email,
    Phone,
    Url,
    Own,
}

/// The columns that belong together have one number, or one label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    number: u16,
    label: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Label,
    Value,
}

/// The columns of a file.
pub struct Header(Vec<Column>);

/// Names of columns without what is no character of a word, and what they hold.
const NAMES: &[(&str, Column)] = &[
    ("nameprefix", Column::Name(0)),
    ("prefix", Column::Name(0)),
    ("firstname", Column::Name(1)),
    ("givenname", Column::Name(1)),
    ("middlename", Column::Name(2)),
    ("additionalname", Column::Name(2)),
    ("lastname", Column::Name(3)),
    ("familyname", Column::Name(3)),
    ("surname", Column::Name(3)),
    ("namesuffix", Column::Name(4)),
    ("suffix", Column::Name(4)),
    ("nickname", Column::Name(5)),
    ("displayname", Column::Name(6)),
    ("name", Column::Name(6)),
    ("fullname", Column::Name(6)),
    ("company", Column::Work(0)),
    ("organization", Column::Work(0)),
    ("organizationname", Column::Work(0)),
    ("organization1name", Column::Work(0)),
    ("department", Column::Work(1)),
    ("organizationdepartment", Column::Work(1)),
    ("organization1department", Column::Work(1)),
    ("jobtitle", Column::Work(2)),
    ("organizationtitle", Column::Work(2)),
    ("organization1title", Column::Work(2)),
    ("notes", Column::Notes),
    ("note", Column::Notes),
    ("labels", Column::Labels),
    ("categories", Column::Labels),
    ("groupmembership", Column::Labels),
    ("birthday", Column::Birthday),
    ("birthyear", Column::BirthPart(0)),
    ("birthmonth", Column::BirthPart(1)),
    ("favourite", Column::Favourite),
    ("email", way(Kind::Email, 1, "")),
    ("emailaddress", way(Kind::Email, 1, "")),
    ("primaryemail", way(Kind::Email, 1, "")),
    ("secondaryemail", way(Kind::Email, 2, "")),
    ("phone", way(Kind::Phone, 1, "")),
    ("primaryphone", way(Kind::Phone, 1, "main")),
    ("mobilephone", way(Kind::Phone, 101, "cell")),
    ("mobilenumber", way(Kind::Phone, 101, "cell")),
    ("businessphone", way(Kind::Phone, 102, "work")),
    ("workphone", way(Kind::Phone, 102, "work")),
    ("businessphone2", way(Kind::Phone, 103, "work")),
    ("homephone", way(Kind::Phone, 104, "home")),
    ("homephone2", way(Kind::Phone, 105, "home")),
    ("otherphone", way(Kind::Phone, 106, "other")),
    ("companymainphone", way(Kind::Phone, 107, "main")),
    ("businessfax", way(Kind::Phone, 108, "fax")),
    ("homefax", way(Kind::Phone, 109, "fax")),
    ("faxnumber", way(Kind::Phone, 108, "fax")),
    ("pager", way(Kind::Phone, 110, "pager")),
    ("pagernumber", way(Kind::Phone, 110, "pager")),
    ("webpage", way(Kind::Url, 101, "")),
    ("personalwebpage", way(Kind::Url, 102, "home")),
    ("webpage1", way(Kind::Url, 103, "work")),
    ("webpage2", way(Kind::Url, 104, "home")),
    // What says nothing by itself.
    ("emaildisplayname", Column::Ignored),
    ("email2displayname", Column::Ignored),
    ("email3displayname", Column::Ignored),
    ("emailtype", Column::Ignored),
    ("email2type", Column::Ignored),
    ("email3type", Column::Ignored),
    ("photo", Column::Ignored),
];

const fn way(kind: Kind, number: u16, label: &'static str) -> Column {
    Column::Way(kind, Slot { number, label }, Part::Value)
}

/// The parts of a postal address in the order of [`parts`], by the words of the programs.
const POSTAL: &[(&str, usize)] = &[
    ("pobox", 0),
    ("extendedaddress", 1),
    ("address2", 1),
    ("street2", 1),
    ("street", 2),
    ("address", 2),
    ("city", 3),
    ("region", 4),
    ("state", 4),
    ("postalcode", 5),
    ("zipcode", 5),
    ("country", 6),
    ("countryregion", 6),
];

fn parts(postal: &mut Postal) -> [&mut String; 7] {
    let Postal { label: _, post_box, extended, street, city, region, code, country } = postal;
    [post_box, extended, street, city, region, code, country]
}

impl Header {
    /// Returns the columns that a first row names; `None` if none of them is known.
    pub fn of(row: &[String]) -> Option<Header> {
        let columns: Vec<Column> = row.iter().map(|name| column(name)).collect();
        let is_known = |column: &Column| !matches!(column, Column::Unknown(_) | Column::Ignored);
        columns.iter().any(is_known).then_some(Header(columns))
    }

    /// Returns the contact that a row is about.
    pub fn read(&self, row: &[String]) -> Read {
        let mut filling = Filling::default();
        for (column, value) in self.0.iter().zip(row) {
            let value = csv::unguarded(value.trim());
            if !value.is_empty() {
                filling.take(column, &value);
            }
        }
        let mut read = Read { contact: filling.finish(), ..Read::default() };
        if row.len() > self.0.len() {
            read.problem("CSV", Reason::TooMany);
        }
        read.fit();
        let full = std::mem::take(&mut read.contact.name.full);
        if full != read.contact.shown() {
            read.contact.name.full = full;
        }
        if read.contact.is_empty() {
            read.problem("CSV", Reason::Empty);
        }
        read
    }
}

/// Reads at most `most` rows, and returns whether there are more; `None` if the first row names no
/// column that is known.
pub fn read(text: &str, most: usize) -> Option<(Vec<Read>, bool)> {
    let mut rows: Rows<'_> = csv::rows(text);
    let header = Header::of(&rows.next()?)?;
    let found = rows.by_ref().take(most).map(|row| header.read(&row)).collect();
    Some((found, rows.next().is_some()))
}

fn column(name: &str) -> Column {
    // Thunderbird calls the day of the month as others call the whole date.
    if name.trim() == "Birth Day" {
        return Column::BirthPart(2);
    }
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let plain = plain.to_lowercase();
    let known = NAMES.iter().find(|(known, _)| *known == plain);
    known
        .map(|(_, column)| column.clone())
        .or_else(|| numbered(&plain))
        .or_else(|| postal(&plain))
        // One character more than a label has, so that it is seen that it was cut. Each row repeats it.
        .unwrap_or_else(|| Column::Unknown(name.trim().chars().take(LABEL_CHARS_MAX + 1).collect()))
}

/// `E-mail 2 - Value`, `Phone 1 - Label`, `E-mail 2 Address`, `Custom 3`.
fn numbered(plain: &str) -> Option<Column> {
    let kinds = [
        ("email", Kind::Email),
        ("phone", Kind::Phone),
        ("website", Kind::Url),
        ("customfield", Kind::Own),
        ("custom", Kind::Own),
    ];
    let (rest, kind) =
        kinds.iter().find_map(|(name, kind)| Some((plain.strip_prefix(name)?, *kind)))?;
    let (number, rest) = number(rest)?;
    let part = match rest {
        "value" | "address" | "" => Part::Value,
        "label" | "type" => Part::Label,
        _ => return None,
    };
    Some(Column::Way(kind, Slot { number, label: "" }, part))
}

/// `Address 1 - City`, `Business City`, `Home Address 2`, `Work ZipCode`.
fn postal(plain: &str) -> Option<Column> {
    if let Some(rest) = plain.strip_prefix("address") {
        let (number, rest) = number(rest)?;
        let slot = Slot { number, label: "" };
        return match rest {
            "label" | "type" => Some(Column::PostalLabel(slot)),
            // Written from the parts beside it.
            "formatted" => Some(Column::Ignored),
            part => part_of(part).map(|part| Column::Postal(slot, part)),
        };
    }
    let labels = [
        ("business", 101, "work"),
        ("work", 101, "work"),
        ("home", 102, "home"),
        ("other", 103, "other"),
    ];
    labels.iter().find_map(|(name, number, label)| {
        let part = part_of(plain.strip_prefix(name)?)?;
        Some(Column::Postal(Slot { number: *number, label }, part))
    })
}

fn part_of(name: &str) -> Option<usize> {
    POSTAL.iter().find(|(known, _)| *known == name).map(|(_, part)| *part)
}

fn number(text: &str) -> Option<(u16, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    // Two digits: a contact has no more columns of a kind.
    let digits = text.get(..end).filter(|digits| (1..=2).contains(&digits.len()))?;
    Some((digits.parse().ok()?, &text[end..]))
}

/// A contact that is filled column by column.
#[derive(Default)]
struct Filling {
    contact: Contact,
    ways: BTreeMap<(Kind, Slot), Way>,
    postal: BTreeMap<Slot, Postal>,
    birth: [String; 3],
    unknown: Vec<Way>,
}

/// What stands between several values in one column of Google's.
const BETWEEN: &str = ":::";

impl Filling {
    fn take(&mut self, column: &Column, value: &str) {
        let contact = &mut self.contact;
        let text = value.to_owned();
        match column {
            Column::Name(part) => {
                let name = &mut contact.name;
                let fields = [
                    &mut name.prefix,
                    &mut name.given,
                    &mut name.middle,
                    &mut name.family,
                    &mut name.suffix,
                    &mut name.nickname,
                    &mut name.full,
                ];
                *fields.into_iter().nth(*part).expect("seven parts") = text;
            }
            Column::Work(part) => {
                let work = &mut contact.work;
                let fields = [&mut work.company, &mut work.department, &mut work.title];
                *fields.into_iter().nth(*part).expect("three parts") = text;
            }
            Column::Notes => contact.notes = text,
            Column::Labels => {
                let room = (LABELS_READ_MAX + 1).saturating_sub(contact.labels.len());
                contact.labels.extend(labels(value).take(room));
            }
            Column::Birthday => match day(value) {
                Some(day) => contact.birthday = day,
                None => self.unknown.push(Way { label: "Birthday".to_owned(), value: text }),
            },
            Column::BirthPart(part) => self.birth[*part] = text,
            Column::Favourite => contact.favourite = value.eq_ignore_ascii_case("true"),
            Column::Way(kind, slot, part) => {
                let way = self.ways.entry((*kind, slot.clone())).or_default();
                match part {
                    Part::Value => way.value = text,
                    Part::Label => way.label = label(value),
                }
            }
            Column::Postal(slot, part) => {
                let postal = self.postal.entry(slot.clone()).or_default();
                *parts(postal).into_iter().nth(*part).expect("seven parts") = text;
            }
            Column::PostalLabel(slot) => {
                self.postal.entry(slot.clone()).or_default().label = label(value);
            }
            Column::Unknown(name) => self.unknown.push(Way { label: name.clone(), value: text }),
            Column::Ignored => {}
        }
    }

    fn finish(self) -> Contact {
        let mut contact = self.contact;
        for ((kind, slot), way) in self.ways {
            let label = if way.label.is_empty() { slot.label.to_owned() } else { way.label };
            // One more, so that it is seen that there are too many.
            let values = way.value.split(BETWEEN).map(str::trim).take(ITEMS_MAX + 1);
            let values: Vec<String> = match kind {
                Kind::Own => vec![way.value.clone()],
                // Of the first one, the apostrophe was taken away with that of the whole value.
                _ => (values.enumerate())
                    .map(
                        |(at, value)| {
                            if at == 0 { value.to_owned() } else { csv::unguarded(value) }
                        },
                    )
                    .collect(),
            };
            let list = match kind {
                Kind::Email => &mut contact.emails,
                Kind::Phone => &mut contact.phones,
                Kind::Url => &mut contact.urls,
                Kind::Own => &mut contact.own,
            };
            list.extend(values.into_iter().map(|value| Way { label: label.clone(), value }));
        }
        for (slot, mut postal) in self.postal {
            if postal.label.is_empty() {
                postal.label = slot.label.to_owned();
            }
            contact.postal.push(postal);
        }
        let [year, month, date] = self.birth;
        if !month.is_empty() && !date.is_empty() {
            let year = if year.is_empty() { "-".to_owned() } else { year };
            contact.birthday = day(&format!("{year}-{month:0>2}-{date:0>2}")).unwrap_or_default();
        }
        contact.own.extend(self.unknown);
        contact
    }
}

/// Google marks groups of the system, and what is written first, with an asterisk.
fn labels(value: &str) -> impl Iterator<Item = String> + '_ {
    let by = if value.contains(BETWEEN) { BETWEEN } else { ";" };
    let labels = value.split(by).map(str::trim);
    labels.filter(|label| !label.starts_with("* ") && !label.is_empty()).map(str::to_owned)
}

fn label(value: &str) -> String {
    let plain = super::vcard::apple(value.trim_start_matches('*'));
    match plain.to_lowercase().as_str() {
        "mobile" => "cell".to_owned(),
        known @ ("home" | "work" | "fax" | "pager" | "main" | "other") => known.to_owned(),
        _ => plain,
    }
}

/// How many columns of each kind a table needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    pub emails: usize,
    pub phones: usize,
    pub postal: usize,
    pub urls: usize,
    pub own: usize,
}

impl Columns {
    /// The columns that this table or the other one needs.
    pub fn wider(self, other: Columns) -> Columns {
        Columns {
            emails: self.emails.max(other.emails),
            phones: self.phones.max(other.phones),
            postal: self.postal.max(other.postal),
            urls: self.urls.max(other.urls),
            own: self.own.max(other.own),
        }
    }

    /// The columns that a contact needs.
    pub fn of(contact: &Contact) -> Columns {
        let Contact { emails, phones, postal, urls, own, .. } = contact;
        Columns {
            emails: emails.len(),
            phones: phones.len(),
            postal: postal.len(),
            urls: urls.len(),
            own: own.len(),
        }
    }

    /// Appends the names of the columns.
    pub fn write_names(self, out: &mut String) {
        let mut names: Vec<String> = FIXED.iter().map(|name| (*name).to_owned()).collect();
        let kinds = [
            ("E-mail", self.emails),
            ("Phone", self.phones),
            ("Website", self.urls),
            ("Custom Field", self.own),
        ];
        for (kind, count) in kinds {
            for number in 1..=count {
                names.push(format!("{kind} {number} - Label"));
                names.push(format!("{kind} {number} - Value"));
            }
        }
        for number in 1..=self.postal {
            names.extend(ADDRESS.iter().map(|part| format!("Address {number} - {part}")));
        }
        csv::write(out, names.iter().map(String::as_str));
    }

    /// Appends a contact.
    pub fn write(self, out: &mut String, contact: &Contact) {
        let Contact { name, work, .. } = contact;
        let labels = contact.labels.join(" ::: ");
        let favourite = if contact.favourite { "true" } else { "" };
        let mut values = vec![
            &*name.prefix,
            &*name.given,
            &*name.middle,
            &*name.family,
            &*name.suffix,
            &*name.nickname,
            &*name.full,
            &*work.company,
            &*work.department,
            &*work.title,
            &*contact.birthday,
            &*contact.notes,
            &*labels,
            favourite,
        ];
        let kinds = [
            (&contact.emails, self.emails),
            (&contact.phones, self.phones),
            (&contact.urls, self.urls),
            (&contact.own, self.own),
        ];
        for (ways, count) in kinds {
            for number in 0..count {
                let way = ways.get(number);
                values.push(way.map_or("", |way| &*way.label));
                values.push(way.map_or("", |way| &*way.value));
            }
        }
        let mut postal = contact.postal.clone();
        postal.resize(self.postal, Postal::default());
        for postal in &mut postal {
            values.push(&*postal.label);
            // The parts are borrowed together, after the label.
            let Postal { post_box, extended, street, city, region, code, country, .. } = &*postal;
            values.extend([&**post_box, extended, street, city, region, code, country]);
        }
        csv::write(out, values);
    }
}

const FIXED: &[&str] = &[
    "Name Prefix",
    "First Name",
    "Middle Name",
    "Last Name",
    "Name Suffix",
    "Nickname",
    "Display Name",
    "Organization Name",
    "Organization Department",
    "Organization Title",
    "Birthday",
    "Notes",
    "Labels",
    "Favourite",
];

/// The columns of a postal address, in the order of [`parts`] after the label.
const ADDRESS: &[&str] =
    &["Label", "PO Box", "Extended Address", "Street", "City", "Region", "Postal Code", "Country"];

#[cfg(test)]
mod tests;
