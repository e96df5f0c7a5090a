//! Logins: one OAuth grant each. A deletion order from outside reaches logins, never accounts.

use domain::{ConnectionId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{ShopRead, ShopWrite};
use crate::error::{Error, Result};
use crate::sql;

/// One OAuth grant at a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its random id, the same at the relay.
    pub id: String,
    /// The platform, such as `meta`.
    pub platform: String,
    /// The app-scoped id of the user who granted it.
    pub user_id: Option<String>,
    /// That user's name, for Settings.
    pub user_name: Option<String>,
    /// The permissions that were granted.
    pub granted: Vec<String>,
    /// The permissions that were declined.
    pub declined: Vec<String>,
    /// Where it stands.
    pub state: LoginState,
    /// When it was made: an order issued earlier does not mean it.
    pub made_at: Timestamp,
    /// When its token ends; `None` if it does not.
    pub expires_at: Option<Timestamp>,
}

/// Where a login stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginState {
    /// In use.
    Live,
    /// The platform does not accept its token any more. Never a reason to erase anything.
    Ended,
    /// The app was removed at the platform; erased after the grace unless the person logs in again.
    Deauthorized,
}

impl LoginState {
    /// The name kept.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Ended => "ended",
            Self::Deauthorized => "deauthorized",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Live, Self::Ended, Self::Deauthorized]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

impl ShopRead<'_> {
    /// One login.
    pub fn login(&self, id: &str) -> Result<Option<Login>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM logins WHERE id = ?1")?;
        Ok(statement.query_row([id], from_row).optional()?)
    }

    /// Every login, the oldest first.
    pub fn logins(&self) -> Result<Vec<Login>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM logins ORDER BY made_at, id")?;
        let rows = statement.query_map([], from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The connections a login covers.
    pub fn connections_of_login(&self, id: &str) -> Result<Vec<ConnectionId>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT connection FROM connection_logins WHERE login = ?1 ORDER BY connection",
        )?;
        let rows = statement.query_map([id], |row| row.get(0).map(ConnectionId::from_bytes))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The live logins that cover a connection, the newest first.
    pub fn live_logins_of(&self, connection: ConnectionId) -> Result<Vec<Login>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT l.* FROM connection_logins c JOIN logins l ON l.id = c.login
             WHERE c.connection = ?1 AND l.state = 'live' ORDER BY l.made_at DESC, l.id",
        )?;
        let rows = statement.query_map([connection.as_bytes()], from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl ShopWrite<'_> {
    /// Writes a login down, new or changed.
    pub fn set_login(&self, login: &Login) -> Result<()> {
        let list = |words: &Vec<String>| {
            serde_json::to_string(words).map_err(|_| Error::Invalid("permissions"))
        };
        self.sql
            .prepare_cached(
                "INSERT INTO logins (id, platform, user_id, user_name, granted, declined, state,
                     made_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (id) DO UPDATE SET platform = excluded.platform,
                     user_id = excluded.user_id, user_name = excluded.user_name,
                     granted = excluded.granted, declined = excluded.declined,
                     state = excluded.state, made_at = excluded.made_at,
                     expires_at = excluded.expires_at",
            )?
            .execute(params![
                login.id,
                login.platform,
                login.user_id,
                login.user_name,
                list(&login.granted)?,
                list(&login.declined)?,
                login.state.name(),
                login.made_at.0,
                login.expires_at.map(|at| at.0)
            ])?;
        Ok(())
    }

    /// A login covers a connection.
    pub fn cover(&self, connection: ConnectionId, login: &str) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT OR IGNORE INTO connection_logins (connection, login) VALUES (?1, ?2)",
            )?
            .execute(params![connection.as_bytes(), login])?;
        Ok(())
    }

    /// Forgets a login and what it covered.
    pub fn remove_login(&self, id: &str) -> Result<()> {
        self.sql
            .prepare_cached("DELETE FROM logins WHERE id = ?1")?
            .execute([id])?;
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Login> {
    let list = |column: &str| {
        let text: String = row.get(column)?;
        serde_json::from_str(&text).map_err(|_| sql::unreadable(column))
    };
    Ok(Login {
        id: row.get("id")?,
        platform: row.get("platform")?,
        user_id: row.get("user_id")?,
        user_name: row.get("user_name")?,
        granted: list("granted")?,
        declined: list("declined")?,
        state: sql::word(row, "state", LoginState::from_name)?,
        made_at: sql::time(row, "made_at")?,
        expires_at: sql::time_or_none(row, "expires_at")?,
    })
}
