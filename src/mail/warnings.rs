//! What contradicts who a message says it is from. The reader is warned, and decides.
//!
//! These are the sender's own words beside the sender's own address: they need no network, and hold
//! for a confirmed sender too, who may well own the domain `examp1e.org`.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::terms::SenderWarning;

use super::alike::{imitated, is_invisible, organisation};
use super::message::NameAddr;

/// A contradiction, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    pub kind: SenderWarning,
    /// The address in the name, the domain that replies go to, our domain that is imitated, or whose
    /// name it is.
    pub about: String,
    /// The author's address.
    pub author: String,
}

/// The most warnings of a message: each is shown as a sentence.
const WARNINGS_MAX: usize = 8;

/// Returns what contradicts each author. `our_domains` are in lower case.
pub fn warnings(
    authors: &[NameAddr],
    reply_to: &[NameAddr],
    our_domains: &[String],
) -> Vec<Warning> {
    let mut found = Vec::new();
    for author in authors {
        for warning in warnings_of(author, reply_to, authors, our_domains) {
            if !found.contains(&warning) {
                found.push(warning);
            }
        }
    }
    found.truncate(WARNINGS_MAX);
    found
}

fn warnings_of(
    from: &NameAddr,
    reply_to: &[NameAddr],
    authors: &[NameAddr],
    our_domains: &[String],
) -> Vec<Warning> {
    // What cannot be read in one way is shown as a name without an address, and compared with none.
    let Some(address) = from.address.as_deref() else { return Vec::new() };
    let named = from.name.as_deref().and_then(|name| address_in(name, address));
    let domain = domain_of(address);
    let known: Vec<String> =
        authors.iter().filter_map(|one| one.address.as_deref()).map(domain_of).collect();
    let elsewhere = reply_to
        .iter()
        .filter_map(|one| one.address.as_deref().map(domain_of))
        .find(|to| !to.is_empty() && known.iter().all(|one| organisation(one) != organisation(to)));
    let imitated = imitated(&domain, our_domains);
    let warning = |kind| move |about| Warning { kind, about, author: address.to_owned() };
    named
        .map(warning(SenderWarning::NameAddress))
        .into_iter()
        .chain(elsewhere.map(warning(SenderWarning::ReplyDomain)))
        .chain(imitated.map(warning(SenderWarning::Lookalike)))
        .collect()
}

/// Returns the first address in a name that is not the sender's own.
fn address_in(name: &str, own: &str) -> Option<String> {
    // Full-width forms look the same, and so does a text with a blank that is hardly seen.
    let seen = name.chars().filter(|c| !is_thin(*c) && !is_invisible(*c));
    let name: String = seen.nfkc().map(|c| if c == '\u{3002}' { '.' } else { c }).collect();
    let is_edge = |c: char| c == '@' || c.is_whitespace() || EDGES.contains(c);
    let addresses = name.match_indices('@').filter_map(|(at, _)| {
        let local = name[..at].rsplit(is_edge).next().unwrap_or_default();
        let domain = name[at + 1..].split(is_edge).next().unwrap_or_default();
        let (local, domain) = (local.trim_start_matches('.'), domain.trim_matches('.'));
        (!local.is_empty() && domain.contains('.')).then(|| format!("{local}@{domain}"))
    });
    addresses.into_iter().find(|found| !found.eq_ignore_ascii_case(own))
}

/// What stands beside an address in a text.
const EDGES: &str = "<>()[]{}\"'`,;:|“”‘’«»";

/// Whether a blank is so thin that a text with it reads as one word.
fn is_thin(c: char) -> bool {
    matches!(c, '\u{2004}'..='\u{200a}' | '\u{202f}' | '\u{205f}')
}

fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(name: &str, address: &str) -> NameAddr {
        NameAddr { name: Some(name.to_owned()), address: Some(address.to_owned()) }
    }

    fn found(from: &NameAddr, reply_to: &[NameAddr]) -> Vec<(SenderWarning, String)> {
        let ours = ["example.org".to_owned(), "hospital-north.example".to_owned()];
        let found = warnings(std::slice::from_ref(from), reply_to, &ours);
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
            ("ceo@bank.example@", "ceo@bank.example"),
            ("ceo@bank.example@work", "ceo@bank.example"),
            ("ceo@\u{200a}bank.example", "ceo@bank.example"),
            ("ceo\u{200a}@bank.example", "ceo@bank.example"),
            ("ceo@bank\u{3002}example", "ceo@bank.example"),
            ("ceo@ba\u{200b}nk.example", "ceo@bank.example"),
            ("me@work for ceo@bank.example", "ceo@bank.example"),
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
    fn each_author_is_looked_at() {
        let ours = ["example.org".to_owned()];
        let authors = [from("R", "r@evil.test"), from("ceo@bank.example", "a@examp1e.org")];
        let kinds: Vec<_> =
            warnings(&authors, &[], &ours).into_iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [SenderWarning::NameAddress, SenderWarning::Lookalike]);
        // Replies to one of the authors go nowhere else.
        assert_eq!(warnings(&authors[..1], &[from("R", "b@evil.test")], &ours), []);
        let both = [from("R", "r@one.test"), from("S", "s@two.test")];
        assert_eq!(warnings(&both, &[from("S", "s@two.test")], &ours), []);
        let unread =
            NameAddr { name: Some("ceo@bank.example <a@mx.example>".into()), address: None };
        assert_eq!(warnings(&[unread], &[], &ours), []);
    }
}
