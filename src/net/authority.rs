//! The authority of a request: which host, and which port, it is for (RFC 3986 §3.2).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A host and a port, without user information, which no request may have (RFC 9110 §4.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// A name or an address in lower case; an IPv6 address is in brackets.
    pub host: String,
    pub port: u16,
}

/// The port of `https` (RFC 9110 §4.2.2).
const HTTPS_PORT: u16 = 443;

/// A name of 253 characters, a colon and a port.
const AUTHORITY_OCTETS_MAX: usize = 260;

impl Authority {
    /// Parses `uri-host [ ":" port ]`, as in a Host field (RFC 9110 §7.2).
    pub fn parse(text: &str) -> Option<Authority> {
        if text.len() > AUTHORITY_OCTETS_MAX {
            return None;
        }
        // The colons of an IPv6 address are in its brackets.
        let name_end = text.find(']').map_or(0, |end| end + 1);
        let (host, port) = match text[name_end..].find(':') {
            Some(colon) => text.split_at(name_end + colon),
            None => (text, ""),
        };
        Some(Authority { host: checked_host(host)?, port: checked_port(port)? })
    }

    /// The origin of pages at this authority, as a browser writes it (RFC 6454 §6.2).
    pub fn origin(&self) -> String {
        format!("https://{self}")
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            HTTPS_PORT => f.write_str(&self.host),
            port => write!(f, "{}:{port}", self.host),
        }
    }
}

/// Returns a host in its one form: `IP-literal / IPv4address / reg-name`, but not empty.
pub fn checked_host(host: &str) -> Option<String> {
    if let Some(inner) = host.strip_prefix('[') {
        let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
        return Some(bracketed(address));
    }
    let is_name = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&octet);
    (!host.is_empty() && host.bytes().all(is_name)).then(|| host.to_ascii_lowercase())
}

/// Returns the host that an address is written as.
pub fn host_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => bracketed(address),
    }
}

fn bracketed(address: Ipv6Addr) -> String {
    format!("[{address}]")
}

/// Parses `[ ":" *DIGIT ]`; no digits mean the default.
fn checked_port(text: &str) -> Option<u16> {
    match text.strip_prefix(':').unwrap_or_default() {
        "" => Some(HTTPS_PORT),
        // `parse` alone would also take a sign.
        digits if digits.bytes().all(|octet| octet.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_has_one_form() {
        let table = [
            ("mail.example", "mail.example"),
            ("MAIL.Example:443", "mail.example"),
            ("mail.example:", "mail.example"),
            ("mail.example:8443", "mail.example:8443"),
            ("127.0.0.1:65535", "127.0.0.1:65535"),
            ("[::1]", "[::1]"),
            ("[0:0::0:1]:8443", "[::1]:8443"),
            ("[2001:DB8::1]:443", "[2001:db8::1]"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ];
        for (text, expected) in table {
            let parsed = Authority::parse(text).unwrap();
            assert_eq!(parsed.to_string(), expected, "{text}");
            assert_eq!(parsed.origin(), format!("https://{expected}"));
        }
    }

    #[test]
    fn what_is_no_authority_is_refused() {
        let long = "x".repeat(AUTHORITY_OCTETS_MAX + 1);
        let wrong = [
            "",
            ":",
            ":443",
            "a@b",
            "dana:x@b",
            "a b",
            "a/b",
            "a\\b",
            "a?b",
            "a#b",
            "a:b",
            "a:+1",
            "a:65536",
            "a:1:2",
            "::1",
            "[::1",
            "::1]",
            "[::1]x",
            "[::1]x:1",
            "[a]",
            "[]",
            "[fe80::1%25eth0]",
            "bücher.example",
            "a\tb",
            "a\0",
            &long,
        ];
        for text in wrong {
            assert_eq!(Authority::parse(text), None, "{text:?}");
        }
    }
}
