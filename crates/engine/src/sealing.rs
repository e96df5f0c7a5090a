//! The key a connection's stream is sealed to is replaced after seven days or 5,000 envelopes. The
//! one before stays in the vault until everything sealed to it has been written down for good, and
//! is destroyed then: whoever steals today's key reads nothing of last month.
//!
//! The new key is kept before the relay hears of it, and the relay goes on with the old one until it
//! does: whatever is cut off in between, both open. It hears by a proof ([`crate::routes`]).

use std::sync::Arc;

use domain::Timestamp;
use domain::secrets::Secret;
use domain::time::{DAY, MINUTE};
use store::vault::cursor::EarlierSealKey;
use store::{Vault, VaultRead, VaultWrite};

use crate::connected::{Connected, SignIn};
use crate::error::Result;
use crate::link::inlet::{read_seal_key, seal_key_secret};
use crate::phase::LinkState;
use crate::random;
use crate::shop::Shop;

/// The longest a key is used.
const LONGEST: i64 = 7 * DAY;
/// The most envelopes that are sealed to one.
const MOST: u64 = 5_000;
/// So long after a key was replaced something may still be on its way that was sealed to it.
const ON_ITS_WAY: i64 = 10 * MINUTE;
/// Where it ends is not known yet.
const NO_END: u64 = i64::MAX.unsigned_abs();

/// In the vault: since when the present key is used, at which place in the stream that began, and
/// that the relay has not been told yet.
const SINCE: &str = "seal_key_since";
const FROM: &str = "seal_key_from";
const UNTOLD: &str = "seal_key_untold";

/// Replaces every key whose time is over. Only where the relay can be told: a proof needs a sign-in.
pub(crate) async fn replace_due(shop: &Shop) -> Result<()> {
    if *shop.link.borrow() != LinkState::Online {
        return Ok(());
    }
    let now = shop.now();
    for connected in shop.connections() {
        let health = connected.health();
        let well = !health.locked && !health.route_stopped && health.sign_in == SignIn::Good;
        if connected.vault().is_err() || health.wipes_at.is_some() || !well {
            continue;
        }
        if connected.read(move |read| is_due(read, now)).await? {
            replace(shop, &connected, now).await?;
        }
    }
    Ok(())
}

fn is_due(read: &VaultRead<'_>, now: Timestamp) -> store::Result<bool> {
    let Some(cursor) = read.cursor()? else {
        return Ok(false);
    };
    let since = number(read, SINCE)?;
    let connected_at = read.facts()?.map(|facts| facts.connected_at);
    let Some(since) = since.map(Timestamp).or(connected_at) else {
        return Ok(false);
    };
    // A new stream counts from its own beginning.
    let from = number(read, FROM)?.and_then(|from| u64::try_from(from).ok());
    let from = from.filter(|from| *from <= cursor.seq).unwrap_or(0);
    Ok(now.since(since) >= LONGEST || cursor.seq - from >= MOST)
}

fn number(read: &VaultRead<'_>, name: &str) -> store::Result<Option<i64>> {
    Ok(read.mark(name)?.and_then(|text| text.parse().ok()))
}

async fn replace(shop: &Shop, connected: &Arc<Connected>, now: Timestamp) -> Result<()> {
    let name = shop.profile.seal_name(connected.id);
    let of = name.clone();
    let present = shop.keychain(move |secrets| Ok(secrets.get(&of)?)).await?;
    let Some((key_id, key)) = present.as_ref().and_then(read_seal_key) else {
        return Ok(());
    };
    let earlier = EarlierSealKey {
        key_id: key_id.as_bytes().to_vec(),
        secret: Secret::new(key.expose_secret_bytes().to_vec()),
    };
    connected
        .write(move |write| {
            write.keep_seal_key(&earlier, NO_END)?;
            begin(write, now)
        })
        .await?;
    let (key_id, key) = random::seal_key();
    let fresh = seal_key_secret(key_id, &key);
    shop.keychain(move |secrets| Ok(secrets.set(&name, &fresh)?))
        .await?;
    tracing::info!(connection = %connected.id, "the seal key was replaced");
    shop.wake.link.notify_one();
    Ok(())
}

fn begin(write: &VaultWrite<'_>, now: Timestamp) -> store::Result<()> {
    let from = write.cursor()?.map_or(0, |cursor| cursor.seq);
    write.set_mark(SINCE, Some(&now.0.to_string()))?;
    write.set_mark(FROM, Some(&from.to_string()))?;
    write.set_mark(UNTOLD, Some("yes"))
}

/// Whether the relay has still to hear of a new key.
pub(crate) async fn is_untold(connected: &Connected) -> bool {
    let mark = connected.read(|read| read.mark(UNTOLD)).await;
    mark.is_ok_and(|mark| mark.is_some())
}

/// The relay seals to the present key from here on.
pub(crate) async fn is_told(connected: &Connected) -> Result<()> {
    connected.write(|write| write.set_mark(UNTOLD, None)).await
}

/// The present key has opened an envelope: what comes behind it is sealed to that one too, and the
/// earlier keys are needed only until it is written down for good.
pub(crate) fn note_opened(vault: &Vault, seq: Option<u64>, now: Timestamp) -> store::Result<()> {
    let Some(seq) = seq else { return Ok(()) };
    let waiting = vault.read(|read| {
        if read.earlier_seal_keys()?.is_empty() {
            return Ok(false);
        }
        let since = number(read, SINCE)?;
        Ok(since.is_some_and(|since| now.since(Timestamp(since)) >= ON_ITS_WAY))
    })?;
    if !waiting {
        return Ok(());
    }
    vault.write(|write| write.bound_seal_keys(seq))
}
