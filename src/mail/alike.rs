//! What looks like something else: domains like ours, and names like those of people inside.
//!
//! Only what is mistaken for Latin text is here, not all of Unicode's confusables (UTS 39). Domains
//! are compared by their Unicode form, whichever one they are written in.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::mailboxes::{ascii_domain, is_unseen};

/// A registered name of this many characters may differ from ours by one typing error, or by two.
const NAME_CHARS_ONE: usize = 5;
const NAME_CHARS_TWO: usize = 15;

/// Whether a domain is one of ours, or below one of them.
pub fn is_ours(domain: &str, our_domains: &[String]) -> bool {
    let Some(domain) = ascii_domain(domain) else { return false };
    our_domains.iter().filter_map(|own| ascii_domain(own)).any(|own| {
        domain.strip_suffix(&own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Returns the domain of ours that another domain looks like.
pub fn imitated(domain: &str, our_domains: &[String]) -> Option<String> {
    if is_ours(domain, our_domains) {
        return None;
    }
    let shown = unicode(domain)?;
    let is_alike = |own: &&String| unicode(own).is_some_and(|own| is_alike(&shown, &own));
    our_domains.iter().find(is_alike).cloned()
}

/// Returns a domain as people read it: in lower case, with U-labels.
fn unicode(domain: &str) -> Option<String> {
    let (unicode, valid) = idna::domain_to_unicode(&ascii_domain(domain)?);
    valid.is_ok().then_some(unicode)
}

fn is_alike(domain: &str, own: &str) -> bool {
    if !own.contains('.') {
        return false;
    }
    // `example.org.evil.example`, `example-org.evil.example`
    let begins =
        |start: &str| domain.strip_prefix(start).is_some_and(|rest| rest.starts_with(['.', '-']));
    if begins(own) || begins(&own.replace('.', "-")) {
        return true;
    }
    // `mail.examp1e.org` as well as `examp1e.org`.
    let ((name, ending), (own, own_ending)) = (registered(domain), registered(own));
    if name == own {
        // The same owner, or the same name under another ending, which is another's in good faith.
        return false;
    }
    let length = own.chars().count();
    let (looks, own_looks) = (skeleton(name, Capitals::Small), skeleton(own, Capitals::Small));
    if looks == own_looks && (ending == own_ending || length >= NAME_CHARS_ONE) {
        return true;
    }
    let errors_max = match length {
        NAME_CHARS_TWO.. => 2,
        NAME_CHARS_ONE.. => 1,
        _ => 0,
    };
    let least = errors(name, own).min(errors(&looks, &own_looks));
    ending == own_ending && least <= errors_max
}

/// Returns the label that was registered, and the ending below which it was.
fn registered(domain: &str) -> (&str, &str) {
    organisation(domain).split_once('.').unwrap_or((domain, ""))
}

/// Returns about the domain that was registered. Without the list of public suffixes this is a
/// guess: the last two labels, or three below an ending such as `co.uk`.
pub fn organisation(domain: &str) -> &str {
    const SECOND: [&str; 9] = ["ac", "co", "com", "edu", "gov", "gob", "net", "or", "org"];
    let labels: Vec<&str> = domain.rsplit('.').collect();
    let is_second =
        matches!(labels[..], [top, second, ..] if top.len() == 2 && SECOND.contains(&second));
    let kept = labels.iter().take(if is_second { 3 } else { 2 });
    let length = kept.map(|label| label.len() + 1).sum::<usize>() - 1;
    &domain[domain.len() - length.min(domain.len())..]
}

/// Returns how a stranger's name may look: it looks like a name inside if one of these is among the
/// [`own_looks`] of that. There is none for a name with nothing that is seen. The order of the words
/// does not matter (`Levi, Omar`), nor does what is added in brackets.
///
/// A thin blank parts two words or is not seen at all, and a capital of another script looks like
/// another Latin character than its small form: `Ν` like N, `ν` like v.
pub fn name_looks(name: &str) -> Vec<String> {
    let mut looks = parted_looks(name);
    if name.contains(is_thin) {
        add(&mut looks, parted_looks(&name.replace(is_thin, "")));
        add(&mut looks, joined_looks(name));
    }
    looks
}

/// Returns how a name inside looks, also with nothing between its words.
pub fn own_looks(name: &str) -> Vec<String> {
    let mut looks = parted_looks(name);
    add(&mut looks, joined_looks(name));
    let reversed: Vec<&str> = name.split_whitespace().rev().collect();
    add(&mut looks, joined_looks(&reversed.concat()));
    looks
}

fn parted_looks(name: &str) -> Vec<String> {
    let mut looks = Vec::new();
    add(&mut looks, BOTH.map(|capitals| name_look(name, capitals)).into_iter().flatten());
    looks
}

/// The look of all words as one, which no other look is like.
fn joined_looks(name: &str) -> impl Iterator<Item = String> {
    let bare: String = without_brackets(name).chars().filter(|c| c.is_alphanumeric()).collect();
    let looks = BOTH.map(|capitals| skeleton(&bare, capitals));
    looks.into_iter().filter(|look| !look.is_empty()).map(|look| format!("={look}"))
}

fn add(looks: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for look in more {
        if !looks.contains(&look) {
            looks.push(look);
        }
    }
}

fn name_look(name: &str, capitals: Capitals) -> Option<String> {
    let bare = without_brackets(name);
    let mut words: Vec<String> = bare
        .split(parts_words)
        .map(|word| skeleton(word, capitals))
        .filter(|word| !word.is_empty())
        .collect();
    words.sort_unstable();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Whether a character parts two words of a name.
pub fn parts_words(c: char) -> bool {
    !(c.is_alphanumeric() || is_combining_mark(c) || is_invisible(c))
}

/// A name without the characters that nobody sees.
pub fn name_seen(name: &str) -> String {
    name.chars().filter(|c| !is_invisible(*c)).collect()
}

/// Whether a blank is so thin that it may not be seen between two characters of a word.
fn is_thin(c: char) -> bool {
    matches!(c, '\u{2006}' | '\u{2008}'..='\u{200a}' | '\u{202f}' | '\u{205f}')
}

fn without_brackets(name: &str) -> String {
    let mut depth = 0_usize;
    let outside: String = name
        .nfkc()
        .filter(|c| {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect();
    // All of it is in brackets, or they are never closed.
    if outside.chars().any(char::is_alphanumeric) { outside } else { name.nfkc().collect() }
}

/// Whether a character is not seen at all: it takes no room, or only says how others are written.
pub fn is_invisible(c: char) -> bool {
    is_unseen(c)
        || matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// What is compared of a capital.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Capitals {
    /// Its small form.
    Small,
    /// What it looks like itself.
    Seen,
}

const BOTH: [Capitals; 2] = [Capitals::Small, Capitals::Seen];

/// The capitals that look like another Latin character than their small forms do.
fn seen(capital: char) -> char {
    match capital {
        'Η' => 'h',
        'Μ' => 'm',
        'Ν' => 'n',
        'Υ' | 'Ү' => 'y',
        'Ζ' => 'z',
        other => other,
    }
}

/// Returns a text in which characters that look alike are the same one.
fn skeleton(text: &str, capitals: Capitals) -> String {
    let plain = text.nfkd().filter(|c| !is_combining_mark(*c));
    let plain = plain.map(|c| if capitals == Capitals::Seen { seen(c) } else { c });
    let plain = plain.flat_map(char::to_lowercase);
    let alike = plain.map(|c| match c {
        'а' | 'α' | 'ɑ' => 'a',
        'в' | 'β' | 'ь' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ε' => 'e',
        'ɡ' | 'ց' => 'g',
        'һ' | 'հ' => 'h',
        '1' | 'i' | 'ı' | 'і' | 'ι' | 'ӏ' | '|' => 'l',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'н' => 'h',
        'п' | 'ո' | 'η' => 'n',
        '0' | 'о' | 'ο' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' | '5' => 's',
        'ς' => 'σ',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' | 'ү' => 'y',
        other => other,
    });
    let alike: String = alike.filter(|c| *c != '-' && !is_invisible(*c)).collect();
    alike.replace("rn", "m").replace("vv", "w").replace("cl", "d")
}

/// Returns how many typing errors lie between two texts: a character more, less, other, or two that
/// changed places (Damerau and Levenshtein).
fn errors(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > 2 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut this = vec![row + 1];
        for (column, b) in other.iter().enumerate() {
            let mut least = (last[column] + usize::from(a != b))
                .min(last[column + 1] + 1)
                .min(this[column] + 1);
            if row > 0 && column > 0 && *a == other[column - 1] && one[row - 1] == *b {
                least = least.min(before[column - 1] + 1);
            }
            this.push(least);
        }
        before = std::mem::replace(&mut last, this);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(domain: &str, ours: &[&str]) -> Option<String> {
        let ours: Vec<String> = ours.iter().map(|one| (*one).to_owned()).collect();
        imitated(domain, &ours)
    }

    #[test]
    fn a_domain_that_looks_like_ours_is_found() {
        for domain in [
            "examp1e.org",
            "exampIe.org",
            "exarnple.org",
            "examp1e.com",
            "ex\u{430}mple.org",
            "xn--exmple-4nf.org",
            "\u{435}\u{445}\u{430}mpl\u{435}.org",
            "ex\u{e1}mple.org",
            "exampel.org",
            "exmple.org",
            "examples.org",
            "mail.examp1e.org",
            "example.org.evil.test",
            "example-org.evil.test",
        ] {
            assert_eq!(found(domain, &["example.org"]).as_deref(), Some("example.org"), "{domain}");
        }
        for (domain, own) in [
            ("hospitalnorht.example", "hospital-north.example"),
            ("bücner.example", "xn--bcher-kva.example"),
            ("bucher.example", "xn--bcher-kva.example"),
            ("b\u{fc}ch\u{435}r.example", "xn--bcher-kva.example"),
            ("bucher.example", "bücher.example"),
        ] {
            assert_eq!(found(domain, &[own]).as_deref(), Some(own), "{domain}");
        }
    }

    /// Each honest message of another organisation that is marked teaches people to ignore marks.
    #[test]
    fn a_domain_that_is_only_similar_is_not_found() {
        for (domain, own) in [
            ("example.org", "example.org"),
            ("mail.Example.org", "example.org"),
            ("\u{ff45}\u{ff58}\u{ff41}mple.org", "example.org"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "bücher.example"),
            ("shop.bücher.example", "xn--bcher-kva.example"),
            ("sample.net", "example.org"),
            ("example.com", "example.org"),
            ("example.or", "example.org"),
            ("outside.example", "example.org"),
            ("[192.0.2.1]", "example.org"),
            ("abc.co.uk", "bbc.co.uk"),
            ("bbcc.co.uk", "bbc.co.uk"),
            ("siemens.dk", "siemens.de"),
            ("siemens.be", "siemens.de"),
            ("hospital-south.example", "hospital-north.example"),
            ("shop.corp.example", "mail.corp.example"),
            ("corp.example", "mail.corp.example"),
        ] {
            assert_eq!(found(domain, &[own]), None, "{domain} {own}");
        }
    }

    #[test]
    fn names_that_look_the_same_have_one_look() {
        let same = |one: &str, other: &str| {
            name_looks(one).iter().any(|look| own_looks(other).contains(look))
        };
        for name in [
            "omar levi",
            "OMAR  LEVI",
            "Levi, Omar",
            "\u{ff2f}\u{ff4d}\u{ff41}\u{ff52} Levi",
            "\u{41e}m\u{430}r Levi",
            "Om\u{200b}ar Levi",
            "Om\u{ad}ar\u{a0}Levi",
            "\u{202e}Omar Levi",
            "Ömar Lévi",
            "Ornar Levi",
            "Omar Levi (CEO)",
            "\"Omar Levi\"",
            "Omar Levi.",
            "0mar Lev1",
            "Om\u{2009}ar Le\u{200a}vi",
            "Omar\u{202f}Levi",
            "Le\u{200a}vi, Omar",
            "Le\u{200a}vi\u{2009}Omar",
            "Omar\u{2009}Le\u{2009}vi",
            "OMAR\u{2006} LEVI",
            "Ο\u{39c}ΑR LEVI",
        ] {
            assert!(same(name, "Omar Levi"), "{name}");
        }
        for (name, own) in [
            ("\u{39d}\u{418}\u{41d}A H\u{391}R\u{422}", "Nиha Hart"),
            ("\u{397}\u{391}\u{39d}\u{39d}\u{391}\u{397}", "Hannah"),
            ("\u{396}\u{39f}\u{395} \u{3a5}OUNG", "Zoe Young"),
            ("\u{39c}\u{391}\u{39d}\u{39f}\u{3a3}", "Μάνος"),
            ("Le\u{200a}a", "Lea"),
        ] {
            assert!(same(name, own), "{name}");
        }
        assert!(!same("Oma Rlevi", "Omar Levi") && !same("Omarlevi", "Omar Levi"));
        for name in ["Omar", "Omar Levin", "Omar Levi and others", "(Omar Levi", "Dana"] {
            assert_eq!(same(name, "Omar Levi"), name == "(Omar Levi", "{name}");
        }
        assert!(same("עומר לוי", "לוי עומר"));
        for name in ["", " ", "\u{200b}", "\u{2009}", "\u{3164}", "…", "()"] {
            assert_eq!(name_looks(name), Vec::<String>::new(), "{name:?}");
        }
    }
}
