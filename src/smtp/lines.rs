//! The strict line parser: decides which command lines are accepted at all.
//!
//! smtp-proto tolerates input that two peers may interpret differently: it drops a bare CR inside
//! an address, lets a lone LF end a line, wraps numbers of 23 digits, and removes quotes. A line
//! that is accepted here has only one interpretation. Addresses never reach smtp-proto: they are
//! cut out here and parsed by `mail::address`.

use memchr::{memchr, memchr2};

use super::reply::{self, Reply};

/// What was found at the beginning of the input.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A line of this many octets, including its CRLF.
    Line(usize),
    /// The line has not ended yet.
    More,
    /// The line has not ended within the limit, and must be skipped up to its CRLF.
    TooLong,
    /// A lone LF. It never ends a line, and where the next line begins is unknown.
    BareLf,
}

/// Finds the end of the first line. Only CRLF ends a line (RFC 5321 §2.3.8).
pub fn find_line(arrived: &[u8], octets_max: usize) -> Found {
    match memchr(b'\n', arrived) {
        Some(0) => Found::BareLf,
        Some(at) if arrived[at - 1] != b'\r' => Found::BareLf,
        Some(at) if at + 1 > octets_max => Found::TooLong,
        Some(at) => Found::Line(at + 1),
        None if arrived.len() > octets_max => Found::TooLong,
        None => Found::More,
    }
}

/// Returns how many octets of a line that is being skipped can be dropped, and whether they
/// include its CRLF. A trailing CR is kept, in case LF follows.
pub fn skip_line(arrived: &[u8]) -> (usize, bool) {
    match memchr::memmem::find(arrived, b"\r\n") {
        Some(at) => (at + 2, true),
        None if arrived.last() == Some(&b'\r') => (arrived.len() - 1, false),
        None => (arrived.len(), false),
    }
}

/// Checks a line, which ends in CRLF, and returns its text without the CRLF and the spaces before
/// it.
pub fn check(line: &[u8]) -> Result<&str, Reply> {
    let text = line.strip_suffix(b"\r\n").unwrap_or(line);
    if memchr2(b'\r', b'\n', text).is_some() {
        return Err(reply::BARE_CR);
    }
    if text.iter().any(u8::is_ascii_control) {
        return Err(reply::CONTROL);
    }
    let text = std::str::from_utf8(text).map_err(|_| reply::NOT_UTF8)?;
    // C1 controls and other characters that some software takes for line ends.
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(reply::CONTROL);
    }
    Ok(text.trim_end_matches(' '))
}

/// Splits `<path> parameters` into its two parts. A `>` inside a quoted local part does not end the
/// path.
pub fn cut_path(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => {
                let (path, rest) = text.split_at(at + 2);
                return (rest.is_empty() || rest.starts_with(' ')).then_some((path, rest));
            }
            _ => {}
        }
    }
    None
}

/// Parses a number of at most ten digits. Longer ones wrap in smtp-proto, and with a wrong length
/// we would no longer be in sync with the peer.
pub fn number(text: &str) -> Option<u64> {
    let plain = (1..=10).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Parses the parameters after a path. Each must be known and may occur only once.
pub fn parameters<'l>(
    rest: &'l str,
    known: &[&'static str],
) -> Result<Vec<(&'static str, Option<&'l str>)>, Reply> {
    let mut found: Vec<(&'static str, Option<&'l str>)> = Vec::new();
    for word in rest.split(' ').filter(|word| !word.is_empty()) {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let Some(name) = known.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
            return Err(reply::UNKNOWN_PARAMETER);
        };
        if found.iter().any(|(other, _)| other == name) {
            return Err(reply::TWICE);
        }
        found.push((name, value));
    }
    Ok(found)
}

/// Returns whether `name` is safe as a host name or address literal in EHLO: it holds no character
/// that has a meaning in a log, a header or a reply. Underscores are common and harmless.
pub fn is_host(name: &str) -> bool {
    let safe = |octet: u8| octet.is_ascii_alphanumeric() || b"-._:[]".contains(&octet);
    (1..=255).contains(&name.len()) && name.bytes().all(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crlf_ends_a_line() {
        for (arrived, found) in [
            (b"NOOP\r\n".as_slice(), Found::Line(6)),
            (b"NOOP\r\nRSET\r\n", Found::Line(6)),
            (b"NOOP", Found::More),
            (b"NOOP\r", Found::More),
            (b"", Found::More),
            (b"RSET\n", Found::BareLf),
            (b"\n", Found::BareLf),
            (b"RSET\nMAIL FROM:<a@b.example>\r\n", Found::BareLf),
            // A CR alone does not end a line; `check` refuses the line.
            (b"RSET\rNOOP\r\n", Found::Line(11)),
        ] {
            assert_eq!(find_line(arrived, 512), found, "{arrived:?}");
        }
    }

    #[test]
    fn a_long_line_is_noticed_in_one_read_and_in_many() {
        assert_eq!(find_line(&[b'a'; 513], 512), Found::TooLong);
        let mut line = vec![b'a'; 511];
        line.extend_from_slice(b"\r\n");
        assert_eq!(find_line(&line, 512), Found::TooLong);
        assert_eq!(find_line(&line[1..], 512), Found::Line(512));
    }

    #[test]
    fn a_skipped_line_ends_at_its_crlf_and_nowhere_else() {
        for (arrived, skipped) in [
            (b"tail\r\nNOOP\r\n".as_slice(), (6, true)),
            (b"tail", (4, false)),
            (b"tail\nRCPT TO:<evil@x.example>", (29, false)),
            (b"tail\r", (4, false)),
            (b"\r", (0, false)),
        ] {
            assert_eq!(skip_line(arrived), skipped, "{arrived:?}");
        }
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        for (line, reply) in [
            (b"RCPT TO:<a\rb@c.example>\r\n".as_slice(), reply::BARE_CR),
            (b"NOOP\r\r\n", reply::BARE_CR),
            (b"EHLO foo\x01 bar\r\n", reply::CONTROL),
            (b"MAIL\tFROM:<a@b.example>\r\n", reply::CONTROL),
            (b"NOOP \0\r\n", reply::CONTROL),
            (b"NOOP \x7f\r\n", reply::CONTROL),
            (b"NOOP \xc2\x85\r\n", reply::CONTROL),
            (b"NOOP \xe2\x80\xa8\r\n", reply::CONTROL),
            (b"RCPT TO:<\xff@b.example>\r\n", reply::NOT_UTF8),
            (b"RCPT TO:<\xc3@b.example>\r\n", reply::NOT_UTF8),
        ] {
            assert_eq!(check(line), Err(reply), "{line:?}");
        }
        assert_eq!(check(b"NOOP  \r\n"), Ok("NOOP"));
        assert_eq!(check("NOOP \u{5d3}\r\n".as_bytes()), Ok("NOOP \u{5d3}"));
    }

    #[test]
    fn a_path_ends_at_the_first_bracket_that_is_not_quoted() {
        for (text, cut) in [
            ("<a@b.example>", Some(("<a@b.example>", ""))),
            ("<a@b.example> SIZE=1", Some(("<a@b.example>", " SIZE=1"))),
            ("<>", Some(("<>", ""))),
            ("<\"a> NOTIFY=NEVER x\"@c>", Some(("<\"a> NOTIFY=NEVER x\"@c>", ""))),
            ("<\"a\\\"> x\"@c> RET=FULL", Some(("<\"a\\\"> x\"@c>", " RET=FULL"))),
            ("<a@b.example>SIZE=1", None),
            ("<a@b.example", None),
            ("<\"a@b.example>", None),
            ("a@b.example", None),
            ("", None),
        ] {
            assert_eq!(cut_path(text), cut, "{text}");
        }
    }

    #[test]
    fn numbers_have_at_most_ten_digits() {
        for (text, read) in [
            ("0", Some(0)),
            ("9999999999", Some(9_999_999_999)),
            ("10000000000", None),
            ("99999999999999999999999", None),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1a", None),
            ("0x1", None),
        ] {
            assert_eq!(number(text), read, "{text}");
        }
    }

    #[test]
    fn parameters_are_known_and_stand_once() {
        let known = ["SIZE", "BODY"];
        assert_eq!(
            parameters(" size=1 BODY=7BIT", &known),
            Ok(vec![("SIZE", Some("1")), ("BODY", Some("7BIT"))])
        );
        assert_eq!(parameters(" SIZE", &known), Ok(vec![("SIZE", None)]));
        assert_eq!(parameters(" SIZE=1 size=2", &known), Err(reply::TWICE));
        assert_eq!(parameters(" AUTH=<>", &known), Err(reply::UNKNOWN_PARAMETER));
        assert_eq!(parameters("", &known), Ok(vec![]));
    }

    #[test]
    fn a_host_name_cannot_write_into_what_surrounds_it() {
        for name in ["relay.example", "[192.0.2.1]", "[IPv6:2001:db8::1]", "my_host", "localhost"] {
            assert!(is_host(name), "{name}");
        }
        for name in ["", "a b", "a(b)", "a\u{1}", "a<b>", "höst", &"a".repeat(256)] {
            assert!(!is_host(name), "{name}");
        }
    }
}
