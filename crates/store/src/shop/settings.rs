//! Values by name. Each has one type, kept as JSON; a value another version wrote in a form this one
//! cannot read counts as not set.

use rusqlite::OptionalExtension as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ShopRead, ShopWrite};
use crate::error::{Error, Result};

impl ShopRead<'_> {
    /// The value of a setting; `None` if it was never set.
    pub fn setting<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
        let value: Option<String> = statement.query_row([name], |row| row.get(0)).optional()?;
        Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
    }
}

impl ShopWrite<'_> {
    /// Keeps a setting.
    pub fn set_setting<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        let value = serde_json::to_string(value).map_err(|_| Error::Invalid("setting"))?;
        self.sql
            .prepare_cached("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)")?
            .execute([name, &value])?;
        Ok(())
    }

    /// Forgets a setting.
    pub fn remove_setting(&self, name: &str) -> Result<()> {
        self.sql
            .prepare_cached("DELETE FROM settings WHERE name = ?1")?
            .execute([name])?;
        Ok(())
    }
}
