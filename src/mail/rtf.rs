//! The text of RTF, for messages whose text is in no other form (\[MS-OXRTFCP\], RTF 1.9.1).
//!
//! Nothing of its layout is kept but paragraphs, lines and tabs. HTML that is hidden in RTF
//! (\[MS-OXRTFEX\]) is read as any program does that knows nothing of it.
//!
//! | bound | |
//! | --- | --- |
//! | what is unpacked | [`UNPACKED_OCTETS_MAX`] |
//! | groups within each other, fonts | [`GROUPS_MAX`], [`FONTS_MAX`]: what is deeper, or more, is left out |
//! | text | [`TEXT_OCTETS_MAX`] |

use std::collections::HashMap;

use crate::mail::{code_page, message};

/// How many octets are unpacked: a packed octet becomes up to nine.
const UNPACKED_OCTETS_MAX: usize = 4 << 20;
const TEXT_OCTETS_MAX: usize = 1 << 20;
const GROUPS_MAX: usize = 256;
const FONTS_MAX: usize = 1_000;

/// What the dictionary begins with (\[MS-OXRTFCP\] §2.1.2.1).
const DICTIONARY: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \
\\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier\
{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const DICTIONARY_OCTETS: usize = 4_096;

const COMPRESSED: &[u8] = b"LZFu";
const UNCOMPRESSED: &[u8] = b"MELA";

/// Unpacks compressed RTF; `None` if it is none. What breaks off is unpacked up to there; its checksum
/// is not checked, as that of the file around it is not.
pub fn unpacked(octets: &[u8]) -> Option<Vec<u8>> {
    // Its size, the size of what is in it, its kind, and a checksum.
    let (header, packed) = octets.split_at_checked(16)?;
    let size = u32::from_le_bytes(header[4..8].try_into().ok()?);
    let most = usize::try_from(size).ok()?.min(UNPACKED_OCTETS_MAX);
    match &header[8..12] {
        COMPRESSED => Some(expanded(packed, most)),
        UNCOMPRESSED => Some(packed[..packed.len().min(most)].to_vec()),
        _ => None,
    }
}

fn expanded(packed: &[u8], most: usize) -> Vec<u8> {
    let mut dictionary = [0; DICTIONARY_OCTETS];
    dictionary[..DICTIONARY.len()].copy_from_slice(DICTIONARY);
    let (mut at, mut out) = (DICTIONARY.len(), Vec::new());
    let mut rest = packed.iter().copied();
    while let Some(control) = rest.next() {
        for bit in 0..8 {
            let Some(first) = rest.next() else { return out };
            if control & 1 << bit == 0 {
                out.push(first);
                dictionary[at] = first;
                at = (at + 1) % DICTIONARY_OCTETS;
            } else {
                let Some(second) = rest.next() else { return out };
                let from = usize::from(first) << 4 | usize::from(second) >> 4;
                // A reference to where the next octet will be ends it.
                if from == at {
                    return out;
                }
                for step in 0..usize::from(second & 0x0f) + 2 {
                    let octet = dictionary[(from + step) % DICTIONARY_OCTETS];
                    out.push(octet);
                    dictionary[at] = octet;
                    at = (at + 1) % DICTIONARY_OCTETS;
                }
            }
            if out.len() >= most {
                out.truncate(most);
                return out;
            }
        }
    }
    out
}

/// Returns the text of RTF.
pub fn text(rtf: &[u8]) -> String {
    let mut reader = Reader { rest: rtf, group: Group::default(), ..Reader::default() };
    while let Some(token) = reader.token() {
        reader.take(token);
        if reader.out.len() > TEXT_OCTETS_MAX {
            break;
        }
    }
    reader.flush();
    let mut out = reader.out;
    out.truncate(out.floor_char_boundary(TEXT_OCTETS_MAX));
    out.truncate(out.trim_end().len());
    out
}

enum Token<'r> {
    Open,
    Close,
    /// A control word with its number, or a control symbol.
    Word(&'r [u8], Option<i64>),
    /// An octet that is written as hexadecimal digits, or stands as it is.
    Octet(u8),
}

/// What holds until the end of a group.
#[derive(Clone, Copy)]
struct Group {
    /// Whether it is not shown.
    skipped: bool,
    in_fonts: bool,
    /// How many octets stand after each Unicode character for programs that know none.
    fallback: usize,
    font: Option<i64>,
}

impl Default for Group {
    fn default() -> Group {
        Group { skipped: false, in_fonts: false, fallback: 1, font: None }
    }
}

#[derive(Default)]
struct Reader<'r> {
    rest: &'r [u8],
    out: String,
    /// Octets of one charset, which are decoded together: a character may have two of them.
    octets: Vec<u8>,
    group: Group,
    outer: Vec<Group>,
    /// How many groups are open that are too deep.
    deeper: usize,
    code_page: Option<u32>,
    /// The code page of each font.
    fonts: HashMap<i64, u32>,
    /// How many octets are passed over, because a Unicode character stands for them.
    passed: usize,
    /// The first half of a character that is beyond the first 65,536.
    high: Option<u16>,
    /// Whether the next word says that its group may be passed over.
    optional: bool,
}

impl<'r> Reader<'r> {
    fn token(&mut self) -> Option<Token<'r>> {
        loop {
            let (first, rest) = self.rest.split_first()?;
            self.rest = rest;
            return Some(match first {
                b'{' => Token::Open,
                b'}' => Token::Close,
                b'\\' => self.control()?,
                b'\r' | b'\n' => continue,
                octet => Token::Octet(*octet),
            });
        }
    }

    fn control(&mut self) -> Option<Token<'r>> {
        let name = self.rest.iter().take_while(|octet| octet.is_ascii_alphabetic()).count();
        if name == 0 {
            let (symbol, rest) = self.rest.split_at_checked(1)?;
            self.rest = rest;
            if symbol != b"'" {
                return Some(Token::Word(symbol, None));
            }
            let (digits, rest) = rest.split_at_checked(2)?;
            self.rest = rest;
            let digits = std::str::from_utf8(digits).ok();
            let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            return Some(octet.map_or(Token::Word(b"'", None), Token::Octet));
        }
        let (name, rest) = self.rest.split_at(name);
        let sign = usize::from(rest.starts_with(b"-"));
        let digits = rest[sign..].iter().take_while(|octet| octet.is_ascii_digit()).count();
        let (number, rest) = match digits {
            0 => (None, rest),
            _ => {
                let (number, rest) = rest.split_at(sign + digits);
                (std::str::from_utf8(number).ok().and_then(|text| text.parse().ok()), rest)
            }
        };
        self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
        Some(Token::Word(name, number))
    }

    fn take(&mut self, token: Token<'_>) {
        match token {
            Token::Open => self.open(),
            Token::Close => self.close(),
            Token::Octet(_) if self.passed > 0 => self.passed -= 1,
            Token::Octet(_) if self.group.skipped || self.deeper > 0 => {}
            Token::Octet(octet) => self.octets.push(octet),
            // A word counts as one character, and so does what is in binary form.
            Token::Word(word, number) if self.passed > 0 => {
                self.passed -= 1;
                if word == b"bin" {
                    self.pass_binary(number);
                }
            }
            Token::Word(word, number) => self.word(word, number),
        }
    }

    fn pass_binary(&mut self, octets: Option<i64>) {
        let count = usize::try_from(octets.unwrap_or_default()).unwrap_or_default();
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn open(&mut self) {
        self.flush();
        self.passed = 0;
        match self.outer.len() == GROUPS_MAX {
            true => self.deeper += 1,
            false => self.outer.push(self.group),
        }
    }

    fn close(&mut self) {
        self.flush();
        (self.passed, self.optional) = (0, false);
        match self.deeper {
            0 => self.group = self.outer.pop().unwrap_or_default(),
            _ => self.deeper -= 1,
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i64>) {
        let optional = std::mem::take(&mut self.optional);
        match word {
            b"*" => self.optional = true,
            b"bin" => self.pass_binary(number),
            // What is too deep changes nothing in the group around it.
            _ if self.deeper > 0 => {}
            b"ansicpg" => self.code_page = number.and_then(|number| u32::try_from(number).ok()),
            b"uc" => self.group.fallback = number.map_or(1, |count| count.clamp(0, 8)) as usize,
            b"f" => {
                self.flush();
                self.group.font = number;
            }
            b"fcharset" if self.group.in_fonts => self.font(number),
            b"fonttbl" => (self.group.in_fonts, self.group.skipped) = (true, true),
            word if optional || HIDDEN.contains(&word) => self.group.skipped = true,
            _ if self.group.skipped => {}
            b"u" => self.unicode(number),
            b"\\" | b"{" | b"}" => self.octets.extend(word),
            word => {
                if let Some(shown) = shown(word) {
                    self.flush();
                    self.out.push(shown);
                }
            }
        }
    }

    fn font(&mut self, charset: Option<i64>) {
        let page = charset.and_then(code_page::of_font);
        if let (Some(font), Some(page)) = (self.group.font, page)
            && self.fonts.len() < FONTS_MAX
        {
            self.fonts.insert(font, page);
        }
    }

    /// A character by its number of 16 bits, which is written with a sign.
    fn unicode(&mut self, number: Option<i64>) {
        self.flush();
        self.passed = self.group.fallback;
        let Some(unit) = number.and_then(|number| u16::try_from(number & 0xffff).ok()) else {
            return;
        };
        match (self.high.take(), unit) {
            (_, 0xd800..=0xdbff) => self.high = Some(unit),
            (high, unit) => {
                let units = high.into_iter().chain([unit]);
                self.out.extend(char::decode_utf16(units).filter_map(Result::ok));
            }
        }
    }

    /// Decodes the octets that were gathered.
    fn flush(&mut self) {
        if self.octets.is_empty() {
            return;
        }
        let of_font = self.group.font.and_then(|font| self.fonts.get(&font).copied());
        let charset = of_font.or(self.code_page).and_then(code_page::charset);
        let charset = charset.unwrap_or("windows-1252").as_bytes();
        self.out.push_str(&message::decoded(charset, &self.octets));
        self.octets.clear();
    }
}

/// Groups that are not part of the text.
const HIDDEN: [&[u8]; 15] = [
    b"colortbl",
    b"stylesheet",
    b"info",
    b"pict",
    b"nonshppict",
    b"object",
    b"fldinst",
    b"header",
    b"headerl",
    b"headerr",
    b"footer",
    b"footerl",
    b"footerr",
    b"filetbl",
    b"xe",
];

/// What a control word stands for in the text.
fn shown(word: &[u8]) -> Option<char> {
    Some(match word {
        b"par" | b"line" | b"row" | b"sect" | b"page" | b"\r" | b"\n" => '\n',
        b"tab" | b"cell" => '\t',
        b"~" => '\u{a0}',
        b"_" => '\u{2011}',
        b"emdash" => '—',
        b"endash" => '–',
        b"lquote" => '‘',
        b"rquote" => '’',
        b"ldblquote" => '“',
        b"rdblquote" => '”',
        b"bullet" => '•',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_rtf_is_what_a_reader_sees() {
        for (rtf, expected) in [
            (
                r"{\rtf1\ansi Hello {\b bold} words.\par\pard Next\tab one\line two\par}",
                "Hello bold words.\nNext\tone\ntwo",
            ),
            (
                r"{\rtf1{\fonttbl{\f0 Arial;}}{\colortbl;\red0;}{\info{\title T}}{\*\generator G;}x}",
                "x",
            ),
            (r"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2}", "Привет"),
            (
                r"{\rtf1\ansicpg1252{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset177 D;}}\f1\'f9\'ec\'e5\'ed\f0  \'e9}",
                "שלום é",
            ),
            (r"{\rtf1\uc2 Do\u32\b\b not\u8217\~\~s\u33\bin3 }}}?.}", "Do not’s!."),
            (r"{\rtf1\ansicpg932 \'93\'fa\'96\'7b}", "日本"),
            (r"{\rtf1\uc1 caf\u233?\u-10179?\u-8704?{\uc0 \u8364}{\uc2\u8364\'80?}!}", "café😀€€!"),
            (r"{\rtf1 a\{b\}\\c\~d\_e\-f \ldblquote g\rdblquote}", "a{b}\\c\u{a0}d\u{2011}ef “g”"),
            (
                r"{\rtf1 {\field{\*\fldinst HYPERLINK x}{\fldrslt link}} {\pict\bin3 }}}} end}",
                "link  end",
            ),
            (
                r"{\rtf1\fromhtml1{\*\htmltag84 <b>}\htmlrtf {\b\htmlrtf0 5 {\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0  6\htmlrtf }\htmlrtf0}",
                "5 < 6",
            ),
        ] {
            assert_eq!(text(rtf.as_bytes()), expected, "{rtf}");
        }
    }

    #[test]
    fn rtf_without_an_end_is_bounded() {
        assert_eq!(text(r"{\rtf1 a".as_bytes()), "a");
        for rtf in ["{".repeat(1 << 16) + "x", "}".repeat(1 << 16), r"\u".repeat(1 << 16)] {
            assert!(text(rtf.as_bytes()).len() < 16);
        }
        let back = "{".repeat(GROUPS_MAX + 9) + "deep" + &"}".repeat(GROUPS_MAX + 9) + "shown";
        assert_eq!(text(back.as_bytes()), "shown");
        let beside = "{".repeat(GROUPS_MAX) + "{deep}shown";
        assert_eq!(text(beside.as_bytes()), "shown");
        let long = format!("{{\\rtf1 {}", "a\\par ".repeat(TEXT_OCTETS_MAX));
        assert!(text(long.as_bytes()).len() <= TEXT_OCTETS_MAX);
    }

    /// The examples of the standard (\[MS-OXRTFCP\] §3.1, §3.2).
    #[test]
    fn compressed_rtf_is_unpacked() {
        let simple = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 3, 0,
            0x0a, 0, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68,
            0x65, 0x6c, 9, 0, 0x20, 0x62, 0x77, 5, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ];
        let expected = "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n";
        assert_eq!(unpacked(&simple).unwrap(), expected.as_bytes());
        assert_eq!(text(expected.as_bytes()), "hello world");
        let crossing = [
            0x1a, 0, 0, 0, 0x1c, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xe2, 0xd4, 0x4b, 0x51, 0x41, 0,
            4, 0x20, 0x57, 0x58, 0x59, 0x5a, 0x0d, 0x6e, 0x7d, 1, 0x0e, 0xb0,
        ];
        assert_eq!(unpacked(&crossing).unwrap(), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
        let plain = [&[0; 4][..], &5_u32.to_le_bytes(), b"MELA", &[0; 4], b"{abc}rest"].concat();
        assert_eq!(unpacked(&plain).unwrap(), b"{abc}");
        for end in 0..simple.len() {
            assert_eq!(unpacked(&simple[..end]).is_some(), end >= 16, "{end}");
        }
        assert_eq!(unpacked(&[9; 20]), None);
        // A little that says that it is much.
        let endless = [&[0; 4][..], &[0xff; 4], b"LZFu", &[0; 4], &[0xff; 1 << 21]].concat();
        assert!(unpacked(&endless).unwrap().len() <= UNPACKED_OCTETS_MAX);
    }
}
