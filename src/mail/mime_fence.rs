//! The fence before the MIME parser: bounds on structure, and one meaning for boundaries.
//!
//! mail-parser takes a boundary in the middle of a line for the end of a part, which silently
//! cuts the part short. So a boundary that does not stand at the start of a line, or is followed
//! by something other than `--`, blanks or the line's end, is blanked out in a copy of the same
//! length that only the parser sees; the message is flagged, the stored octets stay.

use std::borrow::Cow;

use memchr::memmem;

/// More parts than this, or deeper, and a message is stored but not shown.
pub const PARTS_MAX: usize = 1_000;
pub const LEVELS_MAX: usize = 50;
/// More boundaries than this are not looked for one by one.
const BOUNDARIES_MAX: usize = 64;

/// What the parser may see.
pub struct Fenced<'m> {
    pub octets: Cow<'m, [u8]>,
    /// A boundary stood where readers disagree about it.
    pub ambiguous: bool,
}

/// Why a message is not taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotShown {
    #[error("the message has too many parts to be shown")]
    TooManyParts,
    #[error("the message is nested too deeply to be shown")]
    TooDeep,
}

/// Bounds the structure and settles the boundaries. Linear in the message's length.
pub fn fence(message: &[u8]) -> Result<Fenced<'_>, NotShown> {
    let boundaries = declared_boundaries(message)?;
    let mut octets = Cow::Borrowed(message);
    let mut delimiters = 0;
    let mut ambiguous = false;
    for boundary in &boundaries {
        let needle = [b"--".as_slice(), boundary].concat();
        for at in memmem::find_iter(message, &needle) {
            if is_delimiter(message, at, needle.len()) {
                delimiters += 1;
            } else if !is_longer_boundary(message, at, &boundaries) {
                ambiguous = true;
                octets.to_mut()[at..at + 2].copy_from_slice(b"  ");
            }
            if delimiters > PARTS_MAX + LEVELS_MAX {
                return Err(NotShown::TooManyParts);
            }
        }
    }
    Ok(Fenced { octets, ambiguous })
}

/// At a line's start, and followed by `--`, blanks or the line's end (RFC 2046 §5.1.1).
fn is_delimiter(message: &[u8], at: usize, length: usize) -> bool {
    let at_start = at == 0 || message[at - 1] == b'\n';
    let rest = &message[at + length..];
    let rest = rest.strip_prefix(b"--").unwrap_or(rest);
    let ends = matches!(rest.first(), None | Some(b'\r' | b'\n' | b' ' | b'\t'));
    at_start && ends
}

/// Whether what stands here is the delimiter of another boundary that begins the same way.
fn is_longer_boundary(message: &[u8], at: usize, boundaries: &[Vec<u8>]) -> bool {
    boundaries.iter().any(|boundary| {
        message[at + 2..].starts_with(boundary) && is_delimiter(message, at, boundary.len() + 2)
    })
}

/// Every `boundary=` parameter anywhere, each once.
fn declared_boundaries(message: &[u8]) -> Result<Vec<Vec<u8>>, NotShown> {
    let mut boundaries: Vec<Vec<u8>> = Vec::new();
    for at in memchr::memchr2_iter(b'b', b'B', message) {
        let rest = &message[at..];
        if rest.len() < 9 || !rest[..8].eq_ignore_ascii_case(b"boundary") {
            continue;
        }
        let Some(boundary) = parameter(&rest[8..]) else { continue };
        if !boundaries.iter().any(|known| known == boundary) {
            if boundaries.len() == BOUNDARIES_MAX {
                return Err(NotShown::TooDeep);
            }
            boundaries.push(boundary.to_vec());
        }
    }
    Ok(boundaries)
}

/// The value in `= value` or `= "value"`; `None` when there is none of allowed length.
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

    #[test]
    fn boundaries_at_the_start_of_a_line_are_left_alone() {
        let message = multipart("--sep\r\n\r\na\r\n--sep--\r\n");
        let fenced = fence(&message).unwrap();
        assert!(!fenced.ambiguous);
        assert_eq!(&*fenced.octets, message.as_slice());
    }

    #[test]
    fn a_boundary_in_the_middle_of_a_line_does_not_end_a_part() {
        for body in
            ["--sep\r\n\r\ntext --sep more\r\n--sep--\r\n", "--sep\r\n\r\n--sepx\r\n--sep--\r\n"]
        {
            let message = multipart(body);
            let fenced = fence(&message).unwrap();
            assert!(fenced.ambiguous, "{body:?}");
            assert_eq!(fenced.octets.len(), message.len());
        }
    }

    #[test]
    fn a_boundary_that_begins_like_another_is_not_mistaken_for_it() {
        let message = b"Content-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\n\
            Content-Type: multipart/alternative; boundary=abc\r\n\r\n--abc\r\n\r\nx\r\n--abc--\r\n--ab--\r\n";
        assert!(!fence(message).unwrap().ambiguous);
    }

    #[test]
    fn hostile_structure_is_bounded_in_linear_time() {
        let many = multipart(&"--sep\r\n\r\n\r\n".repeat(200_000));
        assert_eq!(fence(&many).err(), Some(NotShown::TooManyParts));
        let deep: String = (0..10_000)
            .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
            .collect();
        assert_eq!(fence(deep.as_bytes()).err(), Some(NotShown::TooDeep));
        let line = vec![b'b'; 50_000_000];
        assert!(!fence(&line).unwrap().ambiguous);
    }
}
