//! Flat shapes with soft edges on a canvas of pixels.

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

pub(super) type Colour = [u8; 3];

#[derive(Debug)]
pub(super) struct Canvas {
    pixels: RgbImage,
    scale: f32,
}

impl Canvas {
    /// A background that goes from one colour at the top to another at the bottom. Shapes are
    /// placed on `size`; the picture has so many pixels for each of its units.
    pub(super) fn new(size: (f32, f32), scale: f32, (top, bottom): (Colour, Colour)) -> Self {
        let (columns, rows) = (whole(size.0 * scale), whole(size.1 * scale));
        let mut pixels = RgbImage::new(columns, rows);
        for (y, row) in pixels.rows_mut().enumerate() {
            let row_at = u32::try_from(y).map_or(0.0, position);
            let colour = Rgb(mix(top, bottom, row_at / (size.1 * scale)));
            row.for_each(|pixel| *pixel = colour);
        }
        Self { pixels, scale }
    }

    /// An ellipse: middle, radii, colour.
    pub(super) fn oval(&mut self, (x, y): (f32, f32), (rx, ry): (f32, f32), colour: Colour) {
        let smaller = rx.min(ry);
        self.fill((x - rx, y - ry, x + rx, y + ry), colour, |px, py| {
            let (dx, dy) = ((px - x) / rx, (py - y) / ry);
            (1.0 - dx.hypot(dy)) * smaller
        });
    }

    pub(super) fn circle(&mut self, middle: (f32, f32), radius: f32, colour: Colour) {
        self.oval(middle, (radius, radius), colour);
    }

    /// A rectangle: left top corner, size, colour.
    pub(super) fn block(
        &mut self,
        (x, y): (f32, f32),
        (width, height): (f32, f32),
        colour: Colour,
    ) {
        let (right, bottom) = (x + width, y + height);
        self.fill((x, y, right, bottom), colour, |px, py| {
            (px - x).min(right - px).min(py - y).min(bottom - py)
        });
    }

    /// A stroke from one point to another.
    pub(super) fn stroke(&mut self, from: (f32, f32), to: (f32, f32), width: f32, colour: Colour) {
        let ((ax, ay), (bx, by)) = (from, to);
        let box_of = (
            ax.min(bx) - width,
            ay.min(by) - width,
            ax.max(bx) + width,
            ay.max(by) + width,
        );
        let (dx, dy) = (bx - ax, by - ay);
        let length = dx.mul_add(dx, dy * dy).max(0.01);
        self.fill(box_of, colour, |px, py| {
            let along = ((px - ax).mul_add(dx, (py - ay) * dy) / length).clamp(0.0, 1.0);
            let (nx, ny) = (along.mul_add(dx, ax), along.mul_add(dy, ay));
            width / 2.0 - (px - nx).hypot(py - ny)
        });
    }

    /// Colours every pixel of a box by how far inside the shape it lies.
    fn fill(
        &mut self,
        (left, top, right, bottom): (f32, f32, f32, f32),
        colour: Colour,
        inside: impl Fn(f32, f32) -> f32,
    ) {
        let scale = self.scale;
        let end = |edge: f32, limit: u32| (whole(edge * scale) + 2).min(limit);
        for x in whole(left * scale)..end(right, self.pixels.width()) {
            for y in whole(top * scale)..end(bottom, self.pixels.height()) {
                let depth = inside(position(x) / scale, position(y) / scale) * scale;
                let cover = (depth + 0.5).clamp(0.0, 1.0);
                if cover > 0.0
                    && let Some(pixel) = self.pixels.get_pixel_mut_checked(x, y)
                {
                    *pixel = Rgb(mix(pixel.0, colour, cover));
                }
            }
        }
    }

    pub(super) fn jpeg(&self) -> Bytes {
        let mut out = Vec::new();
        JpegEncoder::new_with_quality(&mut out, 86)
            .encode_image(&self.pixels)
            .expect("an RGB picture of this size can be written to memory");
        out.into()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the size of our pictures first"
)]
fn whole(length: f32) -> u32 {
    length.clamp(0.0, 4_096.0) as u32
}

#[expect(clippy::cast_precision_loss, reason = "our pictures are small")]
fn position(pixel: u32) -> f32 {
    pixel as f32 + 0.5
}

pub(super) fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    let mut out = from;
    for (slot, target) in out.iter_mut().zip(to) {
        let value =
            (f32::from(target) - f32::from(*slot)).mul_add(share.clamp(0.0, 1.0), f32::from(*slot));
        *slot = u8::try_from(whole(value.round())).unwrap_or(u8::MAX);
    }
    out
}
