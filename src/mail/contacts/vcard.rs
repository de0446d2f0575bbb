//! vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350).
//!
//! Each line that we have a field for becomes an [`Item`], and each item becomes a line again. If
//! that is not the line that it came from, because it had parameters or was written in another way,
//! the line is kept as well, and is written in the place of ours as long as it says the same. So what
//! nobody changed leaves as it came, and what somebody changed leaves changed.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::contact::{
    Contact, LABEL_CHARS_MAX, LABELS_READ_MAX, Name, Postal, Way, clean, clean_lines, day,
};
use super::line::{self, Line, escaped, quoted};
use super::photo::{PHOTO_OCTETS_MAX, Photo};
use super::{Read, Reason};

/// The version that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V3,
    V4,
}

/// What a line says, if there is a field for it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Uid(String),
    Full(String),
    Name([String; 5]),
    Nickname(String),
    Organisation(String, String),
    Title(String),
    Email(Way),
    Phone(Way),
    Url(Way),
    Postal(Postal),
    Birthday(String),
    Notes(String),
    Labels(Vec<String>),
    Own(Way),
    Favourite,
}

/// Words for addresses and numbers that are written as `TYPE`; others are written as a label.
const TYPES: &[&str] =
    &["home", "work", "cell", "fax", "pager", "main", "other", "video", "text", "dom"];

/// Words that say nothing which tells two addresses apart.
const IGNORED: &[&str] = &["internet", "pref", "voice", "x400"];

/// Reads at most `most` cards, and returns whether there are more.
pub fn read(text: &str, most: usize) -> (Vec<Read>, bool) {
    let mut cards = Cards { most, ..Cards::default() };
    line::each(text.trim_start_matches('\u{feff}'), |text, cut| cards.line(text, cut));
    cards.end(Reason::Unfinished);
    (cards.found, cards.more)
}

#[derive(Default)]
struct Cards {
    found: Vec<Read>,
    /// The lines of the card that is open, and whether each was cut.
    open: Option<Vec<(String, bool)>>,
    /// The labels of that card by their groups: they may stand after what they are about.
    labels: HashMap<String, String>,
    /// The beginnings of lines of that card that are none.
    unread: Vec<String>,
    most: usize,
    more: bool,
}

/// The most lines of a card that are looked at.
const LINES_MAX: usize = 1_000;

/// How many lines that are none are reported of a card, and how much of each.
const UNREAD_MAX: usize = 5;
const UNREAD_CHARS: usize = 40;

impl Cards {
    fn line(&mut self, text: &str, cut: bool) {
        if self.more {
            return;
        }
        let Some(line) = Line::parse(text) else {
            if self.open.is_some() && self.unread.len() < UNREAD_MAX {
                self.unread.push(text.chars().take(UNREAD_CHARS).collect());
            }
            return;
        };
        let is_card = line.value.trim().eq_ignore_ascii_case("VCARD");
        match (line.name.as_str(), &mut self.open) {
            ("BEGIN", _) if is_card => {
                // One that begins inside another says that that one had no end.
                self.end(Reason::Unfinished);
                self.open = Some(Vec::new());
            }
            ("END", Some(_)) if is_card => self.end(Reason::Empty),
            (_, Some(lines)) if lines.len() < LINES_MAX => {
                if is_label(&line) && !cut {
                    self.labels.insert(line.group.clone(), apple(&line.text()));
                }
                // Read again when the card is whole: read lines take much more room.
                lines.push((text.to_owned(), cut));
            }
            _ => {}
        }
    }

    /// Ends the card that is open. `reason` is why it is worth a report: it has no end, or, if it
    /// has one, that it says nothing.
    fn end(&mut self, reason: Reason) {
        let Some(lines) = self.open.take() else { return };
        if self.found.len() == self.most {
            self.more = true;
            return;
        }
        let mut read = card(lines, &std::mem::take(&mut self.labels));
        for text in self.unread.drain(..) {
            read.problem(&clean(&text), Reason::Unreadable);
        }
        if reason == Reason::Unfinished || read.contact.is_empty() {
            read.problem("VCARD", reason);
        }
        self.found.push(read);
    }
}

fn is_label(line: &Line) -> bool {
    line.name == "X-ABLABEL" && !line.group.is_empty()
}

fn card(lines: Vec<(String, bool)>, labels: &HashMap<String, String>) -> Read {
    let mut read = Read::default();
    if lines.len() == LINES_MAX {
        read.problem("VCARD", Reason::TooMany);
    }
    let mut taken = HashSet::new();
    for (text, cut) in lines {
        let Some(line) = Line::parse(&text) else { continue };
        match line.name.as_str() {
            "VERSION" => {}
            _ if cut => read.problem(&line.name, Reason::TooLong),
            "PHOTO" if read.photo.is_none() && is_embedded(&line) => {
                match octets(&line).and_then(Photo::of) {
                    Some(photo) => read.photo = Some(photo),
                    None => read.problem("PHOTO", Reason::Photo),
                }
            }
            _ if is_label(&line) => read.contact.source.push(line.raw),
            _ => match item(&line, labels) {
                Some(item) if is_blank(&item) => {}
                Some(item) if take(&mut read.contact, &item, &mut taken) => {
                    let ours = lines_of(&item, Version::V3, &mut Groups::default());
                    if ours != [line.raw.as_str()] {
                        read.contact.source.push(line.raw);
                    }
                }
                _ => read.contact.kept.push(line.raw),
            },
        }
    }
    read.fit();
    // Every card has FN; what we would write there ourselves says nothing.
    let full = std::mem::take(&mut read.contact.name.full);
    if full != read.contact.shown() {
        read.contact.name.full = full;
    }
    read
}

/// What a line says; `None` if there is no field for it.
fn item(line: &Line, labels: &HashMap<String, String>) -> Option<Item> {
    let text = || clean(&line.text());
    let way = |value: String| Way { label: label(line, labels), value };
    Some(match line.name.as_str() {
        "UID" => Item::Uid(text()),
        "FN" => Item::Full(text()),
        "N" => {
            let mut parts = line.fields(';')?.into_iter().map(|part| clean(&part));
            Item::Name(std::array::from_fn(|_| parts.next().unwrap_or_default()))
        }
        "NICKNAME" => Item::Nickname(text()),
        "ORG" => {
            let mut units = line.fields(';')?.into_iter();
            let company = clean(&units.next().unwrap_or_default());
            let units: Vec<String> =
                units.map(|unit| clean(&unit)).filter(|unit| !unit.is_empty()).collect();
            Item::Organisation(company, units.join(", "))
        }
        "TITLE" => Item::Title(text()),
        "EMAIL" => Item::Email(way(text())),
        "TEL" => {
            let number = text();
            Item::Phone(way(number.trim_start_matches("tel:").to_owned()))
        }
        "URL" => Item::Url(way(text())),
        "ADR" => Item::Postal(postal(line, labels)?),
        "BDAY" => Item::Birthday(birthday(line)?),
        "NOTE" => Item::Notes(clean_lines(&line.text())),
        "CATEGORIES" => Item::Labels(line.fields(',')?.iter().map(|label| clean(label)).collect()),
        "X-POSTERN-FIELD" => {
            let label = clean(line.parameter("LABEL").unwrap_or_default());
            Item::Own(Way { label, value: text() })
        }
        "X-POSTERN-FAVOURITE" if line.value == "true" => Item::Favourite,
        _ => return None,
    })
}

/// Whether it says nothing.
fn is_blank(item: &Item) -> bool {
    match item {
        Item::Uid(text) | Item::Full(text) | Item::Nickname(text) | Item::Title(text) => {
            text.is_empty()
        }
        Item::Notes(text) => text.trim().is_empty(),
        Item::Email(way) | Item::Phone(way) | Item::Url(way) | Item::Own(way) => {
            way.value.is_empty()
        }
        Item::Postal(postal) => postal.is_empty(),
        Item::Name(parts) => parts.iter().all(String::is_empty),
        Item::Organisation(company, unit) => company.is_empty() && unit.is_empty(),
        Item::Labels(labels) => labels.iter().all(String::is_empty),
        Item::Birthday(_) | Item::Favourite => false,
    }
}

/// Puts what a line says into its field. Returns whether there was room for it: of most properties a
/// contact has one.
fn take(contact: &mut Contact, item: &Item, taken: &mut HashSet<&'static str>) -> bool {
    let Contact { name, work, .. } = contact;
    let single = match item {
        Item::Uid(_) => "UID",
        Item::Full(_) => "FN",
        Item::Name(_) => "N",
        Item::Nickname(_) => "NICKNAME",
        Item::Organisation(..) => "ORG",
        Item::Title(_) => "TITLE",
        Item::Birthday(_) => "BDAY",
        Item::Notes(_) => "NOTE",
        _ => "",
    };
    if !single.is_empty() && !taken.insert(single) {
        return false;
    }
    match item.clone() {
        Item::Uid(uid) => contact.uid = uid,
        Item::Full(full) => name.full = full,
        Item::Name([family, given, middle, prefix, suffix]) => {
            let Name { full, nickname, .. } = std::mem::take(name);
            *name = Name { prefix, given, middle, family, suffix, nickname, full };
        }
        Item::Nickname(nickname) => name.nickname = nickname,
        Item::Organisation(company, department) => {
            (work.company, work.department) = (company, department);
        }
        Item::Title(title) => work.title = title,
        Item::Email(way) => contact.emails.push(way),
        Item::Phone(way) => contact.phones.push(way),
        Item::Url(way) => contact.urls.push(way),
        Item::Postal(postal) => contact.postal.push(postal),
        Item::Birthday(day) => contact.birthday = day,
        Item::Notes(notes) => contact.notes = notes,
        Item::Labels(labels) => {
            // One more, so that it is seen that there are too many.
            let room = (LABELS_READ_MAX + 1).saturating_sub(contact.labels.len());
            contact.labels.extend(labels.into_iter().take(room));
        }
        Item::Own(way) => contact.own.push(way),
        Item::Favourite => contact.favourite = true,
    }
    true
}

fn postal(line: &Line, labels: &HashMap<String, String>) -> Option<Postal> {
    let mut fields = line.fields(';')?.into_iter().map(|field| clean(&field));
    let mut next = || fields.next().unwrap_or_default();
    // The order of RFC 6350 §6.3.1.
    let (post_box, extended, street, city) = (next(), next(), next(), next());
    let (region, code, country) = (next(), next(), next());
    let label = label(line, labels);
    Some(Postal { label, post_box, extended, street, city, region, code, country })
}

/// A birthday in a form that is not read is kept as it is.
fn birthday(line: &Line) -> Option<String> {
    let day = day(&line.value)?;
    match line.values("X-APPLE-OMIT-YEAR").next() {
        Some(year) if year.len() == 4 && !year.contains('-') => {
            day.strip_prefix(year).map(|rest| format!("-{rest}"))
        }
        Some(_) => None,
        None => Some(day),
    }
}

fn label(line: &Line, labels: &HashMap<String, String>) -> String {
    if let Some(label) = labels.get(&line.group).filter(|label| !label.is_empty()) {
        return label.clone();
    }
    let mut types = line.values("TYPE").map(str::to_ascii_lowercase);
    apple(&types.find(|word| !IGNORED.contains(&word.as_str())).unwrap_or_default())
}

/// The most characters of a label that are looked at, which is more than one may have.
const LOOKED_AT_CHARS: usize = 2 * LABEL_CHARS_MAX;

/// Some programs write their own labels as `_$!<HomePage>!$_`.
pub(super) fn apple(label: &str) -> String {
    let label: String = label.chars().take(LOOKED_AT_CHARS).collect();
    let mut label = clean(&label);
    while let Some(inner) = label.strip_prefix("_$!<").and_then(|rest| rest.strip_suffix(">!$_")) {
        label = clean(&inner.to_lowercase());
    }
    label
}

fn is_embedded(line: &Line) -> bool {
    line.has("ENCODING", "b") || line.has("ENCODING", "BASE64") || data(line).is_some()
}

/// The octets in a `data:` URL (RFC 2397).
fn data(line: &Line) -> Option<&str> {
    let url = line.value.trim();
    url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:"))?;
    Some(url.split_once(";base64,")?.1)
}

fn octets(line: &Line) -> Option<Vec<u8>> {
    let text = data(line).unwrap_or(&line.value);
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace() && *c != '\\').collect();
    // Not decoded at all if it is too long.
    (text.len() <= PHOTO_OCTETS_MAX.div_ceil(3) * 4).then_some(())?;
    STANDARD.decode(text).ok()
}

/// Numbers the groups that tie a label to its line.
#[derive(Default)]
struct Groups(u32);

impl Groups {
    /// Goes on after those that lines have already.
    fn after<'l>(lines: impl Iterator<Item = &'l Line>) -> Groups {
        let number = |line: &Line| line.group.strip_prefix("item")?.parse::<u32>().ok();
        Groups(lines.filter_map(number).max().unwrap_or_default().min(u32::MAX / 2))
    }

    fn next(&mut self) -> String {
        self.0 += 1;
        format!("item{}", self.0)
    }
}

/// The lines that say it.
fn lines_of(item: &Item, version: Version, groups: &mut Groups) -> Vec<String> {
    let mut labelled = |name: &str, label: &str, value: String| match label {
        "" => vec![format!("{name}:{value}")],
        label if TYPES.contains(&label) => vec![format!("{name};TYPE={label}:{value}")],
        label => {
            let group = groups.next();
            let label = escaped(label);
            vec![format!("{group}.{name}:{value}"), format!("{group}.X-ABLabel:{label}")]
        }
    };
    let one = |name: &str, value: &str| vec![format!("{name}:{}", escaped(value))];
    match item {
        Item::Uid(uid) => one("UID", uid),
        Item::Full(full) => one("FN", full),
        Item::Name(parts) => {
            vec![format!("N:{}", parts.each_ref().map(|part| escaped(part)).join(";"))]
        }
        Item::Nickname(name) => one("NICKNAME", name),
        Item::Organisation(company, unit) if unit.is_empty() => one("ORG", company),
        Item::Organisation(company, unit) => {
            vec![format!("ORG:{};{}", escaped(company), escaped(unit))]
        }
        Item::Title(title) => one("TITLE", title),
        Item::Email(way) => labelled("EMAIL", &way.label, escaped(&way.value)),
        Item::Phone(way) => labelled("TEL", &way.label, escaped(&way.value)),
        // A URL is no text, so it has no escapes.
        Item::Url(way) => labelled("URL", &way.label, way.value.replace('\\', "\\\\")),
        Item::Postal(postal) => {
            let Postal { label, post_box, extended, street, city, region, code, country } = postal;
            let fields = [post_box, extended, street, city, region, code, country];
            labelled("ADR", label, fields.map(|field| escaped(field)).join(";"))
        }
        Item::Birthday(day) => vec![birthday_line(day, version)],
        Item::Notes(notes) => one("NOTE", notes),
        Item::Labels(labels) => {
            let labels: Vec<String> = labels.iter().map(|label| escaped(label)).collect();
            vec![format!("CATEGORIES:{}", labels.join(","))]
        }
        Item::Own(way) => {
            vec![format!("X-POSTERN-FIELD;LABEL={}:{}", quoted(&way.label), escaped(&way.value))]
        }
        Item::Favourite => vec!["X-POSTERN-FAVOURITE:true".to_owned()],
    }
}

fn birthday_line(day: &str, version: Version) -> String {
    match (version, day.strip_prefix("--")) {
        (Version::V4, None) => format!("BDAY:{}", day.replace('-', "")),
        (Version::V4, Some(rest)) => format!("BDAY:--{}", rest.replace('-', "")),
        (Version::V3, None) => format!("BDAY:{day}"),
        // vCard 3 has no days without a year; this is how they are commonly written.
        (Version::V3, Some(rest)) => format!("BDAY;X-APPLE-OMIT-YEAR=1604:1604-{rest}"),
    }
}

/// Appends a contact as a card.
pub fn write(out: &mut String, contact: &Contact, photo: Option<&Photo>, version: Version) {
    let parse = |lines: &[String]| -> Vec<Line> {
        lines.iter().filter_map(|line| Line::parse(line)).collect()
    };
    let (kept, source) = (parse(&contact.kept), parse(&contact.source));
    let labels: HashMap<String, String> = source
        .iter()
        .filter(|line| is_label(line))
        .map(|line| (line.group.clone(), apple(&line.text())))
        .collect();
    let mut from: Vec<(Option<Item>, &Line)> = source
        .iter()
        .filter(|line| !is_label(line))
        .map(|line| (item(line, &labels), line))
        .collect();
    let mut groups = Groups::after(kept.iter().chain(&source));
    let mut used: HashSet<&str> = kept.iter().map(|line| line.group.as_str()).collect();
    let head = match version {
        Version::V3 => "3.0",
        Version::V4 => "4.0",
    };
    let mut lines = vec!["BEGIN:VCARD".to_owned(), format!("VERSION:{head}")];
    for item in items(contact) {
        // What the card said about it is said again, if it still is so.
        match from.iter().position(|(said, _)| said.as_ref() == Some(&item)) {
            Some(at) => {
                let (_, line) = from.swap_remove(at);
                used.insert(&line.group);
                lines.push(line.raw.clone());
            }
            None => lines.extend(lines_of(&item, version, &mut groups)),
        }
    }
    lines.extend(photo.map(|photo| photo_line(photo, version)));
    lines.extend(kept.iter().map(|line| line.raw.clone()));
    let labels = source.iter().filter(|line| is_label(line) && used.contains(line.group.as_str()));
    lines.extend(labels.map(|line| line.raw.clone()));
    lines.push("END:VCARD".to_owned());
    lines.iter().for_each(|text| line::write(out, text));
}

/// Everything that a contact says, in the order in which it is written.
fn items(contact: &Contact) -> Vec<Item> {
    let Contact { name, work, .. } = contact;
    let Name { prefix, given, middle, family, suffix, nickname, .. } = name;
    let parts = [family, given, middle, prefix, suffix].map(String::clone);
    let mut items = vec![
        Item::Uid(contact.uid.clone()),
        Item::Name(parts),
        Item::Nickname(nickname.clone()),
        Item::Organisation(work.company.clone(), work.department.clone()),
        Item::Title(work.title.clone()),
    ];
    items.extend(contact.emails.iter().cloned().map(Item::Email));
    items.extend(contact.phones.iter().cloned().map(Item::Phone));
    items.extend(contact.postal.iter().cloned().map(Item::Postal));
    items.extend(contact.urls.iter().cloned().map(Item::Url));
    items.extend((!contact.birthday.is_empty()).then(|| Item::Birthday(contact.birthday.clone())));
    items.push(Item::Notes(contact.notes.clone()));
    items.push(Item::Labels(contact.labels.clone()));
    items.extend(contact.own.iter().cloned().map(Item::Own));
    items.extend(contact.favourite.then_some(Item::Favourite));
    items.retain(|item| !is_blank(item));
    // Both versions ask for FN, and vCard 3 for N, even if there is none.
    let whole = name.whole();
    let full = if whole.is_empty() { contact.shown() } else { whole };
    items.insert(0, Item::Full(full));
    if !items.iter().any(|item| matches!(item, Item::Name(_))) {
        items.insert(1, Item::Name(Default::default()));
    }
    items
}

fn photo_line(photo: &Photo, version: Version) -> String {
    let octets = STANDARD.encode(&photo.octets);
    match version {
        Version::V3 => {
            let kind = photo.media.trim_start_matches("image/").to_uppercase();
            format!("PHOTO;ENCODING=b;TYPE={kind}:{octets}")
        }
        Version::V4 => format!("PHOTO:data:{};base64,{octets}", photo.media),
    }
}

#[cfg(test)]
mod tests;
