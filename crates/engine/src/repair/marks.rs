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

/// In the vault: how often something was said to be missing. What is said while the platform is
/// asked would otherwise look like what it was asked for.
const TIMES_MARKED: &str = "missing_times";

/// What may be missing, as it stood when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) since: Timestamp,
    times: u64,
}

impl Missing {
    /// `None` while nothing is missing.
    pub(super) fn read(read: &VaultRead<'_>) -> store::Result<Option<Self>> {
        let since = timestamp_mark(read, MISSING_SINCE)?;
        let times = count_mark(read, TIMES_MARKED)?;
        Ok(since.map(|since| Self { since, times }))
    }

    /// What was missing is here, or noted. False, and nothing is forgotten, if more has come to be
    /// missing meanwhile: that has to be looked for too.
    pub(super) fn close(self, write: &VaultWrite<'_>) -> store::Result<bool> {
        match Self::read(write)? {
            // Another look has come first.
            None => return Ok(true),
            Some(now) if now != self => return Ok(false),
            Some(_) => {}
        }
        for mark in [ENVELOPES_LOST, UNCOUNTED, MISSING_SINCE] {
            write.set_mark(mark, None)?;
        }
        Ok(true)
    }
}

/// From this moment on something may be missing. An earlier one stands.
pub(crate) fn mark_missing(write: &VaultWrite<'_>, since: Timestamp) -> store::Result<()> {
    let known = timestamp_mark(write, MISSING_SINCE)?;
    let earliest = known.map_or(since, |known| known.min(since));
    write.set_mark(MISSING_SINCE, Some(&earliest.0.to_string()))?;
    let times = count_mark(write, TIMES_MARKED)?.wrapping_add(1);
    write.set_mark(TIMES_MARKED, Some(&times.to_string()))
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

/// In the vault: since when the gaps were that are counted already, the latest last.
const GAPS_COUNTED: &str = "gaps_counted";
/// How many of them are remembered: more than are ever said again.
const MOST_COUNTED: usize = 64;

/// The relay refused so many envelopes since a moment. Said twice it counts once.
pub(crate) async fn mark_refused(
    shop: &Shop,
    connected: &Arc<Connected>,
    count: u64,
    since: Timestamp,
) -> Result<()> {
    connected
        .write(move |write| {
            mark_missing(write, since)?;
            if count > 0 && !is_counted(write, since)? {
                add_lost(write, count)?;
            }
            Ok(())
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

/// Whether a gap was counted before; from now on it is.
fn is_counted(write: &VaultWrite<'_>, since: Timestamp) -> store::Result<bool> {
    let known = write.mark(GAPS_COUNTED)?.unwrap_or_default();
    let mut known: Vec<&str> = known.split_whitespace().collect();
    let since = since.0.to_string();
    if known.contains(&since.as_str()) {
        return Ok(true);
    }
    known.push(&since);
    let kept = known.split_off(known.len().saturating_sub(MOST_COUNTED));
    write.set_mark(GAPS_COUNTED, Some(&kept.join(" ")))?;
    Ok(false)
}

fn add_lost(write: &VaultWrite<'_>, count: u64) -> store::Result<()> {
    let lost = count_mark(write, ENVELOPES_LOST)?.saturating_add(count);
    write.set_mark(ENVELOPES_LOST, Some(&lost.to_string()))
}

/// What is gone for good, in envelopes: `Some(0)` is an amount nobody knows.
pub(super) fn lost_for_good(read: &VaultRead<'_>) -> store::Result<Option<u32>> {
    let lost = u32::try_from(count_mark(read, ENVELOPES_LOST)?).unwrap_or(u32::MAX);
    let uncounted = read.mark(UNCOUNTED)?.is_some();
    Ok((lost > 0 || uncounted).then_some(lost))
}

fn count_mark(read: &VaultRead<'_>, name: &str) -> store::Result<u64> {
    let text = read.mark(name)?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
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
