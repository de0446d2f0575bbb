//! The envelope: what SMTP carries besides the message (RFC 5321, RFC 3461, RFC 8689).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::address::{Address, AddressError};

/// The address for delivery reports. `Null` is `<>`, which never gets a response (RFC 5321 §4.5.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReversePath {
    Null,
    Address(Address),
}

/// A recipient's path. `Postmaster` is the bare `<postmaster>` that every host must accept (RFC
/// 5321 §4.1.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ForwardPath {
    Postmaster,
    Address(Address),
}

impl ReversePath {
    /// Parses a path, with or without its angle brackets.
    pub fn parse(text: &str) -> Result<ReversePath, AddressError> {
        match unwrapped(text)? {
            "" => Ok(ReversePath::Null),
            path => Address::parse(without_route(path)?).map(ReversePath::Address),
        }
    }
}

impl ForwardPath {
    /// Parses a path, with or without its angle brackets.
    pub fn parse(text: &str) -> Result<ForwardPath, AddressError> {
        match unwrapped(text)? {
            path if path.eq_ignore_ascii_case("postmaster") => Ok(ForwardPath::Postmaster),
            path => Address::parse(without_route(path)?).map(ForwardPath::Address),
        }
    }

    /// The path as every host understands it (see [`Address::for_ascii_hosts`]).
    pub fn for_ascii_hosts(&self) -> ForwardPath {
        match self {
            ForwardPath::Postmaster => ForwardPath::Postmaster,
            ForwardPath::Address(address) => ForwardPath::Address(address.for_ascii_hosts()),
        }
    }
}

fn unwrapped(text: &str) -> Result<&str, AddressError> {
    match text.strip_prefix('<') {
        Some(rest) => rest.strip_suffix('>').ok_or(AddressError::Form),
        None => Ok(text),
    }
}

/// Removes the source route from `@a,@b:user@host`: source routes are accepted and ignored (RFC
/// 5321 §4.1.1.3, appendix C).
fn without_route(path: &str) -> Result<&str, AddressError> {
    if !path.starts_with('@') {
        return Ok(path);
    }
    let (route, mailbox) = split_route(path).ok_or(AddressError::Form)?;
    let is_host = |hop: &str| {
        hop.strip_prefix('@').is_some_and(|host| Address::parse(&format!("x@{host}")).is_ok())
    };
    match route.split(',').all(is_host) {
        true => Ok(mailbox),
        false => Err(AddressError::Form),
    }
}

/// Splits at the route's colon; an IPv6 literal contains colons of its own.
fn split_route(path: &str) -> Option<(&str, &str)> {
    let mut inside = false;
    let at = path.find(|c: char| {
        inside = (inside || c == '[') && c != ']';
        c == ':' && !inside
    })?;
    Some((&path[..at], &path[at + 1..]))
}

/// Splits `<path> parameters` after the path's own `>`: a quoted local part may contain others.
/// Returns `None` if the text does not begin with a path in angle brackets.
pub fn split_path(text: &str) -> Option<(&str, &str)> {
    let (mut quoted, mut escaped) = (false, false);
    let at = text.strip_prefix('<')?.find(|c: char| {
        let ends = c == '>' && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && quoted && !escaped;
        ends
    })?;
    Some(text.split_at(at + 2))
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReversePath::Null => f.write_str("<>"),
            ReversePath::Address(address) => write!(f, "<{address}>"),
        }
    }
}

impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ForwardPath::Postmaster => f.write_str("<postmaster>"),
            ForwardPath::Address(address) => write!(f, "<{address}>"),
        }
    }
}

/// How much of the message a delivery report should contain (RFC 3461 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DsnReturn {
    Full,
    HeadersOnly,
}

/// The body's transport encoding, as declared by BODY (RFC 6152).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyKind {
    #[default]
    SevenBit,
    EightBitMime,
}

/// When the sender wants a delivery report about a recipient (RFC 3461 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notify {
    Never,
    On { success: bool, failure: bool, delay: bool },
}

impl Default for Notify {
    /// Without the parameter, failures are reported (RFC 3461 §4.1).
    fn default() -> Self {
        Notify::On { success: false, failure: true, delay: false }
    }
}

impl Notify {
    /// Parses the parameter's value, either `NEVER` or a list of the others; returns `None` for
    /// anything else, such as `NEVER` in a list.
    pub fn parse(value: &str) -> Option<Notify> {
        if value.eq_ignore_ascii_case("NEVER") {
            return Some(Notify::Never);
        }
        let (mut success, mut failure, mut delay) = (false, false, false);
        for word in value.split(',') {
            let flag = match word.to_ascii_uppercase().as_str() {
                "SUCCESS" => &mut success,
                "FAILURE" => &mut failure,
                "DELAY" => &mut delay,
                _ => return None,
            };
            *flag = true;
        }
        Some(Notify::On { success, failure, delay })
    }
}

impl fmt::Display for Notify {
    /// Writes the parameter's value. Without any flag it is `NEVER`, which means the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Notify::On { success, failure, delay } = *self else { return f.write_str("NEVER") };
        let flags = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
        let words: Vec<&str> =
            flags.into_iter().filter(|(on, _)| *on).map(|(_, word)| word).collect();
        f.write_str(if words.is_empty() { "NEVER".to_owned() } else { words.join(",") }.as_str())
    }
}

/// The recipient as the sender originally specified it (RFC 3461 §4.2), decoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginalRecipient {
    pub addr_type: String,
    pub address: String,
}

impl OriginalRecipient {
    /// Parses `rfc822;xtext`; returns `None` if it is malformed or longer than RFC 3461 §4.2
    /// allows.
    pub fn parse(value: &str) -> Option<OriginalRecipient> {
        const OCTETS_MAX: usize = 500;
        let (addr_type, address) = value.split_once(';').filter(|_| value.len() <= OCTETS_MAX)?;
        let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*-/?^_`{|}~".contains(c);
        if addr_type.is_empty() || !addr_type.chars().all(is_atom) {
            return None;
        }
        let address = xtext_decode(address).filter(|address| !address.is_empty())?;
        Some(OriginalRecipient { addr_type: addr_type.to_owned(), address })
    }
}

impl fmt::Display for OriginalRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};{}", self.addr_type, xtext_encode(&self.address))
    }
}

/// A recipient with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    pub path: ForwardPath,
    pub notify: Notify,
    pub orcpt: Option<OriginalRecipient>,
}

/// The envelope of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub reverse_path: ReversePath,
    pub recipients: Vec<Recipient>,
    pub ret: Option<DsnReturn>,
    /// The sender's own identifier (RFC 3461 §4.4), decoded from xtext.
    pub envid: Option<String>,
    pub smtputf8: bool,
    pub body: BodyKind,
    /// The message must not be relayed without verifiable TLS (RFC 8689).
    pub require_tls: bool,
    pub declared_size: Option<u64>,
}

impl Envelope {
    /// Returns an envelope without recipients or parameters.
    pub fn from(reverse_path: ReversePath) -> Envelope {
        Envelope {
            reverse_path,
            recipients: Vec::new(),
            ret: None,
            envid: None,
            smtputf8: false,
            body: BodyKind::default(),
            require_tls: false,
            declared_size: None,
        }
    }
}

/// Encodes `xtext` (RFC 3461 §4): printable ASCII except `+` and `=`, everything else as `+XX`.
pub fn xtext_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'!'..=b'~' if octet != b'+' && octet != b'=' => out.push(char::from(octet)),
            _ => out.push_str(&format!("+{octet:02X}")),
        }
    }
    out
}

/// Decodes xtext; returns `None` if it is malformed, is not UTF-8, or holds a control character
/// that could break a header or a report later.
pub fn xtext_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        match octet {
            b'+' => {
                let digits = [octets.next()?, octets.next()?];
                if !digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'A'..=b'F')) {
                    return None;
                }
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            b'=' => return None,
            b'!'..=b'~' => out.push(octet),
            _ => return None,
        }
    }
    String::from_utf8(out).ok().filter(|decoded| !decoded.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_of_every_form_are_read() {
        assert_eq!(ReversePath::parse("<>"), Ok(ReversePath::Null));
        let dana = Address::parse("dana@example.org").unwrap();
        for text in
            ["<dana@example.org>", "dana@example.org", "<@a.example,@b.example:dana@example.org>"]
        {
            assert_eq!(ForwardPath::parse(text), Ok(ForwardPath::Address(dana.clone())));
        }
        for text in ["<postmaster>", "<PostMaster>"] {
            assert_eq!(ForwardPath::parse(text), Ok(ForwardPath::Postmaster));
        }
        let literal = "<@[IPv6:2001:db8::1],@b.example:dana@example.org>";
        assert_eq!(ForwardPath::parse(literal), Ok(ForwardPath::Address(dana)));
        for text in [
            "<>",
            "<dana>",
            "<dana@example.org",
            "<@a.example>",
            "<a@b.example>x",
            "<@:a@b.example>",
            "<@a b:a@b.example>",
            "<@a.example,b.example:a@b.example>",
            "<<a@b.example>>",
            "<a@b.example\r\n>",
        ] {
            assert!(ForwardPath::parse(text).is_err(), "{text} was taken");
        }
    }

    #[test]
    fn a_path_ends_at_its_own_bracket() {
        for (text, expected) in [
            ("<a@b.example> SIZE=1", Some(("<a@b.example>", " SIZE=1"))),
            ("<>", Some(("<>", ""))),
            ("<\"a> NOTIFY=NEVER x\"@c>", Some(("<\"a> NOTIFY=NEVER x\"@c>", ""))),
            ("<\"a\\\"> b\"@c> D", Some(("<\"a\\\"> b\"@c>", " D"))),
            ("<\"a\\\\\"@c> D", Some(("<\"a\\\\\"@c>", " D"))),
            ("a@b.example", None),
            ("<\"a>", None),
        ] {
            assert_eq!(split_path(text), expected, "{text}");
        }
    }

    #[test]
    fn report_parameters_are_read_and_written() {
        let on = |success, failure, delay| Some(Notify::On { success, failure, delay });
        for (value, expected) in [
            ("NEVER", Some(Notify::Never)),
            ("SUCCESS,DELAY", on(true, false, true)),
            ("failure", on(false, true, false)),
            ("NEVER,SUCCESS", None),
            ("SUCCESS,NEVER", None),
            ("", None),
            ("SUCCESS,", None),
        ] {
            assert_eq!(Notify::parse(value), expected, "{value}");
            if let Some(notify) = expected {
                assert_eq!(Notify::parse(&notify.to_string()), expected);
            }
        }
        let orcpt = OriginalRecipient::parse("rfc822;a+2Bb@c.example").unwrap();
        assert_eq!((orcpt.addr_type.as_str(), orcpt.address.as_str()), ("rfc822", "a+b@c.example"));
        assert_eq!(orcpt.to_string(), "rfc822;a+2Bb@c.example");
        for value in ["rfc822", ";a@b", "rfc822;", "rf c;a@b", "rfc822;a+0Ab"] {
            assert_eq!(OriginalRecipient::parse(value), None, "{value}");
        }
    }

    #[test]
    fn xtext_that_would_break_a_report_is_refused() {
        for text in ["a+0Ab", "a+0D+0A", "a+zz", "a+4", "a=b", "a b", "+ff", "+C3"] {
            assert_eq!(xtext_decode(text), None, "{text}");
        }
        assert_eq!(xtext_decode("a+2Bb+3Dc"), Some("a+b=c".to_owned()));
    }

    proptest! {
        #[test]
        fn xtext_comes_back(text in "\\PC{0,40}") {
            let encoded = xtext_encode(&text);
            prop_assert!(encoded.is_ascii());
            let expected = (!text.chars().any(char::is_control)).then_some(text);
            prop_assert_eq!(xtext_decode(&encoded), expected);
        }
    }
}
