//! The message inside an opaque S/MIME signature: it lies there unencrypted, and anybody may read it
//! (RFC 8551 §3.5.2). The signature itself is not checked.
//!
//! This reads no more of ASN.1 than the way to the content (RFC 5652 §5.1, X.690 §8).

/// How deep values of indefinite length are nested.
const DEPTH_MAX: usize = 12;

/// The identifier of signed data: 1.2.840.113549.1.7.2.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// Those of encrypted data: enveloped, also with authentication (RFC 5083 §2), and encrypted with a
/// key that is known otherwise.
const ENCRYPTED: [&[u8]; 3] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06],
];

const OCTET_STRING: u8 = 0x04;
const OCTET_STRINGS: u8 = 0x24;
const IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
/// `[0]`, explicit.
const CONTENT: u8 = 0xa0;

/// What an S/MIME file contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Signed,
    Encrypted,
    /// Something that is neither, such as compressed data.
    Other,
}

/// Returns what octets contain by their own account; `None` if they do not say it.
pub fn kind(octets: &[u8]) -> Option<Kind> {
    // The content may be of any length: only what stands before it is read.
    let [SEQUENCE, length, rest @ ..] = octets else { return None };
    let skipped = if *length > 0x80 { usize::from(length & 0x7f) } else { 0 };
    let identifier = expect(&mut rest.get(skipped..)?, IDENTIFIER)?;
    Some(match identifier {
        SIGNED_DATA => Kind::Signed,
        encrypted if ENCRYPTED.contains(&encrypted) => Kind::Encrypted,
        _ => Kind::Other,
    })
}

/// Returns the content that was signed; `None` if it is encrypted, elsewhere, or cannot be found.
pub fn signed_content(octets: &[u8]) -> Option<Vec<u8>> {
    let mut info = expect(&mut &*octets, SEQUENCE)?;
    if expect(&mut info, IDENTIFIER)? != SIGNED_DATA {
        return None;
    }
    let mut explicit = expect(&mut info, CONTENT)?;
    let mut signed = expect(&mut explicit, SEQUENCE)?;
    expect(&mut signed, INTEGER)?;
    expect(&mut signed, SET)?;
    let mut encapsulated = expect(&mut signed, SEQUENCE)?;
    expect(&mut encapsulated, IDENTIFIER)?;
    let mut content = expect(&mut encapsulated, CONTENT)?;
    let mut out = Vec::new();
    let (tag, value) = next(&mut content, 0)?;
    collect(tag, value, &mut out, 0)?;
    Some(out)
}

/// Appends an octet string, which may consist of others.
fn collect(tag: u8, mut value: &[u8], out: &mut Vec<u8>, depth: usize) -> Option<()> {
    match tag {
        OCTET_STRING => out.extend_from_slice(value),
        OCTET_STRINGS if depth < DEPTH_MAX => {
            while !value.is_empty() {
                let (tag, inner) = next(&mut value, 0)?;
                collect(tag, inner, out, depth + 1)?;
            }
        }
        _ => return None,
    }
    Some(())
}

fn expect<'o>(rest: &mut &'o [u8], wanted: u8) -> Option<&'o [u8]> {
    next(rest, 0).filter(|(tag, _)| *tag == wanted).map(|(_, value)| value)
}

/// Takes the next value, with its tag.
fn next<'o>(rest: &mut &'o [u8], depth: usize) -> Option<(u8, &'o [u8])> {
    let [tag, first, after @ ..] = *rest else { return None };
    if *first == 0x80 {
        let value = indefinite(after, depth)?;
        *rest = &after[value.len() + 2..];
        return Some((*tag, value));
    }
    let (length, after) = match *first {
        short @ 0..=0x7f => (usize::from(short), after),
        long => {
            let (octets, after) = after.split_at_checked(usize::from(long & 0x7f))?;
            if octets.len() > 4 {
                return None;
            }
            (octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)), after)
        }
    };
    let (value, after) = after.split_at_checked(length)?;
    *rest = after;
    Some((*tag, value))
}

/// Returns what stands before the two zeros that end a value of indefinite length.
fn indefinite(octets: &[u8], depth: usize) -> Option<&[u8]> {
    if depth == DEPTH_MAX {
        return None;
    }
    let mut rest = octets;
    while !rest.starts_with(&[0, 0]) {
        next(&mut rest, depth + 1)?;
    }
    Some(&octets[..octets.len() - rest.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82, length[0], length[1]], content].concat()
    }

    fn endless(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &[0, 0]].concat()
    }

    fn signed(write: fn(u8, &[u8]) -> Vec<u8>, content: &[u8]) -> Vec<u8> {
        let content = [value(IDENTIFIER, b"data"), write(CONTENT, content)].concat();
        let signed =
            [value(INTEGER, &[1]), value(SET, &[]), write(SEQUENCE, &content), value(SET, b"x")];
        let signed = write(CONTENT, &write(SEQUENCE, &signed.concat()));
        write(SEQUENCE, &[value(IDENTIFIER, SIGNED_DATA), signed].concat())
    }

    #[test]
    fn what_was_signed_is_found_and_what_is_encrypted_is_not() {
        let whole = value(OCTET_STRING, b"Subject: a\r\n\r\nb");
        let pieces =
            [value(OCTET_STRING, b"Subject: a\r\n"), value(OCTET_STRING, b"\r\nb")].concat();
        for octets in [
            signed(value, &whole),
            signed(endless, &whole),
            signed(endless, &endless(OCTET_STRINGS, &pieces)),
        ] {
            assert_eq!(signed_content(&octets).unwrap(), b"Subject: a\r\n\r\nb");
            for end in 0..octets.len() {
                let _ = signed_content(&octets[..end]);
            }
        }
        let enveloped = value(SEQUENCE, &value(IDENTIFIER, b"enveloped"));
        assert_eq!(signed_content(&enveloped), None);
        assert_eq!(signed_content(&[0x30, 0x80].repeat(1_000)), None);
    }
}
