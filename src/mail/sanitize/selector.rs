//! Selectors of style sheets, and whether they match an element (Selectors Level 4).

use super::budget::Budget;

/// How many parts a selector has, and how many classes a part or an element.
const PARTS_MAX: usize = 8;
const CLASSES_MAX: usize = 16;

/// An element as selectors see it.
#[derive(Clone, Debug, Default)]
pub struct Element {
    pub name: String,
    pub id: Option<String>,
    pub classes: Vec<String>,
    pub link: bool,
}

impl Element {
    pub fn new(name: &str, id: Option<&str>, class: Option<&str>, link: bool) -> Element {
        let classes = class.unwrap_or_default().split_ascii_whitespace().take(CLASSES_MAX);
        let mut classes: Vec<String> = classes.map(str::to_owned).collect();
        classes.sort_unstable();
        classes.dedup();
        Element { name: name.to_owned(), id: id.map(str::to_owned), classes, link }
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
        budget.steps(1) && last.is(element) && above_match(parts, last.is_child, above, budget)
    }
}

/// Returns whether elements above the one that matched match the parts before its part.
fn above_match(parts: &[Part], is_child: bool, path: &[Element], budget: &mut Budget) -> bool {
    let Some((last, before)) = parts.split_last() else { return true };
    for at in (0..path.len()).rev() {
        if !budget.steps(1) {
            return false;
        }
        if last.is(&path[at]) && above_match(before, last.is_child, &path[..at], budget) {
            return true;
        }
        if is_child {
            return false;
        }
    }
    false
}

impl Part {
    fn parse(word: &str) -> Option<Part> {
        let mut part = Part::default();
        let mut rest = word;
        let tag = take_name(&mut rest);
        if rest.len() == word.len() {
            rest = rest.strip_prefix('*').unwrap_or(rest);
        } else {
            part.tag = Some(tag.to_ascii_lowercase());
        }
        while let Some(kind) = rest.chars().next() {
            rest = &rest[kind.len_utf8()..];
            let name = take_name(&mut rest).to_owned();
            match kind {
                _ if name.is_empty() => return None,
                '.' if part.classes.len() < CLASSES_MAX => part.classes.push(name),
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
            && self.classes.iter().all(|class| element.classes.contains(class))
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
            ("p", false),
            (".Button", false),
        ] {
            let parsed = Selector::parse(selector).unwrap();
            assert_eq!(parsed.matches(&path, &mut Budget::default()), matches, "{selector}");
        }
        for other in
            ["a:hover", "a::before", "td + a", "td ~ a", "[href]", "u+#body a", "> a", "a >"]
        {
            assert!(Selector::parse(other).is_none(), "{other}");
        }
    }
}
