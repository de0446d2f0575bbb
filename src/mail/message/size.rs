//! How large a message is for its reader: without the encoding that its files travel in.

/// How the lines that follow are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// A header of the message, of a part, or of a message within it; whether it has said that the
    /// content is in base64, and that it is a message.
    Header {
        base64: bool,
        message: bool,
    },
    Body {
        base64: bool,
    },
}

/// Returns how many octets a message has with its base64 decoded (RFC 2045 §6.8). One pass over its
/// lines, which are not parsed further: lines that only look like delimiters cost nothing but
/// accuracy.
pub fn decoded_octets(message: &[u8]) -> u64 {
    const BLANK: At = At::Header { base64: false, message: false };
    let (mut octets, mut characters) = (0, 0);
    let (mut at, mut rest) = (BLANK, message);
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let (whole, after) = rest.split_at(end);
        let line = whole.trim_ascii_end();
        rest = after;
        match at {
            At::Header { message: true, .. } if line.is_empty() => at = BLANK,
            At::Header { base64, .. } if line.is_empty() => at = At::Body { base64 },
            At::Header { base64, message } => {
                let base64 = base64 || has(line, b"content-transfer-encoding:", b"base64");
                at = At::Header {
                    base64,
                    message: message || has(line, b"content-type:", b"message/"),
                };
            }
            At::Body { .. } if line.starts_with(b"--") => at = BLANK,
            At::Body { base64: true } => {
                characters += line.iter().filter(|octet| **octet != b'=').count() as u64;
                continue;
            }
            At::Body { base64: false } => {}
        }
        octets += whole.len() as u64;
    }
    octets + characters / 4 * 3 + characters % 4 * 3 / 4
}

/// What a header says about its body, as far as that decides whether the body is a file in base64.
#[derive(Default)]
pub(super) struct Described {
    base64: bool,
    file: bool,
}

impl Described {
    pub(super) fn add(&mut self, line: &[u8]) {
        /// Text and messages are looked into; these are not.
        const FILES: [&[u8]; 6] =
            [b"application/", b"audio/", b"font/", b"image/", b"model/", b"video/"];
        self.base64 |= has(line, b"content-transfer-encoding:", b"base64");
        self.file |= FILES.iter().any(|media| has(line, b"content-type:", media));
    }

    pub(super) fn is_encoded_file(&self) -> bool {
        self.base64 && self.file
    }
}

/// Whether a line is a field of this name, whose value begins so.
fn has(line: &[u8], name: &[u8], value: &[u8]) -> bool {
    let begins = |text: &[u8], start: &[u8]| {
        text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    };
    begins(line, name) && begins(line[name.len()..].trim_ascii_start(), value)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_file_counts_as_it_is_and_not_as_it_travels() {
        for length in [0, 1, 2, 3, 56, 57, 58, 100_000] {
            let encoded = STANDARD.encode(vec![b'x'; length]);
            let lines: Vec<&[u8]> = encoded.as_bytes().chunks(76).collect();
            let around = "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
                --b\r\n\r\nSee the file.\r\n--b\r\nContent-Transfer-Encoding: BASE64\r\n\r\n";
            let end = "--b--\r\n";
            let mut message = [around.as_bytes(), &lines.join(&b"\r\n"[..]), b"\r\n"].concat();
            if length == 0 {
                message.truncate(around.len());
            }
            message.extend_from_slice(end.as_bytes());
            let expected = around.len() + length + end.len();
            assert_eq!(decoded_octets(&message), expected as u64, "{length}");
        }
        let plain = b"From: a@b.example\r\n\r\nNo base64, nor\r\n--\r\na signature.\r\n";
        assert_eq!(decoded_octets(plain), plain.len() as u64);
        let within =
            b"Content-Type: message/rfc822\r\n\r\nContent-Transfer-Encoding: base64\r\n\r\neHh4";
        assert_eq!(decoded_octets(within), within.len() as u64 - 1);
        assert_eq!(decoded_octets(b""), 0);
    }
}
