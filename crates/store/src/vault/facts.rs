//! What is known about the connection itself, and the engine's own small marks about it.

use domain::{Channel, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::sql;

/// The connection, as the platform knows it. No token is among it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its channel.
    pub channel: Channel,
    /// The account: Instagram account, Page, WhatsApp phone number id.
    pub platform_id: String,
    /// Its name as the owner sees it.
    pub name: String,
    /// Its handle without `@`.
    pub handle: Option<String>,
    /// The Page behind it (Messenger, Instagram).
    pub page_id: Option<String>,
    /// The WhatsApp Business account behind it.
    pub waba_id: Option<String>,
    /// The number as shown.
    pub phone: Option<String>,
    /// Our app at Meta: an echo that names it came from this program.
    pub app_id: Option<String>,
    /// The login that covers it.
    pub login: Option<String>,
    /// Since when it is connected.
    pub connected_at: Timestamp,
}

impl VaultRead<'_> {
    /// What is known about the connection; `None` in a vault that was just made.
    pub fn facts(&self) -> Result<Option<Facts>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT channel, platform_id, name, handle, page_id, waba_id, phone, app_id, login,
                    connected_at
             FROM facts WHERE one = 1",
        )?;
        Ok(statement.query_row([], from_row).optional()?)
    }

    /// A value the engine keeps about this connection, such as when it last looked for gaps.
    pub fn mark(&self, name: &str) -> Result<Option<String>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT value FROM marks WHERE name = ?1")?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }
}

impl VaultWrite<'_> {
    /// Writes down what is known about the connection, replacing what was.
    pub fn set_facts(&self, facts: &Facts) -> Result<()> {
        self.once.facts_changed();
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO facts (one, channel, platform_id, name, handle, page_id,
                     waba_id, phone, app_id, login, connected_at)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                facts.channel.name(),
                facts.platform_id,
                facts.name,
                facts.handle,
                facts.page_id,
                facts.waba_id,
                facts.phone,
                facts.app_id,
                facts.login,
                facts.connected_at.0
            ])?;
        Ok(())
    }

    /// Keeps a value under a name; `None` forgets it.
    pub fn set_mark(&self, name: &str, value: Option<&str>) -> Result<()> {
        match value {
            Some(value) => self
                .sql
                .prepare_cached("INSERT OR REPLACE INTO marks (name, value) VALUES (?1, ?2)")?
                .execute([name, value])?,
            None => self
                .sql
                .prepare_cached("DELETE FROM marks WHERE name = ?1")?
                .execute([name])?,
        };
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Facts> {
    Ok(Facts {
        channel: sql::word(row, "channel", Channel::from_name)?,
        platform_id: row.get("platform_id")?,
        name: row.get("name")?,
        handle: row.get("handle")?,
        page_id: row.get("page_id")?,
        waba_id: row.get("waba_id")?,
        phone: row.get("phone")?,
        app_id: row.get("app_id")?,
        login: row.get("login")?,
        connected_at: sql::time(row, "connected_at")?,
    })
}
