//! Answering queries: from the index to the messages, newest first.
//!
//! Each part is searched for each word, which gives the candidates. Conditions that depend on a
//! message's entry or text, such as its folder or adjacent words, are checked while the answer is
//! filled.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::entry;
use crate::gateway::mailboxes::item::{self, ItemView, OpenedEpochs};
use crate::gateway::mailboxes::list::{self, FlagsPage, PAGE_MAX};
use crate::gateway::records::ids::{LabelId, MailboxId, ReferenceKey};
use crate::gateway::records::mailbox::{Entry, Place, Role};
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::SearchPart;
use crate::gateway::records::tables::SEARCH_TEXTS;
use crate::gateway::search::block::{self, Doc};
use crate::gateway::search::index::{Text, binding};
use crate::gateway::search::query::{Clause, Is, Query, Test, Words, place};
use crate::mail::reference::Reference;
use crate::mail::words;
use crate::store::Read;

/// Search results, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub state: String,
    pub hits: Vec<Hit>,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<String>,
    /// The number of messages that wait to be indexed, and so may be missing here.
    pub waiting: u64,
}

/// One search result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub item: ItemView,
    /// An extract of its text, if it was opened.
    pub snippet: Vec<Snippet>,
}

/// A piece of text, and whether it matches the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    pub text: String,
    pub hit: bool,
}

/// The maximum number of candidates that one answer checks; the next page continues.
const LOOKED_AT_MAX: usize = 5_000;

/// How long a query waits for another request's indexing step.
const STEP_WAIT: Duration = Duration::from_secs(2);

/// The length of a snippet, in octets.
const SNIPPET_OCTETS: usize = 200;

/// How many of these octets precede the first match.
const SNIPPET_BEFORE_OCTETS: usize = 60;

impl Gateway {
    /// The actor's messages that match `query`, older than the cursor `before`.
    pub fn search(
        &self,
        actor: &Actor,
        query: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Found, Error> {
        self.search_within(actor, query, None, before, limit)
    }

    /// The same, in one mailbox alone if one is given, by its ID or role.
    pub fn search_within(
        &self,
        actor: &Actor,
        query: &str,
        mailbox: Option<&str>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Found, Error> {
        let query = self.query(actor, query, mailbox)?;
        let waiting = self.search_step(actor, STEP_WAIT)?.waiting;
        let state = self.state(actor.account())?;
        let limit = limit.clamp(1, PAGE_MAX);
        let (hits, next) =
            self.found(actor, &query, before, limit, |asking, doc| asking.hit(doc))?;
        Ok(Found { state, hits, next, waiting })
    }

    fn query(&self, actor: &Actor, text: &str, mailbox: Option<&str>) -> Result<Query, Error> {
        let mut query = Query::parse(text)?;
        if let Some(mailbox) = mailbox {
            let id = self.mailbox_find(actor.account(), mailbox)?;
            query.0.push(Clause { not: false, test: Test::Within(id) });
        }
        Ok(query)
    }

    /// The flags of all messages that match, in one mailbox alone if one is given.
    pub fn search_flags(
        &self,
        actor: &Actor,
        query: &str,
        mailbox: Option<&str>,
        before: Option<&str>,
    ) -> Result<FlagsPage, Error> {
        let query = self.query(actor, query, mailbox)?;
        let (items, next) = self.found(actor, &query, before, list::FLAGS_MAX, |asking, doc| {
            let found = asking.fitting(doc)?;
            found.map(|(place, entry, _)| item::marks(place.mailbox, &entry)).transpose()
        })?;
        Ok(FlagsPage { items, next })
    }

    /// The matching messages, newest first, converted by `convert`.
    fn found<T>(
        &self,
        actor: &Actor,
        query: &Query,
        before: Option<&str>,
        limit: usize,
        convert: impl Fn(&mut Asking<'_>, &Doc) -> Result<Option<T>, Error>,
    ) -> Result<(Vec<T>, Option<String>), Error> {
        let before = before.map(parse_cursor).transpose()?;
        let (folders, labels) = (self.folders(actor, query)?, self.labels_named(actor, query)?);
        let mut docs = self.candidates(actor, query)?;
        docs.retain(|doc| before.is_none_or(|before| (doc.received, doc.reference) < before));
        docs.sort_unstable_by_key(|doc| std::cmp::Reverse((doc.received, doc.reference, doc.full)));
        let epochs = OpenedEpochs::new(self, actor);
        let mut asking = Asking { gateway: self, actor, query, folders, labels, epochs };
        let (mut all, mut seen, mut next) = (Vec::new(), HashSet::new(), None);
        for (looked_at, doc) in docs.iter().enumerate() {
            if all.len() == limit || looked_at == LOOKED_AT_MAX {
                // A message may occur twice, so the cursor is the last candidate checked.
                next = looked_at.checked_sub(1).and_then(|at| docs.get(at)).map(cursor);
                break;
            }
            if !seen.contains(&doc.reference)
                && let Some(one) = convert(&mut asking, doc)?
            {
                seen.insert(doc.reference);
                all.push(one);
            }
        }
        Ok((all, next))
    }

    /// The labels that the query names.
    fn labels_named(
        &self,
        actor: &Actor,
        query: &Query,
    ) -> Result<HashMap<Vec<String>, LabelId>, Error> {
        let named = |test: &Test| matches!(test, Test::Label(_));
        if !query.0.iter().any(|clause| named(&clause.test)) {
            return Ok(HashMap::new());
        }
        let labels = self.labels(actor)?;
        let numbers: HashMap<_, _> =
            labels.iter().map(|label| (words::folded(&label.name), label.id)).collect();
        for clause in &query.0 {
            if let Test::Label(name) = &clause.test
                && !numbers.contains_key(&words::folded(name))
            {
                let what = format!("label:{name}; no label has that name");
                return Err(Error::Invalid { what });
            }
        }
        Ok(numbers)
    }

    /// The messages that may match, according to the index alone.
    fn candidates(&self, actor: &Actor, query: &Query) -> Result<Vec<Doc>, Error> {
        let mut found = Vec::new();
        for (id, part) in self.parts(actor.account())? {
            let docs = self.docs(actor, id, &part)?;
            let mut fits = Set::full(docs.len());
            for clause in &query.0 {
                if let Test::Words(words) = &clause.test {
                    // The index cannot exclude a phrase: a message may contain its words apart, and
                    // a summary does not show what the text does not contain.
                    if clause.not && words.words.len() > 1 {
                        continue;
                    }
                    let with = self.with_words(actor, id, &part, docs.len(), words)?;
                    fits.keep(&with, clause.not);
                }
            }
            let fits = docs.iter().enumerate().filter(|(at, _)| fits.has(*at));
            found.extend(fits.map(|(_, doc)| *doc).filter(|doc| by_doc(query, doc)));
        }
        Ok(found)
    }

    /// The messages of a part that contain all of these words.
    fn with_words(
        &self,
        actor: &Actor,
        id: u64,
        part: &SearchPart,
        docs: usize,
        asked: &Words,
    ) -> Result<Set, Error> {
        let mut all = Set::full(docs);
        for (at, word) in asked.words.iter().enumerate() {
            let prefix = is_prefix(asked, at);
            let octets = self.block(actor, id, block::block_of(word, part.blocks))?;
            let mut with = Set::empty(docs);
            block::each_word(&octets, |kept, list| {
                let fits = match prefix {
                    true => kept.starts_with(word.as_bytes()),
                    false => kept == word.as_bytes(),
                };
                if fits {
                    for posting in block::postings(list) {
                        if posting.places & asked.places != 0 {
                            with.add(posting.doc);
                        }
                    }
                }
            })?;
            all.keep(&with, false);
        }
        Ok(all)
    }

    /// The folders of the account, and those that the search skips.
    fn folders(&self, actor: &Actor, query: &Query) -> Result<Folders, Error> {
        let (_, mailboxes) = self.mailbox_list(actor)?;
        let mut numbers = HashMap::new();
        let (mut hidden, mut named) = (HashSet::new(), false);
        for mailbox in &mailboxes {
            let number: MailboxId = mailbox.id.parse().map_err(|_| block::damaged())?;
            if matches!(mailbox.role, Some(Role::Junk | Role::Trash)) {
                hidden.insert(number);
            }
            let name: &str = match mailbox.role {
                Some(role) => role.as_str(),
                None => &mailbox.name,
            };
            // Those with a role come first; the owner may have given one of theirs the same name.
            numbers.entry(words::folded(name)).or_insert(number);
        }
        for clause in &query.0 {
            if let Test::In(name) = &clause.test {
                named = true;
                let name_folded = words::folded(name);
                // This mailbox need not exist yet; then nothing is in it.
                let is_known = numbers.contains_key(&name_folded)
                    || name_folded == words::folded(Role::Confirmations.as_str());
                if !is_all(name) && !is_known {
                    return Err(Error::Invalid {
                        what: format!("in:{name}; no folder has that name"),
                    });
                }
            }
        }
        let is_exact = |test: &Test| matches!(test, Test::Ref(_) | Test::Within(_));
        if named || query.0.iter().any(|clause| is_exact(&clause.test)) {
            hidden.clear();
        }
        Ok(Folders { numbers, hidden })
    }
}

/// Folder IDs by folded name, and the folders that are searched only if named.
struct Folders {
    numbers: HashMap<Vec<String>, MailboxId>,
    hidden: HashSet<MailboxId>,
}

fn is_all(name: &str) -> bool {
    name.eq_ignore_ascii_case("all")
}

/// The state of one query while its answer is filled.
struct Asking<'r> {
    gateway: &'r Gateway,
    actor: &'r Actor,
    query: &'r Query,
    folders: Folders,
    labels: HashMap<Vec<String>, LabelId>,
    epochs: OpenedEpochs<'r>,
}

impl Asking<'_> {
    fn hit(&mut self, doc: &Doc) -> Result<Option<Hit>, Error> {
        let Some((place, entry, text)) = self.fitting(doc)? else { return Ok(None) };
        let item = self.epochs.item(place.mailbox, &entry)?;
        Ok(Some(Hit { item, snippet: snippet(self.query, &text.body) }))
    }

    /// A candidate that matches the whole query, with its place and text.
    fn fitting(&mut self, doc: &Doc) -> Result<Option<(Place, Entry, Text)>, Error> {
        let account = self.actor.account();
        if !self.gateway.stays(account, doc)? {
            return Ok(None);
        }
        let store = &self.gateway.inner.store;
        let (place, entry) = match entry::find_entry(store, account, doc.reference) {
            Err(Error::NotFound { .. }) => return Ok(None),
            found => found?,
        };
        if self.folders.hidden.contains(&place.mailbox) || !self.by_entry(place, &entry) {
            return Ok(None);
        }
        let text = self.text(doc, &entry)?;
        Ok(self.by_text(&text).then_some((place, entry, text)))
    }

    fn by_entry(&self, place: Place, entry: &Entry) -> bool {
        self.query.0.iter().all(|Clause { not, test }| {
            let fits = match test {
                Test::In(name) => {
                    let folder = self.folders.numbers.get(&words::folded(name));
                    is_all(name) || folder.is_some_and(|folder| *folder == place.mailbox)
                }
                Test::Within(id) => *id == place.mailbox,
                Test::Label(name) => {
                    let label = self.labels.get(&words::folded(name));
                    label.is_some_and(|label| entry.labels.contains(label))
                }
                Test::Is(is) => match is {
                    Is::Unread => entry.unread,
                    Is::Read => !entry.unread,
                    Is::Starred => entry.starred,
                    Is::Opened => entry.opened.is_some(),
                    Is::Unopened => entry.opened.is_none(),
                    Is::Sent => entry.sent,
                },
                _ => return true,
            };
            fits != *not
        })
    }

    fn text(&mut self, doc: &Doc, entry: &Entry) -> Result<Text, Error> {
        let account = self.actor.account();
        let sealed = self.gateway.inner.store.get(&SEARCH_TEXTS, &(account, doc.reference))?;
        let Some(sealed) = sealed else {
            return Ok(Text::of_summary(&self.epochs.summary(entry)?));
        };
        let bound = binding(account, b"text", &doc.reference);
        let plain = self.actor.secret().open_own(&bound, &sealed.0);
        sealed_form::read(SEARCH_TEXTS.name, &plain.map_err(|_| block::damaged())?)
    }

    /// Checks for adjacent words, which the index does not record.
    fn by_text(&self, text: &Text) -> bool {
        self.query.0.iter().all(|Clause { not, test }| match test {
            Test::Words(asked) if asked.words.len() > 1 => stands(asked, text) != *not,
            _ => true,
        })
    }
}

fn stands(asked: &Words, text: &Text) -> bool {
    text.places().iter().filter(|(place, _)| asked.places & place != 0).any(|(_, text)| {
        let text = words::folded(text);
        text.windows(asked.words.len()).any(|found| fits(asked, found))
    })
}

fn fits<T: AsRef<str>>(asked: &Words, found: &[T]) -> bool {
    let word_fits = |(at, (asked_word, word)): (usize, (&String, &T))| match is_prefix(asked, at) {
        true => word.as_ref().starts_with(asked_word.as_str()),
        false => word.as_ref() == asked_word,
    };
    asked.words.iter().zip(found).enumerate().all(word_fits)
}

/// Only the last word may be a prefix, and only if it has at least two characters.
fn is_prefix(asked: &Words, at: usize) -> bool {
    asked.prefix && at + 1 == asked.words.len() && asked.words[at].chars().nth(1).is_some()
}

/// Checks the conditions that the index itself can decide, besides words.
fn by_doc(query: &Query, doc: &Doc) -> bool {
    query.0.iter().all(|Clause { not, test }| {
        let fits = match test {
            Test::HasAttachment => doc.attachments,
            Test::Larger(octets) => doc.size > *octets,
            Test::Smaller(octets) => doc.size < *octets,
            Test::Before(moment) => doc.received < *moment,
            Test::After(moment) => doc.received >= *moment,
            Test::Ref(reference) => doc.reference == reference.to_bytes(),
            _ => return true,
        };
        fits != *not
    })
}

/// An extract around the first match, in which every match is marked.
fn snippet(query: &Query, body: &str) -> Vec<Snippet> {
    let asked: Vec<&Words> =
        query.shown().filter(|words| words.places & place::BODY != 0).collect();
    let all: Vec<(usize, &str, String)> = words::words(body).collect();
    let mut hits: Vec<(usize, usize)> = Vec::new();
    for words in asked {
        for window in all.windows(words.words.len()) {
            let folded: Vec<&str> = window.iter().map(|(_, _, word)| word.as_str()).collect();
            if let ([(from, ..), ..], Some((last, word, _))) = (window, window.last())
                && fits(words, &folded)
            {
                hits.push((*from, last + word.len()));
            }
        }
    }
    hits.sort_unstable();
    let first = hits.first().map_or(0, |(from, _)| *from);
    let from = match first.saturating_sub(SNIPPET_BEFORE_OCTETS) {
        0 => 0,
        from => all.iter().map(|(at, ..)| *at).find(|at| *at >= from).unwrap_or(first),
    };
    cut(body, from, &hits)
}

fn cut(body: &str, from: usize, hits: &[(usize, usize)]) -> Vec<Snippet> {
    let end = body.floor_char_boundary(from + SNIPPET_OCTETS);
    let mut pieces = Vec::new();
    let mut push = |from: usize, to: usize, hit: bool| {
        let text = body[from..to].split_whitespace().collect::<Vec<_>>().join(" ");
        let edge = |c: Option<char>| if c.is_some_and(char::is_whitespace) { " " } else { "" };
        let piece = &body[from..to];
        let (before, after) = (edge(piece.chars().next()), edge(piece.chars().next_back()));
        match text.is_empty() {
            true if piece.is_empty() => {}
            true => pieces.push(Snippet { text: " ".to_owned(), hit }),
            false => pieces.push(Snippet { text: format!("{before}{text}{after}"), hit }),
        }
    };
    let mut at = from;
    for (begin, stop) in hits.iter().filter(|(begin, _)| *begin >= from) {
        if *begin < at || *stop > end {
            continue;
        }
        push(at, *begin, false);
        push(*begin, *stop, true);
        at = *stop;
    }
    push(at, end.max(at), false);
    pieces
}

/// A set of a part's messages.
struct Set {
    bits: Vec<u64>,
}

impl Set {
    fn empty(docs: usize) -> Set {
        Set { bits: vec![0; docs.div_ceil(64)] }
    }

    fn full(docs: usize) -> Set {
        Set { bits: vec![u64::MAX; docs.div_ceil(64)] }
    }

    fn add(&mut self, doc: u32) {
        let at = usize::try_from(doc / 64).unwrap_or(usize::MAX);
        if let Some(bits) = self.bits.get_mut(at) {
            *bits |= 1 << (doc % 64);
        }
    }

    fn has(&self, at: usize) -> bool {
        self.bits.get(at / 64).is_some_and(|bits| bits >> (at % 64) & 1 == 1)
    }

    /// Keeps the members that are in `other` too, or, with `not`, those that are not.
    fn keep(&mut self, other: &Set, not: bool) {
        for (bits, other) in self.bits.iter_mut().zip(&other.bits) {
            *bits &= if not { !other } else { *other };
        }
    }
}

fn cursor(doc: &Doc) -> String {
    let reference = Reference::from_bytes(doc.reference);
    let reference = reference.map(|reference| reference.to_string()).unwrap_or_default();
    format!("{}.{}", doc.received.0, reference)
}

fn parse_cursor(cursor: &str) -> Result<(Timestamp, ReferenceKey), Error> {
    let invalid = || Error::Invalid { what: "cursor".to_owned() };
    let (millis, reference) = cursor.split_once('.').ok_or_else(invalid)?;
    let received = Timestamp(millis.parse().map_err(|_| invalid())?);
    let reference: Reference = reference.parse().map_err(|_| invalid())?;
    Ok((received, reference.to_bytes()))
}
