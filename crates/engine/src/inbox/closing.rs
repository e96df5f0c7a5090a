//! Conversations whose reply window closes soon.

use domain::{ConnectionId, ConversationId, Timestamp};
use store::vault::conversations::{Conversation, Filter, ListPosition};

use super::{MOST_ROWS, Opened, show_all, write_position};
use crate::{compose, read, shown};

/// How much less than this is left of the reply window makes it close soon.
const SOON: i64 = 4 * domain::time::HOUR;

/// Conversations that wait for an answer and whose last means to give one ends soon.
pub(super) fn closing(
    vaults: &Opened,
    now: Timestamp,
) -> store::Result<Vec<(Timestamp, Conversation)>> {
    let mut found = Vec::new();
    for (connected, vault) in vaults {
        let human_agent = vault.read(compose::has_human_agent)?;
        let ends = |row: &Conversation| {
            let heard = shown::Heard::of(row);
            shown::ends_at(&shown::window(connected.channel(), heard, human_agent, now))
        };
        let Some(longest) = shown::longest(connected.channel(), human_agent) else {
            continue;
        };
        // The list is walked only where windows close soon: a few hours of it.
        let (from, until) = (now.plus(SOON - longest), now.plus(-longest));
        let mut after = Some(first_at(connected.id, from));
        loop {
            let rows = vault
                .read(|read| read.conversations(Filter::Waiting, after.as_ref(), MOST_ROWS))?;
            for row in &rows {
                if let Some(end) = ends(row).filter(|end| end.since(now) < SOON) {
                    found.push((end, row.clone()));
                }
            }
            after = rows.last().map(Conversation::position);
            let whole = rows.len() == usize::try_from(MOST_ROWS).unwrap_or(usize::MAX);
            if !whole || after.is_none_or(|last| last.last_activity < until) {
                break;
            }
        }
    }
    found.sort_by_key(|(end, row)| (*end, row.id));
    Ok(found)
}

/// The place before everything that happened at this moment.
const fn first_at(connection: ConnectionId, at: Timestamp) -> ListPosition {
    let conversation = ConversationId {
        connection,
        row: i64::MAX,
    };
    ListPosition {
        last_activity: at,
        conversation,
    }
}

pub(super) fn closing_soon(
    vaults: &Opened,
    after: Option<ListPosition>,
    limit: u32,
    now: Timestamp,
) -> store::Result<read::ConversationPage> {
    let found = closing(vaults, now)?;
    let rest: Vec<_> = found
        .into_iter()
        .filter(|(end, row)| {
            after.is_none_or(|after| (*end, row.id) > (after.last_activity, after.conversation))
        })
        .collect();
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rest.len() > wanted;
    let next = rest
        .get(wanted.saturating_sub(1))
        .filter(|_| more)
        .map(|(end, row)| {
            write_position(&ListPosition {
                last_activity: *end,
                conversation: row.id,
            })
        });
    let rows: Vec<_> = rest.into_iter().take(wanted).map(|(_, row)| row).collect();
    Ok(read::ConversationPage {
        rows: show_all(vaults, &rows, now)?,
        next,
    })
}
