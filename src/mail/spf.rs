//! The grammar of SPF records (RFC 7208 §12), and the expansion of their macros (§7). Nothing here
//! asks DNS.
//!
//! ```text
//! record    = "v=spf1" *( 1*SP ( directive / modifier ) ) *SP
//! directive = [ "+" / "-" / "?" / "~" ] mechanism
//! mechanism = "all" / "include:" spec / "a" [":" spec] [cidr] / "mx" [":" spec] [cidr]
//!           / "ptr" [":" spec] / "ip4:" network / "ip6:" network / "exists:" spec
//! modifier  = "redirect=" spec / "exp=" spec / name "=" macro-string
//! spec      = macro-string ( "." toplabel [ "." ] / macro-expand )
//! ```
//!
//! Whatever else a record says is an error of the record (§4.6), which must not be believed in part.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A record that follows the grammar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub directives: Vec<Directive>,
    pub redirect: Option<Spec>,
}

/// What a mechanism that matches means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier {
    Pass,
    Fail,
    Neutral,
    SoftFail,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    pub qualifier: Qualifier,
    pub mechanism: Mechanism,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mechanism {
    All,
    Include(Spec),
    /// The addresses of a name; without one, those of the domain itself.
    A(Option<Spec>, Prefixes),
    Mx(Option<Spec>, Prefixes),
    Ptr(Option<Spec>),
    Ip(IpAddr, Prefixes),
    Exists(Spec),
}

/// How many bits of an address count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefixes {
    pub v4: u8,
    pub v6: u8,
}

const WHOLE: Prefixes = Prefixes { v4: 32, v6: 128 };

impl Prefixes {
    /// Whether two addresses of one kind begin alike.
    pub fn hold(self, one: IpAddr, other: IpAddr) -> bool {
        match (one, other) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                let rest = 32 - u32::from(self.v4);
                rest == 32 || one.to_bits() >> rest == other.to_bits() >> rest
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => {
                let rest = 128 - u32::from(self.v6);
                rest == 128 || one.to_bits() >> rest == other.to_bits() >> rest
            }
            _ => false,
        }
    }
}

/// The name of a host or domain, with macros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Macro(Macro),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Macro {
    name: char,
    /// An upper-case name stands for the escaped value (§7.3).
    is_escaped: bool,
    /// How many parts are kept, counted from the right.
    kept: Option<usize>,
    is_reversed: bool,
    delimiters: String,
}

/// What macros stand for.
#[derive(Clone, Copy, Debug)]
pub struct Values<'v> {
    pub ip: IpAddr,
    pub helo: &'v str,
    pub local_part: &'v str,
    pub sender_domain: &'v str,
    /// The domain whose record is evaluated.
    pub domain: &'v str,
    /// The name that the address is known to have.
    pub validated: &'v str,
}

/// Whether a TXT record is an SPF record (§4.5).
pub fn is_record(text: &str) -> bool {
    let version = text.split(' ').next().unwrap_or_default();
    version.eq_ignore_ascii_case("v=spf1")
}

impl Record {
    /// Parses a record; `None` if it does not follow the grammar.
    pub fn parse(text: &str) -> Option<Record> {
        let mut record = Record::default();
        let mut has_explanation = false;
        let mut terms = text.split(' ');
        terms.next().filter(|version| version.eq_ignore_ascii_case("v=spf1"))?;
        for term in terms.filter(|term| !term.is_empty()) {
            match modifier(term) {
                // §6: both stand in a record once at most.
                Some((name, value)) if name.eq_ignore_ascii_case("redirect") => {
                    let target = Spec::parse(value)?;
                    record.redirect.replace(target).is_none().then_some(())?;
                }
                Some((name, value)) if name.eq_ignore_ascii_case("exp") => {
                    Spec::parse(value)?;
                    (!std::mem::replace(&mut has_explanation, true)).then_some(())?;
                }
                // §6: unknown modifiers are ignored.
                Some((_, value)) => drop(macro_string(value, "slodiphcrtv")?),
                None => record.directives.push(directive(term)?),
            }
        }
        Some(record)
    }
}

/// `name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )`
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    is_name.then_some((name, value))
}

fn directive(term: &str) -> Option<Directive> {
    let (qualifier, rest) = match term.split_at_checked(1)? {
        ("+", rest) => (Qualifier::Pass, rest),
        ("-", rest) => (Qualifier::Fail, rest),
        ("?", rest) => (Qualifier::Neutral, rest),
        ("~", rest) => (Qualifier::SoftFail, rest),
        _ => (Qualifier::Pass, term),
    };
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let argument = rest.strip_prefix(':');
    let mechanism = match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => Mechanism::All,
        "include" => Mechanism::Include(Spec::parse(argument?)?),
        "exists" => Mechanism::Exists(Spec::parse(argument?)?),
        "ptr" if rest.is_empty() => Mechanism::Ptr(None),
        "ptr" => Mechanism::Ptr(Some(Spec::parse(argument?)?)),
        "a" => with_prefixes(rest).map(|(spec, prefixes)| Mechanism::A(spec, prefixes))?,
        "mx" => with_prefixes(rest).map(|(spec, prefixes)| Mechanism::Mx(spec, prefixes))?,
        "ip4" => {
            let (network, bits) = network(argument?, WHOLE.v4)?;
            let network: Ipv4Addr = network.parse().ok()?;
            Mechanism::Ip(network.into(), Prefixes { v4: bits, ..WHOLE })
        }
        "ip6" => {
            let (network, bits) = network(argument?, WHOLE.v6)?;
            let network: Ipv6Addr = network.parse().ok()?;
            Mechanism::Ip(network.into(), Prefixes { v6: bits, ..WHOLE })
        }
        _ => return None,
    };
    Some(Directive { qualifier, mechanism })
}

/// `[ ":" spec ] [ "/" bits ] [ "//" bits ]`: a slash may also belong to the name, so the prefixes are
/// what the end looks like.
fn with_prefixes(rest: &str) -> Option<(Option<Spec>, Prefixes)> {
    let (rest, v6) = match rest.rsplit_once("//") {
        Some((rest, digits)) if is_digits(digits) => (rest, bits(digits, WHOLE.v6)?),
        _ => (rest, WHOLE.v6),
    };
    let (rest, v4) = match rest.rsplit_once('/') {
        Some((rest, digits)) if is_digits(digits) => (rest, bits(digits, WHOLE.v4)?),
        _ => (rest, WHOLE.v4),
    };
    let spec = match rest {
        "" => None,
        _ => Some(Spec::parse(rest.strip_prefix(':')?)?),
    };
    Some((spec, Prefixes { v4, v6 }))
}

fn network(text: &str, whole: u8) -> Option<(&str, u8)> {
    match text.split_once('/') {
        Some((network, digits)) => Some((network, bits(digits, whole)?)),
        None => Some((text, whole)),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit())
}

/// A number without leading zeros.
fn bits(digits: &str, most: u8) -> Option<u8> {
    let is_number = is_digits(digits) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|bits| is_number && *bits <= most)
}

impl Spec {
    fn parse(text: &str) -> Option<Spec> {
        // The macros c, r and t stand in explanations only (§7.2).
        let pieces = macro_string(text, "slodiphv")?;
        let ends_well = match pieces.last()? {
            Piece::Macro(_) => true,
            Piece::Literal(_) if ["%%", "%_", "%-"].iter().any(|end| text.ends_with(end)) => true,
            Piece::Literal(end) => is_domain_end(end),
        };
        ends_well.then_some(Spec(pieces))
    }

    /// Whether the name that an address is known to have must be asked for.
    pub fn needs_validated(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Macro(one) if one.name == 'p'))
    }

    /// The name, cut from the left to what DNS can be asked about (§7.3).
    pub fn expand(&self, values: &Values<'_>) -> String {
        let name = self.end(values).concat();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let mut rest = name;
        while rest.len() > NAME_OCTETS_MAX {
            match rest.split_once('.') {
                Some((_, shorter)) => rest = shorter,
                None => break,
            }
        }
        rest.to_owned()
    }

    /// The last pieces of the name, as many as can be asked about: what is cut off from the left need
    /// not be made, and a record may be 64 KB of macros.
    fn end(&self, values: &Values<'_>) -> Vec<String> {
        let mut pieces = Vec::new();
        let mut octets = 0;
        for piece in self.0.iter().rev() {
            let text = match piece {
                Piece::Literal(text) => text.clone(),
                Piece::Macro(one) => one.expand(values),
            };
            octets += text.len();
            pieces.push(text);
            if octets > NAME_OCTETS_MAX + 1 {
                break;
            }
        }
        pieces.reverse();
        pieces
    }
}

/// RFC 1035 §2.3.4, without the octets that only the wire has.
const NAME_OCTETS_MAX: usize = 253;

/// `"." toplabel [ "." ]` at the end of a literal.
fn is_domain_end(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let Some((_, top)) = text.rsplit_once('.') else { return false };
    let is_label = top.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !top.starts_with('-')
        && !top.ends_with('-');
    is_label && top.chars().any(|c| !c.is_ascii_digit())
}

/// `*( macro-expand / %x21-24 / %x26-7E )`
fn macro_string(text: &str, names: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '%' {
            matches!(c, '\x21'..='\x7e').then(|| literal.push(c))?;
            continue;
        }
        let kind = rest.chars().next()?;
        rest = &rest[kind.len_utf8()..];
        match kind {
            '%' => literal.push('%'),
            '_' => literal.push(' '),
            '-' => literal.push_str("%20"),
            '{' => {
                let (inside, after) = rest.split_once('}')?;
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Macro(macro_of(inside, names)?));
                rest = after;
            }
            _ => return None,
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Some(pieces)
}

/// `name *DIGIT [ "r" ] *delimiter`
fn macro_of(text: &str, names: &str) -> Option<Macro> {
    let given = text.chars().next()?;
    let name = given.to_ascii_lowercase();
    names.contains(name).then_some(())?;
    let rest = &text[1..];
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (digits, rest) = rest.split_at(digits);
    let kept = match digits {
        "" => None,
        // More than there can be are all; none is an error (§7.3).
        digits => Some(digits.parse().unwrap_or(usize::MAX)).filter(|kept| *kept > 0),
    };
    (digits.is_empty() || kept.is_some()).then_some(())?;
    let (is_reversed, delimiters) = match rest.strip_prefix(['r', 'R']) {
        Some(delimiters) => (true, delimiters),
        None => (false, rest),
    };
    delimiters.chars().all(|c| ".-+,/_=".contains(c)).then_some(())?;
    let delimiters = if delimiters.is_empty() { "." } else { delimiters }.to_owned();
    let is_escaped = given.is_ascii_uppercase();
    Some(Macro { name, is_escaped, kept, is_reversed, delimiters })
}

impl Macro {
    fn expand(&self, values: &Values<'_>) -> String {
        let value = match self.name {
            's' => format!("{}@{}", values.local_part, values.sender_domain),
            'l' => values.local_part.to_owned(),
            'o' => values.sender_domain.to_owned(),
            'd' => values.domain.to_owned(),
            'i' => dotted(values.ip),
            'p' => values.validated.to_owned(),
            'v' if values.ip.is_ipv4() => "in-addr".to_owned(),
            'v' => "ip6".to_owned(),
            // `h`: the others stand in no name.
            _ => values.helo.to_owned(),
        };
        let mut parts: Vec<&str> = value.split(|c| self.delimiters.contains(c)).collect();
        if self.is_reversed {
            parts.reverse();
        }
        let kept = self.kept.unwrap_or(usize::MAX).min(parts.len());
        let value = parts[parts.len() - kept..].join(".");
        if self.is_escaped { escaped(&value) } else { value }
    }
}

/// An address with a dot between its numbers; of IPv6, each is a hexadecimal digit (§7.3).
fn dotted(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let digits = format!("{:032x}", v6.to_bits());
            digits.chars().map(String::from).collect::<Vec<_>>().join(".")
        }
    }
}

/// The name whose PTR records are the names of an address (RFC 1035 §3.5, RFC 3596 §2.5).
pub fn reverse_name(ip: IpAddr) -> String {
    let dotted = dotted(ip);
    let mut parts: Vec<&str> = dotted.split('.').collect();
    parts.reverse();
    let ending = if ip.is_ipv4() { "in-addr.arpa" } else { "ip6.arpa" };
    format!("{}.{ending}", parts.join("."))
}

/// All but unreserved characters as `%XX` (RFC 3986 §2.3).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(octet)),
            octet if octet.is_ascii_alphanumeric() => escaped.push(char::from(octet)),
            octet => {
                let _ = write!(escaped, "%{octet:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of 64 KB may be nothing but macros, and is evaluated for each message.
    #[test]
    fn only_the_end_of_a_long_name_is_made() {
        let values = Values {
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            helo: &"h".repeat(255),
            local_part: "a",
            sender_domain: "b.example",
            domain: "b.example",
            validated: "unknown",
        };
        let spec = Spec(macro_string(&"%{H}.".repeat(10_000), "slodiphv").unwrap());
        assert!(spec.end(&values).len() < 5);
        let spec = Spec(macro_string(&"%{d}.".repeat(10_000), "slodiphv").unwrap());
        let name = spec.expand(&values);
        assert_eq!(name, ["b.example"; 25].join("."));
    }

    #[test]
    fn a_record_that_follows_the_grammar_is_read() {
        for text in [
            "v=spf1",
            "V=SPF1   ",
            "v=spf1 -all",
            "v=spf1 A MX:mx.example.com PTR ~ALL",
            "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ip6:::ffff:1.2.3.4 ?all",
            "v=spf1 a/24 a//64 a/24//64 a:a.example.com/0//0 mx//128",
            "v=spf1 a:a.example/b.example.com/24",
            "v=spf1 a:foo:bar/baz.example.com",
            "v=spf1 include:_spf.example.com. redirect=%{d}",
            "v=spf1 exists:%{i}._spf.%{d2} exists:%{l1r-+=}.%{o}.x exists:%{S}%_a.%%",
            "v=spf1 exp=why.example.com a-b_c.d=%{t}/any:thing",
            "v=spf1 a:mail.1.com a:x.a-1 ptr:example.com",
        ] {
            assert!(Record::parse(text).is_some(), "{text}");
        }
    }

    /// RFC 7208 §4.6: a record with an error authorises nobody.
    #[test]
    fn a_record_with_an_error_is_not_believed_in_part() {
        for term in [
            "ip4",
            "ip4:",
            "ip4:1.2.3",
            "ip4:1.2.3.4/",
            "ip4:1.2.3.4/33",
            "ip4:1.2.3.4/032",
            "ip4:01.2.3.4",
            "ip4:1.2.3.4//32",
            "ip6:1.2.3.4",
            "ip6:::/129",
            "ip6:::/-1",
            "ip6",
            "all:a.b",
            "all/8",
            "al",
            "all.",
            "a:",
            "a:museum",
            "a:x.123",
            "a:x.com:8080",
            "a:.",
            "a:x..",
            "a:x.-a",
            "a:x.a-",
            "a/33",
            "a//129",
            "a/024",
            "a:x.com/33",
            "a/24/64",
            "mx:x.c\u{e9}m",
            "mx:x.com\u{1}",
            "include",
            "include:",
            "include:x.com/24",
            "exists",
            "ptr:",
            "ptr/0",
            "redirect=",
            "redirect=x",
            "exp=x.com exp=x.com",
            "redirect=x.com redirect=x.com",
            "=x.com",
            "1x=y",
            "a+b=y",
            "x=\u{e9}",
            "x=%(",
            "a:%{z}.com",
            "a:%{c}.com",
            "a:%{d0}",
            "a:%{d!}",
            "a:%{d",
            "a:%{}",
            "a:100%.com",
            "a:%a.com",
            "\ta",
            "a\tmx",
            "++a",
            "foo:bar.com",
            "a8",
            "exists:%{i}.x%{ir",
        ] {
            let text = format!("v=spf1 {term} +all");
            assert_eq!(Record::parse(&text), None, "{term}");
        }
        assert_eq!(Record::parse("v=spf10 -all"), None);
        assert!(!is_record("v=spf10") && !is_record("v=spf1\t-all") && is_record("v=spf1"));
    }

    /// The examples of RFC 7208 §7.4.
    #[test]
    fn macros_are_expanded_as_the_standard_shows() {
        let v4 = IpAddr::from([192, 0, 2, 3]);
        let v6: IpAddr = "2001:db8::cb01".parse().unwrap();
        let expanded = |text: &str, ip| {
            let values = Values {
                ip,
                helo: "mail.example.com",
                local_part: "strong-bad",
                sender_domain: "email.example.com",
                domain: "email.example.com",
                validated: "mx.example.org",
            };
            Spec(macro_string(text, "slodiphv").unwrap()).expand(&values)
        };
        for (text, expected) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l}", "strong-bad"),
            ("%{l-}", "strong.bad"),
            ("%{lr}", "strong-bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
            ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
            ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
            ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
            ("%{S}.%{h}.%{p}", "strong-bad%40email.example.com.mail.example.com.mx.example.org"),
            ("a%%b%_c%-d.x.", "a%b c%20d.x"),
        ] {
            assert_eq!(expanded(text, v4), expected, "{text}");
        }
        let nibbles = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
        let expected = format!("{nibbles}.ip6._spf.example.com");
        assert_eq!(expanded("%{ir}.%{v}._spf.%{d2}", v6), expected);
        assert_eq!(reverse_name(v6), format!("{nibbles}.ip6.arpa"));
        assert_eq!(reverse_name(v4), "3.2.0.192.in-addr.arpa");
        let long = format!("{}.example.com", vec!["%{l}"; 30].join("."));
        let cut = expanded(&long, v4);
        assert!(cut.len() <= 253 && cut.ends_with(".strong-bad.example.com"), "{cut}");
        assert!(cut.starts_with("strong-bad."), "whole labels are cut: {cut}");
    }

    #[test]
    fn a_prefix_compares_addresses_of_one_kind() {
        let ip = |text: &str| -> IpAddr { text.parse().unwrap() };
        for (v4, v6, one, other, holds) in [
            (24, 128, "192.0.2.1", "192.0.2.255", true),
            (25, 128, "192.0.2.1", "192.0.2.255", false),
            (0, 128, "192.0.2.1", "10.0.0.1", true),
            (32, 32, "2001:db8::1", "2001:db8:1::", true),
            (32, 0, "2001:db8::1", "::1", true),
            (0, 0, "192.0.2.1", "::ffff:192.0.2.1", false),
        ] {
            let prefixes = Prefixes { v4, v6 };
            assert_eq!(prefixes.hold(ip(one), ip(other)), holds, "{one} {other} {v4} {v6}");
        }
    }
}
