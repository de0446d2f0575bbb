//! One rule for the parts of a message. Each part is shown in the text, or is shown because the HTML
//! that is displayed names it, or is listed as a file: never neither, and never both.
//!
//! Text parts are shown in the order in which they stand, in both versions, as mail programs that
//! put a file between two texts mean it (RFC 2046 §5.1.3). Of alternatives, which say the same,
//! each version takes its own (§5.1.4).

use std::collections::{BTreeSet, HashSet};

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::part::{self, Kind};
use crate::mail::mime_guard::LEVELS_MAX;
use crate::mail::plain;

/// Where the parts of a message are shown, by their numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The parts of the plain text and of the HTML version, in order.
    pub text: Vec<u32>,
    pub html: Vec<u32>,
    /// Alternatives that say nothing.
    blank: Vec<u32>,
    /// Everything else.
    pub files: Vec<u32>,
    /// Whether it depends on what parts say, and not on the structure alone.
    pub compared: bool,
}

/// What a part stands in.
#[derive(Clone, Copy, Default)]
struct Place {
    level: usize,
    /// Whether it is the first one there, or the one that the others belong to.
    first: bool,
    related: bool,
    alternative: bool,
}

/// Alternatives of more octets together are not compared, which takes many times their size: the
/// earlier ones are files.
const COMPARED_OCTETS_MAX: usize = 256 * 1024;

impl Layout {
    /// The parts of either version.
    pub fn shown(&self) -> BTreeSet<u32> {
        self.text.iter().chain(&self.html).copied().collect()
    }

    pub fn of(message: &Message<'_>) -> Layout {
        let mut layout = Layout::default();
        layout.add(message, 0, Place { first: true, ..Place::default() });
        layout.add_rest(message);
        layout
    }

    fn add(&mut self, message: &Message<'_>, id: u32, place: Place) {
        let Some(part) = part_at(message, id) else { return };
        match &part.body {
            PartType::Multipart(_) if place.level > LEVELS_MAX => {}
            PartType::Multipart(children) => self.add_all(message, id, children, place.level + 1),
            _ if is_text(part, place) => {
                self.text.push(id);
                self.html.push(id);
            }
            _ if place.alternative && is_for_others(part) => self.blank.push(id),
            _ => self.files.push(id),
        }
    }

    fn add_all(&mut self, message: &Message<'_>, id: u32, children: &[u32], level: usize) {
        let is = |subtype| {
            part_at(message, id).is_some_and(|part| part.is_content_type("multipart", subtype))
        };
        let (related, alternative) = (is("related"), is("alternative"));
        let root = match related {
            true => root(message, id, children),
            false => children.first().copied(),
        };
        let mut versions = Vec::new();
        for child in children.iter().copied().filter(|child| *child > id) {
            // Each alternative is a message's text by itself, whatever it is called.
            let first = alternative || root == Some(child);
            let place = Place { level, first, related, alternative };
            match alternative {
                true => {
                    let mut version = Layout::default();
                    version.add(message, child, place);
                    self.files.append(&mut version.files);
                    self.blank.append(&mut version.blank);
                    self.compared |= version.compared;
                    versions.push(version);
                }
                false => self.add(message, child, place),
            }
        }
        self.choose(message, versions);
    }

    /// Adds the alternatives that each version shows. Alternatives that say nothing count as none.
    fn choose(&mut self, message: &Message<'_>, versions: Vec<Layout>) {
        let is_html = |id: &u32| part_at(message, *id).is_some_and(|part| Kind::of(part).is_html());
        let says = |id: &u32| part_at(message, *id).is_some_and(says_something);
        let (rich, plain): (Vec<Layout>, Vec<Layout>) =
            versions.into_iter().partition(|version| version.html.iter().any(is_html));
        let speaks = |of: &[Layout]| of.iter().flat_map(|one| &one.html).any(says);
        let (rich, plain) = match (speaks(&rich), speaks(&plain)) {
            (true, false) => (rich, self.set_aside(plain)),
            (false, true) => (self.set_aside(rich), plain),
            _ => (rich, plain),
        };
        let (rich, plain) = (self.last(message, rich), self.last(message, plain));
        let for_text = plain.as_ref().or(rich.as_ref());
        let for_html = rich.as_ref().or(plain.as_ref());
        self.text.extend(for_text.into_iter().flat_map(|one| &one.text));
        self.html.extend(for_html.into_iter().flat_map(|one| &one.html));
    }

    /// Returns the last version that says something: the sender prefers later ones (RFC 2046 §5.1.4).
    /// An earlier one is passed over if it says the same, and is a file otherwise: the same words in
    /// the same order, with the same links and images. Words in another order say something else.
    fn last(&mut self, message: &Message<'_>, mut versions: Vec<Layout>) -> Option<Layout> {
        let says = |id: &u32| part_at(message, *id).is_some_and(says_something);
        let at = versions.iter().rposition(|version| version.html.iter().any(says));
        let chosen = (!versions.is_empty()).then(|| versions.remove(at.unwrap_or_default()))?;
        self.compared |= !versions.is_empty();
        let all: Vec<u32> = versions.iter().chain([&chosen]).flat_map(Layout::shown).collect();
        let lengths = all.iter().filter_map(|id| part_at(message, *id)).map(MessagePart::len);
        let is_compared = !versions.is_empty() && lengths.sum::<usize>() <= COMPARED_OCTETS_MAX;
        let known = is_compared.then(|| said(message, &chosen));
        for version in versions {
            let is_same = known.as_ref().is_some_and(|known| {
                let said = said(message, &version);
                said == *known || said.iter().all(Said::is_nothing)
            });
            match is_same {
                true => self.blank.extend(version.shown()),
                false => self.files.extend(version.shown()),
            }
        }
        Some(chosen)
    }

    fn set_aside(&mut self, blank: Vec<Layout>) -> Vec<Layout> {
        self.blank.extend(blank.iter().flat_map(|one| one.text.iter().chain(&one.html)));
        Vec::new()
    }

    /// Lists the parts that a broken structure, or one that is too deep, left out.
    fn add_rest(&mut self, message: &Message<'_>) {
        let all = self.text.iter().chain(&self.html).chain(&self.blank).chain(&self.files);
        let placed: HashSet<u32> = all.copied().collect();
        let left = (0..).zip(&message.parts).filter(|(id, part)| {
            !matches!(part.body, PartType::Multipart(_)) && !placed.contains(id)
        });
        self.files.extend(left.map(|(id, _)| id));
        self.files.sort_unstable();
    }

    /// Returns whether the HTML version has HTML at all.
    pub fn has_html(&self, message: &Message<'_>) -> bool {
        self.html
            .iter()
            .any(|id| part_at(message, *id).is_some_and(|part| Kind::of(part).is_html()))
    }
}

pub fn part_at<'m, 'x>(message: &'m Message<'x>, id: u32) -> Option<&'m MessagePart<'x>> {
    message.parts.get(usize::try_from(id).ok()?)
}

/// Returns the part that a multipart/related is about: the one that `start` names, or the first
/// (RFC 2387 §3.2).
fn root(message: &Message<'_>, id: u32, children: &[u32]) -> Option<u32> {
    let start = part_at(message, id)
        .and_then(|part| part.content_type())
        .and_then(|media| media.attribute("start"))
        .map(part::bare_id);
    let named = |child: &&u32| {
        let id = part_at(message, **child).and_then(|part| part.content_id()).map(part::bare_id);
        id.is_some() && id == start
    };
    children.iter().find(named).or(children.first()).copied()
}

/// Returns whether a part belongs to the text that is shown, rather than being a file.
fn is_text(part: &MessagePart<'_>, place: Place) -> bool {
    let shows = match Kind::of(part) {
        Kind::Plain | Kind::Html => true,
        // RFC 2046 §4.1.4. As an alternative, it says what another one says better.
        Kind::Readable => !place.alternative,
        Kind::Other => false,
    };
    let named = part.attachment_name().is_some();
    let is_resource = place.related && part::is_resource(part);
    shows && !part::is_attachment(part) && (place.first || !named && !is_resource)
}

/// What a version says: its words, and where its links and images stand and lead, in their order.
#[derive(Default, PartialEq, Eq)]
struct Said {
    words: Vec<String>,
    targets: Vec<(usize, String)>,
}

impl Said {
    fn is_nothing(&self) -> bool {
        self.words.is_empty() && self.targets.iter().all(|(_, target)| target.is_empty())
    }
}

/// Returns what the plain text and the HTML of a version say.
fn said(message: &Message<'_>, version: &Layout) -> [Said; 2] {
    [&version.text, &version.html].map(|ids| {
        let mut said = Said::default();
        for part in ids.iter().filter_map(|id| part_at(message, *id)) {
            let Some(text) = part::text_of(part) else { continue };
            let mut add = |text: &str| {
                said.words.extend(text.split_whitespace().map(str::to_owned));
            };
            match Kind::of(part).is_html() {
                true => {
                    add(&plain::of_html(&text));
                    said.targets.extend(plain::targets(&text));
                }
                false => add(&text),
            }
        }
        said
    })
}

/// Returns whether an alternative is for programs of another kind, and says what the others say.
fn is_for_others(part: &MessagePart<'_>) -> bool {
    let media = part::content_type(part);
    matches!(media.as_str(), "text/x-amp-html" | "text/watch-html") && !part::is_attachment(part)
}

/// Returns whether a reader would see anything of an alternative.
fn says_something(part: &MessagePart<'_>) -> bool {
    /// HTML without a word in it is short, whatever program makes it.
    const BLANK_OCTETS_MAX: usize = 16 * 1024;
    match part::text_of(part) {
        Some(html) if Kind::of(part).is_html() => {
            html.len() > BLANK_OCTETS_MAX
                || html.to_ascii_lowercase().contains("<img")
                || !plain::is_blank(&plain::of_html(&html))
        }
        Some(text) => !plain::is_blank(&text),
        None => true,
    }
}

#[cfg(test)]
mod tests;
