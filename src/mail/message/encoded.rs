//! What is encoded in header fields: words (RFC 2047) and file names (RFC 2231).
//!
//! Many programs cut a word or a name in the middle of a character, although they must not
//! (RFC 2047 §5). Pieces of one text are joined as octets before they are decoded, which changes
//! nothing for those that were cut correctly.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_parser::decoders::charsets::map::charset_decoder;

/// An encoded word: `=?charset?encoding?text?=`.
struct Word<'f> {
    charset: &'f [u8],
    encoding: u8,
    text: &'f [u8],
    /// The length of the whole word.
    octets: usize,
}

/// Returns a field in which words of one charset and encoding that follow each other are one.
pub fn joined(field: &[u8]) -> Cow<'_, [u8]> {
    let count = memchr::memmem::find_iter(field, b"=?").take(2).count();
    if count < 2 {
        return Cow::Borrowed(field);
    }
    let (mut out, mut rest) = (Vec::with_capacity(field.len()), field);
    while let Some(at) = memchr::memmem::find(rest, b"=?") {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let Some(first) = word(rest) else {
            out.extend_from_slice(&rest[..2]);
            rest = &rest[2..];
            continue;
        };
        let (mut words, mut after) = (vec![first.text], &rest[first.octets..]);
        while let Some(next) = word(after.trim_ascii_start()).filter(|next| first.goes_on(next)) {
            words.push(next.text);
            after = &after.trim_ascii_start()[next.octets..];
        }
        match words.len() {
            1 => out.extend_from_slice(&rest[..first.octets]),
            _ => first.write(&words, &mut out),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

impl Word<'_> {
    fn goes_on(&self, next: &Word<'_>) -> bool {
        self.charset.eq_ignore_ascii_case(next.charset) && self.encoding == next.encoding
    }

    fn write(&self, words: &[&[u8]], out: &mut Vec<u8>) {
        let text = match self.encoding {
            b'b' => {
                let octets: Vec<u8> = words.iter().flat_map(|text| base64_decode(text)).collect();
                STANDARD.encode(octets).into_bytes()
            }
            _ => words.concat(),
        };
        out.extend_from_slice(
            &[b"=?", self.charset, b"?", &[self.encoding], b"?", &text, b"?="].concat(),
        );
    }
}

/// Returns the word that a text begins with.
fn word(text: &[u8]) -> Option<Word<'_>> {
    let inner = text.strip_prefix(b"=?")?;
    let end = |from: &[u8]| from.iter().position(|octet| *octet == b'?');
    let charset = &inner[..end(inner)?];
    let [encoding, b'?', rest @ ..] = &inner[charset.len() + 1..] else { return None };
    let text_octets = end(rest)?;
    let is_word = rest[text_octets..].starts_with(b"?=")
        && !charset.is_empty()
        && !rest[..text_octets].contains(&b'\n');
    let octets = 2 + charset.len() + 1 + 2 + text_octets + 2;
    let encoding = encoding.to_ascii_lowercase();
    (is_word && matches!(encoding, b'b' | b'q')).then_some(Word {
        charset,
        encoding,
        text: &rest[..text_octets],
        octets,
    })
}

/// A parameter's value, as it was found.
#[derive(Default)]
struct Value {
    plain: Option<Vec<u8>>,
    /// `name*=charset'language'text`.
    extended: Option<Vec<u8>>,
    /// `name*0=…; name*1*=…`: each piece, and whether it is extended.
    pieces: BTreeMap<u32, (bool, Vec<u8>)>,
}

/// Returns the file name in a part's header: that of Content-Disposition, or else of Content-Type. An
/// extended name is preferred to a plain one, which is for programs that cannot read it (RFC 6266
/// §4.3).
pub fn file_name(header: &[u8]) -> Option<String> {
    let of = |field: &str, parameter: &str| {
        named(super::find_field(header, field)?, parameter).filter(|name| !name.trim().is_empty())
    };
    of("Content-Disposition", "filename").or_else(|| of("Content-Type", "name"))
}

fn named(field: &[u8], parameter: &str) -> Option<String> {
    let mut value = Value::default();
    let mut rest = field;
    while let Some((name, found, after)) = next_parameter(rest) {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        if let Some(kind) = name.strip_prefix(parameter) {
            value.add(kind, found);
        }
        rest = after;
    }
    value.decoded()
}

impl Value {
    /// Adds a parameter, by what follows its name.
    fn add(&mut self, kind: &str, found: Vec<u8>) {
        const PIECES_MAX: usize = 100;
        match kind {
            "" => self.plain = self.plain.take().or(Some(found)),
            "*" => self.extended = self.extended.take().or(Some(found)),
            kind => {
                let Some(number) = kind.strip_prefix('*') else { return };
                let bare = number.strip_suffix('*').unwrap_or(number);
                if let Ok(at) = bare.parse()
                    && self.pieces.len() < PIECES_MAX
                {
                    self.pieces.entry(at).or_insert((bare.len() < number.len(), found));
                }
            }
        }
    }

    fn decoded(self) -> Option<String> {
        if let Some(extended) = self.extended {
            let (charset, text) = charset_of(&extended);
            return Some(decoded(charset, &percent_decoded(text)));
        }
        let Some((first_extended, first)) = self.pieces.get(&0) else {
            return self.plain.map(|plain| plain_text(&plain));
        };
        let (charset, start) = match first_extended {
            true => charset_of(first),
            false => (&b""[..], first.as_slice()),
        };
        let mut octets = Vec::new();
        // RFC 2231 §3: a missing piece ends the value.
        for (at, (number, (extended, piece))) in (0..).zip(&self.pieces) {
            if at != *number {
                break;
            }
            let piece = if at == 0 { start } else { piece.as_slice() };
            match extended {
                true => octets.extend(percent_decoded(piece)),
                false => octets.extend_from_slice(piece),
            }
        }
        Some(match first_extended {
            true => decoded(charset, &octets),
            false => plain_text(&octets),
        })
    }
}

/// Returns the name, the value and the rest of the next parameter. A value ends with its quotes or
/// at the next semicolon; brackets and blanks belong to it, whatever the grammar says.
fn next_parameter(text: &[u8]) -> Option<(&[u8], Vec<u8>, &[u8])> {
    let start = text.iter().position(|octet| *octet == b';')? + 1;
    let text = text[start..].trim_ascii_start();
    let Some(end) = text.iter().position(|octet| matches!(octet, b'=' | b';')) else {
        return Some((text, Vec::new(), b""));
    };
    let name = text[..end].trim_ascii_end();
    let Some(rest) = text[end..].strip_prefix(b"=") else {
        return Some((name, Vec::new(), &text[end..]));
    };
    let rest = rest.trim_ascii_start();
    match rest.strip_prefix(b"\"") {
        Some(quoted) => {
            let (value, rest) = unquoted(quoted);
            Some((name, value, rest))
        }
        None => {
            let end = rest.iter().position(|octet| *octet == b';').unwrap_or(rest.len());
            Some((name, unfolded(rest[..end].trim_ascii()), &rest[end..]))
        }
    }
}

/// Reads to the closing quote. A backslash is part of the name, as in a Windows path, unless it
/// stands before a quote or another one.
fn unquoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match text[at..] {
            [b'"', ..] => return (unfolded(&out), &text[at + 1..]),
            [b'\\', escaped @ (b'"' | b'\\'), ..] => {
                out.push(escaped);
                at += 1;
            }
            _ => out.push(text[at]),
        }
        at += 1;
    }
    (unfolded(&out), b"")
}

fn unfolded(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect()
}

/// Splits `charset'language'text`.
fn charset_of(value: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = value.splitn(3, |octet| *octet == b'\'');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(charset), Some(_), Some(text)) => (charset, text),
        _ => (b"", value),
    }
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|hex| {
            let is_hex = hex.iter().all(u8::is_ascii_hexdigit);
            u8::from_str_radix(std::str::from_utf8(hex).ok().filter(|_| is_hex)?, 16).ok()
        });
        out.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    out
}

/// Returns octets as text, in the declared charset or as UTF-8; what is neither is most often in
/// windows-1252.
pub fn decoded(charset: &[u8], octets: &[u8]) -> String {
    let decode = charset_decoder(charset).filter(|_| !charset.eq_ignore_ascii_case(b"us-ascii"));
    match (decode, std::str::from_utf8(octets)) {
        (Some(decode), _) => decode(octets),
        (None, Ok(text)) => text.to_owned(),
        (None, Err(_)) => match charset_decoder(b"windows-1252") {
            Some(decode) => decode(octets),
            None => String::from_utf8_lossy(octets).into_owned(),
        },
    }
}

/// Returns a value without a declared charset, in which many programs encode words although it is
/// not allowed (RFC 2047 §5).
fn plain_text(octets: &[u8]) -> String {
    let text = decoded(b"", octets);
    match text.contains("=?") {
        true => {
            let field = [b"Subject: ".as_slice(), text.as_bytes(), b"\r\n\r\n"].concat();
            super::parse_field(&field, "Subject").as_text().unwrap_or_default().to_owned()
        }
        false => text,
    }
}

/// Decodes base64 according to RFC 2045 §6.8, which ignores characters outside the alphabet. The
/// parser would treat a part with one such character as text.
pub fn base64_decode(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() / 4 * 3);
    let (mut held, mut bits) = (0u32, 0);
    for octet in raw {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            // The end of one base64 run; some senders continue with another.
            b'=' => {
                (held, bits) = (0, 0);
                continue;
            }
            _ => continue,
        };
        (held, bits) = (held << 6 | u32::from(value), bits + 6);
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(header: &[u8]) -> String {
        file_name(&[header, b"\r\n\r\n"].concat()).unwrap_or_default()
    }

    #[test]
    fn words_that_are_cut_inside_a_character_are_joined() {
        for (given, expected) in [
            ("=?utf-8?B?w6=?=\r\n =?UTF-8?b?pGE=?= x", "=?utf-8?b?w6Rh?= x"),
            ("=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=", "=?utf-8?q?=C3=A4?="),
            ("=?utf-8?Q?a?= =?iso-8859-1?Q?b?=", "=?utf-8?Q?a?= =?iso-8859-1?Q?b?="),
            ("=?utf-8?Q?a?= b =?utf-8?Q?c?=", "=?utf-8?Q?a?= b =?utf-8?Q?c?="),
            ("=?utf-8?X?a?= =?=?? =?", "=?utf-8?X?a?= =?=?? =?"),
        ] {
            let found = joined(given.as_bytes()).into_owned();
            assert_eq!(String::from_utf8(found).unwrap(), expected, "{given}");
        }
    }

    #[test]
    fn file_names_are_read_however_they_are_written() {
        let disposition = "Content-Disposition: attachment;";
        for (given, expected) in [
            ("filename=\"a b.pdf\"", "a b.pdf"),
            ("filename=a b.pdf; size=3", "a b.pdf"),
            ("filename=\"say \\\"hi\\\".pdf\"", "say \"hi\".pdf"),
            ("filename*=utf-8''Angebot%20M%C3%BCller%20(2).pdf", "Angebot Müller (2).pdf"),
            (
                "filename*0*=utf-8''Bericht%20(P%204)%20.pdf.pg; filename*1=p",
                "Bericht (P 4) .pdf.pgp",
            ),
            ("filename*1*=%BCn.pdf; filename*0*=utf-8''Gr%C3", "Grün.pdf"),
            ("filename=\"????.pdf\"; filename*=UTF-8''%D7%97.pdf", "ח.pdf"),
            ("filename*=UTF-8''%D7%97.pdf; filename=\"????.pdf\"", "ח.pdf"),
            ("filename*=iso-8859-1'de'%DCber.pdf", "Über.pdf"),
            ("filename=\"=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BCn.pdf?=\"", "Grün.pdf"),
            ("filename*0=\"=?utf-8?B?R3LD\"; filename*1=\"vG4ucGRm?=\"", "Grün.pdf"),
            ("filename*0=a; filename*2=c", "a"),
            ("filename*=100%.pdf", "100%.pdf"),
            ("filename", ""),
            ("", ""),
        ] {
            assert_eq!(name(format!("{disposition} {given}").as_bytes()), expected, "{given}");
        }
        let raw = b"Content-Disposition: attachment; filename=\"\xdcbersicht M\xe4rz.pdf\"";
        assert_eq!(name(raw), "Übersicht März.pdf");
        let both =
            b"Content-Type: a/b; name=\"t.pdf\"\r\nContent-Disposition: inline; filename=d.pdf";
        assert_eq!(name(both), "d.pdf");
        assert_eq!(name(b"Content-Type: a/b;\r\n name*0=\"t\";\r\n name*1=.pdf"), "t.pdf");
    }
}
