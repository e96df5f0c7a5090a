//! Files of our own, made of what was drawn.

use std::borrow::Cow;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageFormat};

use super::{Picture, Refusal};

/// Drawings stay sharp (PNG), photographs stay small (JPEG).
pub(super) fn encode(image: &DynamicImage, format: ImageFormat) -> Result<Picture, Refusal> {
    if image.color().has_alpha() || matches!(format, ImageFormat::Png | ImageFormat::Gif) {
        png(image)
    } else {
        jpeg(image, 90)
    }
}

pub(super) fn png(image: &DynamicImage) -> Result<Picture, Refusal> {
    let mut bytes = Vec::new();
    image
        .write_with_encoder(PngEncoder::new(&mut bytes))
        .map_err(|_| Refusal::GaveUp)?;
    Ok(Picture {
        bytes,
        mime: "image/png".to_owned(),
        width: image.width(),
        height: image.height(),
    })
}

pub(super) fn jpeg(image: &DynamicImage, quality: u8) -> Result<Picture, Refusal> {
    let mut bytes = Vec::new();
    on_white(image)
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))
        .map_err(|_| Refusal::GaveUp)?;
    Ok(Picture {
        bytes,
        mime: "image/jpeg".to_owned(),
        width: image.width(),
        height: image.height(),
    })
}

/// JPEG knows no transparency; paper is white.
fn on_white(image: &DynamicImage) -> Cow<'_, DynamicImage> {
    let DynamicImage::ImageRgba8(rgba) = image else {
        return Cow::Borrowed(image);
    };
    let mut flat = image::RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in flat.pixels_mut().zip(rgba.pixels()) {
        let [red, green, blue, alpha] = from.0;
        let over = |colour: u8| {
            let mixed = u32::from(colour) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from(mixed / 255).unwrap_or(u8::MAX)
        };
        to.0 = [over(red), over(green), over(blue)];
    }
    Cow::Owned(DynamicImage::ImageRgb8(flat))
}
