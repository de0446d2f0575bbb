//! The query language: `from:dana "quarterly report" -draft has:attachment before:2026-11-01`.
//!
//! | word | finds |
//! | --- | --- |
//! | `word` | this word, or a word that starts with it, anywhere |
//! | `"some words"` | these words, next to each other |
//! | `-word` | messages without it; works before all of these |
//! | `from:` `to:` `cc:` `subject:` `filename:` | the same in that place only |
//! | `in:` | a folder, by its role or name; `in:all` includes junk and trash |
//! | `label:` | messages with this label |
//! | `is:` | `unread`, `read`, `starred`, `opened`, `unopened`, `sent` |
//! | `has:attachment`, `larger:5M`, `smaller:20k` | by attachments or size |
//! | `before:2026-11-01`, `after:2026-10-01` | by the day it was received, in UTC |
//! | `ref:` or a reference number | this message |

use time::{Date, Month};

use crate::clock::Timestamp;
use crate::gateway::error::Error;
use crate::gateway::records::ids::MailboxId;
use crate::mail::reference::Reference;
use crate::mail::words;

/// The places where a word can occur, as bits of a set.
pub mod place {
    pub const FROM: u8 = 1;
    pub const TO: u8 = 2;
    pub const CC: u8 = 4;
    pub const SUBJECT: u8 = 8;
    pub const FILE: u8 = 16;
    pub const BODY: u8 = 32;
    pub const ALL: u8 = 63;
}

pub const QUERY_CHARS_MAX: usize = 1_000;
const CLAUSES_MAX: usize = 32;

/// All conditions that must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(pub Vec<Clause>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    pub not: bool,
    pub test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    Words(Words),
    /// A folder, as the user typed it.
    In(String),
    /// The mailbox that is searched alone; it cannot be typed.
    Within(MailboxId),
    /// A label, as the user typed it.
    Label(String),
    Is(Is),
    HasAttachment,
    Larger(u64),
    Smaller(u64),
    Before(Timestamp),
    After(Timestamp),
    Ref(Reference),
}

/// Adjacent words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub places: u8,
    pub words: Vec<String>,
    /// The last word may be a prefix.
    pub prefix: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    Unread,
    Read,
    Starred,
    Opened,
    Unopened,
    Sent,
}

impl Query {
    /// Parses a query; an operator with an invalid value is an error that names it.
    pub fn parse(text: &str) -> Result<Query, Error> {
        if text.chars().count() > QUERY_CHARS_MAX {
            return Err(invalid(format!("a search can have at most {QUERY_CHARS_MAX} characters")));
        }
        let mut clauses = Vec::new();
        for Token { not, operator, value, quoted } in tokens(text) {
            if let Some(test) = test(operator, value, quoted)? {
                clauses.push(Clause { not, test });
            }
        }
        if clauses.len() > CLAUSES_MAX {
            return Err(invalid(format!("a search can have at most {CLAUSES_MAX} terms")));
        }
        Ok(Query(clauses))
    }

    /// The words that results must contain, to be marked where they occur.
    pub fn shown(&self) -> impl Iterator<Item = &Words> {
        self.0.iter().filter(|clause| !clause.not).filter_map(|clause| match &clause.test {
            Test::Words(words) => Some(words),
            _ => None,
        })
    }
}

struct Token<'t> {
    not: bool,
    operator: Option<&'t str>,
    value: &'t str,
    quoted: bool,
}

/// Splits at white space outside quotes; an unclosed quote extends to the end.
fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let after = rest.strip_prefix('-');
        let not = after.is_some_and(|after| !after.is_empty() && !after.starts_with(' '));
        if not {
            rest = after.unwrap_or_default();
        }
        let word_end = rest.find([' ', '\t', '"']).unwrap_or(rest.len());
        let operator = rest[..word_end].split_once(':').map(|(operator, _)| operator);
        let operator = operator.filter(|operator| OPERATORS.contains(&lower(operator).as_str()));
        let from = operator.map_or(0, |operator| operator.len() + 1);
        let (value, quoted);
        if let Some(open) = rest[from..].strip_prefix('"') {
            let end = open.find('"').unwrap_or(open.len());
            (value, quoted) = (&open[..end], true);
            rest = open[end..].strip_prefix('"').unwrap_or_default();
        } else {
            let end = rest[from..].find(char::is_whitespace).map_or(rest.len(), |end| from + end);
            (value, quoted) = (&rest[from..end], false);
            rest = &rest[end..];
        }
        Some(Token { not, operator, value, quoted })
    })
}

const OPERATORS: [&str; 14] = [
    "from", "to", "cc", "subject", "filename", "in", "label", "is", "has", "larger", "smaller",
    "before", "after", "ref",
];

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

fn test(operator: Option<&str>, value: &str, quoted: bool) -> Result<Option<Test>, Error> {
    let Some(operator) = operator else {
        let reference = (!quoted).then(|| value.parse::<Reference>().ok()).flatten();
        return Ok(match reference {
            Some(reference) => Some(Test::Ref(reference)),
            None => words_test(place::ALL, value, quoted),
        });
    };
    let operator = lower(operator);
    let found = match operator.as_str() {
        "from" => words_test(place::FROM, value, quoted),
        "to" => words_test(place::TO, value, quoted),
        "cc" => words_test(place::CC, value, quoted),
        "subject" => words_test(place::SUBJECT, value, quoted),
        "filename" => words_test(place::FILE, value, quoted),
        "in" => Some(Test::In(value.to_owned())).filter(|_| !value.is_empty()),
        "label" => Some(Test::Label(value.to_owned())).filter(|_| !value.is_empty()),
        "is" => Some(Test::Is(is(value)?)),
        "has" if lower(value).starts_with("attach") => Some(Test::HasAttachment),
        "has" => return Err(invalid(format!("has:{value}; only has:attachment is supported"))),
        "larger" => Some(Test::Larger(octets(value)?)),
        "smaller" => Some(Test::Smaller(octets(value)?)),
        "before" => Some(Test::Before(day(value)?)),
        // The day itself is included: `after` means since its start.
        "after" => Some(Test::After(day(value)?)),
        _ => {
            let reference = value.parse().map_err(|_| {
                invalid(format!("ref:{value}; a reference number has 20 letters and digits"))
            })?;
            Some(Test::Ref(reference))
        }
    };
    Ok(found)
}

/// `None` if there is nothing to search for, such as a lone dash.
fn words_test(places: u8, value: &str, quoted: bool) -> Option<Test> {
    let words = words::folded(value);
    (!words.is_empty()).then_some(Test::Words(Words { places, words, prefix: !quoted }))
}

fn is(value: &str) -> Result<Is, Error> {
    Ok(match lower(value).as_str() {
        "unread" => Is::Unread,
        "read" => Is::Read,
        "starred" => Is::Starred,
        "opened" => Is::Opened,
        "unopened" => Is::Unopened,
        "sent" => Is::Sent,
        _ => {
            let known = "unread, read, starred, opened, unopened or sent";
            return Err(invalid(format!("is:{value}; the value must be {known}")));
        }
    })
}

fn octets(value: &str) -> Result<u64, Error> {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match lower(&value[digits.len()..]).trim_end_matches('b') {
        "" => Some(1),
        "k" => Some(1 << 10),
        "m" => Some(1 << 20),
        "g" => Some(1 << 30),
        _ => None,
    };
    let size = digits.parse::<u64>().ok().zip(unit);
    size.and_then(|(size, unit)| size.checked_mul(unit))
        .ok_or_else(|| invalid(format!("the size {value}; write it as 500k or 5M")))
}

fn day(value: &str) -> Result<Timestamp, Error> {
    let mut parts = value.split(['-', '/', '.']).map(|part| part.parse::<u16>().ok());
    let mut next = || parts.next().flatten();
    let date = next().zip(next()).zip(next()).and_then(|((year, month), day)| {
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()
    });
    let date = date.ok_or_else(|| invalid(format!("the date {value}; write it as 2026-11-23")))?;
    Ok(Timestamp(date.midnight().assume_utc().unix_timestamp() * 1_000))
}

fn invalid(what: String) -> Error {
    Error::Invalid { what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(places: u8, words: &[&str], prefix: bool) -> Test {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Test::Words(Words { places, words, prefix })
    }

    fn tests(text: &str) -> Vec<(bool, Test)> {
        let Query(clauses) = Query::parse(text).unwrap();
        clauses.into_iter().map(|clause| (clause.not, clause.test)).collect()
    }

    #[test]
    fn a_query_is_read_word_by_word() {
        assert_eq!(
            tests(r#"from:Dana "Quarterly report" -draft subject:"a b" well-known"#),
            [
                (false, words(place::FROM, &["dana"], true)),
                (false, words(place::ALL, &["quarterly", "report"], false)),
                (true, words(place::ALL, &["draft"], true)),
                (false, words(place::SUBJECT, &["a", "b"], false)),
                (false, words(place::ALL, &["well", "known"], true)),
            ]
        );
        assert_eq!(
            tests("in:inbox is:UNREAD -has:attachment larger:5M smaller:20kb"),
            [
                (false, Test::In("inbox".to_owned())),
                (false, Test::Is(Is::Unread)),
                (true, Test::HasAttachment),
                (false, Test::Larger(5 << 20)),
                (false, Test::Smaller(20 << 10)),
            ]
        );
    }

    #[test]
    fn what_is_no_operator_is_a_word() {
        assert_eq!(tests("re:invoice"), [(false, words(place::ALL, &["re:invoice"], true))]);
        assert_eq!(tests(" - \"\" \u{2026} "), []);
        assert_eq!(tests("\"no end"), [(false, words(place::ALL, &["no", "end"], false))]);
    }

    #[test]
    fn a_number_is_a_message_with_and_without_its_operator() {
        let reference = Reference::new(1_790_000_000_000);
        for text in [reference.to_string(), format!("ref:{reference}").to_lowercase()] {
            assert_eq!(tests(&text), [(false, Test::Ref(reference))]);
        }
    }

    #[test]
    fn days_are_days() {
        let begin = Timestamp::parse_rfc3339("2026-11-01T00:00:00Z").unwrap();
        for text in ["before:2026-11-01", "before:2026/11/1"] {
            assert_eq!(tests(text), [(false, Test::Before(begin))]);
        }
    }

    #[test]
    fn a_value_that_cannot_be_is_named() {
        for wrong in [
            "before:soon",
            "before:2026-13-01",
            "after:2026-02-30",
            "larger:big",
            "larger:5X",
            "larger:99999999999999999G",
            "is:blue",
            "has:wings",
            "ref:123",
            "ref:",
        ] {
            let error = Query::parse(wrong).unwrap_err().to_string();
            let value = wrong.split_once(':').unwrap().1;
            assert!(error.contains(value), "{wrong}: {error}");
        }
        assert!(Query::parse(&"a ".repeat(CLAUSES_MAX + 1)).is_err());
        assert!(Query::parse(&"a".repeat(QUERY_CHARS_MAX + 1)).is_err());
    }
}
