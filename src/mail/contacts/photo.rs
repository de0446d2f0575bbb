//! Photos of people: what kind of image it is, and how large, as its header says. None is decoded.

/// An image that may be shown as somebody's photo.
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    pub media: &'static str,
    pub width: u32,
    pub height: u32,
    pub octets: Vec<u8>,
}

impl std::fmt::Debug for Photo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Photo({}, {} × {})", self.media, self.width, self.height)
    }
}

/// The most octets of a photo.
pub const PHOTO_OCTETS_MAX: usize = 256 * 1024;

/// The longest side of a photo, in pixels. A browser takes four octets for each pixel.
pub const SIDE_MAX: u32 = 2_048;

impl Photo {
    /// Returns the photo; `None` if it is too large, or not a PNG, JPEG, GIF or WebP image.
    pub fn of(octets: Vec<u8>) -> Option<Photo> {
        if octets.len() > PHOTO_OCTETS_MAX {
            return None;
        }
        let (media, width, height) = header(&octets)?;
        let fits = |side: u32| (1..=SIDE_MAX).contains(&side);
        (fits(width) && fits(height)).then_some(Photo { media, width, height, octets })
    }
}

/// What the header of an image says: its media type, its width and its height.
fn header(octets: &[u8]) -> Option<(&'static str, u32, u32)> {
    let (media, (width, height)) = if octets.starts_with(b"\x89PNG\r\n\x1a\n") {
        ("image/png", png(octets)?)
    } else if octets.starts_with(b"GIF87a") || octets.starts_with(b"GIF89a") {
        ("image/gif", gif(octets)?)
    } else if octets.starts_with(b"\xff\xd8\xff") {
        ("image/jpeg", jpeg(octets)?)
    } else if octets.starts_with(b"RIFF") && octets.get(8..12)? == b"WEBP" {
        ("image/webp", webp(octets)?)
    } else {
        return None;
    };
    Some((media, width, height))
}

/// The first chunk is IHDR (PNG §11.2.1).
fn png(octets: &[u8]) -> Option<(u32, u32)> {
    (octets.get(12..16)? == b"IHDR").then_some(())?;
    Some((big(octets, 16, 4)?, big(octets, 20, 4)?))
}

/// The size of the logical screen, or of the first frame in it if that is larger, because programs show
/// all of that (GIF89a §18, §20). Other frames are cut to it.
fn gif(octets: &[u8]) -> Option<(u32, u32)> {
    let screen = (little(octets, 6, 2)?, little(octets, 8, 2)?);
    let mut at = 13 + colours(*octets.get(10)?);
    loop {
        match octets.get(at)? {
            // An extension: its label, and pieces that each say their length. The last has none.
            0x21 => {
                at += 2;
                while let length @ 1..=u8::MAX = *octets.get(at)? {
                    at += 1 + usize::from(length);
                }
                at += 1;
            }
            // The frame: where it is, and how large.
            0x2c => {
                let frame = |place: usize, size: usize| {
                    Some(little(octets, at + place, 2)? + little(octets, at + size, 2)?)
                };
                let (width, height) = (frame(1, 5)?, frame(3, 7)?);
                return Some((screen.0.max(width), screen.1.max(height)));
            }
            _ => return None,
        }
    }
}

/// The octets of the table of colours of a GIF image.
fn colours(flags: u8) -> usize {
    match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    }
}

/// The size stands in the start of the frame, after segments that each say their length (T.81 §B.2).
fn jpeg(octets: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        (*octets.get(at)? == 0xff).then_some(())?;
        let marker = *octets.get(at + 1)?;
        match marker {
            // Fill octets may stand before a marker.
            0xff => at += 1,
            0x01 | 0xd0..=0xd7 => at += 2,
            // Not DHT, JPG and DAC, which have numbers between those of frames.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return Some((big(octets, at + 7, 2)?, big(octets, at + 5, 2)?));
            }
            0xd9 | 0xda => return None,
            _ => at += 2 + usize::try_from(big(octets, at + 2, 2)?).ok()?.max(2),
        }
    }
}

/// One of three kinds of first chunk (RFC 9649 §2).
fn webp(octets: &[u8]) -> Option<(u32, u32)> {
    match octets.get(12..16)? {
        b"VP8 " => {
            (octets.get(23..26)? == [0x9d, 0x01, 0x2a]).then_some(())?;
            Some((little(octets, 26, 2)? & 0x3fff, little(octets, 28, 2)? & 0x3fff))
        }
        b"VP8L" => {
            (*octets.get(20)? == 0x2f).then_some(())?;
            let bits = little(octets, 21, 4)?;
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        b"VP8X" => Some((little(octets, 24, 3)? + 1, little(octets, 27, 3)? + 1)),
        _ => None,
    }
}

fn big(octets: &[u8], at: usize, length: usize) -> Option<u32> {
    let octets = octets.get(at..at.checked_add(length)?)?;
    Some(octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
}

fn little(octets: &[u8], at: usize, length: usize) -> Option<u32> {
    let octets = octets.get(at..at.checked_add(length)?)?;
    Some(octets.iter().rev().fold(0, |number, octet| number << 8 | u32::from(*octet)))
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, ImageFormat};

    use super::*;

    fn image(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        let mut octets = std::io::Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut octets, format).unwrap();
        octets.into_inner()
    }

    #[test]
    fn the_header_says_what_it_is_and_how_large() {
        for (format, media) in [
            (ImageFormat::Png, "image/png"),
            (ImageFormat::Jpeg, "image/jpeg"),
            (ImageFormat::Gif, "image/gif"),
            (ImageFormat::WebP, "image/webp"),
        ] {
            let photo = Photo::of(image(format, 70, 50)).unwrap();
            assert_eq!((photo.media, photo.width, photo.height), (media, 70, 50));
        }
        let lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x46\x00\x32\x00";
        assert_eq!(header(lossy), Some(("image/webp", 70, 50)));
        let extended = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x45\0\0\x31\0\0";
        assert_eq!(header(extended), Some(("image/webp", 70, 50)));
    }

    /// It would unpack to 2.5 gigapixels.
    #[test]
    fn an_image_of_impossible_size_is_none() {
        let mut octets = image(ImageFormat::Png, 7, 5);
        octets[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
        assert_eq!(header(&octets), Some(("image/png", 50_000, 50_000)));
        assert_eq!(Photo::of(octets), None);
        assert!(Photo::of(image(ImageFormat::Png, SIDE_MAX, 1)).is_some());
        assert_eq!(Photo::of(image(ImageFormat::Png, SIDE_MAX + 1, 1)), None);
    }

    /// A browser makes room for the first frame, whatever the screen is said to be.
    #[test]
    fn a_frame_that_is_larger_than_its_image_counts() {
        let gif = |flags: u8, before: &[u8], frame: [u8; 8]| {
            let colours = vec![0; colours(flags)];
            let head = [&b"GIF89a\x01\0\x01\0"[..], &[flags, 0, 0], &colours[..], before].concat();
            [&head[..], b",", &frame, &[0, 2, 0, b';']].concat()
        };
        let small = [0, 0, 0, 0, 70, 0, 50, 0];
        for (flags, before) in [
            (0, &b""[..]),
            (0x81, &b""[..]),
            (0xf7, &b"!\xf9\x04\0\0\0\0\0"[..]),
            (0x80, &b"!\xff\x03abc\x02de\0!\xfe\0"[..]),
        ] {
            let found = header(&gif(flags, before, small));
            assert_eq!(found, Some(("image/gif", 70, 50)), "{flags}");
        }
        for frame in [
            [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
            [0xff, 0xff, 0, 0, 1, 0, 1, 0],
            [0, 0, 0, 8, 1, 0, 1, 0],
        ] {
            assert_eq!(Photo::of(gif(0, b"", frame)), None, "{frame:?}");
        }
        let whole = gif(0x81, b"!\xfe\x01x\0", small);
        for end in 0..whole.len() - 5 {
            assert_eq!(Photo::of(whole[..end].to_vec()), None, "{end}");
        }
        assert_eq!(Photo::of(b"GIF89a\x01\0\x01\0\0\0\0;".to_vec()), None, "it has no frame");
        assert_eq!(Photo::of(b"GIF89a\x01\0\x01\0\0\0\0!\xfe".to_vec()), None);
    }

    #[test]
    fn what_is_no_whole_header_is_none() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            let octets = image(format, 7, 5);
            for end in 0..10 {
                assert_eq!(Photo::of(octets[..end].to_vec()), None, "{format:?} {end}");
            }
        }
        assert_eq!(Photo::of(b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()), None);
        assert_eq!(Photo::of(vec![0xff; 100_000]), None);
        let png = image(ImageFormat::Png, 7, 5);
        let long = [png, vec![0; PHOTO_OCTETS_MAX]].concat();
        assert_eq!(Photo::of(long), None);
    }
}
