//! Decodes pictures apart from everything else. Bytes from outside are never decoded where a key,
//! a token or a message is: the program starts itself again as `shopbell decode`, under limits of
//! size, memory and time, and takes back pictures it has drawn anew. The original bytes reach
//! neither the window nor, when the shop sends, the platform.

mod bare;
mod files;
pub(crate) mod helper;
pub(crate) mod picture;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use helper::run;

/// Where pictures are decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoder {
    /// This program, started again as `shopbell decode`.
    Helper(PathBuf),
    /// In this process: for tests, where the running program is not `shopbell`.
    Here,
}

/// What a decoded picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To be shown here: as it is, and small.
    Show,
    /// To be sent: JPEG or PNG of at most so many bytes, made smaller if need be.
    Send {
        /// The channel's limit.
        most: u64,
    },
    /// A person's picture: a small square is enough.
    Portrait,
}

/// A picture drawn anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The file.
    pub bytes: Vec<u8>,
    /// `image/jpeg`, `image/png` or `image/gif`.
    pub mime: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// What came of decoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The whole picture.
    pub full: Picture,
    /// The small one; absent if the whole one is small already.
    pub thumb: Option<Picture>,
}

/// Why a picture was not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Not a JPEG, PNG, GIF or WebP, or a broken one.
    #[error("not a picture")]
    NotAPicture,
    /// Too many pixels, bytes or frames.
    #[error("the picture is too large")]
    TooLarge,
    /// It took too long, or the helper died.
    #[error("the picture could not be decoded in time")]
    GaveUp,
}

/// The largest file that is decoded at all.
const MOST_BYTES: usize = 64 * 1024 * 1024;

impl Decoder {
    /// The helper is the running program itself.
    pub fn helper() -> Self {
        Self::Helper(std::env::current_exe().unwrap_or_default())
    }

    /// Decodes `bytes` and draws them anew for `purpose`.
    pub async fn decode(&self, bytes: Vec<u8>, purpose: Purpose) -> Result<Decoded, Refusal> {
        if bytes.len() > MOST_BYTES {
            return Err(Refusal::TooLarge);
        }
        match self {
            Self::Helper(program) => helper::ask(program, &bytes, purpose).await,
            Self::Here => tokio::task::spawn_blocking(move || picture::redraw(&bytes, purpose))
                .await
                .map_err(|_| Refusal::GaveUp)?,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests_support {
    /// A photograph that says how to turn it and where it was taken.
    pub(crate) fn photo(width: u32, height: u32) -> Vec<u8> {
        super::picture::tests::photo_with_place(width, height)
    }
}
