//! What a vault remembers of what may be missing in it: since when, until when all is here, and how
//! much the relay could not hand over.

use std::sync::Arc;

use domain::Timestamp;
use store::{Cursor, VaultRead, VaultWrite};

use crate::connected::Connected;
use crate::error::Result;
use crate::shop::Shop;

/// In the vault: since when something may be missing. Absent while nothing is.
pub(super) const MISSING_SINCE: &str = "missing_since";
/// In the vault: until when everything is known to be here.
pub(super) const COMPLETE_UNTIL: &str = "complete_until";
/// In the vault: nobody counted what was lost, as after a relay's restore. Absent otherwise.
pub(super) const UNCOUNTED: &str = "lost_uncounted";
/// In the vault: envelopes the relay could not hand over, not yet accounted for.
pub(super) const ENVELOPES_LOST: &str = "envelopes_lost";

/// From this moment on something may be missing. An earlier one stands.
pub(crate) fn mark_missing(write: &VaultWrite<'_>, since: Timestamp) -> store::Result<()> {
    let known = timestamp_mark(write, MISSING_SINCE)?;
    let earliest = known.map_or(since, |known| known.min(since));
    write.set_mark(MISSING_SINCE, Some(&earliest.0.to_string()))
}

/// Something may be missing since the last moment that is known to be complete.
pub(crate) fn mark_missing_since_complete(
    write: &VaultWrite<'_>,
    now: Timestamp,
) -> store::Result<()> {
    let connected_at = write.facts()?.map(|facts| facts.connected_at);
    mark_missing(
        write,
        complete_until(write)?.or(connected_at).unwrap_or(now),
    )
}

/// Envelopes of this connection will never come: marks it together with the cursor that goes on.
pub(crate) async fn mark_lost(
    shop: &Shop,
    connected: &Arc<Connected>,
    count: u64,
    cursor: Cursor,
) -> Result<()> {
    let now = shop.now();
    connected
        .write(move |write| {
            mark_missing_since_complete(write, now)?;
            add_lost(write, count)?;
            write.move_cursor(&cursor)
        })
        .await?;
    shop.wake.repair.notify_one();
    Ok(())
}

/// The relay refused so many envelopes since a moment.
pub(crate) async fn mark_refused(
    shop: &Shop,
    connected: &Arc<Connected>,
    count: u64,
    since: Timestamp,
) -> Result<()> {
    connected
        .write(move |write| {
            mark_missing(write, since)?;
            add_lost(write, count)
        })
        .await?;
    shop.wake.repair.notify_one();
    Ok(())
}

/// From this moment on something is gone, and nobody can say how much.
pub(crate) fn mark_uncounted(write: &VaultWrite<'_>, since: Timestamp) -> store::Result<()> {
    mark_missing(write, since)?;
    write.set_mark(UNCOUNTED, Some("yes"))
}

fn add_lost(write: &VaultWrite<'_>, count: u64) -> store::Result<()> {
    let known: u64 = write
        .mark(ENVELOPES_LOST)?
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    write.set_mark(
        ENVELOPES_LOST,
        Some(&known.saturating_add(count).to_string()),
    )
}

pub(super) fn complete_until(read: &VaultRead<'_>) -> store::Result<Option<Timestamp>> {
    timestamp_mark(read, COMPLETE_UNTIL)
}

pub(super) fn timestamp_mark(read: &VaultRead<'_>, name: &str) -> store::Result<Option<Timestamp>> {
    Ok(read
        .mark(name)?
        .and_then(|text| text.parse().ok())
        .map(Timestamp))
}
