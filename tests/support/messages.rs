//! The messages in `fixtures/messages`, and as many variants of them as a test wants.

use std::path::{Path, PathBuf};

/// One file of `fixtures/messages`.
pub struct Fixture {
    pub name: String,
    pub octets: Vec<u8>,
}

/// One message made from a fixture.
pub struct Variant {
    pub fixture: String,
    /// Unique to this message; the value of its first header field.
    pub token: String,
    pub octets: Vec<u8>,
}

/// The field that carries a variant's token.
pub const TOKEN_FIELD: &str = "X-Test-Token: ";

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/messages")
}

/// Every fixture, by name.
pub fn all() -> Vec<Fixture> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("fixtures/messages exists")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| Fixture {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            octets: std::fs::read(&path).unwrap(),
        })
        .collect()
}

impl Fixture {
    /// Returns the `n`th variant of this message: with a token field at the top, the token in
    /// Message-ID and Subject where they are plain, and some more octets that depend on `n`.
    pub fn variant(&self, token: String, n: usize) -> Variant {
        let (header, body) = split(&self.octets);
        let mut octets = format!("{TOKEN_FIELD}{token}\r\n").into_bytes();
        for line in header.split_inclusive(|b| *b == b'\n') {
            octets.extend_from_slice(&marked(line, &token));
        }
        for k in 0..n % 7 {
            octets.extend_from_slice(
                format!("X-Padding-{k}: {}\r\n", "p".repeat(n % 700)).as_bytes(),
            );
        }
        octets.extend_from_slice(body);
        if epilogue_allowed(header) {
            let line = format!("epilogue {token} {}\r\n", "e".repeat(n % 61));
            octets.extend_from_slice(line.repeat((n * 13) % 257).as_bytes());
        }
        Variant { fixture: self.name.clone(), token, octets }
    }
}

impl Variant {
    /// Returns the MAIL parameters that this message needs (RFC 6531 §3.4, RFC 6152).
    pub fn parameters(&self) -> &'static str {
        let (header, body) = split(&self.octets);
        match (header.is_ascii(), body.is_ascii()) {
            (false, _) => "BODY=8BITMIME SMTPUTF8",
            (true, false) => "BODY=8BITMIME",
            (true, true) => "",
        }
    }
}

/// Splits a message into the header with its last line end, and the rest, beginning with the empty
/// line.
pub fn split(message: &[u8]) -> (&[u8], &[u8]) {
    match message.windows(4).position(|w| w == b"\r\n\r\n") {
        Some(end) => message.split_at(end + 2),
        None => (message, &[]),
    }
}

/// Returns the names of the header fields, as written, from top to bottom.
pub fn field_names(header: &[u8]) -> Vec<String> {
    header
        .split(|b| *b == b'\n')
        .filter(|line| line.first().is_some_and(|b| !b" \t\r".contains(b)))
        .map(|line| line.split(|b| *b == b':').next().unwrap_or_default())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

/// Whether the message may have an epilogue: a multipart may be followed by anything (RFC 2046
/// §5.1.1).
fn epilogue_allowed(header: &[u8]) -> bool {
    String::from_utf8_lossy(header).to_ascii_lowercase().contains("\r\ncontent-type: multipart/")
}

fn marked(line: &[u8], token: &str) -> Vec<u8> {
    for start in [b"Message-ID: <".as_slice(), b"Subject: "] {
        let Some(rest) = line.strip_prefix(start) else { continue };
        // An encoded word must not touch other text, and a long line must not grow.
        if line.len() < 200 && rest.is_ascii() && !rest.starts_with(b"=?") {
            let sep: &[u8] = if start.starts_with(b"S") { b" " } else { b"." };
            return [start, token.as_bytes(), sep, rest].concat();
        }
    }
    line.to_vec()
}

/// Returns a message with one attachment of `octets` pseudo-random octets, in base64.
pub fn with_attachment(token: &str, octets: usize) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let content: Vec<u8> = (0..octets)
        .map(|_| {
            // xorshift: fast, and as hard to compress as a film.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect();
    let mut message = format!(
        "{TOKEN_FIELD}{token}\r\nFrom: Film <film@large.example>\r\nTo: u1@test.example\r\n\
         Subject: {octets} octets\r\nMessage-ID: <{token}@large.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=large\r\n\r\n--large\r\n\
         Content-Type: text/plain\r\n\r\nThe film.\r\n--large\r\n\
         Content-Type: video/mp4; name=film.mp4\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=film.mp4\r\n\r\n"
    )
    .into_bytes();
    for line in content.chunks(57) {
        message.extend_from_slice(STANDARD.encode(line).as_bytes());
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(b"--large--\r\n");
    message
}
