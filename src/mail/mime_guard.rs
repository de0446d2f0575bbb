//! The guard before the MIME parser: limits on structure, and one interpretation of boundaries.
//!
//! mail-parser treats a boundary in the middle of a line as the end of a part, which silently
//! truncates the part. So a boundary that is not at the start of a line, or is followed by
//! something other than `--`, white space or the end of the line, is blanked out in a copy of the
//! same length that only the parser sees; the message is flagged, and the stored octets do not
//! change.

use std::borrow::Cow;
use std::collections::HashSet;

use memchr::memmem;

/// With more parts or deeper nesting than this, a message is stored but its body is not shown.
pub const PARTS_MAX: usize = 1_000;
pub const LEVELS_MAX: usize = 50;
/// How many different boundaries a message may declare.
const BOUNDARIES_MAX: usize = PARTS_MAX;
/// How many declarations it may contain: forwarded mail and text about mail repeat the same ones.
const DECLARATIONS_MAX: usize = 100_000;
/// How many delimiters it may contain: one before each part, and the closing ones.
const DELIMITERS_MAX: usize = PARTS_MAX + LEVELS_MAX;
/// How many times a boundary may occur without being a delimiter.
const STRAYS_MAX: usize = 1_000;
/// How many octets may be scanned, counted once for each boundary. Small messages never reach
/// this; in a message of 50 MiB it allows for some 80 boundaries.
const OCTETS_SEEN_MAX: usize = 4 << 30;

/// What the parser gets to see.
#[derive(Debug)]
pub struct Guarded<'m> {
    pub octets: Cow<'m, [u8]>,
    /// Whether a boundary occurs where parsers disagree about it.
    pub ambiguous: bool,
    boundaries: Vec<Vec<u8>>,
    delimiters: Vec<Delimiter>,
}

/// A delimiter line that all parsers agree on.
#[derive(Clone, Copy, Debug)]
struct Delimiter {
    at: usize,
    boundary: usize,
    closes: bool,
    /// The end of the header that follows; the delimiter's own position if it is a closing one.
    header_end: usize,
}

/// Why a message's body is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotShown {
    #[error("the message has too many parts to be shown")]
    TooManyParts,
    #[error("the message is nested too deeply to be shown")]
    TooDeep,
    #[error("the boundaries of the message's parts are ambiguous")]
    Ambiguous,
    #[error("the message cannot be parsed")]
    Unreadable,
}

/// Limits the structure and resolves ambiguous boundaries: those that the message declares
/// literally, and `more` that the parser found in other encodings. Takes time linear in the
/// message's length, because the number of boundaries is limited.
pub fn guard<'m>(message: &'m [u8], more: &[Vec<u8>]) -> Result<Guarded<'m>, NotShown> {
    let declared = declarations(message)?;
    let boundaries = distinct(declared.iter().map(|(_, boundary)| *boundary), more)?;
    if boundaries.len().saturating_mul(message.len()) > OCTETS_SEEN_MAX {
        return Err(NotShown::TooManyParts);
    }
    let mut guarded = Guarded {
        octets: Cow::Borrowed(message),
        ambiguous: false,
        boundaries,
        delimiters: Vec::new(),
    };
    guarded.find_delimiters(message)?;
    guarded.check_futile(message, &declared)?;
    guarded.check_prefixes(message, &declared);
    guarded.ambiguous |= is_declared_twice(message, &declared);
    guarded.settle_soft_breaks(message);
    Ok(guarded)
}

impl Guarded<'_> {
    /// Returns whether this boundary was searched for.
    pub fn knows(&self, boundary: &[u8]) -> bool {
        self.boundaries.iter().any(|known| known == boundary)
    }

    /// Returns the message's headers and delimiters without the content of its parts, which is
    /// enough to count the parts at a fraction of the cost.
    pub fn skeleton(&self) -> Vec<u8> {
        let message = &*self.octets;
        let first = self.delimiters.first().map_or(message.len(), |delimiter| delimiter.at);
        let mut out = message[..header_end(message, 0, first)].to_vec();
        for (n, delimiter) in self.delimiters.iter().enumerate() {
            let next = self.delimiters.get(n + 1).map_or(message.len(), |next| next.at);
            let mut end = delimiter.header_end;
            // The header of an embedded message describes the parts of that message.
            if holds(&message[delimiter.at..end], b"message/") {
                end = header_end(message, end, next);
            }
            if !out.ends_with(b"\n") {
                out.extend_from_slice(b"\r\n");
            }
            match delimiter.closes {
                true => {
                    out.extend_from_slice(&message[delimiter.at..line_end(message, delimiter.at)])
                }
                false => out.extend_from_slice(&message[delimiter.at..end]),
            }
        }
        out
    }

    fn find_delimiters(&mut self, message: &[u8]) -> Result<(), NotShown> {
        let (mut delimiters, mut strays) = (Vec::new(), Vec::new());
        for (n, boundary) in self.boundaries.iter().enumerate() {
            let needle = [b"--".as_slice(), boundary].concat();
            for at in memmem::find_iter(message, &needle) {
                match delimiter_at(message, at, needle.len()) {
                    Some(closes) => {
                        delimiters.push(Delimiter { at, boundary: n, closes, header_end: at });
                    }
                    None => strays.push(at),
                }
                if delimiters.len() > DELIMITERS_MAX {
                    return Err(NotShown::TooManyParts);
                }
                if strays.len() > STRAYS_MAX + DELIMITERS_MAX {
                    return Err(NotShown::Ambiguous);
                }
            }
        }
        delimiters.sort_unstable_by_key(|delimiter| delimiter.at);
        for n in 0..delimiters.len() {
            let next = delimiters.get(n + 1).map_or(message.len(), |next: &Delimiter| next.at);
            let Delimiter { at, closes, .. } = delimiters[n];
            if !closes {
                delimiters[n].header_end = header_end(message, line_end(message, at), next);
            }
        }
        // `--ab` is not a stray where it begins the delimiter of a boundary `abc`.
        let known: HashSet<usize> = delimiters.iter().map(|delimiter| delimiter.at).collect();
        for at in strays.into_iter().filter(|at| !known.contains(at)) {
            self.ambiguous = true;
            self.octets.to_mut()[at..at + 2].copy_from_slice(b"  ");
        }
        self.delimiters = delimiters;
        Ok(())
    }

    /// Limits futile searches: a declared boundary that no longer occurs makes the parser search
    /// the rest of the message in vain, once for each declaration.
    fn check_futile(&self, message: &[u8], declared: &[(usize, &[u8])]) -> Result<(), NotShown> {
        let mut last: Vec<usize> = vec![0; self.boundaries.len()];
        for delimiter in &self.delimiters {
            last[delimiter.boundary] = delimiter.at;
        }
        let index = |boundary: &[u8]| self.boundaries.binary_search_by(|b| b[..].cmp(boundary));
        let futile =
            declared.iter().filter(|(at, boundary)| index(boundary).is_ok_and(|n| last[n] < *at));
        let seen: usize = futile.map(|(at, _)| message.len() - at).sum();
        match seen > OCTETS_SEEN_MAX / 4 {
            true => Err(NotShown::TooManyParts),
            false => Ok(()),
        }
    }

    /// Flags boundaries of which one is a prefix of another. The parser takes the longer one's
    /// delimiter for the shorter one's, unless the longer one's multipart is the innermost. This
    /// is flagged but not corrected, because only hostile or broken mail contains it.
    fn check_prefixes(&mut self, message: &[u8], declared: &[(usize, &[u8])]) {
        let mut neighbours = self.boundaries.windows(2);
        // Sorted, so if any boundary is a prefix of another, two neighbours are such a pair.
        if !neighbours.any(|pair| pair[1].starts_with(&pair[0])) {
            return;
        }
        let first = self.delimiters.first().map_or(message.len(), |first| first.at);
        let mut header = 0..header_end(message, 0, first);
        let mut open: Vec<usize> = Vec::new();
        let mut declared = declared.iter().peekable();
        for delimiter in &self.delimiters {
            while let Some((at, boundary)) = declared.next_if(|(at, _)| *at < delimiter.at) {
                if let Ok(n) = self.boundaries.binary_search_by(|known| known[..].cmp(boundary))
                    && header.contains(at)
                {
                    open.push(n);
                }
            }
            let name = &self.boundaries[delimiter.boundary];
            if let Some(top) = open.last().filter(|top| **top != delimiter.boundary)
                && name.starts_with(&self.boundaries[*top])
            {
                self.ambiguous = true;
            }
            if let Some(at) = open.iter().rposition(|n| *n == delimiter.boundary) {
                open.truncate(at + usize::from(!delimiter.closes));
            }
            header = delimiter.at..delimiter.header_end;
        }
    }

    /// Blanks soft line breaks right before a delimiter: they make the parser's quoted-printable
    /// decoder remove too much, or panic, and have no meaning there.
    fn settle_soft_breaks(&mut self, message: &[u8]) {
        for pair in self.delimiters.windows(2) {
            let (start, end) = (pair[0], pair[1].at);
            let text = &message[start.header_end.min(end)..end];
            let line = text.strip_suffix(b"\n").unwrap_or(text);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.ends_with(b"=")
                && holds(&message[start.at..start.header_end], b"quoted-printable")
            {
                let at = end - text.len() + line.len() - 1;
                self.octets.to_mut()[at] = b' ';
            }
        }
    }
}

/// Checks for a delimiter: at the start of a line, and followed by `--`, white space or the end of
/// the line (RFC 2046 §5.1.1). If there is one, returns whether it closes its multipart.
fn delimiter_at(message: &[u8], at: usize, length: usize) -> Option<bool> {
    let at_start = at == 0 || message[at - 1] == b'\n';
    let rest = &message[at + length..];
    let (closes, rest) = match rest.strip_prefix(b"--") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let ends = matches!(rest.first(), None | Some(b'\r' | b'\n' | b' ' | b'\t'));
    (at_start && ends).then_some(closes)
}

fn line_end(message: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &message[from..]).map_or(message.len(), |at| from + at + 1)
}

/// Returns the end of the header at `from`, including its empty line; `limit` if there is none.
fn header_end(message: &[u8], from: usize, limit: usize) -> usize {
    let mut at = from.min(limit);
    while at < limit {
        let end = line_end(message, at).min(limit);
        if message[at..end].trim_ascii_end().is_empty() {
            return end;
        }
        at = end;
    }
    limit
}

fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// Returns every `boundary=` parameter anywhere, in the order of the message.
fn declarations(message: &[u8]) -> Result<Vec<(usize, &[u8])>, NotShown> {
    let mut declared = Vec::new();
    for at in memchr::memchr2_iter(b'b', b'B', message) {
        let rest = &message[at..];
        if rest.len() < 9 || !rest[..8].eq_ignore_ascii_case(b"boundary") {
            continue;
        }
        if let Some(boundary) = parameter(&rest[8..]) {
            declared.push((at, boundary));
        }
        if declared.len() > DECLARATIONS_MAX {
            return Err(NotShown::TooManyParts);
        }
    }
    Ok(declared)
}

/// Returns whether one Content-Type field names two different boundaries: one parser takes the
/// first, another the last. Each octet is looked at twice at most.
fn is_declared_twice(message: &[u8], declared: &[(usize, &[u8])]) -> bool {
    let mut is_type = None;
    for pair in declared.windows(2) {
        let [(first, one), (second, other)] = [pair[0], pair[1]];
        if !is_one_field(&message[first..second]) {
            is_type = None;
            continue;
        }
        let is_type = *is_type.get_or_insert_with(|| is_in_content_type(&message[..first]));
        if is_type && one != other {
            return true;
        }
    }
    false
}

/// Returns whether each line end in a text is followed by white space (RFC 5322 §2.2.3).
fn is_one_field(text: &[u8]) -> bool {
    let next = |at: usize| text.get(at + 1).is_none_or(|octet| b" \t".contains(octet));
    memchr::memchr_iter(b'\n', text).all(next)
}

/// Returns whether what ends a text is a Content-Type field that has begun in it.
fn is_in_content_type(text: &[u8]) -> bool {
    const NAME: &[u8] = b"content-type";
    let begins = |at: &usize| !matches!(text.get(at + 1), None | Some(b' ' | b'\t'));
    let at = memchr::memrchr_iter(b'\n', text).find(begins).map_or(0, |at| at + 1);
    let name = text[at..].split(|octet| *octet == b':').next().unwrap_or_default();
    name.trim_ascii_end().eq_ignore_ascii_case(NAME)
}

/// Returns each boundary once, sorted.
fn distinct<'b>(
    declared: impl Iterator<Item = &'b [u8]>,
    more: &'b [Vec<u8>],
) -> Result<Vec<Vec<u8>>, NotShown> {
    let all: HashSet<&[u8]> = declared.chain(more.iter().map(Vec::as_slice)).collect();
    if all.len() > BOUNDARIES_MAX {
        return Err(NotShown::TooDeep);
    }
    let mut boundaries: Vec<Vec<u8>> = all.into_iter().map(<[u8]>::to_vec).collect();
    boundaries.sort_unstable();
    Ok(boundaries)
}
/// Returns the value in `= value` or `= "value"`; `None` if there is none of a valid length.
fn parameter(text: &[u8]) -> Option<&[u8]> {
    const OCTETS_MAX: usize = 70;
    let text = text.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let value = match text.strip_prefix(b"\"") {
        Some(quoted) => &quoted[..quoted.iter().take(OCTETS_MAX + 1).position(|o| *o == b'"')?],
        None => {
            let ends = |octet: &u8| octet.is_ascii_whitespace() || b";\"()".contains(octet);
            let end = text.iter().take(OCTETS_MAX + 1).position(ends);
            &text[..end.unwrap_or(text.len().min(OCTETS_MAX + 1))]
        }
    };
    (1..=OCTETS_MAX).contains(&value.len()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn multipart(body: &str) -> Vec<u8> {
        format!("Content-Type: multipart/mixed; boundary=\"sep\"\r\n\r\n{body}").into_bytes()
    }

    fn ambiguous(message: &[u8]) -> bool {
        guard(message, &[]).unwrap().ambiguous
    }

    #[test]
    fn boundaries_at_the_start_of_a_line_are_left_alone() {
        let message = multipart("--sep\r\n\r\na\r\n--sep--\r\n");
        let guarded = guard(&message, &[]).unwrap();
        assert!(!guarded.ambiguous);
        assert_eq!(&*guarded.octets, message.as_slice());
    }

    #[test]
    fn a_boundary_in_the_middle_of_a_line_does_not_end_a_part() {
        for body in [
            "--sep\r\n\r\ntext --sep more\r\n--sep--\r\n",
            "--sep\r\n\r\n--sepx\r\n--sep--\r\n",
            "--sep\r\n\r\n--sep--x\r\n--sep--\r\n",
            "--sep\r\n\r\n --sep\r\n--sep--\r\n",
        ] {
            let message = multipart(body);
            let guarded = guard(&message, &[]).unwrap();
            assert!(guarded.ambiguous, "{body:?}");
            assert_eq!(guarded.octets.len(), message.len());
            let left = memmem::find_iter(&guarded.octets, b"--sep").count();
            assert_eq!(left, 2, "{body:?}");
        }
    }

    #[test]
    fn a_boundary_spelled_another_way_is_looked_for_once_it_is_known() {
        let message = b"Content-Type: multipart/mixed; boundary*0=\"s\"; boundary*1=\"ep\"\r\n\r\n\
            --sep\r\n\r\na --sep b\r\n--sep--\r\n";
        assert!(!guard(message, &[]).unwrap().knows(b"sep"));
        assert!(guard(message, &[b"sep".to_vec()]).unwrap().ambiguous);
    }

    const INNER: &str = "--ab\r\nContent-Type: multipart/alternative; boundary=abc\r\n\r\n";

    #[test]
    fn a_boundary_that_begins_like_another_counts_only_where_it_is_innermost() {
        let outer = "Content-Type: multipart/mixed; boundary=ab\r\n\r\n";
        let fine = format!("{outer}{INNER}--abc\r\n\r\nx\r\n--abc--\r\n--ab--\r\n");
        assert!(!ambiguous(fine.as_bytes()));
        for body in [
            // After it was closed, it is text to one parser and a delimiter to another.
            format!("{INNER}--abc--\r\n--ab\r\n\r\nx\r\n--abc\r\n--ab--\r\n"),
            // A declaration in a body does not count.
            "--ab\r\n\r\nboundary=abc\r\n--abc\r\n--ab--\r\n".to_owned(),
        ] {
            assert!(ambiguous(format!("{outer}{body}").as_bytes()), "{body:?}");
        }
    }

    #[test]
    fn two_boundaries_in_one_field_are_ambiguous() {
        let body = "\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n--b\r\n\r\ny\r\n--b--\r\n";
        for field in [
            "Content-Type: multipart/mixed; boundary=a; boundary=b",
            "X: y\r\ncontent-type : multipart/mixed;\r\n\tboundary=\"a\";\r\n boundary=\"b\"",
        ] {
            assert!(ambiguous(format!("{field}{body}").as_bytes()), "{field}");
        }
        for field in [
            "Content-Type: multipart/mixed; boundary=a; boundary=a",
            "Content-Type: multipart/mixed; boundary=a\r\nX: boundary=b",
            "X: boundary=a boundary=b",
        ] {
            assert!(!ambiguous(format!("{field}{body}").as_bytes()), "{field}");
        }
    }

    #[test]
    fn a_soft_line_break_before_a_delimiter_is_settled() {
        let part = |encoding| {
            multipart(&format!(
                "--sep\r\nContent-Transfer-Encoding: {encoding}\r\n\r\nQUI=\r\n--sep--\r\n"
            ))
        };
        let settled =
            |message: &[u8]| guard(message, &[]).unwrap().octets.ends_with(b"QUI \r\n--sep--\r\n");
        assert!(settled(&part("Quoted-Printable")));
        assert!(!settled(&part("base64")));
    }

    #[test]
    fn the_skeleton_holds_headers_and_delimiters_only() {
        let message = multipart(
            "preamble\r\n--sep\r\nA: b\r\n\r\ntext\r\n--sep\r\n\
             Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ntext\r\n--sep--\r\nepilogue",
        );
        let skeleton = guard(&message, &[]).unwrap().skeleton();
        let expected = multipart(
            "--sep\r\nA: b\r\n\r\n--sep\r\n\
             Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n--sep--\r\n",
        );
        assert_eq!(String::from_utf8(skeleton), String::from_utf8(expected));
    }

    #[test]
    fn hostile_structure_is_bounded_in_linear_time() {
        let refusal = |message: &[u8]| guard(message, &[]).err();
        let many = multipart(&"--sep\r\n\r\n\r\n".repeat(200_000));
        assert_eq!(refusal(&many), Some(NotShown::TooManyParts));
        let declare = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n");
        let deep: String = (0..10_000).map(declare).collect();
        assert_eq!(refusal(deep.as_bytes()), Some(NotShown::TooDeep));
        let stray = multipart(&"x--sep".repeat(100_000));
        assert_eq!(refusal(&stray), Some(NotShown::Ambiguous));
        let words = "boundary=x ".repeat(200_000);
        assert_eq!(refusal(words.as_bytes()), Some(NotShown::TooManyParts));
        let line = vec![b'b'; 50_000_000];
        assert!(!ambiguous(&line));
        // A boundary that never occurs: each declaration would cause a search to the end.
        let mut vain = b"boundary=c\r\n".repeat(200);
        vain.resize(10_000_000, b'x');
        assert_eq!(refusal(&vain), Some(NotShown::TooManyParts));
    }
}
