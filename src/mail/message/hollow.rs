//! A message without the middle of its large files. That is all a parser needs to tell where the
//! files are, what they are called and which of them the HTML shows; the files themselves are read
//! from the message afterwards, piece by piece, by who has it.
//!
//! Only what has one reading is left out: base64 without a wrong character, in lines, up to its
//! padding. Nothing in it can be a delimiter. Whether the parser takes it for one file is asked
//! once it has read the rest; if it does not, the message is read as a whole.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{Encoding, Message, MessagePart, PartType};

use super::{holding, part, size};
use crate::mail::mime_guard::PARTS_MAX;

/// Where a message has a file, as base64 lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub at: Range<usize>,
    /// The octets that these lines stand for.
    pub size: u64,
}

/// A message without the middle of its files, and where the files are in the whole one.
pub struct Hollow {
    pub octets: Vec<u8>,
    /// Each with the position of its file in `octets`, in their order.
    cuts: Vec<(usize, Place)>,
}

/// A smaller file stays where it is.
const FILE_OCTETS_MIN: usize = 4 << 10;
/// What stays of a larger one, in characters: enough to know an image by.
const CHARACTERS_KEPT: u64 = 64;

impl Hollow {
    /// `None` if nothing can be left out.
    pub fn of(message: &[u8]) -> Option<Hollow> {
        let (mut octets, mut cuts, mut from) = (Vec::new(), Vec::new(), 0);
        for body in bodies(message) {
            let Some(text) = Text::of(&message[body.clone()]) else { continue };
            cuts.push((
                octets.len() + body.start - from,
                Place { at: body.start..body.start + text.end, size: text.size },
            ));
            octets.extend_from_slice(&message[from..body.start + text.kept]);
            from = body.start + text.end;
        }
        if cuts.is_empty() || cuts.len() > PARTS_MAX {
            return None;
        }
        octets.extend_from_slice(&message[from..]);
        Some(Hollow { octets, cuts })
    }

    /// Returns where the whole message has a part.
    pub fn place(&self, part: &MessagePart<'_>) -> Option<&Place> {
        let body = part.raw_body_offset() as usize;
        let at = self.cuts.binary_search_by_key(&body, |(body, _)| *body).ok()?;
        Some(&self.cuts[at].1)
    }

    /// Whether the parser takes each of them for a file that is nothing but octets.
    pub fn is_as_parsed(&self, parsed: &Message<'_>) -> bool {
        let found = parsed.parts.iter().filter(|part| self.place(part).is_some() && is_file(part));
        found.count() == self.cuts.len()
    }
}

fn is_file(found: &MessagePart<'_>) -> bool {
    matches!(found.body, PartType::Binary(_) | PartType::InlineBinary(_))
        && found.encoding == Encoding::Base64
        && !found.is_encoding_problem
        && !holding::may_open(&part::content_type(found))
}

/// Returns where the bodies are whose headers say that they are files in base64. One pass over the
/// lines, which are not parsed further.
fn bodies(message: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut header = Some(size::Described::default());
    let (mut at, mut body) = (0, None);
    while at < message.len() {
        let end = memchr::memchr(b'\n', &message[at..]).map_or(message.len(), |end| at + end + 1);
        let line = message[at..end].trim_ascii_end();
        match &mut header {
            Some(described) if line.is_empty() => {
                body = described.is_encoded_file().then_some(end);
                header = None;
            }
            Some(described) => described.add(line),
            None if line.starts_with(b"--") => {
                found.extend(body.take().map(|start| start..at));
                header = Some(size::Described::default());
            }
            None => {}
        }
        at = end;
    }
    found.extend(body.map(|start| start..message.len()));
    found
}

/// A body that is base64 in lines, and nothing else.
struct Text {
    /// The first octets, which are whole groups of four characters.
    kept: usize,
    /// Where it ends, without the last line end.
    end: usize,
    /// The octets that it stands for.
    size: u64,
}

impl Text {
    fn of(body: &[u8]) -> Option<Text> {
        let text = body.trim_ascii_end();
        if text.len() <= FILE_OCTETS_MIN {
            return None;
        }
        let padding = text.iter().rev().take(2).take_while(|octet| **octet == b'=').count();
        let (mut characters, mut kept) = (0, 0);
        for (at, octet) in text[..text.len() - padding].iter().enumerate() {
            match octet {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => characters += 1,
                b'\r' | b'\n' => continue,
                _ => return None,
            }
            if characters == CHARACTERS_KEPT {
                kept = at + 1;
            }
        }
        // Its last group says by itself whether it ends as it has to (RFC 4648 §3.5).
        let mut last: Vec<u8> =
            text.iter().rev().filter(|o| !b"\r\n".contains(o)).take(4).copied().collect();
        last.reverse();
        let is_whole = (characters + padding as u64).is_multiple_of(4);
        let ends = is_whole && kept > 0 && STANDARD.decode(last).is_ok();
        ends.then_some(Text { kept, end: text.len(), size: characters * 3 / 4 })
    }
}

#[cfg(test)]
mod tests {
    use crate::mail::message::{Octets, Part, part_bytes, part_found, part_list, view};

    use super::*;

    fn base64(octets: &[u8]) -> String {
        let text = STANDARD.encode(octets);
        let lines: Vec<&str> =
            text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n")
    }

    fn file(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 7 % 251) as u8).collect()
    }

    fn multipart(parts: &[(&str, &str)]) -> String {
        let mut out = "From: a@b.example\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/mixed; boundary=b\r\n\r\nPreamble.\r\n"
            .to_owned();
        for (header, body) in parts {
            out.push_str(&format!("--b\r\n{header}\r\n\r\n{body}\r\n"));
        }
        out + "--b--\r\n"
    }

    /// Returns the files as they are read afterwards, and how many of them are read piece by piece.
    fn read(message: &[u8]) -> (Vec<(Part, Vec<u8>)>, usize) {
        let mut at_their_place = 0;
        let files = part_list(message).into_iter().map(|(part, octets)| match octets {
            Octets::Here(octets) => (part, octets),
            Octets::At(Place { at, size }) => {
                at_their_place += 1;
                let lines: Vec<u8> =
                    message[at].iter().copied().filter(|o| !o.is_ascii_whitespace()).collect();
                let octets = STANDARD.decode(lines).unwrap();
                assert_eq!((size, part.size), (octets.len() as u64, size));
                (part, octets)
            }
        });
        (files.collect(), at_their_place)
    }

    /// Each list is the one that the whole message gives, octet for octet.
    #[test]
    fn files_are_found_as_in_the_whole_message() {
        const B64: &str = "Content-Transfer-Encoding: base64";
        let pdf = format!("Content-Type: application/pdf; name=a.pdf\r\n{B64}");
        let zip = format!(
            "{B64}\r\nContent-Type: application/zip\r\nContent-Disposition: attachment; filename=\"z.zip\""
        );
        let csv = format!("Content-Type: text/csv; name=a.csv\r\n{B64}");
        let image = format!("Content-Type: image/png\r\nContent-ID: <i>\r\n{B64}");
        let message = format!("Content-Type: message/rfc822\r\n{B64}");
        let signed = format!("Content-Type: application/pkcs7-mime\r\n{B64}");
        let [small, large, odd] = [10, 100_000, 70_001].map(|length| base64(&file(length)));
        let png = base64(&[b"\x89PNG\r\n\x1a\n".as_slice(), &file(9_000)].concat());
        let html = "<p>See <img src=\"cid:i\">";
        let inner = multipart(&[(&pdf, &large)]);
        let whole = |parts: &[(&str, &str)]| multipart(parts).replace("mixed", "related");
        for (given, expected) in [
            (multipart(&[("X: y", "Hello."), (&pdf, &large), (&zip, &odd)]), 2),
            (multipart(&[(&pdf, &small), (&zip, &odd), (&csv, &large)]), 1),
            (whole(&[("Content-Type: text/html", html), (&image, &png), (&pdf, &odd)]), 2),
            (format!("From: a@b.example\r\n{pdf}\r\n\r\n{large}\r\n"), 1),
            (
                multipart(&[
                    (&pdf, &large.replace("\r\n", "\n")),
                    (&zip, &large.replace("\r\n", "")),
                ]),
                2,
            ),
            // One wrong character, two runs, a cut group, bits that must be zero.
            (multipart(&[(&pdf, &large.replacen('A', "*", 1)), (&zip, &odd)]), 1),
            (multipart(&[(&pdf, &format!("{odd}\r\n{odd}"))]), 0),
            (multipart(&[(&pdf, &large[..large.len() - 3])]), 0),
            (multipart(&[(&pdf, &format!("{}B==", &base64(&file(9_000))))]), 0),
            (multipart(&[(&message, &base64(inner.as_bytes())), (&pdf, &odd)]), 1),
            // What may contain a message, or stands in one, is read as a whole.
            (multipart(&[(&signed, &large)]), 0),
            (multipart(&[("Content-Type: message/rfc822", &inner), (&pdf, &odd)]), 0),
        ] {
            let (files, at_their_place) = read(given.as_bytes());
            let parts = view(given.as_bytes()).parts;
            let whole: Vec<(Part, Vec<u8>)> = parts
                .iter()
                .map(|part| part_bytes(given.as_bytes(), part.index).unwrap())
                .collect();
            let start = &given[..given.len().min(400)];
            assert!(files == whole, "{start}");
            assert_eq!(at_their_place, expected, "{start}");
            for (part, _) in &files {
                assert_eq!(part_found(given.as_bytes(), part.index).unwrap().0, *part, "{start}");
            }
        }
    }

    /// However large a file is, the parser sees no more of it.
    #[test]
    fn what_is_left_is_small() {
        let header = "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64";
        let large = multipart(&[(header, &base64(&file(22 << 20)))]);
        let hollow = Hollow::of(large.as_bytes()).unwrap();
        assert!(large.len() > 30_000_000 && hollow.octets.len() < 400);
        let many: Vec<String> = (0..300).map(|_| base64(&file(70_000))).collect();
        let parts: Vec<(&str, &str)> = many.iter().map(|text| (header, text.as_str())).collect();
        let many = multipart(&parts);
        let hollow = Hollow::of(many.as_bytes()).unwrap();
        assert!(many.len() > 28_000_000 && hollow.octets.len() < 300 * 400);
        assert_eq!(read(many.as_bytes()).1, 300);
    }
}
