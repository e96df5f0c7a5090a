//! Logins under way. Ten minutes after the start nothing of one is left.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use wire::seal::{Target, Use};
use wire::{AccountRef, Digest, KeyId, LoginId, RelayId, SealKey};

use super::streams::About;
use crate::clock::MINUTE;
use crate::pseudonym::Pseudonym;

/// How long a login may take.
pub(crate) const LOGIN_LIFE: i64 = 10 * MINUTE;
/// Wrong codes after which a login is over.
const MAX_WRONG: i64 = 5;

/// A login that has started.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) id: LoginId,
    pub(crate) state: Pseudonym,
    pub(crate) device: i64,
    pub(crate) verifier_hash: Digest,
    pub(crate) port: u16,
    pub(crate) key_id: KeyId,
    pub(crate) seal_key: SealKey,
    pub(crate) expires_at: i64,
}

impl Started {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let state: [u8; 32] = row.get("state")?;
        Ok(Self {
            id: LoginId::from_bytes(row.get("id")?),
            state: Pseudonym::from_slice(&state).ok_or(rusqlite::Error::InvalidQuery)?,
            device: row.get("device")?,
            verifier_hash: Digest::from_bytes(row.get("verifier_hash")?),
            port: row.get("port")?,
            key_id: KeyId::from_bytes(row.get("key_id")?),
            seal_key: SealKey::from_bytes(row.get("seal_key")?),
            expires_at: row.get("expires_at")?,
        })
    }

    /// Whom the hand-off is sealed to.
    pub(crate) const fn target(&self, relay: RelayId) -> Target {
        Target {
            what: Use::HandOff,
            relay,
            about: *self.id.as_bytes(),
            key_id: self.key_id,
            key: self.seal_key,
        }
    }
}

/// What the exchange brought, prepared and not yet confirmed.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) person: Pseudonym,
    pub(crate) made_at: i64,
    /// HMAC of the one-time code.
    pub(crate) handoff: Pseudonym,
    pub(crate) sealed: Vec<u8>,
    pub(crate) found: Vec<Found>,
}

/// An account that may be connected, by pseudonym.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) account_ref: AccountRef,
    account: Digest,
    subscription: Digest,
}

impl Found {
    pub(crate) fn new(account_ref: AccountRef, about: About) -> Self {
        Self {
            account_ref,
            account: Digest::from_bytes(*about.account.as_bytes()),
            subscription: Digest::from_bytes(*about.subscription.as_bytes()),
        }
    }

    pub(crate) fn about(&self) -> Option<About> {
        Some(About {
            account: Pseudonym::from_slice(self.account.as_bytes())?,
            subscription: Pseudonym::from_slice(self.subscription.as_bytes())?,
        })
    }
}

/// What a device shows to get at a hand-off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    pub(crate) login: LoginId,
    pub(crate) device: i64,
    pub(crate) handoff: Pseudonym,
    /// The hash of the verifier it showed; not needed for the confirmation, which comes after the
    /// claim.
    pub(crate) verifier_hash: Option<Digest>,
}

/// What came of showing it.
#[derive(Debug)]
pub(crate) enum Handed {
    /// It is right.
    Right(Prepared, i64),
    /// It is wrong; after five wrong ones the login is over.
    Wrong,
    /// There is no such login, or it is over.
    Gone,
}

pub(crate) fn start(connection: &Connection, started: &Started) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO pending_logins
                 (id, state, device, verifier_hash, port, key_id, seal_key, expires_at, used_at,
                  person, made_at, handoff, sealed, found, wrong_tries)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, NULL, NULL, NULL, NULL, NULL, 0)",
        )?
        .execute(params![
            started.id.as_bytes(),
            started.state.as_bytes(),
            started.device,
            started.verifier_hash.as_bytes(),
            started.port,
            started.key_id.as_bytes(),
            started.seal_key.as_bytes(),
            started.expires_at
        ])?;
    Ok(())
}

/// Takes the login of a state, once.
pub(crate) fn take(
    connection: &Connection,
    state: Pseudonym,
    now: i64,
) -> rusqlite::Result<Option<Started>> {
    connection
        .prepare_cached(
            "UPDATE pending_logins SET used_at = ?2
             WHERE state = ?1 AND used_at IS NULL AND expires_at > ?2
             RETURNING id, state, device, verifier_hash, port, key_id, seal_key, expires_at",
        )?
        .query_row(params![state.as_bytes(), now], Started::from_row)
        .optional()
}

pub(crate) fn prepare(
    connection: &Connection,
    id: LoginId,
    prepared: &Prepared,
) -> rusqlite::Result<()> {
    let found = serde_json::to_string(&prepared.found).expect("pseudonyms are JSON");
    connection
        .prepare_cached(
            "UPDATE pending_logins
             SET person = ?2, made_at = ?3, handoff = ?4, sealed = ?5, found = ?6 WHERE id = ?1",
        )?
        .execute(params![
            id.as_bytes(),
            prepared.person.as_bytes(),
            prepared.made_at,
            prepared.handoff.as_bytes(),
            prepared.sealed,
            found
        ])?;
    Ok(())
}

/// Checks what a device shows. Wrong ones are counted.
pub(crate) fn hand_over(
    connection: &Connection,
    shown: Shown,
    now: i64,
) -> rusqlite::Result<Handed> {
    let row = connection
        .prepare_cached(
            "SELECT verifier_hash, expires_at, person, made_at, handoff, sealed, found
             FROM pending_logins
             WHERE id = ?1 AND device = ?2 AND expires_at > ?3 AND handoff IS NOT NULL",
        )?
        .query_row(params![shown.login.as_bytes(), shown.device, now], |row| {
            let bytes = |name: &str| -> rusqlite::Result<Pseudonym> {
                let bytes: [u8; 32] = row.get(name)?;
                Pseudonym::from_slice(&bytes).ok_or(rusqlite::Error::InvalidQuery)
            };
            let found: String = row.get("found")?;
            let prepared = Prepared {
                person: bytes("person")?,
                made_at: row.get("made_at")?,
                handoff: bytes("handoff")?,
                sealed: row.get("sealed")?,
                found: serde_json::from_str(&found).unwrap_or_default(),
            };
            let verifier_hash = Digest::from_bytes(row.get("verifier_hash")?);
            Ok((prepared, verifier_hash, row.get("expires_at")?))
        })
        .optional()?;
    let Some((prepared, verifier_hash, expires_at)) = row else {
        return Ok(Handed::Gone);
    };
    let right = prepared.handoff == shown.handoff
        && shown.verifier_hash.is_none_or(|hash| hash == verifier_hash);
    if right {
        return Ok(Handed::Right(prepared, expires_at));
    }
    connection
        .prepare_cached("UPDATE pending_logins SET wrong_tries = wrong_tries + 1 WHERE id = ?1")?
        .execute([shown.login.as_bytes()])?;
    connection
        .prepare_cached("DELETE FROM pending_logins WHERE id = ?1 AND wrong_tries >= ?2")?
        .execute(params![shown.login.as_bytes(), MAX_WRONG])?;
    Ok(Handed::Wrong)
}

/// Forgets a login under way.
pub(crate) fn burn(connection: &Connection, id: LoginId) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM pending_logins WHERE id = ?1")?
        .execute([id.as_bytes()])?;
    Ok(())
}

/// Forgets what a person had under way that is older than their deletion request.
pub(crate) fn burn_of_person(
    connection: &Connection,
    person: Pseudonym,
    issued_at: i64,
) -> rusqlite::Result<()> {
    let before = issued_at.saturating_add(1).saturating_mul(1000);
    connection
        .prepare_cached("DELETE FROM pending_logins WHERE person = ?1 AND made_at < ?2")?
        .execute(params![person.as_bytes(), before])?;
    Ok(())
}

/// Forgets what a device had under way.
pub(crate) fn burn_of_device(connection: &Connection, device: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM pending_logins WHERE device = ?1")?
        .execute([device])?;
    Ok(())
}

/// Forgets what took too long.
pub(crate) fn burn_expired(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM pending_logins WHERE expires_at <= ?1")?
        .execute([now])?;
    Ok(())
}
