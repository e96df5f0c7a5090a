//! Finds out what became of replies whose answer was lost. Echoes and statuses do most of it by
//! themselves; this looks into the conversation at the platform where that is offered. Finding
//! nothing proves nothing: only the owner may send again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use channels::meta::reconcile::{Found, find_sent};
use channels::meta::{Account, Error as PlatformError};
use domain::outbound::Outcome;
use domain::reply_window::Means;
use domain::time::SECOND;
use domain::{OurId, Timestamp};
use store::vault::outbox::OutboxRow;
use store::vault::thread::Page;
use tokio_util::sync::CancellationToken;

use crate::connected::Connected;
use crate::error::{Error, Result};
use crate::news::News;
use crate::outbox;
use crate::shop::Shop;

/// How long after the try its conversation is looked into.
const LOOKS: [i64; 3] = [5 * SECOND, 30 * SECOND, 90 * SECOND];
/// How often it is asked whether a look is due.
const TICK: Duration = Duration::from_secs(5);
/// How many messages of a thread are known well enough not to be taken for ours.
const KNOWN: u32 = 200;

/// Looks three times after each unconfirmed reply, then leaves it to the owner.
pub(crate) async fn run(shop: Arc<Shop>, stop: CancellationToken) {
    let mut looks: HashMap<OurId, usize> = HashMap::new();
    loop {
        let waiting = look_at_all(&shop, &mut looks).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = shop.wake.reconcile.notified() => {}
            () = tokio::time::sleep(TICK), if waiting => {}
        }
    }
}

/// True while a look is still to come.
async fn look_at_all(shop: &Shop, looks: &mut HashMap<OurId, usize>) -> bool {
    let mut seen = HashSet::new();
    for connected in shop.connections() {
        if matches!(connected.account, Account::Whatsapp { .. }) {
            continue;
        }
        for row in connected
            .read(|read| read.unconfirmed())
            .await
            .unwrap_or_default()
        {
            seen.insert(row.our_id);
            let made = looks.entry(row.our_id).or_default();
            let started = row.started_at.unwrap_or(row.written_at);
            if !is_due(started, *made, shop.now()) {
                continue;
            }
            *made += 1;
            if let Err(error) = look_up(shop, &connected, &row).await {
                tracing::debug!(row = row.id, %error, "the look-up failed");
            }
        }
    }
    looks.retain(|our_id, _| seen.contains(our_id));
    looks.values().any(|made| *made < LOOKS.len())
}

fn is_due(started: Timestamp, made: usize, now: Timestamp) -> bool {
    LOOKS
        .get(made)
        .is_some_and(|after| now.since(started) >= *after)
}

/// Looks into the conversation at the platform for one reply.
pub(crate) async fn look_up(
    shop: &Shop,
    connected: &Arc<Connected>,
    row: &OutboxRow,
) -> Result<()> {
    let Some(message) = outbox::outgoing(connected, row, Means::Response).await? else {
        return Ok(());
    };
    let token = shop.token_of(connected.id).await?.ok_or(Error::Gone)?;
    let conversation = row.conversation;
    let known: HashSet<String> = connected
        .read(move |read| {
            let page = read.thread(conversation, Page::Newest, KNOWN)?;
            Ok(page
                .messages
                .into_iter()
                .filter_map(|message| message.platform_id)
                .collect())
        })
        .await?;
    let started = row.started_at.unwrap_or(row.written_at);
    let is_known = |id: &str| known.contains(id);
    let account = &connected.account;
    let found = find_sent(&shop.graph, account, &token, &message, started, is_known).await;
    match found {
        Ok(Found::Once { platform_id, .. }) => {
            let row = row.clone();
            let now = shop.now();
            let outcome = Outcome::Sent {
                platform_id,
                contact: None,
            };
            connected
                .write(move |write| write.settle(&row, &outcome, now))
                .await?;
            shop.herald.tell(News::Messages {
                conversation,
                arrived: false,
            });
            shop.herald.tell(News::Conversations(vec![conversation]));
            Ok(())
        }
        // Nothing, or two that look alike: the owner is asked.
        Ok(Found::Nothing | Found::Several) | Err(PlatformError::NotOffered) => Ok(()),
        Err(error) => Err(Error::Unexpected(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_looks_and_no_more() {
        let started = Timestamp(0);
        assert!(!is_due(started, 0, Timestamp(4 * SECOND)));
        assert!(is_due(started, 0, Timestamp(5 * SECOND)));
        assert!(!is_due(started, 1, Timestamp(29 * SECOND)));
        assert!(is_due(started, 2, Timestamp(90 * SECOND)));
        assert!(!is_due(started, 3, Timestamp(i64::MAX)));
    }
}
