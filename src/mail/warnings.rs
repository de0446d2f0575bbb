//! What contradicts who a message says it is from. The reader is warned, and decides.
//!
//! These are the sender's own words beside the sender's own address: they need no network, and hold
//! for a confirmed sender too, who may well own the domain `examp1e.org`.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::terms::SenderWarning;

use super::message::NameAddr;

/// A contradiction, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    pub kind: SenderWarning,
    /// The address in the name, the domain that replies go to, or our domain that is imitated.
    pub about: String,
}

/// Names of this many characters differ from ours by one typing error, or by two.
const NAME_CHARS_ONE: usize = 5;
const NAME_CHARS_TWO: usize = 10;

/// Returns what contradicts a sender. `our_domains` are in lower case.
pub fn warnings(
    from: Option<&NameAddr>,
    reply_to: &[NameAddr],
    our_domains: &[String],
) -> Vec<Warning> {
    let Some(from) = from else { return Vec::new() };
    let address = from.address.as_deref().unwrap_or_default();
    let named = from.name.as_deref().and_then(|name| address_in(name, address));
    let domain = domain_of(address);
    let elsewhere = reply_to
        .iter()
        .filter_map(|one| one.address.as_deref().map(domain_of))
        .find(|to| !to.is_empty() && organisation(to) != organisation(&domain));
    let imitated = imitated(&domain, our_domains);
    let warning = |kind| move |about| Warning { kind, about };
    named
        .map(warning(SenderWarning::NameAddress))
        .into_iter()
        .chain(elsewhere.map(warning(SenderWarning::ReplyDomain)))
        .chain(imitated.map(warning(SenderWarning::Lookalike)))
        .collect()
}

/// Returns the first address in a name that is not the sender's own.
fn address_in(name: &str, own: &str) -> Option<String> {
    // Full-width forms look the same.
    let name: String = name.nfkc().collect();
    let is_edge = |c: char| c.is_whitespace() || "<>()[]{}\"'`,;:|“”‘’«»".contains(c);
    let mut words = name.split(is_edge).map(|word| word.trim_matches('.'));
    let is_address = |word: &&str| {
        word.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !word.eq_ignore_ascii_case(own)
        })
    };
    words.find(is_address).map(str::to_owned)
}

fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase()
}

/// Returns about the domain that was registered. Without the list of public suffixes this is a
/// guess: the last two labels, or three below an ending such as `co.uk`.
fn organisation(domain: &str) -> &str {
    const SECOND: [&str; 9] = ["ac", "co", "com", "edu", "gov", "gob", "net", "or", "org"];
    let labels: Vec<&str> = domain.rsplit('.').collect();
    let is_second =
        matches!(labels[..], [top, second, ..] if top.len() == 2 && SECOND.contains(&second));
    let kept = labels.iter().take(if is_second { 3 } else { 2 });
    let length = kept.map(|label| label.len() + 1).sum::<usize>() - 1;
    &domain[domain.len() - length.min(domain.len())..]
}

/// Returns the domain of ours that another domain looks like.
fn imitated(domain: &str, our_domains: &[String]) -> Option<String> {
    let is_below = |own: &str| {
        domain.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if domain.is_empty() || our_domains.iter().any(|own| is_below(own)) {
        return None;
    }
    our_domains.iter().find(|own| is_alike(domain, own)).cloned()
}

fn is_alike(domain: &str, own: &str) -> bool {
    let depth = own.split('.').count();
    if depth < 2 {
        return false;
    }
    // `example.org.evil.example`, `example-org.evil.example`
    let begins =
        |start: &str| domain.strip_prefix(start).is_some_and(|rest| rest.starts_with(['.', '-']));
    if begins(own) || begins(&own.replace('.', "-")) {
        return true;
    }
    // `mail.examp1e.org` as well as `examp1e.org`.
    let labels: Vec<&str> = domain.split('.').collect();
    let end = labels[labels.len().saturating_sub(depth)..].join(".");
    let name =
        own.chars().count() - own.rsplit('.').next().map_or(0, |top| top.chars().count() + 1);
    let errors_max = match name {
        NAME_CHARS_TWO.. => 2,
        NAME_CHARS_ONE.. => 1,
        _ => 0,
    };
    skeleton(&end) == skeleton(own) || errors(&end, own) <= errors_max
}

/// Returns a text in which characters that look alike are the same one. Only what is mistaken for
/// Latin text in a domain is here, not all of Unicode's confusables (UTS 39).
fn skeleton(text: &str) -> String {
    let plain = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let alike = plain.map(|c| match c {
        'а' | 'α' | 'ɑ' => 'a',
        'в' | 'β' => 'b',
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
        'п' | 'ո' => 'n',
        '0' | 'о' | 'ο' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' | '5' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        other => other,
    });
    let alike: String = alike.filter(|c| *c != '-').collect();
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

    fn from(name: &str, address: &str) -> NameAddr {
        NameAddr { name: Some(name.to_owned()), address: Some(address.to_owned()) }
    }

    fn found(from: &NameAddr, reply_to: &[NameAddr]) -> Vec<(SenderWarning, String)> {
        let ours = ["example.org".to_owned(), "hospital-north.example".to_owned()];
        let found = warnings(Some(from), reply_to, &ours);
        found.into_iter().map(|one| (one.kind, one.about)).collect()
    }

    #[test]
    fn an_address_in_the_name_that_is_not_the_real_one_is_found() {
        for (name, about) in [
            ("ceo@bank.example", "ceo@bank.example"),
            ("The Boss <ceo@bank.example>", "ceo@bank.example"),
            ("'ceo@bank.example' via list", "ceo@bank.example"),
            ("(ceo@bank.example)", "ceo@bank.example"),
            ("ceo\u{ff20}bank.example", "ceo@bank.example"),
        ] {
            let expected = (SenderWarning::NameAddress, about.to_owned());
            assert_eq!(found(&from(name, "a@mx.example"), &[]), [expected], "{name}");
        }
        for name in ["Dana", "a@mx.example", "A@MX.example", "dana @ work", "me@home", "@dana", ""]
        {
            assert_eq!(found(&from(name, "a@mx.example"), &[]), [], "{name}");
        }
    }

    #[test]
    fn replies_to_another_organisation_are_found() {
        let elsewhere = |address: &str, to: &str| {
            found(&from("Dana", address), &[from("Dana", address), from("Dana", to)])
        };
        for (address, to, about) in [
            ("a@shop.example", "a@evil.test", "evil.test"),
            ("a@one.co.uk", "a@two.co.uk", "two.co.uk"),
            ("a@shop.example", "a@shop.example.evil.test", "shop.example.evil.test"),
        ] {
            let expected = (SenderWarning::ReplyDomain, about.to_owned());
            assert_eq!(elsewhere(address, to), [expected], "{address} {to}");
        }
        for (address, to) in [
            ("a@shop.example", "b@Shop.example"),
            ("a@news.shop.example", "care@shop.example"),
            ("a@mail.one.co.uk", "care@one.co.uk"),
            ("a@localhost", "b@localhost"),
        ] {
            assert_eq!(elsewhere(address, to), [], "{address} {to}");
        }
    }

    #[test]
    fn a_domain_that_looks_like_ours_is_found() {
        for domain in [
            "examp1e.org",
            "exampIe.org",
            "exarnple.org",
            "ex\u{430}mple.org",
            "\u{435}\u{445}\u{430}mpl\u{435}.org",
            "ex\u{e1}mple.org",
            "exampel.org",
            "exmple.org",
            "examples.org",
            "example.or",
            "mail.examp1e.org",
            "example.org.evil.test",
            "example-org.evil.test",
        ] {
            let expected = (SenderWarning::Lookalike, "example.org".to_owned());
            assert_eq!(found(&from("Dana", &format!("a@{domain}")), &[]), [expected], "{domain}");
        }
        let two = found(&from("Dana", "a@hospitalnorht.example"), &[]);
        assert_eq!(two, [(SenderWarning::Lookalike, "hospital-north.example".to_owned())]);
        for domain in [
            "example.org",
            "mail.Example.org",
            "sample.net",
            "example.com",
            "outside.example",
            "[192.0.2.1]",
        ] {
            assert_eq!(found(&from("Dana", &format!("a@{domain}")), &[]), [], "{domain}");
        }
    }
}
