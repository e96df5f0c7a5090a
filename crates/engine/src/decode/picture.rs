//! From bytes of unknown origin to a picture of our own drawing. Pure: bytes in, bytes out. What a
//! file says beside its pixels (place, time, camera, comments) is not carried over; only the way it
//! is to be turned is obeyed.

use std::borrow::Cow;
use std::io::Cursor;

use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{
    AnimationDecoder, DynamicImage, Frame, ImageDecoder, ImageError, ImageFormat, ImageReader,
    Limits,
};

use super::bare::{bare, jpeg_passes};
use super::files::{encode, jpeg};
use super::{Decoded, Picture, Purpose, Refusal};

/// The longest side of a picture.
const LONGEST_SIDE: u32 = 8_192;
/// The most pixels of a photograph or a drawing.
const MOST_PIXELS: u64 = scaled(50_000_000);
/// The most pixels of a picture that may move: whoever draws these holds each pixel several times.
const MOST_PIXELS_MOVING: u64 = scaled(20_000_000);
/// The most memory a picture may take as its file describes it.
const MOST_MEMORY: u64 = 208 * 1024 * 1024;
/// The most memory a photograph may take with its file and what its decoder keeps beside it.
const MOST_PHOTO_MEMORY: u64 = 400 * 1024 * 1024;
/// The most frames of a moving picture.
const MOST_FRAMES: usize = 300;
/// The most pixels all frames of a moving picture have together; beyond that it stands still.
const MOST_MOVING_PIXELS: u64 = scaled(40_000_000);
/// The most pixels of one frame of it.
const MOST_FRAME_PIXELS: u64 = scaled(4_000_000);
/// The longest side of the small picture.
const THUMB_SIDE: u32 = 720;
/// The longest side of a person's picture.
const PORTRAIT_SIDE: u32 = 256;
/// Colours of moving pictures are chosen quickly rather than finely.
const QUICK: i32 = 30;

/// Fuzz targets paint hundreds of times slower, and one input has a second.
const fn scaled(pixels: u64) -> u64 {
    if cfg!(fuzzing) { pixels / 500 } else { pixels }
}

/// Draws the picture in `bytes` anew.
pub(crate) fn redraw(bytes: &[u8], purpose: Purpose) -> Result<Decoded, Refusal> {
    let format = image::guess_format(bytes).map_err(|_| Refusal::NotAPicture)?;
    if !matches!(
        format,
        ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Gif | ImageFormat::WebP
    ) {
        return Err(Refusal::NotAPicture);
    }
    let still = straight(&bare(bytes, format), format)?;
    match purpose {
        Purpose::Portrait => {
            let full = encode(&within(&still, PORTRAIT_SIDE), format)?;
            Ok(Decoded { full, thumb: None })
        }
        Purpose::Send { most } => {
            let full = shrink_to(&still, format, most)?;
            Ok(Decoded {
                full,
                thumb: thumb(&still, format)?,
            })
        }
        Purpose::Show => {
            let full = match moving(&bare(bytes, format), format, &still) {
                Some(picture) => picture,
                None => encode(&still, format)?,
            };
            Ok(Decoded {
                full,
                thumb: thumb(&still, format)?,
            })
        }
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    limits
}

/// The picture as it is to be seen.
fn straight(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage, Refusal> {
    let (image, turn) = decode(bytes, format)?;
    let mut image = if image.color().has_alpha() {
        DynamicImage::ImageRgba8(image.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(image.into_rgb8())
    };
    image.apply_orientation(turn);
    Ok(image)
}

fn decode(bytes: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), Refusal> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(|error| refusal(&error))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(Refusal::NotAPicture);
    }
    let most_pixels = match format {
        ImageFormat::Jpeg | ImageFormat::Png => MOST_PIXELS,
        _ => MOST_PIXELS_MOVING,
    };
    if u64::from(width) * u64::from(height) > most_pixels {
        return Err(Refusal::TooLarge);
    }
    // The limits hold what the decoder uses beside the picture, not the picture itself.
    if decoder.total_bytes() > MOST_MEMORY {
        return Err(Refusal::TooLarge);
    }
    if format == ImageFormat::Jpeg && photo_memory(bytes, &decoder) > MOST_PHOTO_MEMORY {
        return Err(Refusal::TooLarge);
    }
    let turn = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|error| refusal(&error))?;
    Ok((image, turn))
}

/// The picture, its passes, and the file: as it came, as it is decoded, and as the decoder keeps it,
/// once more with what stands between its passes.
fn photo_memory(bytes: &[u8], decoder: &impl ImageDecoder) -> u64 {
    let file = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    decoder
        .total_bytes()
        .saturating_add(jpeg_passes(bytes))
        .saturating_add(file.saturating_mul(4))
}

fn refusal(error: &ImageError) -> Refusal {
    match error {
        ImageError::Limits(_) => Refusal::TooLarge,
        ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::Unsupported(_)
        | ImageError::IoError(_) => Refusal::NotAPicture,
    }
}

/// A moving picture as a GIF of our own; `None` if it stands still, or is too much to move.
fn moving(bytes: &[u8], format: ImageFormat, still: &DynamicImage) -> Option<Picture> {
    let area = u64::from(still.width()) * u64::from(still.height());
    if area > MOST_FRAME_PIXELS {
        return None;
    }
    let frames = match format {
        ImageFormat::Gif => {
            let mut decoder = GifDecoder::new(Cursor::new(bytes)).ok()?;
            decoder.set_limits(limits()).ok()?;
            decoder.into_frames()
        }
        ImageFormat::WebP => {
            let decoder = WebPDecoder::new(Cursor::new(bytes)).ok()?;
            if !decoder.has_animation() {
                return None;
            }
            decoder.into_frames()
        }
        _ => return None,
    };
    let affordable = usize::try_from(MOST_MOVING_PIXELS / area.max(1))
        .ok()?
        .min(MOST_FRAMES);
    let mut kept: Vec<Frame> = Vec::new();
    for frame in frames {
        if kept.len() >= affordable {
            return None;
        }
        kept.push(frame.ok()?);
    }
    if kept.len() < 2 {
        return None;
    }
    let mut out = Vec::new();
    {
        let mut encoder = GifEncoder::new_with_speed(&mut out, QUICK);
        encoder.set_repeat(Repeat::Infinite).ok()?;
        encoder.encode_frames(kept).ok()?;
    }
    Some(Picture {
        bytes: out,
        mime: "image/gif".to_owned(),
        width: still.width(),
        height: still.height(),
    })
}

fn thumb(image: &DynamicImage, format: ImageFormat) -> Result<Option<Picture>, Refusal> {
    if image.width().max(image.height()) <= THUMB_SIDE {
        return Ok(None);
    }
    encode(&within(image, THUMB_SIDE), format).map(Some)
}

fn within(image: &DynamicImage, side: u32) -> Cow<'_, DynamicImage> {
    if image.width().max(image.height()) <= side {
        return Cow::Borrowed(image);
    }
    Cow::Owned(image.thumbnail(side, side))
}

/// The best rendering that is no larger than `most`: first as it is, then as JPEG, then smaller.
fn shrink_to(image: &DynamicImage, format: ImageFormat, most: u64) -> Result<Picture, Refusal> {
    let fits = |picture: &Picture| u64::try_from(picture.bytes.len()).is_ok_and(|len| len <= most);
    let first = encode(image, format)?;
    if fits(&first) {
        return Ok(first);
    }
    let mut side = image.width().max(image.height());
    while side >= 160 {
        let smaller = within(image, side);
        for quality in [88, 72] {
            let picture = jpeg(&smaller, quality)?;
            if fits(&picture) {
                return Ok(picture);
            }
        }
        side = side / 4 * 3;
    }
    Err(Refusal::TooLarge)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::files::png;
    use super::*;

    /// A JPEG that says "turn me by 90 degrees" and where it was taken.
    pub(in crate::decode) fn photo_with_place(width: u32, height: u32) -> Vec<u8> {
        let plain = jpeg(&noise(width, height), 90).unwrap().bytes;
        // APP1, "Exif", little-endian TIFF, one entry: orientation 6; then a readable place.
        let mut exif =
            b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        exif.extend_from_slice(b"GPS-CANARY 52.5200N 13.4050E");
        let mut file = plain[..2].to_vec();
        file.extend_from_slice(&[0xff, 0xe1]);
        file.extend_from_slice(&u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
        file.extend_from_slice(&exif);
        file.extend_from_slice(&plain[2..]);
        file
    }

    fn noise(width: u32, height: u32) -> DynamicImage {
        let mut seed = 7_u32;
        let pixels = image::RgbImage::from_fn(width, height, |_, _| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb(seed.to_be_bytes()[..3].try_into().unwrap())
        });
        DynamicImage::ImageRgb8(pixels)
    }

    fn holds(haystack: &[u8], needle: &[u8]) -> bool {
        haystack
            .windows(needle.len())
            .any(|window| window == needle)
    }

    #[test]
    fn a_photo_is_turned_and_forgets_where_it_was_taken() {
        let file = photo_with_place(40, 20);
        assert!(
            holds(&file, b"GPS-CANARY"),
            "the check itself can see the place"
        );
        for purpose in [
            Purpose::Show,
            Purpose::Send { most: 1 << 20 },
            Purpose::Portrait,
        ] {
            let decoded = redraw(&file, purpose).unwrap();
            assert_eq!((decoded.full.width, decoded.full.height), (20, 40));
            assert!(!holds(&decoded.full.bytes, b"GPS-CANARY"));
            assert!(!holds(&decoded.full.bytes, b"Exif"));
        }
    }

    #[test]
    fn a_large_picture_gets_a_small_one_beside_it() {
        let file = jpeg(&noise(1_500, 300), 80).unwrap().bytes;
        let decoded = redraw(&file, Purpose::Show).unwrap();
        let thumb = decoded.thumb.unwrap();
        assert_eq!((thumb.width, thumb.height), (720, 144));
        assert_eq!(decoded.full.width, 1_500);
    }

    #[test]
    fn what_is_sent_fits_the_channel() {
        let file = png(&noise(360, 360)).unwrap().bytes;
        let most = 60_000;
        assert!(file.len() > most);
        let decoded = redraw(&file, Purpose::Send { most: 60_000 }).unwrap();
        assert!(decoded.full.bytes.len() <= most);
        assert_eq!(decoded.full.mime, "image/jpeg");
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for bytes in [
            &b""[..],
            b"<svg/>",
            b"%PDF-1.7",
            b"\x89PNG\r\n\x1a\n",
            b"BM000000",
        ] {
            assert_eq!(redraw(bytes, Purpose::Show), Err(Refusal::NotAPicture));
        }
    }

    #[test]
    fn a_palette_that_ends_within_a_colour_is_refused() {
        let file = include_bytes!("../../../../tests/fuzz/corpus/picture/palette.png");
        assert_eq!(redraw(file, Purpose::Show), Err(Refusal::NotAPicture));
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        let mut bomb = png(&noise(2, 2)).unwrap().bytes;
        // The header claims 60,000 by 60,000 pixels; its checksum is made right again.
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(redraw(&bomb, Purpose::Show), Err(Refusal::TooLarge));
        // Below the longest side and above the most pixels.
        bomb[16..20].copy_from_slice(&8_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&8_000_u32.to_be_bytes());
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(redraw(&bomb, Purpose::Show), Err(Refusal::TooLarge));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 {
                    crc >> 1 ^ 0xedb8_8320
                } else {
                    crc >> 1
                }
            })
        })
    }

    fn gif(frames: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = GifEncoder::new_with_speed(&mut out, QUICK);
        for frame in 0..frames {
            let shade = u8::try_from(frame % 250).unwrap();
            let image = image::RgbaImage::from_pixel(4, 4, image::Rgba([shade, 0, 0, 255]));
            encoder.encode_frame(Frame::new(image)).unwrap();
        }
        drop(encoder);
        out
    }

    #[test]
    fn a_moving_picture_still_moves_and_an_endless_one_stands_still() {
        let moves = redraw(&gif(3), Purpose::Show).unwrap();
        assert_eq!(moves.full.mime, "image/gif");
        let still = redraw(&gif(301), Purpose::Show).unwrap();
        assert_eq!(still.full.mime, "image/png");
    }
}
