//! Recordings: which formats are taken, known by their first octets, whatever type a sender states.

/// By so many octets each of them is known.
pub const KNOWN_BY_OCTETS: usize = 64;

/// The types of the recordings that are taken: what browsers record, and what each program can write.
const TYPES: [&str; 4] = ["audio/webm", "audio/ogg", "audio/mp4", "audio/wav"];

/// Returns the type of a recording by its first octets.
#[must_use]
pub fn kind(start: &[u8]) -> Option<&'static str> {
    let start = start.get(..KNOWN_BY_OCTETS).unwrap_or(start);
    match start {
        // RFC 8794 §11.2.1: the document type says what is in a file of EBML.
        [0x1a, 0x45, 0xdf, 0xa3, rest @ ..] if says_webm(rest) => Some("audio/webm"),
        // RFC 3533 §6: a capture pattern, and the version.
        [b'O', b'g', b'g', b'S', 0, ..] => Some("audio/ogg"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("audio/mp4"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("audio/wav"),
        _ => None,
    }
}

/// Whether the head of a file of EBML names WebM: an element of four octets with this identifier.
fn says_webm(head: &[u8]) -> bool {
    head.windows(7).any(|window| *window == [0x42, 0x82, 0x84, b'w', b'e', b'b', b'm'])
}

/// One of the types that [`kind`] returns, by its name.
#[must_use]
pub fn known(media: &str) -> Option<&'static str> {
    TYPES.into_iter().find(|one| *one == media)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_known_by_its_octets_alone() {
        let webm = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm\x42\x87";
        let table: [(&[u8], Option<&str>); 9] = [
            (webm, Some("audio/webm")),
            (b"OggS\0\x02rest", Some("audio/ogg")),
            (b"\0\0\0\x1cftypiso5", Some("audio/mp4")),
            (b"RIFF\x24\0\0\0WAVEfmt ", Some("audio/wav")),
            (b"RIFF\x24\0\0\0WEBPVP8 ", None),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", None),
            (b"<html><script>", None),
            (b"OggS", None),
            (b"", None),
        ];
        for (octets, expected) in table {
            assert_eq!(kind(octets), expected, "{octets:?}");
            assert_eq!(expected.and_then(known), expected);
        }
        let late = [&[0; KNOWN_BY_OCTETS][..], webm].concat();
        assert_eq!(kind(&late), None);
        assert_eq!(known("audio/mpeg"), None);
    }
}
