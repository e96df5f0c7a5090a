//! The connections this shop has, so that they can be listed without opening a vault.

use domain::{Channel, ConnectionId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{ShopRead, ShopWrite};
use crate::error::Result;
use crate::sql;

/// A connection as Settings shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRecord {
    /// Its random id.
    pub id: ConnectionId,
    /// Its channel.
    pub channel: Channel,
    /// The account at the platform; one connection each.
    pub platform_id: String,
    /// Its name.
    pub name: String,
    /// Its handle without `@`.
    pub handle: Option<String>,
    /// The Page behind it.
    pub page_id: Option<String>,
    /// The WhatsApp Business account behind it.
    pub waba_id: Option<String>,
    /// The number as shown.
    pub phone: Option<String>,
    /// The login whose token it uses.
    pub login: Option<String>,
    /// Where it stands.
    pub state: ConnectionState,
    /// Since when.
    pub state_since: Timestamp,
    /// When its token ends; `None` if it does not, or is not known.
    pub token_expires_at: Option<Timestamp>,
    /// When something last arrived.
    pub last_event_at: Option<Timestamp>,
    /// When the subscription at the platform was last found good.
    pub checked_at: Option<Timestamp>,
    /// Since when it is connected.
    pub connected_at: Timestamp,
}

/// Where a connection stands. None of these erases anything but `Erasing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Messages come and go.
    Live,
    /// The vault is there, the route is not yet.
    Connecting,
    /// The sign-in has ended; messages still arrive, answers cannot leave.
    SignInEnded,
    /// A permission or role is missing.
    PermissionMissing,
    /// The platform stopped telling about new messages.
    Unsubscribed,
    /// The app was removed at the platform; the grace runs.
    Deauthorized,
    /// A deletion order waits for the owner's answer.
    Locked,
    /// The wipe has begun.
    Erasing,
}

impl ConnectionState {
    const ALL: [Self; 8] = [
        Self::Live,
        Self::Connecting,
        Self::SignInEnded,
        Self::PermissionMissing,
        Self::Unsubscribed,
        Self::Deauthorized,
        Self::Locked,
        Self::Erasing,
    ];

    /// The name kept.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Connecting => "connecting",
            Self::SignInEnded => "sign_in_ended",
            Self::PermissionMissing => "permission_missing",
            Self::Unsubscribed => "unsubscribed",
            Self::Deauthorized => "deauthorized",
            Self::Locked => "locked",
            Self::Erasing => "erasing",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl ShopRead<'_> {
    /// Every connection, the oldest first.
    pub fn connections(&self) -> Result<Vec<ConnectionRecord>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM connections ORDER BY connected_at, id")?;
        let rows = statement.query_map([], from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One connection.
    pub fn connection(&self, id: ConnectionId) -> Result<Option<ConnectionRecord>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM connections WHERE id = ?1")?;
        Ok(statement.query_row([id.as_bytes()], from_row).optional()?)
    }

    /// The connection of an account, if there is one: logging in again keeps its vault.
    pub fn connection_of_account(
        &self,
        channel: Channel,
        platform_id: &str,
    ) -> Result<Option<ConnectionRecord>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM connections WHERE channel = ?1 AND platform_id = ?2")?;
        Ok(statement
            .query_row([channel.name(), platform_id], from_row)
            .optional()?)
    }
}

impl ShopWrite<'_> {
    /// Writes a connection down, new or changed.
    pub fn set_connection(&self, connection: &ConnectionRecord) -> Result<()> {
        self.sql.prepare_cached(UPSERT)?.execute(params![
            connection.id.as_bytes(),
            connection.channel.name(),
            connection.platform_id,
            connection.name,
            connection.handle,
            connection.page_id,
            connection.waba_id,
            connection.phone,
            connection.login,
            connection.state.name(),
            connection.state_since.0,
            connection.token_expires_at.map(|at| at.0),
            connection.last_event_at.map(|at| at.0),
            connection.checked_at.map(|at| at.0),
            connection.connected_at.0,
        ])?;
        Ok(())
    }

    /// Moves a connection to a state. False if it is in it already.
    pub fn set_connection_state(
        &self,
        id: ConnectionId,
        state: ConnectionState,
        now: Timestamp,
    ) -> Result<bool> {
        let changed = self
            .sql
            .prepare_cached(
                "UPDATE connections SET state = ?2, state_since = ?3 WHERE id = ?1 AND state <> ?2",
            )?
            .execute(params![id.as_bytes(), state.name(), now.0])?;
        Ok(changed == 1)
    }

    /// Something arrived.
    pub fn note_event(&self, id: ConnectionId, at: Timestamp) -> Result<()> {
        self.sql
            .prepare_cached(
                "UPDATE connections SET last_event_at = max(coalesce(last_event_at, ?2), ?2)
                 WHERE id = ?1",
            )?
            .execute(params![id.as_bytes(), at.0])?;
        Ok(())
    }

    /// The subscription at the platform was found good.
    pub fn note_checked(&self, id: ConnectionId, at: Timestamp) -> Result<()> {
        self.sql
            .prepare_cached("UPDATE connections SET checked_at = ?2 WHERE id = ?1")?
            .execute(params![id.as_bytes(), at.0])?;
        Ok(())
    }

    /// Forgets a connection, the links of its contacts and its envelopes that did not open.
    pub fn remove_connection(&self, id: ConnectionId) -> Result<()> {
        for sql in [
            "DELETE FROM connections WHERE id = ?1",
            "DELETE FROM person_links WHERE connection = ?1",
            "DELETE FROM persons WHERE id NOT IN (SELECT person FROM person_links) AND ?1 = ?1",
            "DELETE FROM unopened WHERE connection = ?1",
            "DELETE FROM notices WHERE connection = ?1",
        ] {
            self.sql.prepare_cached(sql)?.execute([id.as_bytes()])?;
        }
        Ok(())
    }
}

const UPSERT: &str = "
    INSERT INTO connections (id, channel, platform_id, name, handle, page_id, waba_id, phone,
        login, state, state_since, token_expires_at, last_event_at, checked_at, connected_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
    ON CONFLICT (id) DO UPDATE SET channel = excluded.channel,
        platform_id = excluded.platform_id, name = excluded.name, handle = excluded.handle,
        page_id = excluded.page_id, waba_id = excluded.waba_id, phone = excluded.phone,
        login = excluded.login, state = excluded.state, state_since = excluded.state_since,
        token_expires_at = excluded.token_expires_at, last_event_at = excluded.last_event_at,
        checked_at = excluded.checked_at, connected_at = excluded.connected_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<ConnectionRecord> {
    Ok(ConnectionRecord {
        id: ConnectionId::from_bytes(row.get("id")?),
        channel: sql::word(row, "channel", Channel::from_name)?,
        platform_id: row.get("platform_id")?,
        name: row.get("name")?,
        handle: row.get("handle")?,
        page_id: row.get("page_id")?,
        waba_id: row.get("waba_id")?,
        phone: row.get("phone")?,
        login: row.get("login")?,
        state: sql::word(row, "state", ConnectionState::from_name)?,
        state_since: sql::time(row, "state_since")?,
        token_expires_at: sql::time_or_none(row, "token_expires_at")?,
        last_event_at: sql::time_or_none(row, "last_event_at")?,
        checked_at: sql::time_or_none(row, "checked_at")?,
        connected_at: sql::time(row, "connected_at")?,
    })
}
