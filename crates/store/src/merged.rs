//! One list over several vaults. Each vault gives its own page from its own index; the pages are
//! merged here. Nothing is ever attached or copied together.

use std::collections::{BTreeMap, VecDeque};

use domain::{ConnectionId, MessageId};

use crate::error::Result;
use crate::vault::Vault;
use crate::vault::conversations::{Conversation, Filter, ListPosition, Unread};
use crate::vault::search::Hit;
use crate::words::Query;

/// A page of the conversation list over these vaults, newest activity first, behind `after`.
pub fn merged_conversations(
    vaults: &[&Vault],
    filter: Filter,
    after: Option<&ListPosition>,
    limit: u32,
) -> Result<Vec<Conversation>> {
    let mut merged = Vec::new();
    for vault in vaults {
        merged.extend(vault.read(|read| read.conversations(filter, after, limit))?);
    }
    merged.sort_by(|a, b| {
        let newer = b.last_activity.cmp(&a.last_activity);
        newer
            .then(a.id.connection.cmp(&b.id.connection))
            .then(b.id.row.cmp(&a.id.row))
    });
    merged.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(merged)
}

/// Unread counts over these vaults.
pub fn merged_unread(vaults: &[&Vault]) -> Result<Unread> {
    let mut sum = Unread::default();
    for vault in vaults {
        let unread = vault.read(|read| read.unread())?;
        sum.conversations = sum.conversations.saturating_add(unread.conversations);
        sum.messages = sum.messages.saturating_add(unread.messages);
    }
    Ok(sum)
}

/// How far a search has come in each vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchPosition(BTreeMap<ConnectionId, i64>);

/// Messages found over several vaults.
#[derive(Clone, Debug)]
pub struct MergedHits {
    /// The messages, newest first.
    pub hits: Vec<Hit>,
    /// Where the next page starts; `None` if that was all.
    pub next: Option<SearchPosition>,
}

/// Messages with these words in any of these vaults.
pub fn merged_messages(
    vaults: &[&Vault],
    query: &Query,
    after: Option<&SearchPosition>,
    limit: u32,
) -> Result<MergedHits> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut position = after.cloned().unwrap_or_default();
    let mut waiting = Vec::new();
    for vault in vaults {
        let before = position.0.get(&vault.connection()).copied();
        // One more than fits on the page tells whether there is another.
        let asked = limit.saturating_add(1);
        let found = vault.read(|read| read.find_messages(query, before, asked))?;
        waiting.push(VecDeque::from(found));
    }
    // A vault gives its hits by row, which is not quite by time: a page takes from each vault a
    // beginning of that order, so that the next page can go on behind one row.
    let mut page = Vec::new();
    while page.len() < wanted {
        let newest = waiting
            .iter_mut()
            .max_by_key(|found| found.front().map(|found| found.sent_at));
        let Some(found) = newest.and_then(VecDeque::pop_front) else {
            break;
        };
        position
            .0
            .insert(found.message.connection, found.message.row);
        page.push(found.message);
    }
    let more = waiting.iter().any(|found| !found.is_empty());
    Ok(MergedHits {
        hits: shown(vaults, &page, query)?,
        next: more.then_some(position),
    })
}

/// What is shown of these messages, in their order.
fn shown(vaults: &[&Vault], page: &[MessageId], query: &Query) -> Result<Vec<Hit>> {
    let mut shown = BTreeMap::new();
    for vault in vaults {
        let of_it = |message: &&MessageId| message.connection == vault.connection();
        let of_it: Vec<MessageId> = page.iter().filter(of_it).copied().collect();
        for hit in vault.read(|read| read.hits(&of_it, query))? {
            shown.insert(hit.message, hit);
        }
    }
    Ok(page.iter().filter_map(|id| shown.remove(id)).collect())
}

/// People with these words in any of these vaults, the latest active first.
pub fn merged_people(vaults: &[&Vault], query: &Query, limit: u32) -> Result<Vec<Conversation>> {
    let mut merged = Vec::new();
    for vault in vaults {
        merged.extend(vault.read(|read| read.find_people(query, limit))?);
    }
    merged.sort_by_key(|conversation| std::cmp::Reverse(conversation.last_activity));
    merged.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(merged)
}
