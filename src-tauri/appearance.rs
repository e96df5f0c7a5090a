//! How the window looks before anything can be read: theme, language and text size in a small plain file
//! beside the encrypted ones, so that the first frame is not a flash of another.
//!
//! It says nothing about the shop or its customers. "Delete everything" takes it away with the rest;
//! without it, or where it cannot be read, the computer's own settings decide.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use engine::{Language, Settings, Theme};

/// The file's name in the data folder; the store knows it as one of ours.
const FILE: &str = "appearance";

/// Where the look of one shop is kept.
#[derive(Debug, Clone)]
pub struct Appearance {
    path: PathBuf,
}

impl Appearance {
    /// The one in this data folder.
    pub fn of(data: &Path) -> Self {
        Self {
            path: data.join(FILE),
        }
    }

    /// Keeps what the settings say. That it could not be written is nobody's trouble: the settings
    /// themselves are in the shop's own file.
    pub fn keep(&self, settings: &Settings) {
        let text = query(settings);
        let outcome = if text.is_empty() {
            match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                other => other,
            }
        } else {
            std::fs::write(&self.path, &text)
        };
        if let Err(error) = outcome {
            tracing::info!(%error, "the look was not kept for the next start");
        }
    }

    /// The page to open, with what is known of its look.
    pub fn page(&self) -> String {
        match std::fs::read_to_string(&self.path) {
            Ok(text) if is_query(&text) => format!("index.html?{text}"),
            _ => "index.html".to_owned(),
        }
    }
}

/// What differs from the computer's own look, as the page's address says it.
fn query(settings: &Settings) -> String {
    let theme = match settings.theme {
        Theme::System => None,
        Theme::Light => Some("theme=light"),
        Theme::Dark => Some("theme=dark"),
    };
    let language = match settings.language {
        Language::System => None,
        Language::English => Some("lang=en"),
        Language::Arabic => Some("lang=ar"),
    };
    let size = (settings.text_size != 100).then(|| format!("size={}", settings.text_size));
    [theme.map(str::to_owned), language.map(str::to_owned), size]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("&")
}

/// Whether a file says what this program writes and nothing else.
fn is_query(text: &str) -> bool {
    let known = ["theme=light", "theme=dark", "lang=en", "lang=ar"];
    let is_size = |part: &str| {
        let percent = part.strip_prefix("size=").unwrap_or_default();
        percent
            .parse()
            .is_ok_and(|percent: u32| (80..=200).contains(&percent))
            && percent.bytes().all(|sign| sign.is_ascii_digit())
    };
    text.split('&')
        .all(|part| known.contains(&part) || is_size(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(theme: Theme, language: Language) -> Settings {
        Settings {
            theme,
            language,
            ..Settings::default()
        }
    }

    #[test]
    fn the_next_start_opens_in_the_look_that_was_chosen() {
        let folder = tempfile::tempdir().expect("a folder");
        let look = Appearance::of(folder.path());
        assert_eq!(look.page(), "index.html");
        look.keep(&settings(Theme::Dark, Language::Arabic));
        assert_eq!(look.page(), "index.html?theme=dark&lang=ar");
        look.keep(&settings(Theme::Light, Language::System));
        assert_eq!(look.page(), "index.html?theme=light");
        look.keep(&Settings {
            text_size: 150,
            ..settings(Theme::Dark, Language::System)
        });
        assert_eq!(look.page(), "index.html?theme=dark&size=150");
        look.keep(&settings(Theme::System, Language::System));
        assert_eq!(look.page(), "index.html");
        assert!(!folder.path().join(FILE).exists());
    }

    #[test]
    fn what_this_program_did_not_write_is_not_put_into_an_address() {
        let folder = tempfile::tempdir().expect("a folder");
        for text in [
            "",
            "theme=dark\n",
            "theme=dark&x=1",
            "//example.com",
            "lang=en#x",
            "size=9000",
            "size=+90",
        ] {
            std::fs::write(folder.path().join(FILE), text).expect("a file");
            assert_eq!(
                Appearance::of(folder.path()).page(),
                "index.html",
                "{text:?}"
            );
        }
    }
}
