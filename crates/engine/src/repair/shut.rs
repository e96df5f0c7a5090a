//! What may be missing in a vault that is shut. It cannot be marked there, so it is kept in `shop.db`
//! and marked when the vault opens, before anything is shown of it. Marking twice is marking once.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{ConnectionId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{ShopDb, ShopWrite, VaultWrite};
use wire::StreamId;

use super::marks::{UNCOUNTED, mark_missing, mark_missing_since_complete};
use crate::connected::Connected;
use crate::error::Result;
use crate::shop::Shop;

/// In the settings of `shop.db`: by connection, what is to be marked. Absent while nothing is.
const KEPT: &str = "missed_while_shut";
/// How many streams are told apart; what is said of more is taken to be about the connection.
const MOST_STREAMS: usize = 64;

/// Something that may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Missed {
    /// Only if the vault reads this stream: which one it reads is not known while it is shut.
    pub(crate) stream: Option<StreamId>,
    /// Since when; `None` for since the last moment that is known to be complete.
    pub(crate) since: Option<Timestamp>,
    /// Something is gone for good, and not only late.
    pub(crate) lost: bool,
}

impl Missed {
    fn and(&self, other: &Self) -> Self {
        Self {
            stream: self.stream,
            since: self.since.zip(other.since).map(|(one, two)| one.min(two)),
            lost: self.lost || other.lost,
        }
    }
}

type Kept = BTreeMap<ConnectionId, Vec<Missed>>;

/// Keeps it for each vault that is shut.
pub(crate) async fn keep_for_shut(shop: &Shop, missed: Missed) -> Result<()> {
    let connections = shop.connections();
    let shut = connections.iter().filter(|connected| connected.is_shut());
    let shut: Vec<ConnectionId> = shut.map(|connected| connected.id).collect();
    if shut.is_empty() {
        return Ok(());
    }
    shop.shop_db(move |db| db.write(|write| keep(write, &shut, &missed)))
        .await
}

fn keep(write: &ShopWrite<'_>, shut: &[ConnectionId], missed: &Missed) -> store::Result<()> {
    let mut kept: Kept = write.setting(KEPT)?.unwrap_or_default();
    for id in shut {
        let of = kept.entry(*id).or_default();
        let mut missed = missed.clone();
        if of.len() >= MOST_STREAMS {
            missed.stream = None;
        }
        match of.iter_mut().find(|known| known.stream == missed.stream) {
            Some(known) => *known = known.and(&missed),
            None => of.push(missed),
        }
    }
    write.set_setting(KEPT, &kept)
}

/// Marks what was kept for those that are open now. What is kept of a connection that is no more is
/// forgotten.
pub(crate) fn mark_opened(
    db: &ShopDb,
    connections: &BTreeMap<ConnectionId, Arc<Connected>>,
    now: Timestamp,
) -> store::Result<()> {
    let Some(kept) = db.read(|read| read.setting::<Kept>(KEPT))? else {
        return Ok(());
    };
    let mut left = Kept::new();
    for (id, missed) in kept {
        let Some(connected) = connections.get(&id) else {
            continue;
        };
        match connected.vault() {
            Ok(vault) => vault.write(|write| mark_all(write, &missed, now))?,
            Err(_) => {
                left.insert(id, missed);
            }
        }
    }
    db.write(|write| {
        if left.is_empty() {
            return write.remove_setting(KEPT);
        }
        write.set_setting(KEPT, &left)
    })
}

fn mark_all(write: &VaultWrite<'_>, missed: &[Missed], now: Timestamp) -> store::Result<()> {
    let reads = write.cursor()?.map(|cursor| cursor.stream);
    for one in missed {
        if one.stream.is_some_and(|of| reads != Some(*of.as_bytes())) {
            continue;
        }
        match one.since {
            Some(since) => mark_missing(write, since)?,
            None => mark_missing_since_complete(write, now)?,
        }
        if one.lost {
            write.set_mark(UNCOUNTED, Some("yes"))?;
        }
    }
    Ok(())
}
