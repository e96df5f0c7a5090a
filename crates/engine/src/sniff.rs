//! What a file is, by its own first bytes; what a platform or a sender calls it does not count.

/// How many bytes are enough to tell.
pub(crate) const HEAD: u64 = 16;

/// The content type of a file that begins like this. What is not known is bytes and nothing else.
pub(crate) fn content_type(head: &[u8]) -> &'static str {
    match head {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "image/webp",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => "audio/wav",
        [_, _, _, _, b'f', b't', b'y', b'p', b'M', b'4', b'A', ..] => "audio/mp4",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [b'I', b'D', b'3', ..] | [0xff, 0xfb | 0xf3 | 0xf2, ..] => "audio/mpeg",
        [b'#', b'!', b'A', b'M', b'R', ..] => "audio/amr",
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_decide() {
        for (head, expected) in [
            (&b"\xff\xd8\xff\xe0"[..], "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
            (b"GIF89a", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"\0\0\0\x18ftypmp42", "video/mp4"),
            (b"OggS\0", "audio/ogg"),
            (b"%PDF-1.7", "application/pdf"),
            (b"<html><script>", "application/octet-stream"),
            (b"<svg xmlns=", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(content_type(head), expected);
        }
    }
}
