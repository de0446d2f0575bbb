//! A picture of a person, drawn anew: small, of one of two formats, and without what the file said
//! besides, such as where the photo was taken.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use crate::mail::contacts::Photo;

/// The longest side of what is drawn, in pixels.
pub const DRAWN_SIDE_MAX: u32 = 256;

/// The most octets of what is drawn.
pub const DRAWN_OCTETS_MAX: usize = 128 * 1024;

/// The most pixels of what comes in. Each takes at most eight octets while it is read, and decoders need
/// the same amount again.
const PIXELS_MAX: u64 = 1 << 20;

const JPEG_QUALITY: u8 = 85;

/// Draws a photo anew; `None` if it is none, or too large. Of an animation, the first frame.
pub fn drawn(photo: &Photo) -> Option<Photo> {
    if u64::from(photo.width) * u64::from(photo.height) > PIXELS_MAX {
        return None;
    }
    let mut reader = ImageReader::new(Cursor::new(&photo.octets)).with_guessed_format().ok()?;
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(photo.width), Some(photo.height));
    limits.max_alloc = Some(PIXELS_MAX * 16);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    // The header was read by two programs: what the first one found is what the second one draws.
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return None;
    }
    let turned = decoder.orientation().ok()?;
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    image.apply_orientation(turned);
    if image.width().max(image.height()) > DRAWN_SIDE_MAX {
        image = image.resize(DRAWN_SIDE_MAX, DRAWN_SIDE_MAX, FilterType::Triangle);
    }
    encoded(&image)
}

fn encoded(image: &DynamicImage) -> Option<Photo> {
    let mut octets = Vec::new();
    let done = match image.color().has_alpha() {
        true => image.to_rgba8().write_with_encoder(PngEncoder::new(&mut octets)),
        false => {
            let encoder = JpegEncoder::new_with_quality(&mut octets, JPEG_QUALITY);
            image.to_rgb8().write_with_encoder(encoder)
        }
    };
    done.ok()?;
    // Noise in a PNG hardly shrinks: without what shines through it becomes small.
    if octets.len() > DRAWN_OCTETS_MAX {
        octets.clear();
        let encoder = JpegEncoder::new_with_quality(&mut octets, JPEG_QUALITY);
        image.to_rgb8().write_with_encoder(encoder).ok()?;
    }
    Photo::of(octets).filter(|photo| photo.octets.len() <= DRAWN_OCTETS_MAX)
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    fn photo(image: DynamicImage, format: ImageFormat) -> Photo {
        let mut octets = Cursor::new(Vec::new());
        image.write_to(&mut octets, format).unwrap();
        Photo::of(octets.into_inner()).unwrap()
    }

    fn plain(width: u32, height: u32) -> DynamicImage {
        RgbImage::from_pixel(width, height, Rgb([200, 30, 30])).into()
    }

    #[test]
    fn a_large_picture_becomes_small_and_keeps_its_shape() {
        let found = drawn(&photo(plain(1_000, 500), ImageFormat::Png)).unwrap();
        assert_eq!((found.media, found.width, found.height), ("image/jpeg", 256, 128));
        let found = drawn(&photo(plain(40, 30), ImageFormat::Gif)).unwrap();
        assert_eq!((found.width, found.height), (40, 30));
        assert!(drawn(&photo(plain(1_025, 1_024), ImageFormat::Png)).is_none());
    }

    #[test]
    fn what_shines_through_stays_and_noise_has_a_bound() {
        let clear = RgbaImage::from_pixel(30, 30, Rgba([1, 2, 3, 0]));
        let found = drawn(&photo(clear.into(), ImageFormat::Png)).unwrap();
        assert_eq!(found.media, "image/png");
        let mut seed = 7_u32;
        let noise = RgbaImage::from_fn(250, 250, |_, _| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgba(seed.to_be_bytes())
        });
        let found = drawn(&photo(noise.into(), ImageFormat::Png)).unwrap();
        assert!(found.media == "image/jpeg" && found.octets.len() <= DRAWN_OCTETS_MAX);
    }

    /// What a file says besides, such as the place, is not what it shows.
    #[test]
    fn nothing_is_left_of_what_the_file_said_besides() {
        let mut octets = photo(plain(30, 30), ImageFormat::Jpeg).octets;
        let said = b"Exif\0\0the place";
        let mut segment = vec![0xff, 0xe1, 0, u8::try_from(said.len() + 2).unwrap()];
        segment.extend(said);
        octets.splice(2..2, segment);
        let before = Photo::of(octets).unwrap();
        assert!(before.octets.windows(9).any(|part| part == b"the place"));
        let after = drawn(&before).unwrap();
        assert!(!after.octets.windows(9).any(|part| part == b"the place"));
        assert!(drawn(&Photo { octets: b"\x89PNG\r\n\x1a\n".to_vec(), ..before }).is_none());
    }
}
