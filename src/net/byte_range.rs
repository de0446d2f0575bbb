//! Which octets of an answer a request asks for (RFC 9110 §14): one range of them, or all.

use std::ops::Range;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    All,
    Part(Range<u64>),
    /// Octets that are not there: the answer is 416.
    Nothing,
}

/// Longer fields ask for more than one range.
const FIELD_OCTETS_MAX: usize = 100;

/// Reads a `Range` field for something of `length` octets. Whatever is not one range of octets is no request
/// for a part (RFC 9110 §14.2).
#[must_use]
pub fn wanted(field: &str, length: u64) -> Wanted {
    let range = field.get(..FIELD_OCTETS_MAX).map_or(Some(field), |_| None);
    match range.and_then(parsed) {
        None => Wanted::All,
        Some((Some(first), last)) if first < length => {
            let end = last.map_or(length, |last| last.saturating_add(1)).min(length);
            Wanted::Part(first..end)
        }
        Some((None, Some(last))) if last > 0 && length > 0 => {
            Wanted::Part(length.saturating_sub(last)..length)
        }
        Some(_) => Wanted::Nothing,
    }
}

/// `bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-LENGTH` (RFC 9110 §14.1.2).
fn parsed(field: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, set) = field.split_once('=')?;
    let (first, last) = set.trim().split_once('-')?;
    let number = |digits: &str| match digits {
        "" => Some(None),
        _ if digits.bytes().all(|octet| octet.is_ascii_digit()) => digits.parse().ok().map(Some),
        _ => None,
    };
    match (unit.eq_ignore_ascii_case("bytes"), number(first)?, number(last)?) {
        (false, ..) | (true, None, None) => None,
        (true, Some(first), Some(last)) if last < first => None,
        (true, first, last) => Some((first, last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_a_part_and_anything_else_is_all() {
        let table = [
            ("bytes=0-9", Wanted::Part(0..10)),
            ("Bytes=10-", Wanted::Part(10..100)),
            ("bytes=-10", Wanted::Part(90..100)),
            ("bytes=-1000", Wanted::Part(0..100)),
            ("bytes=99-99", Wanted::Part(99..100)),
            ("bytes=50-5000", Wanted::Part(50..100)),
            ("bytes=0-18446744073709551615", Wanted::Part(0..100)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=100-200", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=9-3", Wanted::All),
            ("bytes=0-1,4-5", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("lines=0-9", Wanted::All),
            ("bytes", Wanted::All),
            ("", Wanted::All),
        ];
        for (field, expected) in table {
            assert_eq!(wanted(field, 100), expected, "{field}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
        assert_eq!(wanted(&format!("bytes=0-{:0>100}", 1), 100), Wanted::All);
    }
}
