//! The strict header parser, which runs before the libraries that parse whole messages.
//!
//! Forged mail gets through where two programs interpret a header differently: `Fr om:` is a From
//! field to some, and the last of several From fields wins for others. So a message is accepted
//! only if its header has a single interpretation: strict field names, exactly one From (RFC 5322
//! §3.6), no line end but CRLF, and no field twice that says who wrote what, or how to read it.
//! What careless but honest programs repeat is accepted (RFC 7103 §7.1).

use std::ops::Range;

use super::status::EnhancedStatus;

/// Limits on a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderLimits {
    /// The whole header, in octets.
    pub header_octets_max: usize,
    /// One line, in octets without its CRLF (RFC 5322 §2.1.1 says 998; real mail exceeds it).
    pub line_octets_max: usize,
    pub fields_max: usize,
    /// Received fields; a message with more is considered to be in a loop (RFC 5321 §6.3).
    pub received_max: usize,
}

impl Default for HeaderLimits {
    fn default() -> Self {
        HeaderLimits {
            header_octets_max: 256 * 1024,
            line_octets_max: 16 * 1024,
            fields_max: 1_000,
            received_max: 50,
        }
    }
}

/// The position of a field in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    start: usize,
    colon: usize,
    end: usize,
}

/// Where a field lies in the message.
pub struct Place {
    /// With its name and the line end after it.
    pub whole: Range<usize>,
    pub value: Range<usize>,
}

/// The positions of the fields of an accepted header, so that they need not be searched again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderFacts {
    pub fields: Vec<Field>,
    /// Where the body begins.
    pub body: usize,
    /// The number of Received fields.
    pub received: usize,
}

/// Why a header is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderRefusal {
    #[error("the header is too large")]
    TooLarge,
    #[error("a header line is too long")]
    LineTooLong,
    #[error("the header has too many fields")]
    TooManyFields,
    #[error("the header contains a bare CR or LF")]
    BareLineEnd,
    #[error("the header contains a NUL character")]
    Nul,
    #[error("a header line is neither a field nor a continuation")]
    NotAField,
    #[error("a header field has a malformed name")]
    Name,
    #[error("there is no From field")]
    NoFrom,
    #[error("the header has more than one {0} field")]
    Duplicate(&'static str),
    #[error("the header has two {0} fields that differ")]
    Contradiction(&'static str),
    #[error("mail loop detected")]
    Loop,
}

impl HeaderRefusal {
    /// Returns the code and status of the SMTP reply for this refusal.
    pub fn reply(self) -> (u16, EnhancedStatus) {
        match self {
            HeaderRefusal::TooLarge | HeaderRefusal::LineTooLong => {
                (552, EnhancedStatus::TOO_LARGE)
            }
            HeaderRefusal::Loop => (554, EnhancedStatus::LOOP),
            _ => (550, EnhancedStatus::MEDIA),
        }
    }
}

/// Fields that may occur at most once each (RFC 5322 §3.6). Return-Path is not among them: mail that
/// was delivered and then forwarded still carries the old one, and nothing depends on it.
const SINGLE: [&str; 5] = ["from", "sender", "subject", "date", "message-id"];

/// Fields that decide how the body is read (RFC 2045): they may be repeated, but not contradicted.
const STRUCTURAL: [&str; 4] =
    ["content-type", "content-transfer-encoding", "content-disposition", "content-id"];

/// Fields that may be repeated: each adds to the ones before it. Programs that read only one of them
/// see less, so a message in which they differ is marked as ambiguous.
pub(super) const REPEATABLE: [&str; 6] =
    ["to", "cc", "bcc", "reply-to", "in-reply-to", "references"];

impl HeaderFacts {
    /// Returns the raw value of the first field called `name` (lower case), including folds.
    pub fn value<'m>(&self, message: &'m [u8], name: &str) -> Option<&'m [u8]> {
        self.values(message, name).next()
    }

    /// Returns the raw values of every field called `name` (lower case), from top to bottom.
    pub fn values<'m, 'f>(
        &'f self,
        message: &'m [u8],
        name: &'f str,
    ) -> impl Iterator<Item = &'m [u8]> + use<'m, 'f> {
        self.places(message, name).map(|place| &message[place.value])
    }

    /// Returns where every field called `name` (lower case) lies, from top to bottom.
    pub fn places<'m, 'f>(
        &'f self,
        message: &'m [u8],
        name: &'f str,
    ) -> impl Iterator<Item = Place> + use<'m, 'f> {
        let named = move |field: &&Field| field.is(message, name);
        self.fields.iter().filter(named).map(|field| Place {
            // The last line of a header may be the end of the message.
            whole: field.start..(field.end + 2).min(message.len()),
            value: field.colon + 1..field.end,
        })
    }
}

impl Field {
    fn is(&self, message: &[u8], name: &str) -> bool {
        message[self.start..self.colon].eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Parses a message's header strictly, in one pass.
pub fn gate(message: &[u8], limits: &HeaderLimits) -> Result<HeaderFacts, HeaderRefusal> {
    let mut fields: Vec<Field> = Vec::new();
    let mut at = 0;
    let body = loop {
        if at == message.len() {
            // A message without a body may end with its header.
            break at;
        }
        let end = line_end(message, at, limits)?;
        let next = (end + 2).min(message.len());
        if end == at {
            break next;
        }
        take_line(message, at, end, &mut fields)?;
        if fields.len() > limits.fields_max {
            return Err(HeaderRefusal::TooManyFields);
        }
        at = next;
    };
    let received = check_fields(message, &fields, limits)?;
    Ok(HeaderFacts { fields, body, received })
}

/// Returns the end of the line at `from`: its CRLF, or the end of the message.
fn line_end(message: &[u8], from: usize, limits: &HeaderLimits) -> Result<usize, HeaderRefusal> {
    let window_end = message.len().min(from.saturating_add(limits.line_octets_max + 2));
    let line = &message[from..window_end];
    let found = line.iter().position(|octet| matches!(octet, b'\r' | b'\n' | 0));
    let end = match found {
        Some(at) if line[at..].starts_with(b"\r\n") => from + at,
        Some(at) if line[at] == 0 => return Err(HeaderRefusal::Nul),
        Some(at)
            if line[at] == b'\r' && from + at + 1 == window_end && window_end < message.len() =>
        {
            return Err(HeaderRefusal::LineTooLong);
        }
        Some(_) => return Err(HeaderRefusal::BareLineEnd),
        None if window_end == message.len() => message.len(),
        None => return Err(HeaderRefusal::LineTooLong),
    };
    match (end - from > limits.line_octets_max, end > limits.header_octets_max) {
        (true, _) => Err(HeaderRefusal::LineTooLong),
        (_, true) => Err(HeaderRefusal::TooLarge),
        _ => Ok(end),
    }
}

/// Adds a line to the fields: a new field, or a continuation of the last one.
fn take_line(
    message: &[u8],
    at: usize,
    end: usize,
    fields: &mut Vec<Field>,
) -> Result<(), HeaderRefusal> {
    let line = &message[at..end];
    if matches!(line[0], b' ' | b'\t') {
        fields.last_mut().ok_or(HeaderRefusal::NotAField)?.end = end;
        return Ok(());
    }
    let colon = line.iter().position(|octet| *octet == b':').ok_or(HeaderRefusal::NotAField)?;
    // RFC 5322 §3.6.8: printable ASCII except the colon. A space before the colon is obsolete
    // syntax (§4.5) that programs interpret differently, so it is refused too.
    let is_name = |octet: &u8| matches!(octet, b'!'..=b'9' | b';'..=b'~');
    if colon == 0 || !line[..colon].iter().all(is_name) {
        return Err(HeaderRefusal::Name);
    }
    fields.push(Field { start: at, colon: at + colon, end });
    Ok(())
}

fn check_fields(
    message: &[u8],
    fields: &[Field],
    limits: &HeaderLimits,
) -> Result<usize, HeaderRefusal> {
    let mut seen = [false; SINGLE.len()];
    let mut structural: [Option<&[u8]>; STRUCTURAL.len()] = [None; STRUCTURAL.len()];
    let mut received = 0;
    for field in fields {
        if field.is(message, "received") {
            received += 1;
        }
        if let Some(at) = SINGLE.iter().position(|name| field.is(message, name))
            && std::mem::replace(&mut seen[at], true)
        {
            return Err(HeaderRefusal::Duplicate(SINGLE[at]));
        }
        if let Some(at) = STRUCTURAL.iter().position(|name| field.is(message, name)) {
            let value = &message[field.colon + 1..field.end];
            if !is_same(structural[at].replace(value).unwrap_or(value), value) {
                return Err(HeaderRefusal::Contradiction(STRUCTURAL[at]));
            }
        }
    }
    match (seen[0], received > limits.received_max) {
        (false, _) => Err(HeaderRefusal::NoFrom),
        (true, true) => Err(HeaderRefusal::Loop),
        (true, false) => Ok(received),
    }
}

/// Returns whether two values are the same but for how they are folded.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    unfolded(one) == unfolded(other)
}

/// Returns a value on one line (RFC 5322 §2.2.3), with one space for white space outside quotes.
/// Within quotes each octet counts: `"a b"` and `"a  b"` are different boundaries.
fn unfolded(value: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(value.len());
    let (mut quoted, mut escaped) = (false, false);
    for octet in value.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')) {
        let is_quote = octet == b'"' && !escaped;
        quoted ^= is_quote;
        escaped = octet == b'\\' && !escaped;
        match octet {
            b' ' | b'\t' if !quoted && line.last().is_none_or(|last| *last == b' ') => {}
            b' ' | b'\t' if !quoted => line.push(b' '),
            octet => line.push(octet),
        }
    }
    line.truncate(line.trim_ascii_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(message: &[u8]) -> Option<HeaderRefusal> {
        gate(message, &HeaderLimits::default()).err()
    }

    #[test]
    fn an_ordinary_header_passes_and_its_fields_are_found() {
        let message =
            b"Received: a\r\n\tb\r\nFrom: Dana <dana@example.org>\r\nSubject: a\r\n b\r\n\r\nbody";
        let facts = gate(message, &HeaderLimits::default()).unwrap();
        assert_eq!(facts.received, 1);
        assert_eq!(&message[facts.body..], b"body");
        assert_eq!(facts.value(message, "subject"), Some(b" a\r\n b".as_slice()));
        assert_eq!(facts.value(message, "date"), None);
    }

    #[test]
    fn a_message_may_be_all_header() {
        for message in [
            b"From: a@b.example\r\n".as_slice(),
            b"From: a@b.example",
            b"From: a@b.example\r\n\r\n",
        ] {
            assert_eq!(gate(message, &HeaderLimits::default()).unwrap().body, message.len());
        }
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        use HeaderRefusal::*;
        let table: [(&[u8], HeaderRefusal); 21] = [
            (b"Fr om: a@b.example\r\n\r\n", Name),
            (b"From : a@b.example\r\n\r\n", Name),
            (b"Sub\tject: x\r\nFrom: a@b.example\r\n\r\n", Name),
            (b": x\r\nFrom: a@b.example\r\n\r\n", Name),
            (b"Fr\xc3\xb6m: x\r\nFrom: a@b.example\r\n\r\n", Name),
            (b"From: a@b.example\r\nFrom: c@d.example\r\n\r\n", Duplicate("from")),
            (b"From: a@b.example\r\nfrom: c@d.example\r\n\r\n", Duplicate("from")),
            (b"From: a@b.example\r\nSubject: x\r\nSubject: y\r\n\r\n", Duplicate("subject")),
            (
                b"From: a@b.example\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n",
                Contradiction("content-type"),
            ),
            (
                b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=a\r\n\
                  CONTENT-TYPE: multipart/mixed; boundary=A\r\n\r\n",
                Contradiction("content-type"),
            ),
            (
                b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=\"a b\"\r\n\
                  Content-Type: multipart/mixed; boundary=\"a  b\"\r\n\r\n",
                Contradiction("content-type"),
            ),
            (
                b"From: a@b.example\r\nContent-Transfer-Encoding: 7bit\r\n\
                  Content-Transfer-Encoding: base64\r\n\r\n",
                Contradiction("content-transfer-encoding"),
            ),
            (b"From: a@b.example\r\nDate: x\r\nDate: x\r\n\r\n", Duplicate("date")),
            (
                b"From: a@b.example\r\nMessage-ID: <x>\r\nMessage-ID: <x>\r\n\r\n",
                Duplicate("message-id"),
            ),
            (b"Subject: x\r\n\r\n", NoFrom),
            (b"", NoFrom),
            (b"From a@b.example 09:02\r\nFrom: a@b.example\r\n\r\n", Name),
            (b" From: a@b.example\r\n\r\n", NotAField),
            (b"From: a@b.example\nSubject: x\r\n\r\n", BareLineEnd),
            (b"From: a@b.example\rSubject: x\r\n\r\n", BareLineEnd),
            (b"From: a\0@b.example\r\n\r\n", Nul),
        ];
        for (message, expected) in table {
            let shown = String::from_utf8_lossy(message);
            assert_eq!(refusal(message), Some(expected), "{shown:?}");
        }
        assert_eq!(refusal(b"just text\r\nFrom: a@b.example\r\n\r\n"), Some(NotAField));
    }

    #[test]
    fn what_real_mail_brings_along_passes() {
        for extra in [
            "Return-Path: <a@b.example>\r\nReturn-Path: <c@d.example>\r\n",
            "Subject: x\r\n \r\n\ty\r\n",
            "Subject: \u{e9}\x01\r\n",
            "X:\r\nX: y\r\nx-Y_z.9: \r\n",
            "MIME-Version: 1.0\r\nMIME-Version: 1.0 (a)\r\n",
            "Content-Type: a/b; c=d\r\nContent-type:  a/b;\r\n c=d\r\n",
            "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: 7bit\r\n",
            "To: a@b.example\r\nTo: c@d.example\r\nCc: a@b.example\r\nCc: a@b.example\r\n",
            "Reply-To: a@b.example\r\nReply-To: c@d.example\r\n",
            "References: <a@b>\r\nReferences: <c@d>\r\nIn-Reply-To: <a>\r\nIn-Reply-To: <a>\r\n",
        ] {
            let message = format!("{extra}From: a@b.example\r\n\r\n");
            assert_eq!(refusal(message.as_bytes()), None, "{extra:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_wrong_and_under_which_code() {
        let reply = |refusal: HeaderRefusal| {
            let (code, status) = refusal.reply();
            format!("{code} {status} {refusal}")
        };
        let twice = HeaderRefusal::Duplicate("subject");
        assert_eq!(reply(twice), "550 5.6.0 the header has more than one subject field");
        assert_eq!(reply(HeaderRefusal::Loop), "554 5.4.6 mail loop detected");
        assert_eq!(reply(HeaderRefusal::TooLarge), "552 5.3.4 the header is too large");
        assert_eq!(reply(HeaderRefusal::NoFrom), "550 5.6.0 there is no From field");
    }

    #[test]
    fn a_loop_is_noticed_by_its_received_fields() {
        let message = |count| "Received: x\r\n".repeat(count) + "From: a@b.example\r\n\r\n";
        assert_eq!(refusal(message(50).as_bytes()), None);
        assert_eq!(refusal(message(51).as_bytes()), Some(HeaderRefusal::Loop));
    }

    #[test]
    fn a_header_has_limits() {
        let field = |octets: usize| format!("X: {}\r\n", "a".repeat(octets));
        let from = "From: a@b.example\r\n\r\n";
        assert_eq!(refusal((field(16_381) + from).as_bytes()), None);
        assert_eq!(refusal((field(16_382) + from).as_bytes()), Some(HeaderRefusal::LineTooLong));
        assert_eq!(refusal(&vec![b'a'; 60_000_000]), Some(HeaderRefusal::LineTooLong));
        let many = field(1).repeat(1_001) + from;
        assert_eq!(refusal(many.as_bytes()), Some(HeaderRefusal::TooManyFields));
        let large = field(16_000).repeat(17) + from;
        assert_eq!(refusal(large.as_bytes()), Some(HeaderRefusal::TooLarge));
    }

    #[test]
    fn a_body_of_any_octets_is_no_business_of_the_gate() {
        let message = b"From: a@b.example\r\n\r\n\0\n\r\xff";
        assert_eq!(gate(message, &HeaderLimits::default()).unwrap().body, 21);
    }
}
