//! Prefixes of IP addresses, as settings name them.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A prefix of IP addresses: `192.0.2.1`, `192.0.2.0/24` or `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix {
    address: IpAddr,
    length: u32,
}

/// A text that is no prefix of IP addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an IP address nor a prefix such as 192.0.2.0/24")]
pub struct NoPrefix(String);

impl Prefix {
    /// Returns whether an address begins with this prefix. An IPv4-mapped IPv6 address is the IPv4
    /// address (RFC 4291 §2.5.5.2).
    pub fn holds(self, address: IpAddr) -> bool {
        let length = if self.address.is_ipv4() { self.length + 96 } else { self.length };
        let shift = 128 - length;
        shift == 128 || bits(address) >> shift == bits(self.address) >> shift
    }
}

impl TryFrom<String> for Prefix {
    type Error = NoPrefix;

    fn try_from(text: String) -> Result<Prefix, NoPrefix> {
        parsed(&text).ok_or(NoPrefix(text))
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> String {
        prefix.to_string()
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

fn parsed(text: &str) -> Option<Prefix> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(all);
    (length <= all).then_some(Prefix { address, length })
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_holds_what_begins_alike() {
        for (prefix, address, holds) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.0/24", "192.0.2.200", true),
            ("192.0.2.0/24", "192.0.3.1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "203.0.113.9", true),
        ] {
            let prefix = Prefix::try_from(prefix.to_owned()).unwrap();
            assert_eq!(prefix.holds(address.parse().unwrap()), holds, "{prefix} {address}");
            assert_eq!(Prefix::try_from(prefix.to_string()), Ok(prefix));
        }
        for text in ["", "a", "192.0.2.1/33", "192.0.2.1/x", "::/129"] {
            assert!(Prefix::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
