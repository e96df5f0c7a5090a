//! News about messages that have not arrived yet. The platform keeps no order: a reaction, a read
//! mark or a deletion may come before its message and must not be lost. (Reactions need nothing
//! here: they are kept by platform id anyway.)

use domain::outbound::Failure;
use domain::{Delivery, Timestamp};
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::VaultWrite;
use crate::error::{Error, Result};

/// The kinds of news that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    Unsent,
    Edited,
    Progress,
    DeliveredUpTo,
    ReadUpTo,
}

impl Pending {
    const fn name(self) -> &'static str {
        match self {
            Self::Unsent => "unsent",
            Self::Edited => "edited",
            Self::Progress => "progress",
            Self::DeliveredUpTo => "delivered_up_to",
            Self::ReadUpTo => "read_up_to",
        }
    }
}

/// A state and its reason, as kept in `pending`.
#[derive(Serialize, Deserialize)]
struct Waiting {
    state: Delivery,
    failure: Option<Failure>,
    /// When the platform took the message, if it said so.
    sent_at: Option<Timestamp>,
}

impl VaultWrite<'_> {
    /// Keeps news, or replaces older news of the same kind. What has words of a person's is theirs.
    pub(crate) fn wait_for(
        &self,
        platform_id: &str,
        (kind, conversation): (Pending, Option<i64>),
        at: Timestamp,
        body: Option<&str>,
    ) -> Result<()> {
        self.once.something_waits();
        self.sql
            .prepare_cached(
                "INSERT INTO pending (platform_id, kind, at, body, conversation)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (platform_id, kind) DO UPDATE SET at = excluded.at,
                     body = excluded.body,
                     conversation = coalesce(excluded.conversation, pending.conversation)
                 WHERE excluded.at >= pending.at",
            )?
            .execute(params![platform_id, kind.name(), at.0, body, conversation])?;
        Ok(())
    }

    /// Keeps how far a message has come, joined with what already waits.
    pub(crate) fn wait_with_progress(
        &self,
        platform_id: &str,
        state: Delivery,
        failure: Option<&Failure>,
        at: Timestamp,
    ) -> Result<()> {
        let mut waiting = Waiting {
            state,
            failure: failure.cloned(),
            sent_at: (state == Delivery::Sent).then_some(at),
        };
        if let Some((_, Some(earlier))) = self.pending(platform_id, Pending::Progress)? {
            let earlier: Waiting =
                serde_json::from_str(&earlier).map_err(|_| Error::Invalid("pending progress"))?;
            let sent_at = waiting.sent_at.or(earlier.sent_at);
            if earlier.state.advance(state) == earlier.state {
                waiting = earlier;
            }
            waiting.sent_at = sent_at;
        }
        let body = serde_json::to_string(&waiting).expect("plain enums serialise");
        self.once.something_waits();
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO pending (platform_id, kind, at, body)
                 VALUES (?1, 'progress', ?2, ?3)",
            )?
            .execute(params![platform_id, at.0, body])?;
        Ok(())
    }

    /// Applies everything that waited for a message that has just got its platform id. True if
    /// anything did.
    pub(crate) fn settle_pending(&self, row: i64, platform_id: &str) -> Result<bool> {
        if self.nothing_waits()? {
            return Ok(false);
        }
        let mut waits = self
            .sql
            .prepare_cached("SELECT 1 FROM pending WHERE platform_id = ?1")?;
        if !waits.exists([platform_id])? {
            return Ok(false);
        }
        if self.pending(platform_id, Pending::Unsent)?.is_some() {
            self.erase_content(row, platform_id)?;
        } else if let Some((at, Some(text))) = self.pending(platform_id, Pending::Edited)? {
            self.change_text(row, &text, at)?;
        }
        if let Some((_, Some(body))) = self.pending(platform_id, Pending::Progress)? {
            let waiting: Waiting =
                serde_json::from_str(&body).map_err(|_| Error::Invalid("pending progress"))?;
            if let Some(at) = waiting.sent_at {
                self.place_by_platform(row, at)?;
            }
            self.advance(row, waiting.state, waiting.failure.as_ref())?;
        }
        for (kind, state) in [
            (Pending::DeliveredUpTo, Delivery::Delivered),
            (Pending::ReadUpTo, Delivery::Read),
        ] {
            if self.pending(platform_id, kind)?.is_some() {
                self.advance_up_to_row(row, state)?;
            }
        }
        self.sql
            .prepare_cached("DELETE FROM pending WHERE platform_id = ?1")?
            .execute([platform_id])?;
        Ok(true)
    }

    /// Forgets news older than a moment whose message never came.
    pub fn forget_pending(&self, before: Timestamp) -> Result<usize> {
        let mut statement = self
            .sql
            .prepare_cached("DELETE FROM pending WHERE at < ?1")?;
        Ok(statement.execute([before.0])?)
    }

    fn pending(
        &self,
        platform_id: &str,
        kind: Pending,
    ) -> Result<Option<(Timestamp, Option<String>)>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT at, body FROM pending WHERE platform_id = ?1 AND kind = ?2")?;
        Ok(statement
            .query_row([platform_id, kind.name()], |row| {
                Ok((Timestamp(row.get(0)?), row.get(1)?))
            })
            .optional()?)
    }
}
