//! `winmail.dat`: what Outlook makes of a message when it believes that the recipient knows rich text
//! (\[MS-OXTNEF\]). Its text and its files become an ordinary message, so that they are read, listed
//! and downloaded like those of any other. An attached message in it is another such file. A text in
//! RTF is read where there is no other.
//!
//! Texts are in the code page that the file names (\[MS-OXTNEF\] §2.1.3.3.21), which may stand after them:
//! they are decoded at the end.

use super::unpacked::{File, Unpacked};
use super::{code_page, plain, rtf};

/// How many files one holds at most; the rest is left out.
const FILES_MAX: usize = 500;
/// How many properties of a file or of the message are read.
const PROPERTIES_MAX: u32 = 4_096;

const SIGNATURE: u32 = 0x223e_9f78;

/// Returns whether octets begin like such a file.
pub fn is_tnef(octets: &[u8]) -> bool {
    Cursor(octets).u32() == Some(SIGNATURE)
}

/// Returns the text and the files; `None` if it is no such file. One that breaks off is read up to
/// there.
pub fn unpack(octets: &[u8]) -> Option<Unpacked> {
    let mut cursor = Cursor(octets);
    if cursor.u32()? != SIGNATURE {
        return None;
    }
    cursor.take(2)?; // The legacy key.
    let pages = Pages::of(Cursor(cursor.0));
    let (mut found, mut compressed) = (Unpacked::default(), None);
    while let Some((id, data)) = attribute(&mut cursor) {
        match id {
            ATT_SUBJECT => found.subject = pages.text(data),
            ATT_BODY if found.text.is_none() => found.text = Some(pages.text(data)),
            ATT_MESSAGE_PROPERTIES => properties(data, |id, value| match (id, value) {
                (PR_RTF_COMPRESSED, Value::Octets(octets)) => compressed = Some(octets),
                (PR_BODY_HTML, Value::Octets(octets)) => {
                    (found.html, found.html_charset) = (Some(octets.to_vec()), pages.html());
                }
                (PR_SUBJECT, value) => pages.read_into(value, &mut found.subject),
                (PR_BODY, value) => found.text = pages.read(value).or_else(|| found.text.take()),
                (PR_BODY_HTML, value) => {
                    if let Some(html) = pages.read(value) {
                        (found.html, found.html_charset) = (Some(html.into_bytes()), Some("utf-8"));
                    }
                }
                _ => {}
            }),
            ATT_RENDERING if found.files.len() == FILES_MAX => break,
            // A file begins.
            ATT_RENDERING => found.files.push(File::default()),
            _ => {
                if let Some(file) = found.files.last_mut() {
                    of_file(file, id, data, pages);
                }
            }
        }
    }
    // HTML that says nothing must not stand in the place of what does.
    found.html = found.html.filter(|html| says_something(html));
    let is_silent = |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
    if found.html.is_none() && is_silent(&found.text) {
        let said = compressed.and_then(rtf::unpacked).map(|octets| rtf::text(&octets));
        found.text = said.filter(|said| !said.is_empty()).or(found.text);
    }
    found.files.retain(|file| !file.octets.is_empty() || !file.name.is_empty());
    Some(found)
}

/// Returns whether a reader would see anything of HTML; of what is long it is assumed.
fn says_something(html: &[u8]) -> bool {
    const BLANK_OCTETS_MAX: usize = 16 * 1024;
    let text = String::from_utf8_lossy(html);
    html.len() > BLANK_OCTETS_MAX
        || text.to_ascii_lowercase().contains("<img")
        || !plain::is_blank(&plain::of_html(&text))
}

/// The code pages of a file's texts, as far as it names them.
#[derive(Clone, Copy, Default)]
struct Pages {
    /// Of the attributes, and of the properties that are not in UTF-16.
    stated: Option<u32>,
    /// Of the message's properties by their own account, and of its HTML.
    message: Option<u32>,
    internet: Option<u32>,
}

impl Pages {
    fn of(mut cursor: Cursor<'_>) -> Pages {
        let mut pages = Pages::default();
        while let Some((id, data)) = attribute(&mut cursor) {
            match id {
                ATT_OEM_CODE_PAGE => pages.stated = Cursor(data).u32(),
                ATT_MESSAGE_PROPERTIES => properties(data, |id, value| match (id, value) {
                    (PR_MESSAGE_CODE_PAGE, Value::Number(page)) => pages.message = Some(page),
                    (PR_INTERNET_CODE_PAGE, Value::Number(page)) => pages.internet = Some(page),
                    _ => {}
                }),
                _ => {}
            }
        }
        pages
    }

    /// The charset of the HTML.
    fn html(self) -> Option<&'static str> {
        self.internet.and_then(code_page::charset)
    }

    fn read(self, value: Value<'_>) -> Option<String> {
        match value {
            Value::Text(octets) => Some(self.text(octets)),
            Value::Wide(octets) => Some(wide_text(octets)),
            Value::Octets(_) | Value::Number(_) | Value::Other => None,
        }
    }

    /// Reads a text in place of another; what is no text changes nothing.
    fn read_into(self, value: Value<'_>, into: &mut String) {
        if let Some(text) = self.read(value) {
            *into = text;
        }
    }

    /// Returns a text of octets, which ends at a NUL. Where no code page is named, or the usual one, it
    /// may also be UTF-8, as some programs write it.
    fn text(self, octets: &[u8]) -> String {
        let octets = octets.split(|octet| *octet == 0).next().unwrap_or_default();
        let pages = [self.stated, self.message, self.internet];
        let named = pages.into_iter().flatten().find_map(code_page::charset);
        match (named, std::str::from_utf8(octets)) {
            (None | Some("windows-1252"), Ok(text)) => text.to_owned(),
            (named, _) => {
                super::message::decoded(named.unwrap_or("windows-1252").as_bytes(), octets)
            }
        }
    }
}

/// The attributes that are read (\[MS-OXTNEF\] §2.1.3.3).
const ATT_SUBJECT: u32 = 0x0001_8004;
const ATT_BODY: u32 = 0x0002_800c;
const ATT_MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const ATT_RENDERING: u32 = 0x0006_9002;
const ATT_TITLE: u32 = 0x0001_8010;
const ATT_DATA: u32 = 0x0006_800f;
const ATT_FILE_PROPERTIES: u32 = 0x0006_9005;
const ATT_OEM_CODE_PAGE: u32 = 0x0006_9007;

/// The properties that are read (\[MS-OXPROPS\]).
const PR_SUBJECT: u16 = 0x0037;
const PR_BODY: u16 = 0x1000;
const PR_RTF_COMPRESSED: u16 = 0x1009;
const PR_BODY_HTML: u16 = 0x1013;
const PR_INTERNET_CODE_PAGE: u16 = 0x3fde;
const PR_MESSAGE_CODE_PAGE: u16 = 0x3ffd;
const PR_ATTACH_DATA: u16 = 0x3701;
const PR_ATTACH_FILE_NAME: u16 = 0x3704;
const PR_ATTACH_LONG_FILE_NAME: u16 = 0x3707;
const PR_ATTACH_MIME_TAG: u16 = 0x370e;
const PR_ATTACH_CONTENT_ID: u16 = 0x3712;

/// Longer names are cut.
const NAME_OCTETS_MAX: usize = 1024;

fn of_file(file: &mut File, id: u32, data: &[u8], pages: Pages) {
    match id {
        ATT_TITLE if file.name.is_empty() => {
            file.name = pages.text(&data[..data.len().min(NAME_OCTETS_MAX)]);
        }
        ATT_DATA => file.octets = data.to_vec(),
        ATT_FILE_PROPERTIES => {
            let mut long = false;
            properties(data, |id, value| match (id, value) {
                (PR_ATTACH_LONG_FILE_NAME, value) => {
                    if let Some(name) = pages.read(value) {
                        (long, file.name) = (true, name);
                    }
                }
                (PR_ATTACH_FILE_NAME, value) if !long => pages.read_into(value, &mut file.name),
                (PR_ATTACH_MIME_TAG, value) => pages.read_into(value, &mut file.media),
                (PR_ATTACH_CONTENT_ID, value) => pages.read_into(value, &mut file.content_id),
                // A message is an interface's identifier, and then a file like this one.
                (PR_ATTACH_DATA, Value::Octets(octets)) => match octets.get(16..) {
                    Some(inner) if is_tnef(inner) => {
                        file.octets = inner.to_vec();
                        file.media = "application/ms-tnef".to_owned();
                    }
                    _ => file.octets = octets.to_vec(),
                },
                _ => {}
            });
        }
        _ => {}
    }
}

/// Returns the next attribute: its level, identifier, length, data and checksum, which is not
/// checked: a message that was damaged on its way is read as far as it can be.
fn attribute<'o>(cursor: &mut Cursor<'o>) -> Option<(u32, &'o [u8])> {
    cursor.take(1)?;
    let id = cursor.u32()?;
    let length = usize::try_from(cursor.u32()?).ok()?;
    let data = cursor.take(length)?;
    cursor.take(2);
    Some((id, data))
}

/// The value of a property.
enum Value<'o> {
    /// In a code page.
    Text(&'o [u8]),
    /// In UTF-16.
    Wide(&'o [u8]),
    Octets(&'o [u8]),
    Number(u32),
    Other,
}

/// Reads the properties in an attribute (\[MS-OXTNEF\] §2.1.3.4).
fn properties<'o>(data: &'o [u8], mut take: impl FnMut(u16, Value<'o>)) {
    let mut cursor = Cursor(data);
    let count = cursor.u32().unwrap_or_default().min(PROPERTIES_MAX);
    for _ in 0..count {
        let Some((id, value)) = property(&mut cursor) else { return };
        take(id, value);
    }
}

fn property<'o>(cursor: &mut Cursor<'o>) -> Option<(u16, Value<'o>)> {
    const MULTIPLE: u16 = 0x1000;
    let (kind, id) = (cursor.u16()?, cursor.u16()?);
    if id >= 0x8000 {
        cursor.take(16)?;
        match cursor.u32()? {
            0 => drop(cursor.take(4)?),
            _ => drop(cursor.padded()?),
        }
    }
    let fixed = match kind & !MULTIPLE {
        0x0001 => Some(0),
        0x0002..=0x0004 | 0x000a | 0x000b => Some(4),
        0x0005..=0x0007 | 0x0014 | 0x0040 => Some(8),
        0x0048 => Some(16),
        0x000d | 0x001e | 0x001f | 0x0102 => None,
        _ => return None,
    };
    let is_many = kind & MULTIPLE != 0;
    let count = if fixed.is_none() || is_many { cursor.u32()? } else { 1 };
    if let Some(octets) = fixed {
        let value = cursor.take(usize::try_from(count).ok()?.checked_mul(octets)?)?;
        let is_number = kind == 0x0003;
        let number = Cursor(value).u32().filter(|_| is_number);
        return Some((id, number.map_or(Value::Other, Value::Number)));
    }
    let mut first = None;
    for _ in 0..count {
        let value = cursor.padded()?;
        first.get_or_insert(value);
    }
    let first = first.unwrap_or_default();
    let value = match kind & !MULTIPLE {
        0x001e => Value::Text(first),
        0x001f => Value::Wide(first),
        _ => Value::Octets(first),
    };
    Some((id, value))
}

fn wide_text(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
    let text: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&text)
}

/// Octets that are read from the front.
struct Cursor<'o>(&'o [u8]);

impl<'o> Cursor<'o> {
    fn take(&mut self, count: usize) -> Option<&'o [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|two| u16::from_le_bytes([two[0], two[1]]))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
    }

    /// Takes a length and so many octets, which are filled up to a multiple of four.
    fn padded(&mut self) -> Option<&'o [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let taken = self.take(length)?;
        // The last value may lack what fills it up.
        self.take((4 - length % 4) % 4);
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute_of(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        [&[level], &id.to_le_bytes()[..], &length, data, &[0, 0]].concat()
    }

    fn property_of(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        let fill = vec![0; (4 - value.len() % 4) % 4];
        [&kind.to_le_bytes()[..], &id.to_le_bytes(), &1_u32.to_le_bytes(), &length, value, &fill]
            .concat()
    }

    fn file() -> Vec<u8> {
        let wide: Vec<u8> = "Übersicht.docx\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let properties = [
            &3_u32.to_le_bytes()[..],
            // A number, and a property with a name.
            &[&[3, 0, 1, 0x30][..], &7_u32.to_le_bytes()].concat(),
            &[
                &[0x1e, 0, 1, 0x80][..],
                &[9; 16],
                &1_u32.to_le_bytes(),
                &2_u32.to_le_bytes(),
                b"x\0\0\0",
                &1_u32.to_le_bytes(),
                &1_u32.to_le_bytes(),
                b"y\0\0\0",
            ]
            .concat(),
            &property_of(0x1f, PR_ATTACH_LONG_FILE_NAME, &wide),
        ]
        .concat();
        [
            &SIGNATURE.to_le_bytes()[..],
            &[1, 0],
            &attribute_of(1, ATT_SUBJECT, b"Figures\0"),
            &attribute_of(1, ATT_BODY, b"See the file.\0"),
            &attribute_of(2, ATT_RENDERING, &[0; 14]),
            &attribute_of(2, ATT_TITLE, b"UBERSI~1.DOC\0"),
            &attribute_of(2, ATT_DATA, b"content"),
            &attribute_of(2, ATT_FILE_PROPERTIES, &properties),
        ]
        .concat()
    }

    #[test]
    fn the_text_and_the_files_of_winmail_dat_are_found() {
        let found = unpack(&file()).unwrap();
        assert_eq!(
            (found.subject.as_str(), found.text.as_deref()),
            ("Figures", Some("See the file."))
        );
        let files: Vec<(&str, &[u8])> =
            found.files.iter().map(|file| (file.name.as_str(), &*file.octets)).collect();
        assert_eq!(files, [("Übersicht.docx", &b"content"[..])]);
    }

    fn number_of(id: u16, value: u32) -> Vec<u8> {
        [&3_u16.to_le_bytes()[..], &id.to_le_bytes(), &value.to_le_bytes()].concat()
    }

    /// A file with this code page, attributes, and properties of the message.
    fn with(page: u32, attributes: &[Vec<u8>], properties: &[Vec<u8>]) -> Vec<u8> {
        let count = u32::try_from(properties.len()).unwrap().to_le_bytes();
        let properties = [&count[..], &properties.concat()].concat();
        [
            &SIGNATURE.to_le_bytes()[..],
            &[1, 0],
            &attributes.concat(),
            &attribute_of(1, ATT_MESSAGE_PROPERTIES, &properties),
            // It may stand after what it is about.
            &attribute_of(1, ATT_OEM_CODE_PAGE, &[page.to_le_bytes(), [0; 4]].concat()),
        ]
        .concat()
    }

    #[test]
    fn texts_are_read_in_the_code_page_that_is_named() {
        let subject = |octets| vec![attribute_of(1, ATT_SUBJECT, octets)];
        for (page, octets, expected) in [
            (1255, &b"\xf9\xec\xe5\xed"[..], "שלום"),
            (932, b"\x93\xfa\x96\x7b", "日本"),
            (1251, b"\xcf\xf0\xe8", "При"),
            (1252, b"caf\xe9", "café"),
            (1252, "café".as_bytes(), "café"),
            (65001, "日本".as_bytes(), "日本"),
            (0, b"caf\xe9", "café"),
        ] {
            let property = [property_of(0x1e, PR_BODY, octets)];
            let found = unpack(&with(page, &subject(octets), &property)).unwrap();
            assert_eq!((found.subject.as_str(), found.text.as_deref()), (expected, Some(expected)));
        }
        let html = [
            property_of(0x0102, PR_BODY_HTML, b"<b>\xcf\xf0\xe8</b>"),
            number_of(PR_INTERNET_CODE_PAGE, 1251),
        ];
        let message = unpack(&with(1252, &[], &html)).unwrap().message();
        assert_eq!(crate::mail::message::view(&message).text.as_deref(), Some("При\n"));
    }

    /// The text is in RTF alone.
    #[test]
    fn rtf_is_read_where_there_is_no_other_text() {
        let rtf = b"{\\rtf1 In RTF.}";
        let size = u32::try_from(rtf.len()).unwrap().to_le_bytes();
        let packed = [&[0; 4][..], &size, b"MELA", &[0; 4], rtf].concat();
        let compressed = property_of(0x0102, PR_RTF_COMPRESSED, &packed);
        let found = unpack(&with(1252, &[], std::slice::from_ref(&compressed))).unwrap();
        assert_eq!(found.text.as_deref(), Some("In RTF."));
        // HTML without a word is none.
        let blank = property_of(0x0102, PR_BODY_HTML, b"<html><p> </html>");
        let found = unpack(&with(1252, &[], &[blank, compressed.clone()])).unwrap();
        assert_eq!((found.html, found.text.as_deref()), (None, Some("In RTF.")));
        let text = property_of(0x1e, PR_BODY, b"In text.");
        let found = unpack(&with(1252, &[], &[text, compressed])).unwrap();
        assert_eq!(found.text.as_deref(), Some("In text."));
    }

    #[test]
    fn one_that_breaks_off_is_read_up_to_there() {
        let whole = file();
        for end in 0..whole.len() {
            assert_eq!(unpack(&whole[..end]).is_some(), end >= 6, "{end}");
        }
        let mut endless = whole[..6].to_vec();
        endless.extend(attribute_of(1, ATT_MESSAGE_PROPERTIES, &[0xff; 64]));
        assert!(unpack(&endless).is_some());
    }
}
