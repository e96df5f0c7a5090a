//! Pictures that say they are huge, hold more frames than anybody looks at, or unpack to more than a
//! computer has.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compress, Compression, FlushCompress};

use crate::pictures::{chunk, stored};

/// A picture that is none to be drawn as it says.
#[derive(Debug)]
pub struct Bomb {
    /// What is wrong with it.
    pub name: &'static str,
    /// Its file.
    pub bytes: Vec<u8>,
    /// What can be drawn of it is small: it may be shown.
    pub harmless_part: bool,
}

impl Bomb {
    /// As an address that holds it.
    pub fn address(&self) -> String {
        format!("data:image/any;base64,{}", STANDARD.encode(&self.bytes))
    }
}

/// The name of the one that is small, and no larger than a photograph if its colours are not read.
pub const COLOURS: &str = "png with packed colours beside many pixels";

/// All of them.
pub fn all() -> Vec<Bomb> {
    let packed = unpacks_to_mib(700);
    let beside = |name: &[u8; 4], before: &[u8]| {
        let mut png = png_head(8, 8, 8, 2);
        chunk(&mut png, name, &[before, packed.as_slice()].concat());
        chunk(&mut png, b"IDAT", &stored(&[0; 8 * 25]));
        chunk(&mut png, b"IEND", &[]);
        png
    };
    let bomb = |name, bytes, harmless_part| Bomb {
        name,
        bytes,
        harmless_part,
    };
    vec![
        bomb("png 65535 x 65535", png(65_535, 65_535, 8, 6), false),
        bomb(
            "png 2147483647 x 2147483647",
            png(0x7fff_ffff, 0x7fff_ffff, 16, 6),
            false,
        ),
        bomb("png 8193 x 1", png(8_193, 1, 8, 2), false),
        bomb("png 8192 x 8192", png(8_192, 8_192, 8, 2), false),
        bomb("png 7000 x 7000, 16 bits", png(7_000, 7_000, 16, 6), false),
        bomb("png 0 x 0", png(0, 0, 8, 2), false),
        bomb("png with packed words", beside(b"zTXt", b"k\0\0"), true),
        bomb(
            "png with packed words, otherwise",
            beside(b"iTXt", b"k\0\x01\0\0\0"),
            true,
        ),
        bomb("png with packed colours", beside(b"iCCP", b"k\0\0"), true),
        bomb(COLOURS, colours_beside_many_pixels(), true),
        bomb("png with packed pixels", png_of(8, 8, &packed), true),
        bomb("gif 65535 x 65535", gif(65_535, 65_535, 1), false),
        bomb("gif of 50000 frames", gif(16, 16, 50_000), true),
        bomb("gif 7000 x 7000", gif(7_000, 7_000, 2), false),
        bomb("gif 4400 x 4400", gif(4_400, 4_400, 2), true),
        bomb("jpeg 65535 x 65535", jpeg(65_535, 65_535, 3), false),
        bomb("jpeg in passes", in_passes(jpeg(8_160, 6_120, 3)), false),
        bomb(
            "jpeg in passes, inks",
            in_passes(jpeg(8_160, 6_120, 4)),
            false,
        ),
        bomb("jpeg 65535 x 1", jpeg(65_535, 1, 255), false),
        bomb("webp 16777216 x 16777216", webp_extended(), false),
        bomb("webp 16384 x 16384", webp_lossless(), false),
    ]
}

fn png_head(width: u32, height: u32, bits: u8, colours: u8) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([bits, colours, 0, 0, 0]);
    chunk(&mut png, b"IHDR", &header);
    png
}

fn png(width: u32, height: u32, bits: u8, colours: u8) -> Vec<u8> {
    let mut png = png_head(width, height, bits, colours);
    chunk(&mut png, b"IDAT", &stored(&[0; 100]));
    chunk(&mut png, b"IEND", &[]);
    png
}

fn png_of(width: u32, height: u32, packed: &[u8]) -> Vec<u8> {
    let mut png = png_head(width, height, 8, 2);
    chunk(&mut png, b"IDAT", packed);
    chunk(&mut png, b"IEND", &[]);
    png
}

/// As many pixels as may be drawn, and a colour profile just below what decoders usually allow.
fn colours_beside_many_pixels() -> Vec<u8> {
    let mut png = png_head(7_000, 7_000, 8, 6);
    let profile = unpacks_to_mib(255);
    chunk(&mut png, b"iCCP", &[b"k\0\0", profile.as_slice()].concat());
    chunk(&mut png, b"IDAT", &unpacks_to_mib(188));
    chunk(&mut png, b"IEND", &[]);
    png
}

/// What is kept until the last pass is more than the picture.
fn in_passes(mut jpeg: Vec<u8>) -> Vec<u8> {
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]);
    if let Some(marker) = frame.and_then(|at| jpeg.get_mut(at + 1)) {
        *marker = 0xc2;
    }
    jpeg
}

/// About a thousandth of that.
fn unpacks_to_mib(size: usize) -> Vec<u8> {
    let mut packer = Compress::new(Compression::best(), false);
    let mut piece = Vec::with_capacity(64 * 1024);
    packer
        .compress_vec(&vec![0; 1024 * 1024], &mut piece, FlushCompress::Full)
        .expect("there is room");
    let mut whole = vec![0x78, 0xda];
    for _ in 0..size {
        whole.write_all(&piece).expect("memory takes all");
    }
    // The checksum of so many noughts.
    let sum = u16::try_from(size * 1024 * 1024 % 65_521).expect("below that");
    whole.extend([1, 0, 0, 0xff, 0xff]);
    whole.extend([sum.to_be_bytes(), [0, 1]].concat());
    whole
}

fn gif(width: u16, height: u16, frames: usize) -> Vec<u8> {
    let mut gif = b"GIF89a".to_vec();
    gif.extend(width.to_le_bytes());
    gif.extend(height.to_le_bytes());
    gif.extend([0x80, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff]);
    for _ in 0..frames {
        // One pixel, shown for a hundredth of a second.
        gif.extend([0x21, 0xf9, 4, 0, 1, 0, 0, 0]);
        gif.extend([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
    }
    gif.push(0x3b);
    gif
}

fn jpeg(width: u16, height: u16, components: u8) -> Vec<u8> {
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
    jpeg.extend([1; 64]);
    jpeg.extend([0xff, 0xc0]);
    jpeg.extend((8 + 3 * u16::from(components)).to_be_bytes());
    jpeg.push(8);
    jpeg.extend(height.to_be_bytes());
    jpeg.extend(width.to_be_bytes());
    jpeg.push(components);
    for component in 0..components {
        jpeg.extend([component, 0x11, 0]);
    }
    jpeg.extend([
        0xff, 0xda, 0, 12, 3, 0, 0, 1, 0, 2, 0, 0, 63, 0, 0, 0xff, 0xd9,
    ]);
    jpeg
}

fn webp(chunks: &[u8]) -> Vec<u8> {
    let length = u32::try_from(chunks.len() + 4).expect("a small file");
    let head = [b"RIFF".as_slice(), &length.to_le_bytes(), b"WEBP"].concat();
    [&head, chunks].concat()
}

/// The largest canvas there is, with a promise of motion.
fn webp_extended() -> Vec<u8> {
    let mut chunks = b"VP8X\x0a\0\0\0\x02\0\0\0\xff\xff\xff\xff\xff\xff".to_vec();
    chunks.extend(b"ANIM\x06\0\0\0\0\0\0\0\0\0");
    webp(&chunks)
}

fn webp_lossless() -> Vec<u8> {
    webp(b"VP8L\x06\0\0\0\x2f\xff\xff\xff\x0f\0")
}
