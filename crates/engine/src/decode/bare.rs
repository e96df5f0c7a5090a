//! What of a picture's file is needed to paint it, and what painting takes. Colour profiles, words
//! and places beside the pixels are left out before a decoder sees them: a profile of a few kilobytes
//! may unpack to more than a computer has. Judges no pixels, and repairs nothing: what is broken is
//! passed on as it is, for the decoder to refuse, unless the decoder is known to break at it.

use std::borrow::Cow;

use image::ImageFormat;

/// How a picture is to be turned needs no more.
const MOST_EXIF: usize = 64 * 1024;

/// The file with nothing beside the pixels but how they are to be turned.
pub(super) fn bare(bytes: &[u8], format: ImageFormat) -> Cow<'_, [u8]> {
    let without = match format {
        ImageFormat::Png => png(bytes),
        ImageFormat::Jpeg => jpeg(bytes),
        ImageFormat::WebP => webp(bytes),
        _ => None,
    };
    without.map_or(Cow::Borrowed(bytes), Cow::Owned)
}

fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let (signature, mut rest) = bytes.split_at_checked(8)?;
    let mut kept = Vec::with_capacity(bytes.len());
    kept.extend_from_slice(signature);
    while let Some((length, named)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let whole = length.saturating_add(12).min(rest.len());
        let (chunk, after) = rest.split_at_checked(whole)?;
        let needed = match named.first_chunk::<4>() {
            Some(b"IHDR" | b"tRNS" | b"IDAT" | b"IEND") => true,
            // A palette that ends within a colour is none, and the decoder panics at it.
            Some(b"PLTE") => length.is_multiple_of(3),
            Some(b"eXIf") => length <= MOST_EXIF,
            _ => false,
        };
        if needed {
            kept.extend_from_slice(chunk);
        }
        rest = after;
    }
    Some(kept)
}

/// The parts before the first scan, each with its marker; `None` ends them.
fn jpeg_part(rest: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[0xff, marker], body) = rest.split_first_chunk::<2>()? else {
        return None;
    };
    // What stands alone, fills, or begins the pixels.
    if matches!(marker, 0x01 | 0xd0..=0xda | 0xff | 0x00) {
        return None;
    }
    let length = usize::from(u16::from_be_bytes(*body.first_chunk::<2>()?));
    let (part, after) = rest.split_at_checked(length.checked_add(2)?)?;
    (length >= 2).then_some((marker, part, after))
}

fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let (start, mut rest) = bytes.split_at_checked(2)?;
    let mut kept = Vec::with_capacity(bytes.len());
    kept.extend_from_slice(start);
    while let Some((marker, part, after)) = jpeg_part(rest) {
        let needed = match marker {
            // How it is to be turned.
            0xe1 => part.get(4..10) == Some(b"Exif\0\0"),
            // The forms JFIF and Adobe's, which say what the colours are.
            0xe0 | 0xee => true,
            0xe2..=0xef | 0xfe => false,
            _ => true,
        };
        if needed {
            kept.extend_from_slice(part);
        }
        rest = after;
    }
    kept.extend_from_slice(rest);
    Some(kept)
}

/// A WebP's head says which chunks follow, so what is left out is taken back there too.
fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    const PROFILE_AND_WORDS: u8 = 0x20 | 0x04;
    const EXIF: u8 = 0x08;
    let (head, mut rest) = bytes.split_at_checked(12)?;
    let mut kept = Vec::with_capacity(bytes.len());
    kept.extend_from_slice(head);
    let mut exif = false;
    while let Some((name, sized)) = rest.split_first_chunk::<4>() {
        let Some(length) = sized.first_chunk::<4>() else {
            break;
        };
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let padded = length.saturating_add(8).saturating_add(length % 2);
        let (chunk, after) = rest.split_at_checked(padded.min(rest.len()))?;
        let needed = match name {
            b"VP8X" | b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ANMF" => true,
            b"EXIF" => length <= MOST_EXIF && padded <= rest.len() && !exif,
            _ => false,
        };
        if needed {
            exif |= name == b"EXIF";
            kept.extend_from_slice(chunk);
        }
        rest = after;
    }
    if kept.get(12..16) == Some(b"VP8X")
        && let Some(flags) = kept.get_mut(20)
    {
        *flags &= !PROFILE_AND_WORDS;
        if !exif {
            *flags &= !EXIF;
        }
    }
    let length = u32::try_from(kept.len().checked_sub(8)?).ok()?;
    kept.get_mut(4..8)?.copy_from_slice(&length.to_le_bytes());
    Some(kept)
}

/// What a JPEG that comes in several passes is kept in until the last of them: two bytes for every
/// sample of every component. One that comes in a single pass is painted row by row.
pub(super) fn jpeg_passes(bytes: &[u8]) -> u64 {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let Some((marker, part, after)) = jpeg_part(rest) {
        rest = after;
        if !matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce) {
            continue;
        }
        let side = |at: usize| {
            let side = part.get(at..)?.first_chunk::<2>();
            side.map(|side| u64::from(u16::from_be_bytes(*side)))
        };
        let (height, width) = (side(5).unwrap_or(0), side(7).unwrap_or(0));
        let factors: Vec<(u64, u64)> = part
            .get(10..)
            .unwrap_or_default()
            .chunks_exact(3)
            .filter_map(|component| component.get(1))
            .map(|factors| (u64::from(factors >> 4), u64::from(factors & 15)))
            .collect();
        let most = |of: fn(&(u64, u64)) -> u64| factors.iter().map(of).max().unwrap_or(1).max(1);
        let blocks = width.div_ceil(8 * most(|of| of.0)) * height.div_ceil(8 * most(|of| of.1));
        let samples: u64 = factors.iter().map(|(across, down)| across * down).sum();
        return blocks * samples * 64 * 2;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        [&length.to_be_bytes(), name.as_slice(), data, b"\0\0\0\0"].concat()
    }

    #[test]
    fn of_a_png_only_what_paints_it_is_left() {
        let paints = ["IHDR", "PLTE", "tRNS", "eXIf", "IDAT", "IEND"];
        let beside = ["iCCP", "zTXt", "iTXt", "tEXt", "sPLT", "acTL"];
        let file = |names: &[&str]| {
            let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
            for name in names {
                file.extend(chunk(name.as_bytes().try_into().unwrap(), b"colour"));
            }
            file
        };
        let mut all: Vec<&str> = beside.to_vec();
        for (at, name) in paints.into_iter().enumerate() {
            all.insert(at * 2, name);
        }
        assert_eq!(*bare(&file(&all), ImageFormat::Png), file(&paints));
        let long = [file(&["IHDR"]), chunk(b"eXIf", &[0; MOST_EXIF + 1])].concat();
        assert_eq!(*bare(&long, ImageFormat::Png), file(&["IHDR"]));
        let cut = [file(&["IHDR"]), chunk(b"PLTE", b"colours")].concat();
        assert_eq!(*bare(&cut, ImageFormat::Png), file(&["IHDR"]));
    }

    #[test]
    fn of_a_jpeg_only_what_paints_it_is_left() {
        let part = |marker: u8, data: &[u8]| {
            let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
            [&[0xff, marker], length.as_slice(), data].concat()
        };
        let scan = b"\xff\xda\0\x02pixels \xff\xe2\0\x04no\xff\xd9".to_vec();
        let paints = [
            part(0xe0, b"JFIF"),
            part(0xe1, b"Exif\0\0turned"),
            part(0xee, b"Adobe"),
            part(0xdb, b"table"),
            part(0xc0, b"frame"),
        ];
        let beside = [
            part(0xe1, b"http://ns.adobe.com/xap/1.0/\0words"),
            part(0xe2, b"ICC_PROFILE\0\x01\x01colours"),
            part(0xed, b"Photoshop"),
            part(0xfe, b"a comment"),
        ];
        let file = |parts: &[Vec<u8>]| [b"\xff\xd8", parts.concat().as_slice(), &scan].concat();
        let all: Vec<Vec<u8>> = beside.iter().chain(&paints).cloned().collect();
        assert_eq!(*bare(&file(&all), ImageFormat::Jpeg), file(&paints));
    }

    #[test]
    fn of_a_webp_only_what_paints_it_is_left_and_its_head_says_so() {
        let chunk = |name: &[u8], data: &[u8]| {
            let length = u32::try_from(data.len()).unwrap().to_le_bytes();
            let pad = vec![0; data.len() % 2];
            [name, length.as_slice(), data, pad.as_slice()].concat()
        };
        let file = |flags: u8, chunks: &[Vec<u8>]| {
            let head = chunk(b"VP8X", &[flags, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
            let body = [head, chunks.concat()].concat();
            let length = u32::try_from(body.len() + 4).unwrap().to_le_bytes();
            [b"RIFF".as_slice(), &length, b"WEBP", &body].concat()
        };
        let (profile, words) = (chunk(b"ICCP", b"odd"), chunk(b"XMP ", b"words"));
        let (pixels, turned) = (chunk(b"VP8L", b"pixels"), chunk(b"EXIF", b"turned"));
        let all = [profile.clone(), pixels.clone(), turned.clone(), words];
        let left = [pixels.clone(), turned];
        assert_eq!(
            *bare(&file(0x3c, &all), ImageFormat::WebP),
            file(0x18, &left)
        );
        // A chunk that claims more than the file has is no way of turning.
        let mut lying = file(0x08, std::slice::from_ref(&pixels));
        lying.extend(b"EXIF\xff\xff\0\0");
        assert_eq!(*bare(&lying, ImageFormat::WebP), file(0, &[pixels]));
    }

    #[test]
    fn what_is_broken_is_passed_on() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            for bytes in [
                b"".as_slice(),
                b"\xff",
                b"RIFF\0\0\0\0WEBPVP8X",
                b"12345678\0",
            ] {
                let _ = bare(bytes, format);
                let _ = jpeg_passes(bytes);
            }
        }
        let cut = b"\xff\xd8\xff\xe0\x10\0cut";
        assert_eq!(*bare(cut, ImageFormat::Jpeg), *cut);
    }

    #[test]
    fn passes_are_weighed_by_their_samples() {
        let frame = |marker: u8, luma: u8| {
            let mut file = vec![0xff, 0xd8, 0xff, marker, 0, 17, 8];
            file.extend([0x17, 0xd8, 0x1f, 0xe0, 3]);
            file.extend([1, luma, 0, 2, 0x11, 0, 3, 0x11, 0]);
            file
        };
        // 6,104 by 8,160 in full, at half the colour, and in a single pass.
        assert_eq!(jpeg_passes(&frame(0xc2, 0x11)), 6_104 * 8_160 * 3 * 2);
        assert_eq!(jpeg_passes(&frame(0xc2, 0x22)), 6_112 * 8_160 * 3);
        assert_eq!(jpeg_passes(&frame(0xc0, 0x22)), 0);
    }
}
