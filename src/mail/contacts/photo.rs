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
        ("image/gif", (little(octets, 6, 2)?, little(octets, 8, 2)?))
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
