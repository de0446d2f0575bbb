//! Groups: lines of a card that belong together have one, `item1.TEL` and `item1.X-ABLabel`. The same
//! name says nothing about lines of another card.

use std::collections::{BTreeMap, HashSet};

use super::line::HEAD_OCTETS_MAX;

/// Properties of which a card has one at most (RFC 6350 §6, RFC 2426 §5), and for which there is no
/// field: one's own stays.
const SINGLE: &[&str] =
    &["ANNIVERSARY", "CLASS", "GENDER", "KIND", "MAILER", "PRODID", "REV", "SORT-STRING"];

/// Where a line is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum List {
    Kept,
    Source,
}

/// Lines of one group, without its name; a line without a group is alone.
type Unit<'l> = Vec<(List, &'l str)>;

/// The group of a line, in lower case, and what comes after it; the group is empty if there is none.
fn parted(line: &str) -> (String, &str) {
    let head = &line[..line.floor_char_boundary(HEAD_OCTETS_MAX)];
    let end = head.find([';', ':']).unwrap_or(head.len());
    match line[..end].rfind('.') {
        Some(at) => (line[..at].trim().to_ascii_lowercase(), &line[at + 1..]),
        None => (String::new(), line),
    }
}

/// The name of a line's property, in upper case.
pub fn property(line: &str) -> String {
    let (_, rest) = parted(line);
    let head = &rest[..rest.floor_char_boundary(HEAD_OCTETS_MAX)];
    let end = head.find([';', ':']).unwrap_or(head.len());
    head[..end].trim().to_ascii_uppercase()
}

/// The lines of a contact that are kept, and those of its fields.
#[derive(Clone, Copy)]
pub struct Lines<'c> {
    pub kept: &'c [String],
    pub source: &'c [String],
}

/// The units of a contact's lines, each with the name of its group.
fn units(lines: Lines<'_>) -> Vec<(String, Unit<'_>)> {
    let kept = lines.kept.iter().map(|line| (List::Kept, line));
    let source = lines.source.iter().map(|line| (List::Source, line));
    let (mut alone, mut groups) = (Vec::new(), BTreeMap::<String, Unit<'_>>::new());
    for (list, line) in kept.chain(source) {
        let (group, rest) = parted(line);
        match group.is_empty() {
            true => alone.push((group, vec![(list, rest)])),
            false => groups.entry(group).or_default().push((list, rest)),
        }
    }
    for unit in groups.values_mut() {
        unit.sort_unstable();
    }
    alone.extend(groups);
    alone
}

/// The lines to keep, and those of fields, that another contact has and this one does not. Its groups get
/// names that this one does not use, so that no line joins a group of another card.
pub fn missing(own: Lines<'_>, other: Lines<'_>) -> (Vec<String>, Vec<String>) {
    let (mut kept, mut source) = (Vec::new(), Vec::new());
    let mine = units(own);
    let mut known: HashSet<Unit<'_>> = mine.iter().map(|(_, unit)| unit.clone()).collect();
    let mut names: HashSet<String> = mine.into_iter().map(|(group, _)| group).collect();
    let single: HashSet<String> = own.kept.iter().map(|line| property(line)).collect();
    let is_single = |(_, rest): &(List, &str)| {
        let name = property(rest);
        SINGLE.contains(&name.as_str()) && single.contains(&name)
    };
    for (group, unit) in units(other) {
        if !known.insert(unit.clone()) || unit.iter().any(is_single) {
            continue;
        }
        let group = match group.as_str() {
            "" => String::new(),
            _ if names.insert(group.clone()) => format!("{group}."),
            _ => format!("{}.", free(&mut names)),
        };
        for (list, rest) in unit {
            let lines = if list == List::Kept { &mut kept } else { &mut source };
            lines.push(format!("{group}{rest}"));
        }
    }
    (kept, source)
}

/// Takes a name that no group has.
fn free(names: &mut HashSet<String>) -> String {
    let mut numbers = (1..).map(|number: u32| format!("item{number}"));
    let name = numbers.find(|name| !names.contains(name)).expect("numbers do not end");
    names.insert(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::contacts::Contact;

    fn join(own: &mut Contact, other: &Contact) {
        let both = missing(own.lines(), other.lines());
        own.kept.extend(both.0);
        own.source.extend(both.1);
    }

    fn contact(kept: &[&str], source: &[&str]) -> Contact {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Contact { kept: lines(kept), source: lines(source), ..Contact::default() }
    }

    #[test]
    fn groups_of_two_cards_stay_apart() {
        let mut own = contact(&["item1.X-ABRELATEDNAMES:Omar"], &["item1.X-ABLabel:Spouse"]);
        let other = contact(
            &["Item1.X-ABRELATEDNAMES:Mia", "X-A:b", "g.X-B:c"],
            &["item1.X-ABLabel:Child"],
        );
        join(&mut own, &other);
        let kept =
            ["item1.X-ABRELATEDNAMES:Omar", "X-A:b", "g.X-B:c", "item2.X-ABRELATEDNAMES:Mia"];
        assert_eq!(own.kept, kept);
        assert_eq!(own.source, ["item1.X-ABLabel:Spouse", "item2.X-ABLabel:Child"]);
        let once = own.clone();
        join(&mut own, &other);
        assert_eq!(own, once, "joining twice adds nothing");
    }

    #[test]
    fn of_what_a_card_has_once_its_own_stays() {
        let mut own = contact(&["REV:1", "PRODID:a", "X-A:b"], &[]);
        join(&mut own, &contact(&["rev;VALUE=x:2", "PRODID:c", "KIND:org", "X-A:c"], &[]));
        assert_eq!(own.kept, ["REV:1", "PRODID:a", "X-A:b", "KIND:org", "X-A:c"]);
        assert_eq!(property("item1.Revision:x"), "REVISION");
    }
}
