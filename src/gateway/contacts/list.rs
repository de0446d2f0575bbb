//! The list of contacts, what is found in it, and whose an address is.

use std::collections::{BTreeMap, HashMap};

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::block::{label_mark, looks_of_stranger, mark};
use crate::gateway::contacts::line::{LineView, Mark};
use crate::gateway::error::Error;
use crate::gateway::records::contact::ContactId;
use crate::gateway::text::hex;
use crate::mail::address::Address;
use crate::mail::contacts::contact::normalized;
use crate::mail::words;

/// Which contacts are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactQuery {
    /// Words that a contact says; each may be the beginning, or any other part, of one.
    pub text: String,
    pub label: Option<String>,
    pub favourites: bool,
    pub offset: usize,
    pub limit: usize,
}

/// A contact in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactItem {
    pub id: String,
    pub version: u32,
    pub name: String,
    pub email: String,
    pub company: String,
    pub labels: Vec<String>,
    pub favourite: bool,
    pub photo: bool,
    /// Whether the contact cannot be read: all that can be done is to delete it.
    pub unreadable: bool,
}

/// A part of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactPage {
    pub state: String,
    pub items: Vec<ContactItem>,
    /// How many contacts the query finds, and how many there are.
    pub total: usize,
    pub all: usize,
    pub favourites: usize,
    /// Each label, and how many contacts have it; of very many, those that most have.
    pub labels: Vec<(String, usize)>,
}

/// What the address book says about an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The contact that has the address: its id and its name.
    pub contact: Option<(String, String)>,
    /// A contact whose name looks like this one, and that has another address. The order of the words
    /// does not matter, nor do further words, blanks, case, accents, or characters of another script that
    /// look alike.
    pub namesake: Option<(String, String)>,
}

/// An address, and the name that stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub address: String,
    pub name: String,
}

/// The most contacts of one page, addresses of one question, and groups of duplicates.
pub const PAGE_MAX: usize = 200;
pub const LOOKED_UP_MAX: usize = 100;
const GROUPS_MAX: usize = 100;

/// The most labels of one answer.
pub const LABELS_MAX: usize = 500;

/// The most characters of what is searched for, and the most words.
pub const QUERY_CHARS_MAX: usize = 200;
const WORDS_MAX: usize = 10;

/// A shorter number is searched for as text only.
const DIGITS_MIN: usize = 3;

/// Numbers of fewer digits are not compared: extensions, and emergency numbers.
const NUMBER_DIGITS_MIN: usize = 7;

impl From<&LineView<'_>> for ContactItem {
    fn from(line: &LineView<'_>) -> ContactItem {
        ContactItem {
            id: hex(&line.id),
            version: line.version,
            name: line.shown.to_owned(),
            email: line.email.to_owned(),
            company: line.company.to_owned(),
            labels: line.labels.iter().map(|label| (*label).to_owned()).collect(),
            favourite: line.favourite,
            photo: line.photo,
            unreadable: line.unreadable,
        }
    }
}

/// What a contact must have to be listed.
struct Wanted {
    words: Vec<String>,
    label: Option<Mark>,
    favourites: bool,
}

impl Wanted {
    fn of(query: &ContactQuery) -> Wanted {
        let text = words::spelled(&query.text);
        let words = text.split_whitespace().take(WORDS_MAX).map(str::to_owned).collect();
        let label = query.label.as_deref().map(label_mark);
        Wanted { words, label, favourites: query.favourites }
    }

    fn has(&self, line: &LineView<'_>) -> bool {
        let is_labelled = |label: &Mark| line.tagged.contains(label);
        (!self.favourites || line.favourite)
            && self.label.as_ref().is_none_or(is_labelled)
            && self.words.iter().all(|word| line.searched.contains(word) || has_number(line, word))
    }
}

/// Numbers are found without what is written between their digits.
fn has_number(line: &LineView<'_>, word: &str) -> bool {
    let is_number = word.chars().all(|c| c.is_ascii_digit() || "+-()./".contains(c));
    let digits: String = word.chars().filter(char::is_ascii_digit).collect();
    is_number && digits.len() >= DIGITS_MIN && line.numbers.contains(&digits)
}

impl Gateway {
    /// A part of the actor's contacts, in the order of their names.
    pub fn contact_list(&self, actor: &Actor, query: &ContactQuery) -> Result<ContactPage, Error> {
        let label = query.label.as_deref().unwrap_or_default();
        let longest = query.text.chars().count().max(label.chars().count());
        if longest > QUERY_CHARS_MAX || !(1..=PAGE_MAX).contains(&query.limit) {
            return Err(Error::Invalid { what: "the query is too long".to_owned() });
        }
        // Read before the contacts: what changes meanwhile is then read again, and never missed.
        let state = self.state(actor.account())?;
        let wanted = Wanted::of(query);
        let (mut all, mut favourites, mut total) = (0, 0, 0);
        let mut found = First::new(query.offset.saturating_add(query.limit));
        let mut labels: HashMap<String, usize> = HashMap::new();
        self.contact_lines(actor, |line| {
            all += 1;
            favourites += usize::from(line.favourite);
            for label in &line.labels {
                match labels.get_mut(*label) {
                    Some(count) => *count += 1,
                    None => {
                        labels.insert((*label).to_owned(), 1);
                    }
                }
            }
            if wanted.has(&line) {
                total += 1;
                found.push(&line);
            }
        })?;
        let items = found.sorted(query.offset);
        let labels = spelled_once(labels);
        Ok(ContactPage { state, items, total, all, favourites, labels })
    }

    /// What the actor's address book says about addresses. A name from it may be shown only for an
    /// address that it has.
    pub fn contacts_known(&self, actor: &Actor, asked: &[Named]) -> Result<Vec<Known>, Error> {
        if asked.len() > LOOKED_UP_MAX {
            return Err(Error::Invalid { what: "these are too many addresses".to_owned() });
        }
        let mut addresses: HashMap<Mark, Vec<usize>> = HashMap::new();
        let mut looks: HashMap<Mark, Vec<usize>> = HashMap::new();
        for (at, Named { address, name }) in asked.iter().enumerate() {
            addresses.entry(mark("address", &normalized(address))).or_default().push(at);
            // Many programs write the address in the place of a name.
            if Address::parse(name.trim()).is_err() {
                for look in looks_of_stranger(name) {
                    looks.entry(look).or_default().push(at);
                }
            }
        }
        let mut known = vec![Known::default(); asked.len()];
        self.contact_lines(actor, |line| {
            let who = || (hex(&line.id), line.shown.to_owned());
            let has = line.addresses.iter().filter_map(|address| addresses.get(address));
            for at in has.flatten() {
                known[*at].contact.get_or_insert_with(who);
            }
            // A contact without an address has none that a stranger could pretend to have.
            let same = line.looks.iter().filter(|_| !line.addresses.is_empty());
            for at in same.filter_map(|look| looks.get(look)).flatten() {
                known[*at].namesake.get_or_insert_with(who);
            }
        })?;
        for one in &mut known {
            if one.contact.is_some() {
                one.namesake = None;
            }
        }
        Ok(known)
    }

    /// Contacts that may be about the same person: they share an address, a number or a name.
    pub fn contact_duplicates(&self, actor: &Actor) -> Result<Vec<Vec<ContactItem>>, Error> {
        let mut lines = Vec::new();
        self.contact_lines(actor, |line| {
            let addresses = line.addresses.iter().map(|address| format!("a{}", hex(address)));
            let numbers = line.numbers.split(' ').filter(|one| one.len() >= NUMBER_DIGITS_MIN);
            let numbers = numbers.map(|number| format!("n{number}"));
            let name = (!line.order.is_empty()).then(|| format!("s{}", line.order));
            let shared: Vec<String> = addresses.chain(numbers).chain(name).collect();
            lines.push((line.order.to_owned(), ContactItem::from(&line), shared));
        })?;
        lines.sort_unstable_by(|(a, one, _), (b, other, _)| (a, &one.id).cmp(&(b, &other.id)));
        let mut groups = Groups::new(lines.len());
        let mut first: HashMap<&str, usize> = HashMap::new();
        for (at, (_, _, shared)) in lines.iter().enumerate() {
            for key in shared {
                let other = *first.entry(key).or_insert(at);
                groups.join(at, other);
            }
        }
        let mut found: BTreeMap<usize, Vec<ContactItem>> = BTreeMap::new();
        for (at, (_, item, _)) in lines.into_iter().enumerate() {
            found.entry(groups.of(at)).or_default().push(item);
        }
        let mut found: Vec<_> = found.into_values().filter(|group| group.len() > 1).collect();
        found.truncate(GROUPS_MAX);
        found.iter_mut().for_each(|group| group.truncate(super::stored::MERGED_MAX));
        Ok(found)
    }
}

/// Labels that are one word in several spellings are one label.
fn spelled_once(counts: HashMap<String, usize>) -> Vec<(String, usize)> {
    let mut labels: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for (label, count) in counts {
        let one = labels.entry(words::spelled(&label)).or_insert((label.clone(), 0));
        one.1 += count;
        // The same one each time, in whatever order they come.
        one.0 = label.min(std::mem::take(&mut one.0));
    }
    let mut labels: Vec<(String, usize)> = labels.into_values().collect();
    if labels.len() > LABELS_MAX {
        labels.sort_by(|(a, one), (b, other)| other.cmp(one).then_with(|| a.cmp(b)));
        labels.truncate(LABELS_MAX);
        labels.sort_by_cached_key(|(label, _)| words::spelled(label));
    }
    labels
}

/// The first contacts in the order of their names: of those that come later, nothing is kept.
struct First {
    keep: usize,
    found: Vec<Kept>,
    /// Nothing after this is among the first.
    last: Option<(Box<str>, ContactId)>,
}

/// What is kept of a contact until it is known whether the page shows it: ten thousand may come before
/// the page, so that its texts lie in one: its order, name, address, company and labels.
struct Kept {
    id: ContactId,
    version: u32,
    favourite: bool,
    photo: bool,
    unreadable: bool,
    text: String,
    /// Where each text ends.
    ends: Vec<usize>,
}

impl From<&LineView<'_>> for Kept {
    fn from(line: &LineView<'_>) -> Kept {
        let LineView { id, version, favourite, photo, unreadable, .. } = *line;
        let texts =
            [&[line.order, line.shown, line.email, line.company], &line.labels[..]].concat();
        let mut length = 0;
        let end = |text: &&str| {
            length += text.len();
            length
        };
        let ends = texts.iter().map(end).collect();
        Kept { id, version, favourite, photo, unreadable, text: texts.concat(), ends }
    }
}

impl Kept {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }

    /// By what contacts are ordered.
    fn place(&self) -> (&str, ContactId) {
        (self.texts().next().unwrap_or_default(), self.id)
    }

    fn item(&self) -> ContactItem {
        let Kept { version, favourite, photo, unreadable, .. } = *self;
        let mut texts = self.texts().skip(1).map(str::to_owned);
        let [name, email, company] = std::array::from_fn(|_| texts.next().unwrap_or_default());
        let (id, labels) = (hex(&self.id), texts.collect());
        ContactItem { id, version, name, email, company, labels, favourite, photo, unreadable }
    }
}

impl First {
    fn new(keep: usize) -> First {
        First { keep, found: Vec::new(), last: None }
    }

    fn push(&mut self, line: &LineView<'_>) {
        let is_late = |(order, id): &(Box<str>, ContactId)| (line.order, line.id) >= (order, *id);
        if self.last.as_ref().is_some_and(is_late) {
            return;
        }
        self.found.push(Kept::from(line));
        if self.found.len() >= self.keep.saturating_mul(2).max(64) {
            self.found.select_nth_unstable_by(self.keep - 1, before);
            self.found.truncate(self.keep);
            self.last = self.found.last().map(Kept::place).map(|(order, id)| (order.into(), id));
        }
    }

    /// Those from `offset` on.
    fn sorted(mut self, offset: usize) -> Vec<ContactItem> {
        self.found.sort_unstable_by(before);
        self.found.truncate(self.keep);
        self.found.iter().skip(offset).map(Kept::item).collect()
    }
}

fn before(one: &Kept, other: &Kept) -> std::cmp::Ordering {
    one.place().cmp(&other.place())
}

/// Which contacts belong together: each points to an earlier one, or to itself.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Groups {
        Groups((0..count).collect())
    }

    fn of(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            // Halves the way for the next question.
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of(one), self.of(other));
        self.0[one.max(other)] = one.min(other);
    }
}
