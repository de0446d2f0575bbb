//! Addresses: `local-part@domain` (RFC 5321 §4.1.2, RFC 6531 §3.3).

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A valid address. It holds no control character, so it can be part of a command, a header or a
/// log line without changing the text around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    local: String,
    domain: Domain,
}

/// The part after the `@`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    Name(String),
    Literal(IpAddr),
}

/// Why a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("an address has the form local-part@domain")]
    Form,
    #[error("the part before the @ is not allowed")]
    LocalPart,
    #[error("the domain is not allowed")]
    Domain,
    #[error("the address is too long")]
    TooLong,
}

/// RFC 5321 §4.5.3.1.1, §4.5.3.1.2; RFC 1035 §2.3.4. The limit of 256 octets for a whole path
/// (§4.5.3.1.3) is a minimum that a server must accept, so a longer path is not refused.
const LOCAL_OCTETS_MAX: usize = 64;
const DOMAIN_OCTETS_MAX: usize = 255;
const LABEL_OCTETS_MAX: usize = 63;

impl Address {
    /// Parses a Mailbox of RFC 5321 §4.1.2, with the UTF-8 of RFC 6531.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        // The last @: a quoted local part may contain others, a domain never does.
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::Form)?;
        if domain.len() > DOMAIN_OCTETS_MAX {
            return Err(AddressError::TooLong);
        }
        let local = parse_local(local)?;
        if wire_octets(&local) > LOCAL_OCTETS_MAX {
            return Err(AddressError::TooLong);
        }
        Ok(Address { local, domain: parse_domain(domain)? })
    }

    /// The local part, without quoting.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Returns whether the address is written in ASCII. A peer may send any other only with SMTPUTF8
    /// (RFC 6531 §3.3).
    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii() && !matches!(&self.domain, Domain::Name(name) if !name.is_ascii())
    }

    /// Returns whether the address can be sent only with SMTPUTF8: a domain alone has an ASCII form.
    pub fn needs_smtputf8(&self) -> bool {
        !self.for_ascii_hosts().is_ascii()
    }

    /// The address with its domain in A-labels, if the rest of it is ASCII (RFC 6531 §3.2, RFC 5891
    /// §4); every host understands that form. Otherwise the address as it is.
    pub fn for_ascii_hosts(&self) -> Address {
        let ascii = match &self.domain {
            Domain::Name(name) if self.local.is_ascii() && !name.is_ascii() => a_labels(name),
            _ => None,
        };
        let domain = ascii.map_or_else(|| self.domain.clone(), Domain::Name);
        Address { local: self.local.clone(), domain }
    }

    /// The same local part at another domain.
    pub fn at(&self, domain: &str) -> Address {
        Address { local: self.local.clone(), domain: Domain::Name(domain.to_owned()) }
    }

    /// The form in which our own addresses are looked up: all in lower case. At other hosts local
    /// parts may differ by case (RFC 5321 §2.4); ours never do.
    ///
    /// However the local part is composed, it is the same one (RFC 6532 §3.1, RFC 8265 §3.3).
    pub fn normalized(&self) -> String {
        // Folding can take a character apart, so it comes first.
        self.with_local(&composed(&folded(&self.local)))
    }

    /// Whether every domain has a mailbox with this local part: postmaster (RFC 5321 §4.5.1), and those
    /// that others write to about what the domain does to them (RFC 2142 §4, §5).
    pub fn is_role(&self) -> bool {
        let roles = ["postmaster", "abuse", "security", "hostmaster", "webmaster"];
        roles.iter().any(|role| self.local().eq_ignore_ascii_case(role))
    }

    /// The forms in which it may be stored, the first that is found counts: earlier versions kept the
    /// local part as it was composed, and what they kept must not be taken for somebody else's.
    ///
    /// They also left out the quotes of a local part that needs them, which can make it somebody
    /// else's address: that form counts only if it is no address.
    pub fn stored_forms(&self) -> impl Iterator<Item = String> + use<> {
        let (exact, normalized) = (self.with_local(&folded(&self.local)), self.normalized());
        let other = (normalized != exact).then_some(normalized);
        let unquoted = match &self.domain {
            Domain::Name(name) if !is_dot_string(&self.local) => {
                let form = format!("{}@{}", folded(&self.local), folded(name));
                Address::parse(&form).is_err().then_some(form)
            }
            _ => None,
        };
        [exact].into_iter().chain(other).chain(unquoted)
    }

    /// The address in lower case, with another local part.
    fn with_local(&self, local: &str) -> String {
        let domain = match &self.domain {
            Domain::Name(name) => Domain::Name(folded(name)),
            Domain::Literal(literal) => Domain::Literal(*literal),
        };
        Address { local: local.to_owned(), domain }.to_string()
    }
}

/// Returns a domain that is not ASCII in A-labels (UTS 46); `None` if it has no such form, or if
/// that form is for another spelling, such as `bank` for full-width characters: what was decided
/// about one domain must not reach another.
fn a_labels(name: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(name).ok()?;
    let (spelled, valid) = idna::domain_to_unicode(&ascii);
    let is_its_own = valid.is_ok() && spelled == folded(name);
    (is_its_own && parse_domain(&ascii).is_ok()).then_some(ascii)
}

/// Returns the form in which what a message or a record calls an address is compared with another.
pub fn compared(text: &str) -> String {
    match Address::parse(text.trim()) {
        Ok(address) => address.normalized(),
        Err(_) => folded(&composed(text.trim())),
    }
}

/// Returns a text in the form that Unicode composes (NFC), but for characters that would become ASCII:
/// the Kelvin sign is no `K`, for the reason that [`folded`] gives.
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let is_kept = |c: char| !c.is_ascii() && std::iter::once(c).nfc().all(|c| c.is_ascii());
    for piece in text.split_inclusive(is_kept) {
        let kept = piece.chars().next_back().filter(|c| is_kept(*c));
        out.extend(piece[..piece.len() - kept.map_or(0, char::len_utf8)].nfc());
        out.extend(kept);
    }
    Cow::Owned(out)
}

/// Returns the text in lower case, character by character. A non-ASCII letter never becomes an
/// ASCII letter: if the Kelvin sign became `k`, another party's domain could match ours.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_ascii() {
            true => out.push(c.to_ascii_lowercase()),
            false if c.to_lowercase().any(|lower| lower.is_ascii()) => out.push(c),
            false => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Returns the length of the local part on the wire, including quotes and escapes.
fn wire_octets(local: &str) -> usize {
    match is_dot_string(local) {
        true => local.len(),
        false => local.len() + 2 + local.matches(['"', '\\']).count(),
    }
}

/// Parses `Local-part = Dot-string / Quoted-string` and returns it unquoted.
fn parse_local(text: &str) -> Result<String, AddressError> {
    if let Some(rest) = text.strip_prefix('"') {
        let inner = rest.strip_suffix('"').ok_or(AddressError::LocalPart)?;
        return parse_quoted(inner);
    }
    match is_dot_string(text) {
        true => Ok(text.to_owned()),
        false => Err(AddressError::LocalPart),
    }
}

/// Parses `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`: printable characters, `"` and `\` escaped.
fn parse_quoted(inner: &str) -> Result<String, AddressError> {
    let mut local = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => {
                chars.next().filter(|c| matches!(c, ' '..='~')).ok_or(AddressError::LocalPart)?
            }
            '"' => return Err(AddressError::LocalPart),
            c => c,
        };
        if !(matches!(c, ' '..='~') || is_utf8_text(c)) {
            return Err(AddressError::LocalPart);
        }
        local.push(c);
    }
    Ok(local)
}

fn is_dot_string(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// RFC 5322 §3.2.3, and non-ASCII text (RFC 6532 §3.2).
pub(super) fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_utf8_text(c)
}

/// Returns whether `c` is a visible non-ASCII character: neither a control character, nor white
/// space, nor an invisible character that changes how the rest is displayed (bidirectional
/// controls, tags, invisible joiners).
pub(super) fn is_utf8_text(c: char) -> bool {
    let unseen = matches!(
        c,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !unseen
}

fn parse_domain(text: &str) -> Result<Domain, AddressError> {
    if let Some(rest) = text.strip_prefix('[') {
        let inner = rest.strip_suffix(']').ok_or(AddressError::Domain)?;
        return parse_literal(inner).map(Domain::Literal).ok_or(AddressError::Domain);
    }
    match text.split('.').all(is_label) {
        true => Ok(Domain::Name(text.to_owned())),
        false => Err(AddressError::Domain),
    }
}

/// RFC 5321 §4.1.3.
fn parse_literal(inner: &str) -> Option<IpAddr> {
    match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => {
            inner[5..].parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        }
        _ => inner.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// Returns whether `label` is a domain label: letters, digits, hyphens inside; or UTF-8 (RFC 6531
/// §3.3). Underscores are no part of a host name, but of names in the DNS (RFC 2181 §11), and some
/// honest senders have them.
fn is_label(label: &str) -> bool {
    // Some software treats these as dots (RFC 3490 §3.1).
    let is_dot = |c: char| matches!(c, '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    let inner = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || (is_utf8_text(c) && !is_dot(c))
    };
    (1..=LABEL_OCTETS_MAX).contains(&label.len())
        && label.chars().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for Address {
    /// Writes the form on the wire, with the local part quoted where necessary.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_string(&self.local) {
            f.write_str(&self.local)?;
        } else {
            f.write_str("\"")?;
            for c in self.local.chars() {
                if matches!(c, '"' | '\\') {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
            f.write_str("\"")?;
        }
        match &self.domain {
            Domain::Name(name) => write!(f, "@{name}"),
            Domain::Literal(IpAddr::V4(ip)) => write!(f, "@[{ip}]"),
            Domain::Literal(IpAddr::V6(ip)) => write!(f, "@[IPv6:{ip}]"),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        Address::parse(text)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        let text = String::deserialize(deserializer)?;
        Address::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_of_every_form_are_read_and_written() {
        for (text, local) in [
            ("dana@example.org", "dana"),
            ("dana.levi+x@mail.example.org", "dana.levi+x"),
            ("\"dana levi\"@example.org", "dana levi"),
            ("\"a@b\"@example.org", "a@b"),
            ("\"q\\\"uo\\\\te\"@example.org", "q\"uo\\te"),
            ("\"\"@example.org", ""),
            ("user@[192.0.2.1]", "user"),
            ("user@[IPv6:2001:db8::1]", "user"),
            ("דנה@דואר.example", "דנה"),
            ("x@localhost", "x"),
            ("bounce@mail_1._x.example.org", "bounce"),
        ] {
            let address = Address::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(address.local(), local);
            assert_eq!(address.to_string(), text);
        }
        assert_eq!(Address::parse("\"dana\"@example.org").unwrap().to_string(), "dana@example.org");
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long_domain = format!("a@{}example", "abcdefg.".repeat(32));
        for text in [
            "",
            "@",
            "dana",
            "dana@",
            "@example.org",
            "a..b@example.org",
            ".a@example.org",
            "a.@example.org",
            "a b@example.org",
            "a@b@example.org",
            "a@-x.example",
            "a@x-.example",
            "a@x..example",
            "a@example.org.",
            "a@[192.0.2.256]",
            "a@[IPv6:zz]",
            "a@[192.0.2.1",
            "\"a@example.org",
            "\"a\"b\"@example.org",
            "\"a\\\"@example.org",
            "a\r\n@example.org",
            "\"a\r\nb\"@example.org",
            "a\0@example.org",
            "a>b@example.org",
            "a@exa\u{7f}mple.org",
            "a@exam ple.org",
            "a\u{2028}b@example.org",
            "\"a\u{2028}b\"@example.org",
            "a\u{202e}b@example.org",
            "a@exam\u{3002}ple",
            "a@[IPv6:fe80::1%eth0]",
            "<a@example.org>",
            "a@example.org>",
            "a@example.org\r\nRCPT TO:<b@example.org",
            &long_local,
            &long_domain,
        ] {
            assert!(Address::parse(text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn lookups_do_not_mind_case() {
        let one = Address::parse("Dana.LEVI@Example.ORG").unwrap();
        assert_eq!(one.normalized(), "dana.levi@example.org");
        let messages = Address::parse("ÄÖ@Ünder.example").unwrap();
        assert_eq!(messages.normalized(), "äö@ünder.example");
        // However it is composed.
        let apart = Address::parse("mu\u{308}LLER@example.org").unwrap();
        assert_eq!(apart.normalized(), "müller@example.org");
        let forms: Vec<String> = apart.stored_forms().collect();
        assert_eq!(forms, ["mu\u{308}ller@example.org", "müller@example.org"]);
        assert_eq!(one.stored_forms().count(), 1);
        let taken_apart = Address::parse("J\u{30c}oe@example.org").unwrap();
        assert_eq!(taken_apart.normalized(), "\u{1f0}oe@example.org");
        let mixed = Address::parse("\u{212a}u\u{308}\u{212a}@example.org").unwrap();
        assert_eq!(mixed.normalized(), "\u{212a}ü\u{212a}@example.org");
        // One local part, quoted or not (RFC 5321 §4.1.2); the form of a form is itself.
        for (text, form) in [
            ("\"dana\"@Example.org", "dana@example.org"),
            ("\"Dana Levi\"@example.org", "\"dana levi\"@example.org"),
            ("\"\\\"\\\"\"@o", "\"\\\"\\\"\"@o"),
            ("\"\"@o", "\"\"@o"),
            ("\"A@B\"@[IPv6:2001:DB8::1]", "\"a@b\"@[IPv6:2001:db8::1]"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.normalized(), form);
            assert_eq!(Address::parse(form).unwrap().normalized(), form);
        }
        // What earlier versions stored is found, unless it is somebody else's address.
        let spaced = Address::parse("\"Dana Levi\"@example.org").unwrap();
        let forms: Vec<String> = spaced.stored_forms().collect();
        assert_eq!(forms, ["\"dana levi\"@example.org", "dana levi@example.org"]);
        let quotes = Address::parse("\"\\\"\\\"\"@o").unwrap();
        assert_eq!(quotes.stored_forms().count(), 1);
        // The Kelvin sign stays a Kelvin sign.
        let kelvin = Address::parse("\u{212a}@\u{212a}.example").unwrap();
        assert_eq!(kelvin.normalized(), "\u{212a}@\u{212a}.example");
    }

    #[test]
    fn only_a_local_part_needs_smtputf8() {
        for (text, wire) in [
            ("x@bücher.example", "x@xn--bcher-kva.example"),
            ("x@BÜCHER.Example", "x@xn--bcher-kva.example"),
            ("x@faß.example", "x@xn--fa-hia.example"),
            ("x@Example.org", "x@Example.org"),
            ("\"a b\"@דואר.example", "\"a b\"@xn--4dbfg1f.example"),
            ("x@[192.0.2.1]", "x@[192.0.2.1]"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.for_ascii_hosts().to_string(), wire);
            assert!(!address.needs_smtputf8(), "{text}");
            assert_eq!(address.is_ascii(), text.is_ascii());
        }
        // A capital sigma at the end of a word is `σ` in a domain, and `ς` in a text.
        let sigma = Address::parse("x@\u{3a6}\u{3a9}\u{3a3}.example").unwrap();
        assert!(!sigma.needs_smtputf8());
        let local = Address::parse("דנה@דואר.example").unwrap();
        assert!(local.needs_smtputf8());
        assert_eq!(local.for_ascii_hosts(), local);
        // The first has no A-label, the others' are those of another spelling.
        for text in ["x@\u{378}.example", "x@\u{ff42}ank.example", "x@bu\u{308}cher.example"] {
            let address = Address::parse(text).unwrap();
            assert!(address.needs_smtputf8(), "{text}");
            assert_eq!(address.for_ascii_hosts(), address);
        }
    }

    #[test]
    fn lengths_count_as_on_the_wire() {
        let quoted = |octets: usize| format!("\"{}\"@example.org", "\\\\".repeat(octets));
        assert!(Address::parse(&quoted(31)).is_ok());
        assert_eq!(Address::parse(&quoted(32)), Err(AddressError::TooLong));
        let label = "a".repeat(63);
        let domain = [label.as_str(); 4].join(".");
        assert!(Address::parse(&format!("{}@{domain}", "a".repeat(64))).is_ok());
        assert_eq!(Address::parse(&format!("a@{domain}.b")), Err(AddressError::TooLong));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_comes_back(text in "\\PC{0,40}@\\PC{0,40}|.{0,60}") {
            if let Ok(address) = Address::parse(&text) {
                let written = address.to_string();
                prop_assert_eq!(Address::parse(&written), Ok(address));
                prop_assert!(!written.chars().any(char::is_control));
            }
        }

        #[test]
        fn any_quoted_local_part_comes_back(local in "[ -~]{0,30}") {
            let escaped = local.replace('\\', "\\\\").replace('"', "\\\"");
            let address = Address::parse(&format!("\"{escaped}\"@example.org")).unwrap();
            prop_assert_eq!(address.local(), local.as_str());
            prop_assert_eq!(Address::parse(&address.to_string()), Ok(address));
        }
    }
}
