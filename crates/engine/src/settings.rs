//! What the owner can set. Kept in `shop.db`; the window shows it before any connection exists.

use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::Result;
use crate::news::News;

/// The settings of this shop on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The window's language.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// Whether the system is asked to notify.
    pub notifications: bool,
    /// Seconds a reply is held before it leaves, 0 to 30.
    pub hold_seconds: u32,
    /// Text size in percent, 80 to 200.
    pub text_size: u32,
    /// The name the owner gave the shop; may be empty.
    pub shop_name: String,
}

/// The window's language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// As the computer says.
    #[default]
    System,
    /// English.
    English,
    /// Arabic.
    Arabic,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the computer says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Under this name they lie in `shop.db`.
pub(crate) const SETTINGS: &str = "settings";
/// The longest hold, in seconds.
const LONGEST_HOLD: u32 = 30;
/// The longest name of a shop, in characters.
const LONGEST_NAME: usize = 128;

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: Language::System,
            theme: Theme::System,
            notifications: true,
            hold_seconds: 5,
            text_size: 100,
            shop_name: String::new(),
        }
    }
}

impl Settings {
    /// The same with every value within its bounds: the window is not trusted to keep them.
    #[must_use]
    pub fn within_bounds(mut self) -> Self {
        self.hold_seconds = self.hold_seconds.min(LONGEST_HOLD);
        self.text_size = self.text_size.clamp(80, 200);
        self.shop_name = self.shop_name.trim().chars().take(LONGEST_NAME).collect();
        self
    }
}

impl Engine {
    /// The settings; the usual ones while the shop is not open.
    #[expect(
        clippy::unused_async,
        reason = "everything the window asks for is awaited"
    )]
    pub async fn settings(&self) -> Settings {
        self.shop()
            .map_or_else(|_| Settings::default(), |shop| shop.settings())
    }

    /// Changes the settings.
    pub async fn set_settings(&self, settings: Settings) -> Result<()> {
        let shop = self.shop()?;
        let settings = settings.within_bounds();
        let written = settings.clone();
        shop.shop_db(move |db| db.write(|write| write.set_setting(SETTINGS, &written)))
            .await?;
        *shop
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = settings;
        shop.herald.tell(News::App);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_are_brought_inside() {
        let wild = Settings {
            hold_seconds: 900,
            text_size: 1,
            shop_name: format!("  {}", "x".repeat(500)),
            ..Settings::default()
        };
        let tame = wild.within_bounds();
        assert_eq!((tame.hold_seconds, tame.text_size), (30, 80));
        assert_eq!(tame.shop_name.len(), LONGEST_NAME);
    }

    #[test]
    fn a_setting_that_an_older_version_did_not_write_has_its_usual_value() {
        let read: Settings = serde_json::from_str(r#"{"theme":"dark","unknown":1}"#).unwrap();
        assert_eq!(
            read,
            Settings {
                theme: Theme::Dark,
                ..Settings::default()
            }
        );
    }
}
