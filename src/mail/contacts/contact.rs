//! A contact: what an address book knows about a person or an organisation.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::Reason;
use super::groups::{self, Lines};
use crate::mail::address::Address;
use crate::mail::words;

/// A contact. Every field may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// What identifies it in files (RFC 6350 §6.7.6).
    pub uid: String,
    pub name: Name,
    pub work: Work,
    pub emails: Vec<Way>,
    pub phones: Vec<Way>,
    pub postal: Vec<Postal>,
    pub urls: Vec<Way>,
    /// `YYYY-MM-DD`, or `--MM-DD` without a year.
    pub birthday: String,
    pub notes: String,
    /// The owner's keywords.
    pub labels: Vec<String>,
    /// Fields that the owner named.
    pub own: Vec<Way>,
    pub favourite: bool,
    /// Lines of the card that it came from, whose properties have no field here.
    pub kept: Vec<String>,
    /// Lines of that card for fields here, which say more than the fields do. Each is written in the
    /// place of its field as long as that stays as it was.
    pub source: Vec<String>,
}

/// The parts of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    pub prefix: String,
    pub given: String,
    pub middle: String,
    pub family: String,
    pub suffix: String,
    pub nickname: String,
    /// The whole name, if it is not made of the parts.
    pub full: String,
}

/// Where a person works, and as what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    pub company: String,
    pub department: String,
    pub title: String,
}

/// An address, a number, or another text, with a word that says which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// Such as `work`, or a word of the owner.
    pub label: String,
    pub value: String,
}

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Postal {
    pub label: String,
    pub post_box: String,
    pub extended: String,
    pub street: String,
    pub city: String,
    pub region: String,
    pub code: String,
    pub country: String,
}

/// The most characters of a field, of a label, and of the notes.
pub const FIELD_CHARS_MAX: usize = 500;
pub const LABEL_CHARS_MAX: usize = 60;
pub const NOTES_CHARS_MAX: usize = 8_000;

/// The most addresses, numbers, labels or own fields of one contact.
pub const ITEMS_MAX: usize = 30;

/// The most labels that are compared before they are counted: several may be one in other spellings.
pub const LABELS_READ_MAX: usize = 1_000;

/// The most lines that are kept of a card, and the most octets of one, and of all of them.
pub const KEPT_LINES_MAX: usize = 100;
pub const KEPT_LINE_OCTETS_MAX: usize = 8 * 1024;
pub const KEPT_OCTETS_MAX: usize = 32 * 1024;

/// The most octets of all that a contact says, with the lines that are kept.
pub const OCTETS_MAX: usize = 64 * 1024;

impl Name {
    /// The parts in their order.
    fn parts(&self) -> [&str; 5] {
        [&self.prefix, &self.given, &self.middle, &self.family, &self.suffix]
    }

    /// The whole name; empty if there is none.
    pub fn whole(&self) -> String {
        match self.full.is_empty() {
            true => joined(&self.parts(), " "),
            false => self.full.clone(),
        }
    }

    fn fields(&mut self) -> [&mut String; 7] {
        let Name { prefix, given, middle, family, suffix, nickname, full } = self;
        [prefix, given, middle, family, suffix, nickname, full]
    }
}

impl Postal {
    fn fields(&mut self) -> [&mut String; 7] {
        let Postal { label: _, post_box, extended, street, city, region, code, country } = self;
        [post_box, extended, street, city, region, code, country]
    }

    /// The address on one line.
    pub fn line(&self) -> String {
        let Postal { post_box, extended, street, city, region, code, country, .. } = self;
        joined(&[post_box, extended, street, code, city, region, country], ", ")
    }

    pub fn is_empty(&self) -> bool {
        self.line().is_empty()
    }
}

fn joined(parts: &[&str], by: &str) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(by)
}

/// A text for one line, without what would change how the text around it is shown.
pub fn clean(text: &str) -> String {
    clean_but(text, &[]).trim().to_owned()
}

/// The same for a text of several lines.
pub fn clean_lines(text: &str) -> String {
    clean_but(&text.replace("\r\n", "\n"), &['\n']).trim().to_owned()
}

fn clean_but(text: &str, but: &[char]) -> String {
    let is_override = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = |c: char| match c {
        c if but.contains(&c) => Some(c),
        '\t' | '\r' | '\n' => Some(' '),
        c => (!c.is_control() && !is_override(c)).then_some(c),
    };
    text.chars().filter_map(shown).collect()
}

impl Contact {
    /// The name that lists show: the first of these that is there.
    pub fn shown(&self) -> String {
        let first = |ways: &[Way]| ways.first().map(|way| way.value.clone()).unwrap_or_default();
        let names = [self.name.whole(), self.name.nickname.clone(), self.work.company.clone()];
        let ways = [first(&self.emails), first(&self.phones)];
        names.into_iter().chain(ways).find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// Whether it says nothing about anybody.
    pub fn is_empty(&self) -> bool {
        self.shown().is_empty()
            && [&self.postal.is_empty(), &self.urls.is_empty(), &self.own.is_empty()] == [&true; 3]
            && self.notes.is_empty()
            && self.birthday.is_empty()
    }

    /// The forms in which the addresses are compared.
    pub fn addresses(&self) -> impl Iterator<Item = String> + '_ {
        self.emails.iter().map(|way| normalized(&way.value))
    }

    /// All that it says, in the spelling in which words are compared.
    pub fn searched(&self) -> String {
        let Contact { name, work, notes, birthday, .. } = self;
        let postal: Vec<String> = self.postal.iter().map(Postal::line).collect();
        let parts = name.parts().into_iter().chain([&*name.full, &*name.nickname]);
        let work = [&*work.company, &*work.department, &*work.title];
        let ways = [&self.emails, &self.phones, &self.urls, &self.own].into_iter().flatten();
        let ways = ways.flat_map(|way| [&*way.label, &*way.value]);
        let labels = self.labels.iter().map(String::as_str);
        let postal = postal.iter().map(String::as_str);
        let all = parts.chain(work).chain(ways).chain(labels).chain(postal);
        // The longest comes last: an index may have the beginning only.
        let all: Vec<&str> = all.chain([&**birthday, &**notes]).collect();
        words::spelled(&all.join("\n"))
    }

    /// Brings every field within its limits and takes away what is empty. Returns which fields
    /// were longer.
    pub fn fit(&mut self) -> Vec<(&'static str, Reason)> {
        let mut cut = Cut::default();
        self.name.fields().into_iter().for_each(|field| cut.field("N", field));
        let Work { company, department, title } = &mut self.work;
        [company, department, title].into_iter().for_each(|field| cut.field("ORG", field));
        cut.field("UID", &mut self.uid);
        cut.ways("EMAIL", &mut self.emails);
        cut.ways("TEL", &mut self.phones);
        cut.ways("URL", &mut self.urls);
        cut.ways("X-POSTERN-FIELD", &mut self.own);
        cut.list("ADR", &mut self.postal, ITEMS_MAX);
        for postal in &mut self.postal {
            cut.text("ADR", &mut postal.label, LABEL_CHARS_MAX);
            postal.fields().into_iter().for_each(|field| cut.field("ADR", field));
        }
        self.postal.retain(|postal| !postal.is_empty());
        cut.list("CATEGORIES", &mut self.labels, LABELS_READ_MAX);
        self.labels.iter_mut().for_each(|label| cut.text("CATEGORIES", label, LABEL_CHARS_MAX));
        let mut seen = HashSet::new();
        self.labels.retain(|label| !label.is_empty() && seen.insert(words::spelled(label)));
        cut.list("CATEGORIES", &mut self.labels, ITEMS_MAX);
        self.notes = clean_lines(&self.notes);
        cut.shorten("NOTE", &mut self.notes, NOTES_CHARS_MAX);
        // A day that is not understood is said, and never silently taken away.
        match (self.birthday.trim().is_empty(), day(&self.birthday)) {
            (false, None) => cut.0.push(("BDAY", Reason::Unreadable)),
            (_, found) => self.birthday = found.unwrap_or_default(),
        }
        cut.field("BDAY", &mut self.birthday);
        let mut room = KEPT_OCTETS_MAX.min(self.room(&mut cut));
        cut.lines(&mut self.kept, &mut room);
        cut.lines(&mut self.source, &mut room);
        cut.0
    }

    /// Takes away what is more than a contact may say in all, and returns for how many octets of kept
    /// lines there is room.
    fn room(&mut self, cut: &mut Cut) -> usize {
        let work = [&self.work.company, &self.work.department, &self.work.title];
        let texts = work.into_iter().chain([&self.uid, &self.birthday, &self.notes]);
        let labels = self.labels.iter().chain(texts).map(String::len).sum::<usize>();
        let name = self.name.fields().into_iter().map(|field| field.len()).sum::<usize>();
        let mut room = OCTETS_MAX.saturating_sub(labels + name);
        let way = |way: &Way| way.label.len() + way.value.len();
        cut.within("EMAIL", &mut self.emails, &mut room, way);
        cut.within("TEL", &mut self.phones, &mut room, way);
        let postal = |postal: &Postal| {
            let mut postal = postal.clone();
            let label = postal.label.len();
            label + postal.fields().into_iter().map(|field| field.len()).sum::<usize>()
        };
        cut.within("ADR", &mut self.postal, &mut room, postal);
        cut.within("URL", &mut self.urls, &mut room, way);
        cut.within("X-POSTERN-FIELD", &mut self.own, &mut room, way);
        room
    }

    /// The lines of cards.
    pub fn lines(&self) -> Lines<'_> {
        Lines { kept: &self.kept, source: &self.source }
    }

    /// Takes from another contact what this one does not say.
    pub fn merge(&mut self, other: Contact) {
        let (kept, source) = groups::missing(self.lines(), other.lines());
        self.kept.extend(kept);
        self.source.extend(source);
        let Contact { name, work, .. } = self;
        if name.whole().is_empty() {
            let nickname = std::mem::take(&mut name.nickname);
            *name = Name { nickname, ..other.name.clone() };
        }
        let fill = |own: &mut String, other: String| {
            if own.is_empty() {
                *own = other;
            }
        };
        fill(&mut name.nickname, other.name.nickname);
        fill(&mut work.company, other.work.company);
        fill(&mut work.department, other.work.department);
        fill(&mut work.title, other.work.title);
        fill(&mut self.birthday, other.birthday);
        union(&mut self.emails, other.emails, |way| normalized(&way.value));
        union(&mut self.phones, other.phones, |way| digits(&way.value));
        union(&mut self.urls, other.urls, |way| way.value.clone());
        union(&mut self.own, other.own, |way| format!("{}\n{}", way.label, way.value));
        union(&mut self.postal, other.postal, Postal::line);
        union(&mut self.labels, other.labels, |label| words::spelled(label));
        if !self.notes.contains(&other.notes) {
            let notes = [std::mem::take(&mut self.notes), other.notes];
            self.notes = notes.join("\n").trim().to_owned();
        }
        self.favourite |= other.favourite;
    }
}

fn union<T>(own: &mut Vec<T>, other: Vec<T>, key: impl Fn(&T) -> String) {
    let mut known: HashSet<String> = own.iter().map(&key).collect();
    own.extend(other.into_iter().filter(|item| known.insert(key(item))));
}

/// The form in which an address is compared; text that is no address is compared without case.
pub fn normalized(address: &str) -> String {
    match Address::parse(address.trim()) {
        Ok(address) => address.normalized(),
        Err(_) => words::spelled(address.trim()),
    }
}

/// The form in which numbers are compared.
pub fn digits(number: &str) -> String {
    number.chars().filter(|c| c.is_alphanumeric() || *c == '+').collect()
}

/// Reads a day: `1980-05-04`, `19800504`, `--05-04` or `--0504`, with or without a time after it
/// (RFC 6350 §4.3.1, RFC 2426 §3.1.5).
pub fn day(text: &str) -> Option<String> {
    let text = text.trim();
    let date = text.split(['T', ' ']).next()?;
    let (year, rest) = match date.strip_prefix("--") {
        Some(rest) => (None, rest),
        None => (Some(date.get(..4)?), date.get(4..)?),
    };
    let digits: String = rest.chars().filter(|c| *c != '-').collect();
    let number = |text: &str| match text.bytes().all(|octet| octet.is_ascii_digit()) {
        true => text.parse::<u16>().ok(),
        false => None,
    };
    let (month, day) = (number(digits.get(..2)?)?, number(digits.get(2..4)?)?);
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    // A year that has every day stands for one that is not known.
    let in_year = year.map_or(Some(2000), number)?;
    time::Date::from_calendar_date(in_year.into(), month, u8::try_from(day).ok()?).ok()?;
    if digits.len() != 4 || rest.chars().any(|c| !c.is_ascii_digit() && c != '-') {
        return None;
    }
    let month = u8::from(month);
    Some(match year {
        Some(year) => format!("{year}-{month:02}-{day:02}"),
        None => format!("--{month:02}-{day:02}"),
    })
}

/// What was longer than it may be.
#[derive(Default)]
struct Cut(Vec<(&'static str, Reason)>);

impl Cut {
    fn field(&mut self, property: &'static str, text: &mut String) {
        self.text(property, text, FIELD_CHARS_MAX);
    }

    fn text(&mut self, property: &'static str, text: &mut String, chars_max: usize) {
        *text = clean(text);
        self.shorten(property, text, chars_max);
    }

    fn shorten(&mut self, property: &'static str, text: &mut String, chars_max: usize) {
        if let Some((end, _)) = text.char_indices().nth(chars_max) {
            text.truncate(text[..end].trim_end().len());
            // What was cut takes no more room, either.
            text.shrink_to_fit();
            self.0.push((property, Reason::TooLong));
        }
    }

    fn ways(&mut self, property: &'static str, ways: &mut Vec<Way>) {
        // Those that are too many are not worth cleaning.
        self.list(property, ways, ITEMS_MAX);
        for way in ways.iter_mut() {
            self.text(property, &mut way.label, LABEL_CHARS_MAX);
            self.text(property, &mut way.value, FIELD_CHARS_MAX);
        }
        ways.retain(|way| !way.value.is_empty());
    }

    fn list<T>(&mut self, property: &'static str, list: &mut Vec<T>, most: usize) {
        if list.len() > most {
            list.truncate(most);
            list.shrink_to_fit();
            self.0.push((property, Reason::TooMany));
        }
    }

    /// Takes away the items for which there is no room.
    fn within<T>(
        &mut self,
        property: &'static str,
        list: &mut Vec<T>,
        room: &mut usize,
        octets: impl Fn(&T) -> usize,
    ) {
        let before = list.len();
        list.retain(|item| {
            let left = room.checked_sub(octets(item));
            *room = left.unwrap_or(*room);
            left.is_some()
        });
        if list.len() < before {
            self.0.push((property, Reason::TooMany));
        }
    }

    fn lines(&mut self, lines: &mut Vec<String>, room: &mut usize) {
        self.list("X", lines, KEPT_LINES_MAX);
        let before = lines.len();
        lines.retain(|line| {
            let fits = line.len() <= KEPT_LINE_OCTETS_MAX.min(*room);
            *room -= if fits { line.len() } else { 0 };
            fits
        });
        if lines.len() < before {
            self.0.push(("X", Reason::TooLong));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(label: &str, value: &str) -> Way {
        Way { label: label.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn days_are_read_in_the_forms_that_programs_write() {
        for (text, expected) in [
            ("1980-05-04", Some("1980-05-04")),
            ("19800504", Some("1980-05-04")),
            ("1980-05-04T00:00:00Z", Some("1980-05-04")),
            ("--0504", Some("--05-04")),
            ("--05-04", Some("--05-04")),
            ("--02-29", Some("--02-29")),
            ("1981-02-29", None),
            ("1980-13-01", None),
            ("80", None),
            ("", None),
            ("1980-05-0٤", None),
            ("---04", None),
        ] {
            assert_eq!(day(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_contact_is_called_by_the_first_name_that_it_has() {
        let mut contact = Contact::default();
        assert!(contact.is_empty());
        contact.phones = vec![way("work", "+49 1")];
        assert_eq!(contact.shown(), "+49 1");
        contact.emails = vec![way("", "dana@a.example")];
        assert_eq!(contact.shown(), "dana@a.example");
        contact.work.company = "Acme".to_owned();
        assert_eq!(contact.shown(), "Acme");
        contact.name.nickname = "D".to_owned();
        assert_eq!(contact.shown(), "D");
        (contact.name.family, contact.name.given) = ("Levi".to_owned(), "Dana".to_owned());
        assert_eq!(contact.shown(), "Dana Levi");
        contact.name.full = "Dr. Levi".to_owned();
        assert_eq!(contact.shown(), "Dr. Levi");
    }

    #[test]
    fn what_is_too_much_is_cut_and_said() {
        let mut contact = Contact {
            emails: vec![way("work", "a@b.example"); ITEMS_MAX + 1],
            notes: "éa\r\n".repeat(NOTES_CHARS_MAX),
            labels: vec!["Friends".to_owned(), "friends".to_owned(), " ".to_owned()],
            kept: vec!["X-A:b".to_owned(), "y".repeat(KEPT_LINE_OCTETS_MAX + 1)],
            ..Contact::default()
        };
        contact.name.given = "Da\u{202e}na\r\nLevi".to_owned();
        let cut = contact.fit();
        assert_eq!(contact.emails.len(), ITEMS_MAX);
        assert_eq!(contact.notes.chars().count(), NOTES_CHARS_MAX);
        assert_eq!(contact.labels, ["Friends"]);
        assert_eq!(contact.kept, ["X-A:b"]);
        assert_eq!(contact.name.given, "Dana  Levi");
        let expected =
            [("EMAIL", Reason::TooMany), ("NOTE", Reason::TooLong), ("X", Reason::TooLong)];
        assert_eq!(cut, expected);
        assert_eq!(contact.fit(), [], "what fits stays as it is");
    }

    /// A file may have a million of them; each is compared with the others.
    #[test]
    fn labels_without_end_take_no_more_than_they_may() {
        let labels = (0..1_000_000).map(|number| format!("l{number}")).collect();
        let mut contact = Contact { labels, ..Contact::default() };
        let began = std::time::Instant::now();
        assert_eq!(contact.fit()[0], ("CATEGORIES", Reason::TooMany));
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
        assert_eq!(contact.labels.len(), ITEMS_MAX);
        assert!(contact.labels.capacity() <= LABELS_READ_MAX);
    }

    #[test]
    fn a_contact_has_a_limit_as_a_whole() {
        let long = || way(&"é".repeat(LABEL_CHARS_MAX), &"😀".repeat(FIELD_CHARS_MAX));
        let mut contact = Contact {
            emails: vec![way("", "a@b.example")],
            own: vec![long(); ITEMS_MAX],
            urls: vec![long(); ITEMS_MAX],
            kept: vec!["X".repeat(KEPT_LINE_OCTETS_MAX); 10],
            ..Contact::default()
        };
        let cut = contact.fit();
        let expected = [("X-POSTERN-FIELD", Reason::TooMany), ("X", Reason::TooLong)];
        assert_eq!(cut, expected);
        assert_eq!((contact.emails.len(), contact.urls.len()), (1, ITEMS_MAX));
        let way = |way: &Way| way.label.len() + way.value.len();
        let ways = [&contact.emails, &contact.urls, &contact.own].into_iter().flatten().map(way);
        let kept = contact.kept.iter().map(String::len);
        assert!(ways.chain(kept).sum::<usize>() <= OCTETS_MAX);
        assert_eq!(contact.fit(), [], "what fits stays as it is");
    }

    #[test]
    fn what_was_cut_takes_no_room() {
        let mut contact = Contact { notes: "x".repeat(1 << 20), ..Contact::default() };
        contact.own = vec![way(&"x".repeat(1 << 20), &"y".repeat(1 << 20))];
        contact.fit();
        assert!(contact.notes.capacity() <= 2 * NOTES_CHARS_MAX);
        assert!(contact.own[0].label.capacity() <= 2 * LABEL_CHARS_MAX);
        assert!(contact.own[0].value.capacity() <= 2 * FIELD_CHARS_MAX);
    }

    #[test]
    fn merging_adds_what_is_missing_and_replaces_nothing() {
        let mut own = Contact {
            emails: vec![way("work", "Dana@A.example")],
            notes: "one".to_owned(),
            ..Contact::default()
        };
        own.name.given = "Dana".to_owned();
        let mut other = Contact {
            emails: vec![way("home", "dana@a.example"), way("home", "d@b.example")],
            phones: vec![way("cell", "+49 30 1")],
            notes: "two".to_owned(),
            favourite: true,
            ..Contact::default()
        };
        other.name.given = "Diana".to_owned();
        other.work.company = "Acme".to_owned();
        own.merge(other.clone());
        assert_eq!(own.emails, [way("work", "Dana@A.example"), way("home", "d@b.example")]);
        assert_eq!((own.name.given.as_str(), own.work.company.as_str()), ("Dana", "Acme"));
        assert_eq!((own.notes.as_str(), own.favourite), ("one\ntwo", true));
        let once = own.clone();
        own.merge(other);
        assert_eq!(own, once, "merging twice adds nothing");
    }
}
