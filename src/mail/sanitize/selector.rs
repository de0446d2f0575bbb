//! Selectors of style sheets, and whether they match an element (Selectors Level 4).

use super::budget::Budget;

/// How many parts a selector has, how many classes a part or an element, and how long a name is.
/// They bound what one step of the budget costs.
const PARTS_MAX: usize = 8;
const PART_CLASSES_MAX: usize = 8;
const CLASSES_MAX: usize = 64;
const NAME_OCTETS_MAX: usize = 64;

/// An element as selectors see it.
#[derive(Clone, Debug, Default)]
pub struct Element {
    pub name: String,
    pub id: Option<String>,
    /// In order, so that they can be searched.
    classes: Vec<String>,
    pub link: bool,
}

impl Element {
    pub fn new(name: &str, id: Option<&str>, class: Option<&str>, link: bool) -> Element {
        let is_short = |name: &&str| name.len() <= NAME_OCTETS_MAX;
        let classes = class.unwrap_or_default().split_ascii_whitespace().filter(is_short);
        let mut classes: Vec<String> = classes.take(CLASSES_MAX).map(str::to_owned).collect();
        classes.sort_unstable();
        classes.dedup();
        let id = id.filter(is_short).map(str::to_owned);
        Element { name: name.to_owned(), id, classes, link }
    }

    /// Returns the keys of the selectors that might match.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        let classes = self.classes.iter().cloned().map(Key::Class);
        let id = self.id.iter().cloned().map(Key::Id);
        [Key::Any, Key::Tag(self.name.clone())].into_iter().chain(classes).chain(id)
    }
}

/// What an element must have at least to match a selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Any,
    Tag(String),
    Class(String),
    Id(String),
}

/// One part of a selector: what an element must be.
#[derive(Debug, Default)]
struct Part {
    tag: Option<String>,
    id: Option<String>,
    classes: Vec<String>,
    link: bool,
    /// Whether the part before it must match the parent, and not just some ancestor.
    is_child: bool,
}

/// A selector, its parts in order.
#[derive(Debug)]
pub struct Selector {
    parts: Vec<Part>,
}

impl Selector {
    /// Reads a selector; `None` if it is of a kind that is not understood.
    pub fn parse(text: &str) -> Option<Selector> {
        let spaced = text.replace('>', " > ");
        let mut parts = Vec::new();
        let mut is_child = false;
        for word in spaced.split_whitespace() {
            if word == ">" {
                if is_child || parts.is_empty() {
                    return None;
                }
                is_child = true;
                continue;
            }
            parts.push(Part { is_child, ..Part::parse(word)? });
            is_child = false;
            if parts.len() > PARTS_MAX {
                return None;
            }
        }
        (!parts.is_empty() && !is_child).then_some(Selector { parts })
    }

    /// Returns what an element must have at least to match.
    pub fn key(&self) -> Key {
        let Some(last) = self.parts.last() else { return Key::Any };
        match (&last.id, last.classes.first(), &last.tag) {
            (Some(id), _, _) => Key::Id(id.clone()),
            (None, Some(class), _) => Key::Class(class.clone()),
            (None, None, Some(tag)) => Key::Tag(tag.clone()),
            (None, None, None) => Key::Any,
        }
    }

    /// Returns the numbers of ids, classes and types (Selectors Level 4 §17).
    pub fn specificity(&self) -> (usize, usize, usize) {
        let sum = |count: fn(&Part) -> usize| self.parts.iter().map(count).sum();
        (
            sum(|part| usize::from(part.id.is_some())),
            sum(|part| part.classes.len() + usize::from(part.link)),
            sum(|part| usize::from(part.tag.is_some())),
        )
    }

    /// Returns whether the last element of `path`, which begins at the root, matches.
    pub fn matches(&self, path: &[Element], budget: &mut Budget) -> bool {
        let (Some((last, parts)), Some((element, above))) =
            (self.parts.split_last(), path.split_last())
        else {
            return false;
        };
        budget.steps(1)
            && last.is(element)
            && above_match(parts, last.is_child, above, budget) == Above::Matches
    }
}

/// Whether the elements above one that matched match the parts before its part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Above {
    Matches,
    /// Not those above this one, but perhaps those above another one further up.
    NotHere,
    /// Not those above any further up either, since there are only fewer of them.
    Nowhere,
}

/// Compares each part with each element once at most: without [`Above::Nowhere`], the time would be
/// a power of the depth.
fn above_match(parts: &[Part], is_child: bool, path: &[Element], budget: &mut Budget) -> Above {
    let Some((last, before)) = parts.split_last() else { return Above::Matches };
    for at in (0..path.len()).rev() {
        if !budget.steps(1) {
            return Above::Nowhere;
        }
        let above = match last.is(&path[at]) {
            true => above_match(before, last.is_child, &path[..at], budget),
            false => Above::NotHere,
        };
        if is_child || above != Above::NotHere {
            return above;
        }
    }
    Above::Nowhere
}

impl Part {
    fn parse(word: &str) -> Option<Part> {
        let mut part = Part::default();
        let mut rest = word;
        let tag = take_name(&mut rest);
        if rest.len() == word.len() {
            rest = rest.strip_prefix('*').unwrap_or(rest);
        } else {
            part.tag = Some(tag.to_ascii_lowercase()).filter(|tag| tag.len() <= NAME_OCTETS_MAX);
            part.tag.as_ref()?;
        }
        while let Some(kind) = rest.chars().next() {
            rest = &rest[kind.len_utf8()..];
            let name = take_name(&mut rest).to_owned();
            match kind {
                _ if name.is_empty() || name.len() > NAME_OCTETS_MAX => return None,
                '.' if part.classes.len() < PART_CLASSES_MAX => part.classes.push(name),
                '#' if part.id.is_none() => part.id = Some(name),
                ':' if name.eq_ignore_ascii_case("link") => part.link = true,
                _ => return None,
            }
        }
        Some(part)
    }

    fn is(&self, element: &Element) -> bool {
        self.tag.as_ref().is_none_or(|tag| *tag == element.name)
            && self.id.as_ref().is_none_or(|id| Some(id) == element.id.as_ref())
            && self.classes.iter().all(|class| element.classes.binary_search(class).is_ok())
            && (!self.link || element.link)
    }
}

fn take_name<'t>(rest: &mut &'t str) -> &'t str {
    let is_end = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'));
    let (name, after) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
    *rest = after;
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_match_the_elements_that_they_name() {
        let element = |name: &str, id, class| Element::new(name, id, class, name == "a");
        let (html, body) = (element("html", None, None), element("body", None, Some("mail")));
        let table = element("table", Some("top"), None);
        let cell = element("td", None, Some("a b"));
        let link = element("a", None, Some("button"));
        let path = [html, body, table, cell, link];
        for (selector, matches) in [
            ("a", true),
            ("A.button", true),
            ("*", true),
            (".button", true),
            ("a:link", true),
            ("body a", true),
            ("html body.mail #top td.a.b a", true),
            ("td>a", true),
            ("td > a.button", true),
            ("#top .button", true),
            ("table > a", false),
            ("a a", false),
            ("td.c a", false),
            ("html > body table > td a", true),
            ("body > td a", false),
            ("table > body a", false),
            ("div body > table a", false),
            ("p", false),
            (".Button", false),
        ] {
            let parsed = Selector::parse(selector).unwrap();
            assert_eq!(parsed.matches(&path, &mut Budget::for_length(1024)), matches, "{selector}");
        }
        for other in
            ["a:hover", "a::before", "td + a", "td ~ a", "[href]", "u+#body a", "> a", "a >"]
        {
            assert!(Selector::parse(other).is_none(), "{other}");
        }
    }
}
