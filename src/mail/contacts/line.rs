//! Content lines: `group.NAME;PARAMETER=value:value` (RFC 6350 §3.3), unfolded, and as vCard 2.1 had
//! them.

use mail_parser::decoders::quoted_printable::quoted_printable_decode;

use crate::mail::message::decoded;

/// The most octets of a line, which is that of a photo; the rest of a longer one is left out.
pub const LINE_OCTETS_MAX: usize = 512 * 1024;

/// The most octets in front of a line's value, and the most parameters; a line with more is none.
pub const HEAD_OCTETS_MAX: usize = 8 * 1024;
const PARAMETERS_MAX: usize = 100;

/// The most parts of a structured value, or items of a list, that are told apart.
pub const FIELDS_MAX: usize = 1_000;

/// The octets of a line that is written, after which it is folded (RFC 6350 §3.2).
const FOLDED_OCTETS: usize = 75;

/// A property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// In lower case; empty if there is none.
    pub group: String,
    /// In upper case.
    pub name: String,
    pub parameters: Vec<(String, String)>,
    /// With its escapes.
    pub value: String,
    /// The line as it is kept: without what vCard 2.1 encoded, and without characters that some
    /// programs take for the end of a line.
    pub raw: String,
}

impl Line {
    /// Returns the line that a text is; `None` if it is none.
    pub fn parse(text: &str) -> Option<Line> {
        // What is read is what is kept: no control character hides a word until it is read again.
        let raw = printable(text);
        let text = raw.as_str();
        let head = &text[..text.floor_char_boundary(HEAD_OCTETS_MAX)];
        let end = head.find([';', ':'])?;
        let (group, name) = text[..end].rsplit_once('.').unwrap_or(("", &text[..end]));
        let name = name.trim().to_ascii_uppercase();
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
        };
        if !is_name(&name) || !(group.is_empty() || is_name(group.trim())) {
            return None;
        }
        let (parameters, value) = parameters(&text[end..])?;
        let group = group.trim().to_ascii_lowercase();
        Some(Line { group, name, parameters, value: value.to_owned(), raw }.plain())
    }

    /// Returns the value of a parameter, whose name is in upper case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns all values of a parameter, whose name is in upper case.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.parameters.iter().filter(move |(known, _)| known == name);
        found.flat_map(|(_, value)| value.split(',')).map(str::trim)
    }

    /// Returns whether a parameter has a value.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|known| known.eq_ignore_ascii_case(value))
    }

    /// Returns the value as text.
    pub fn text(&self) -> String {
        unescaped(&self.value)
    }

    /// Returns the parts of a structured value, or the items of a list; `None` if there are more than
    /// [`FIELDS_MAX`].
    pub fn fields(&self, by: char) -> Option<Vec<String>> {
        let mut fields = Vec::new();
        let (mut start, mut escaped) = (0, false);
        for (at, c) in self.value.char_indices() {
            if c == by && !escaped {
                // Room for the last one.
                (fields.len() + 1 < FIELDS_MAX).then_some(())?;
                fields.push(unescaped(&self.value[start..at]));
                start = at + c.len_utf8();
            }
            escaped = c == '\\' && !escaped;
        }
        fields.push(unescaped(&self.value[start..]));
        Some(fields)
    }

    /// Decodes what vCard 2.1 encodes in its own ways, so that the line is one of vCard 3.
    fn plain(mut self) -> Line {
        let is_quoted = self.parameters.iter().any(is_encoding);
        let is_old =
            |parameter: &(String, String)| parameter.0 == "CHARSET" || is_encoding(parameter);
        if !self.parameters.iter().any(is_old) {
            return self;
        }
        if is_quoted {
            let octets = quoted_printable_decode(self.value.as_bytes())
                .unwrap_or_else(|| self.value.as_bytes().to_vec());
            let charset = self.values("CHARSET").next().unwrap_or_default();
            let text = decoded(charset.as_bytes(), &octets).replace("\r\n", "\n");
            self.value = text.replace(['\n', '\r'], "\\n");
        }
        self.parameters.retain(|parameter| !is_old(parameter));
        self.raw = printable(&self.joined());
        self
    }

    fn joined(&self) -> String {
        let mut text = match self.group.as_str() {
            "" => self.name.clone(),
            group => format!("{group}.{}", self.name),
        };
        for (name, value) in &self.parameters {
            text += &format!(";{name}={}", quoted(value));
        }
        text + ":" + &self.value
    }
}

/// A line without control characters, other than a tab.
fn printable(text: &str) -> String {
    text.chars().filter(|c| *c == '\t' || !c.is_control()).collect()
}

type Parameters<'t> = (Vec<(String, String)>, &'t str);

/// Reads `;NAME=value` as often as it is there, and the value after the colon; `None` if there is no
/// colon, or too much in front of it.
fn parameters(text: &str) -> Option<Parameters<'_>> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some(after) = rest.strip_prefix(';') {
        let mut in_quotes = false;
        let end = after.find(|c: char| {
            in_quotes ^= c == '"';
            !in_quotes && matches!(c, ';' | ':')
        })?;
        rest = &after[end..];
        let is_short = text.len() - rest.len() <= HEAD_OCTETS_MAX;
        (is_short && found.len() < PARAMETERS_MAX).then_some(())?;
        found.push(parameter(&after[..end]));
    }
    Some((found, rest.strip_prefix(':')?))
}

/// vCard 2.1 leaves out the names of parameters: `TEL;HOME;VOICE`.
fn parameter(text: &str) -> (String, String) {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim().to_ascii_uppercase(), value),
        None => {
            let is_encoding = ["QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT", "B"]
                .iter()
                .any(|known| text.trim().eq_ignore_ascii_case(known));
            (if is_encoding { "ENCODING" } else { "TYPE" }.to_owned(), text)
        }
    };
    (name, uncircumflexed(&value.replace('"', "")).trim().to_owned())
}

/// RFC 6868 §3.2.
fn uncircumflexed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let escaped = match (c, rest.as_str().chars().next()) {
            ('^', Some('n')) => '\n',
            ('^', Some('\'')) => '"',
            ('^', Some('^')) => '^',
            _ => {
                out.push(c);
                continue;
            }
        };
        out.push(escaped);
        rest.next();
    }
    out
}

/// A parameter's value as it is written.
pub fn quoted(value: &str) -> String {
    let value = value.replace('^', "^^").replace('\n', "^n").replace('"', "^'");
    match value.contains([':', ';', ',', ' ']) || !value.is_ascii() {
        true => format!("\"{value}\""),
        false => value,
    }
}

/// RFC 6350 §3.4.
pub fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace("\r\n", "\n").replace('\n', "\\n");
    text.replace(',', "\\,").replace(';', "\\;")
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some('n' | 'N')) => out.push('\n'),
            ('\\', Some(escaped @ ('\\' | ',' | ';' | ':' | '"'))) => out.push(escaped),
            _ => {
                out.push(c);
                continue;
            }
        }
        chars.next();
    }
    out
}

/// Calls `visit` with each line of a file, unfolded, and whether it was cut.
pub fn each(text: &str, mut visit: impl FnMut(&str, bool)) {
    let mut line = Unfolded::default();
    for physical in text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)) {
        let goes_on = line.goes_on;
        match physical.strip_prefix([' ', '\t']) {
            Some(more) if line.begun => line.push(more),
            _ if goes_on && line.begun => line.push(physical),
            _ => {
                line.finish(&mut visit);
                line.push(physical);
            }
        }
    }
    line.finish(&mut visit);
}

#[derive(Default)]
struct Unfolded {
    text: String,
    begun: bool,
    cut: bool,
    /// Whether the next line belongs to it: quoted-printable breaks lines by itself.
    goes_on: bool,
    head: Head,
}

/// What is known of the text in front of a line's value. Each octet is looked at once, however many
/// pieces the line has.
#[derive(Default)]
struct Head {
    seen: usize,
    in_quotes: bool,
    /// Whether the value is quoted-printable, as soon as the head is whole.
    is_quoted_printable: Option<bool>,
}

impl Head {
    /// Looks at what came to the line.
    fn look(&mut self, text: &str) {
        if self.is_quoted_printable.is_some() {
            return;
        }
        let end = text.bytes().skip(self.seen).position(|octet| {
            self.in_quotes ^= octet == b'"';
            octet == b':' && !self.in_quotes
        });
        self.is_quoted_printable = match end {
            Some(_) => Some(is_quoted_printable(text)),
            None => (text.len() > HEAD_OCTETS_MAX).then_some(false),
        };
        self.seen = text.len();
    }
}

impl Unfolded {
    fn push(&mut self, more: &str) {
        self.begun = true;
        let room = LINE_OCTETS_MAX - self.text.len();
        let taken = &more[..more.floor_char_boundary(room)];
        self.cut |= taken.len() < more.len();
        self.text.push_str(taken);
        self.head.look(&self.text);
        self.goes_on = self.head.is_quoted_printable == Some(true) && more.ends_with('=');
        if self.goes_on && taken.ends_with('=') {
            self.text.pop();
        }
    }

    fn finish(&mut self, visit: &mut impl FnMut(&str, bool)) {
        if self.begun && !self.text.trim().is_empty() {
            visit(&self.text, self.cut);
        }
        *self = Unfolded::default();
    }
}

fn is_quoted_printable(line: &str) -> bool {
    let parameters = line.find([';', ':']).and_then(|end| parameters(&line[end..]));
    parameters.is_some_and(|(parameters, _)| parameters.iter().any(is_encoding))
}

/// The encoding of vCard 2.1 that breaks lines by itself.
fn is_encoding((name, value): &(String, String)) -> bool {
    name == "ENCODING" && value.eq_ignore_ascii_case(QUOTED_PRINTABLE)
}

const QUOTED_PRINTABLE: &str = "QUOTED-PRINTABLE";

/// Writes a line, folded.
pub fn write(out: &mut String, line: &str) {
    let mut rest = line;
    let mut room = FOLDED_OCTETS;
    while rest.len() > room {
        // At least one character, so that it ends.
        let end = rest.floor_char_boundary(room).max(1);
        let end = rest.ceil_char_boundary(end);
        out.push_str(&rest[..end]);
        out.push_str("\r\n ");
        rest = &rest[end..];
        room = FOLDED_OCTETS - 1;
    }
    out.push_str(rest);
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        each(text, |line, _| found.push(line.to_owned()));
        found
    }

    #[test]
    fn lines_are_unfolded() {
        assert_eq!(lines("A:b\r\n c\r\n\td\nE:f\n\n g\nH:i"), ["A:bcd", "E:f", "g", "H:i"]);
        let old = "N;ENCODING=QUOTED-PRINTABLE:Khal=C3=\r\n=AEl;Omar\r\nX:y=\r\nZ:a\r\n";
        assert_eq!(lines(old), ["N;ENCODING=QUOTED-PRINTABLE:Khal=C3=AEl;Omar", "X:y=", "Z:a"]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let long = format!("XY:{}", "é\r\n ".repeat(LINE_OCTETS_MAX));
        let mut found = Vec::new();
        each(&long, |line, cut| found.push((line.len(), cut)));
        assert_eq!(found.len(), 1);
        assert!(found[0].1 && found[0].0 <= LINE_OCTETS_MAX);
    }

    /// Each piece ends like one of quoted-printable. A reader that looks at the whole line after each
    /// of them looks at some hundred thousand million octets.
    #[test]
    fn a_line_of_many_pieces_is_read_once() {
        let pieces = "\n =".repeat(1 << 20);
        let old = format!("X;ENCODING=QUOTED-PRINTABLE:{}", "a=\n".repeat(1 << 20));
        for text in [format!("X;{pieces}"), format!("X:{pieces}"), format!("X{pieces}"), old] {
            let began = std::time::Instant::now();
            let found = lines(&text);
            assert_eq!(found.len(), 1);
            assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
        }
    }

    #[test]
    fn the_head_of_a_line_is_short() {
        let parameters = |count: usize| Line::parse(&format!("X{}:y", ";".repeat(count)));
        assert_eq!(parameters(PARAMETERS_MAX).unwrap().parameters.len(), PARAMETERS_MAX);
        assert_eq!(parameters(PARAMETERS_MAX + 1), None);
        assert_eq!(parameters(LINE_OCTETS_MAX), None);
        let long = "x".repeat(HEAD_OCTETS_MAX);
        assert_eq!(Line::parse(&format!("X;A={long}:y")), None);
        assert_eq!(Line::parse(&format!("{long}:y")), None);
        assert!(Line::parse(&format!("X:{long}")).unwrap().fields(';').is_some());
        let list = |count: usize| Line::parse(&format!("X:{}", ",".repeat(count))).unwrap();
        assert_eq!(list(FIELDS_MAX - 1).fields(',').unwrap().len(), FIELDS_MAX);
        assert_eq!(list(FIELDS_MAX).fields(','), None);
    }

    #[test]
    fn what_is_written_is_folded_and_read_again() {
        for text in ["a", &"é".repeat(500), &"😀".repeat(40), &"x".repeat(75), &"x".repeat(76)] {
            let mut out = String::new();
            write(&mut out, &format!("NOTE:{text}"));
            assert!(out.lines().all(|line| line.len() <= FOLDED_OCTETS), "{out}");
            assert_eq!(lines(&out), [format!("NOTE:{text}")]);
        }
    }

    #[test]
    fn parameters_of_each_version_are_read() {
        let line = Line::parse("item1.Tel;Home;type=\"cell,voice\";X-A=\"a:b;c\":+1").unwrap();
        assert_eq!((line.group.as_str(), line.name.as_str()), ("item1", "TEL"));
        assert_eq!(line.values("TYPE").collect::<Vec<_>>(), ["Home", "cell", "voice"]);
        assert_eq!(line.values("X-A").collect::<Vec<_>>(), ["a:b;c"]);
        assert!(line.has("TYPE", "CELL") && !line.has("TYPE", "fax"));
        for text in ["", "x", "a b:c", ":x", "A;B=\"c:d", "A.:x", "é:x"] {
            assert_eq!(Line::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_vcard_2_1_encoded_is_plain() {
        let old = "NOTE;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE;HOME:caf=E9=0D=0Aau lait";
        let line = Line::parse(old).unwrap();
        assert_eq!(line.raw, "NOTE;TYPE=HOME:café\\nau lait");
        assert_eq!(line.text(), "café\nau lait");
    }

    #[test]
    fn a_control_character_hides_no_word() {
        let line = Line::parse("PHOTO;ENCODING=BAS\0E64:AA\u{1}AA").unwrap();
        assert!(line.has("ENCODING", "BASE64"));
        assert_eq!(
            (line.value.as_str(), line.raw.as_str()),
            ("AAAA", "PHOTO;ENCODING=BASE64:AAAA")
        );
    }

    #[test]
    fn what_is_kept_of_a_line_is_one_line() {
        let line = Line::parse("X-A:a\rEND:VCARD\u{85}\u{b}\0\tb").unwrap();
        assert_eq!(line.raw, "X-A:aEND:VCARD\tb");
        let old = Line::parse("X-A;ENCODING=QUOTED-PRINTABLE:a=0Bb=00=0Ac").unwrap();
        assert_eq!(old.raw, "X-A:ab\\nc");
    }

    #[test]
    fn fields_are_split_where_nothing_escapes_them() {
        let line = Line::parse("N:a\\;b;c\\\\;d\\,e,f").unwrap();
        assert_eq!(line.fields(';').unwrap(), ["a;b", "c\\", "d,e,f"]);
        assert_eq!(line.fields(',').unwrap(), ["a;b;c\\;d,e", "f"]);
    }
}
