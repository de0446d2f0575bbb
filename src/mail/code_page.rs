//! Code pages of Windows, by the names under which their charsets are known in mail.

/// Returns the charset of a code page; `None` if it is not among those that are read.
pub fn charset(number: u32) -> Option<&'static str> {
    Some(match number {
        850 => "ibm850",
        866 => "ibm866",
        874 => "windows-874",
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        1250 => "windows-1250",
        1251 => "windows-1251",
        1252 => "windows-1252",
        1253 => "windows-1253",
        1254 => "windows-1254",
        1255 => "windows-1255",
        1256 => "windows-1256",
        1257 => "windows-1257",
        1258 => "windows-1258",
        10000 => "macintosh",
        20866 => "koi8-r",
        21866 => "koi8-u",
        28591 => "iso-8859-1",
        28592 => "iso-8859-2",
        28593 => "iso-8859-3",
        28594 => "iso-8859-4",
        28595 => "iso-8859-5",
        28596 => "iso-8859-6",
        28597 => "iso-8859-7",
        28598 | 38598 => "iso-8859-8",
        28599 => "iso-8859-9",
        28603 => "iso-8859-13",
        28605 => "iso-8859-15",
        50220..=50222 => "iso-2022-jp",
        20932 | 51932 => "euc-jp",
        51949 => "euc-kr",
        54936 => "gb18030",
        65001 => "utf-8",
        _ => return None,
    })
}

/// Returns the code page of a font's character set, as RTF numbers them.
pub fn of_font(charset: i64) -> Option<u32> {
    Some(match charset {
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::message::decoded;

    /// A charset without a decoder would be read as another one.
    #[test]
    fn each_code_page_has_a_decoder() {
        for number in (0..=66_000).filter(|number| !matches!(number, 1252 | 65001 | 28591)) {
            let Some(name) = charset(number) else { continue };
            let octets = match name {
                "iso-2022-jp" => b"\x1b$B$\"\x1b(B".as_slice(),
                "shift_jis" | "gbk" | "euc-kr" | "big5" | "euc-jp" | "gb18030" => {
                    b"\xb0\xa1\xb0\xa1"
                }
                _ => b"\xa4\xd0\xe6\xf0\xfe\x98",
            };
            assert_ne!(decoded(name.as_bytes(), octets), decoded(b"", octets), "{name}");
        }
    }
}
