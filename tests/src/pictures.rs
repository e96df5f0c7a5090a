//! Pictures for tests.

use std::io::Cursor;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, Rgb, RgbImage};

/// A photograph as a phone sends it, so large that a small form of it is kept beside it; as a `data:`
/// address, which the stand-in for Meta takes for a picture's name.
pub fn photograph() -> Result<String> {
    let picture = RgbImage::from_fn(1200, 900, |x, y| {
        let shade = |of: u32| u8::try_from(of % 256).unwrap_or_default();
        Rgb([
            shade(x * x / 97 + y),
            shade(y * y / 89 + x),
            shade(x * y / 83),
        ])
    });
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Jpeg)?;
    let encoded = STANDARD.encode(file.into_inner());
    Ok(format!("data:image/jpeg;base64,{encoded}"))
}

/// What a camera wrote into [`with_camera_data`].
pub const CAMERA: &str = "CANARY-CAMERA-51.5007N-0.1246W";

/// A small PNG with words of a camera in it, as photos carry places and names.
pub fn with_camera_data() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let side: u32 = 48;
    let mut header = [side.to_be_bytes(), side.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 0]);
    chunk(&mut png, b"IHDR", &header);
    chunk(
        &mut png,
        b"tEXt",
        &[b"Comment\0", CAMERA.as_bytes()].concat(),
    );
    let mut rows = Vec::new();
    for y in 0..side {
        rows.push(0);
        for x in 0..side {
            let shade = u8::try_from((x * 5 + y * 3) % 256).unwrap_or_default();
            rows.extend([200, shade, 120]);
        }
    }
    chunk(&mut png, b"IDAT", &stored(&rows));
    chunk(&mut png, b"IEND", &[]);
    png
}

pub(crate) fn chunk(png: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).expect("a small picture");
    png.extend(length.to_be_bytes());
    let body = [name.as_slice(), data].concat();
    png.extend(&body);
    png.extend(crc(&body).to_be_bytes());
}

/// zlib without compression.
pub(crate) fn stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks: Vec<&[u8]> = data.chunks(60_000).collect();
    for (index, block) in blocks.iter().enumerate() {
        out.push(u8::from(index + 1 == blocks.len()));
        let length = u16::try_from(block.len()).expect("a block is small");
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(*block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend(((b << 16) | a).to_be_bytes());
    out
}

fn crc(data: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}
