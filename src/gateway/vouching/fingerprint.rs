//! The fingerprint of a signing key: what two people compare.
//!
//! ```text
//! half(i)     = SHA-256("postern fingerprint v1" NUL i length-of-address address key)
//!               i: 1 octet, 0 or 1; the length: 4 octets, big-endian; the key: 32 octets
//! fingerprint = 12 groups of five digits: of half(0) half(1), each 5 octets, as a big-endian number,
//!               modulo 100000
//! ```
//!
//! The address is in it, so that nobody can show somebody else's key as the own one. It is the first
//! address of the account, in its normalised form.

use crate::vault::{VerifyingKey, digest};

/// How many groups of digits a fingerprint has.
const GROUPS: usize = 12;

/// Returns the fingerprint of the key that belongs to an address: 60 digits in groups of five.
pub fn fingerprint(address: &str, key: VerifyingKey) -> String {
    let half = |number: u8| {
        let length = u32::try_from(address.len()).unwrap_or(u32::MAX).to_be_bytes();
        let domain = b"postern fingerprint v1\0".as_slice();
        digest(&[domain, &[number], &length, address.as_bytes(), &key.0].concat())
    };
    let octets = [half(0), half(1)].concat();
    let groups = octets.chunks_exact(5).take(GROUPS).map(|five| {
        let number = five.iter().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet));
        format!("{:05}", number % 100_000)
    });
    groups.collect::<Vec<_>>().join(" ")
}

/// Whether what somebody typed is this fingerprint, however its digits are grouped.
pub fn is_same(typed: &str, fingerprint: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let is_plain = typed.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || c == '-');
    is_plain && digits(typed) == digits(fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// People compare it across versions: it never changes.
    #[test]
    fn a_fingerprint_is_sixty_digits_of_the_key_and_the_address() {
        let key = VerifyingKey([7; 32]);
        let one = fingerprint("dana@example.org", key);
        assert_eq!(one.split(' ').map(str::len).collect::<Vec<_>>(), [5; GROUPS]);
        assert!(one.chars().all(|c| c.is_ascii_digit() || c == ' '));
        assert_ne!(one, fingerprint("omar@example.org", key));
        assert_ne!(one, fingerprint("dana@example.org", VerifyingKey([8; 32])));
        assert_eq!(one, fingerprint("dana@example.org", key));
        assert_eq!(one, FROZEN);
    }

    /// As another implementation of the derivation computes it.
    const FROZEN: &str = "16119 05940 59051 55941 26674 53670 97173 25378 74138 64409 57957 24256";

    #[test]
    fn what_was_typed_is_compared_by_its_digits() {
        let key = fingerprint("dana@example.org", VerifyingKey([7; 32]));
        assert!(is_same(&key, &key));
        assert!(is_same(&key.replace(' ', ""), &key));
        assert!(is_same(&format!(" {}\n", key.replace(' ', "-")), &key));
        assert!(!is_same(&key[1..], &key));
        assert!(!is_same("", &key));
        assert!(!is_same(&format!("{key} x"), &key));
    }
}
