//! What the window reads: lists, threads, people, search, pictures. Merged over the vaults that are
//! open; one that is shut is simply not in the lists, and says so in Settings.

mod closing;
mod people;

use std::ops::Range;
use std::sync::Arc;

use domain::limits::TextLimit;
use domain::{ConnectionId, ConversationId, MessageId, Timestamp};
use store::vault::conversations::{Conversation, Filter, ListPosition};
use store::vault::thread::{Page, ThreadPage, ThreadPosition};
use store::{Query, Vault, VaultRead};

use crate::connected::Connected;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::news::News;
use crate::read::{self, MediaId};
use crate::shop::{Shop, blocking};
use crate::{compose, shown, sniff};

/// The longest page of anything.
const MOST_ROWS: u32 = 200;
/// How many messages are shown behind the one that was looked for.
const MOST_AFTER: u32 = 500;
/// The longest thing anybody searches for, in characters.
const MOST_QUERY: usize = 200;
/// The largest piece of media handed out at once.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// Connections with their open vaults.
type Opened = Vec<(Arc<Connected>, Arc<Vault>)>;

fn opened(shop: &Shop, only: Option<ConnectionId>) -> Opened {
    shop.connections()
        .into_iter()
        .filter(|connected| only.is_none_or(|id| id == connected.id))
        .filter_map(|connected| {
            let vault = Arc::clone(connected.vault().ok()?);
            Some((connected, vault))
        })
        .collect()
}

impl Engine {
    /// A page of conversations, newest first (closing soon: soonest first).
    pub async fn conversations(
        &self,
        filter: read::Filter,
        after: Option<String>,
        limit: u32,
    ) -> Result<read::ConversationPage> {
        let shop = self.shop()?;
        let limit = limit.clamp(1, MOST_ROWS);
        let now = shop.now();
        let only = match filter {
            read::Filter::Connection(id) => Some(id),
            _ => None,
        };
        let vaults = opened(&shop, only);
        let after = after
            .map(|text| read_position(&text).ok_or(Error::Gone))
            .transpose()?;
        blocking(move || match filter {
            read::Filter::ClosingSoon => closing::closing_soon(&vaults, after, limit, now),
            read::Filter::All | read::Filter::Connection(_) => {
                page(&vaults, Filter::All, after, limit, now)
            }
            read::Filter::Unread => page(&vaults, Filter::Unread, after, limit, now),
            read::Filter::Unanswered => page(&vaults, Filter::Waiting, after, limit, now),
        })
        .await
    }

    /// One conversation's row.
    pub async fn conversation(&self, id: ConversationId) -> Result<read::Conversation> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        let now = shop.now();
        let of = Arc::clone(&connected);
        connected.read(move |read| row(read, &of, id, now)).await
    }

    /// The numbers beside the views.
    pub async fn counts(&self) -> Result<read::Counts> {
        let shop = self.shop()?;
        let all = shop.connections();
        let vaults = opened(&shop, None);
        let now = shop.now();
        blocking(move || {
            let mut counts = read::Counts::default();
            for connected in all {
                let mut one = read::ConnectionCount {
                    id: connected.id,
                    channel: connected.channel(),
                    name: connected.name.clone(),
                    conversations: 0,
                    unread: 0,
                    trouble: connected.trouble(now).is_some(),
                };
                if let Ok(vault) = connected.vault() {
                    let lists = vault.read(|read| read.list_counts())?;
                    counts.all += lists.all;
                    counts.unread += lists.unread;
                    counts.unanswered += lists.waiting;
                    (one.conversations, one.unread) = (lists.all, lists.unread);
                }
                counts.connections.push(one);
            }
            let closing = closing::closing(&vaults, now)?.len();
            counts.closing_soon = u32::try_from(closing).unwrap_or(u32::MAX);
            Ok(counts)
        })
        .await
    }

    /// A page of a thread: the newest, what came before `before`, or what lies around a message.
    pub async fn thread(
        &self,
        id: ConversationId,
        before: Option<String>,
        around: Option<MessageId>,
        limit: u32,
    ) -> Result<read::Thread> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        let limit = limit.clamp(1, MOST_ROWS);
        let before = before
            .map(|text| read_place(&text).ok_or(Error::Gone))
            .transpose()?;
        let now = shop.now();
        let of = Arc::clone(&connected);
        connected
            .read(move |read| {
                let (page, newer) = match (before, around) {
                    (Some(place), _) => (read.thread(id, Page::Before(place), limit)?, true),
                    (None, Some(message)) => around_message(read, id, message, limit)?,
                    (None, None) => (read.thread(id, Page::Newest, limit)?, false),
                };
                let facts = read.facts()?.ok_or(store::Error::NotThere)?;
                Ok(read::Thread {
                    conversation: row(read, &of, id, now)?,
                    older: older(&page),
                    newer,
                    items: shown::items(&page.messages, &page.gaps),
                    connected_at: facts.connected_at,
                    draft: compose::draft(read, id)?,
                    trouble: of.trouble(now),
                    limit: TextLimit::of(of.channel()),
                })
            })
            .await
    }

    /// The thread was seen up to its newest message.
    pub async fn mark_read(&self, id: ConversationId) -> Result<()> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        let changed = connected
            .write(move |write| {
                let page = write.thread(id, Page::Newest, 1)?;
                match page.messages.last() {
                    Some(newest) => write.mark_read(id, newest.id),
                    None => Ok(false),
                }
            })
            .await?;
        if changed {
            shop.herald.tell(News::Conversations(vec![id]));
            shop.wake.reads.notify_one();
        }
        Ok(())
    }

    /// The person beside a thread.
    pub async fn person(&self, id: ConversationId) -> Result<read::Person> {
        let shop = self.shop()?;
        let vaults = opened(&shop, None);
        blocking(move || people::person(&vaults, id)).await
    }

    /// People and messages with these words.
    pub async fn search(&self, query: String, limit: u32) -> Result<read::Found> {
        let shop = self.shop()?;
        let vaults = opened(&shop, None);
        let now = shop.now();
        let limit = limit.clamp(1, MOST_ROWS);
        let text: String = query.chars().take(MOST_QUERY).collect();
        let Some(query) = Query::parse(&text) else {
            return Ok(read::Found::default());
        };
        blocking(move || people::search(&vaults, &query, limit, now)).await
    }

    /// Bytes for the window's media scheme; the whole if no range is given.
    pub async fn media(&self, id: MediaId, range: Option<Range<u64>>) -> Result<read::Media> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        let vault = Arc::clone(connected.vault()?);
        blocking(move || {
            let named = vault.read(|read| read.media_named(&id.file_name()))?;
            let named = named.ok_or(store::Error::NotThere)?;
            let total = named.file.size();
            let range = range.unwrap_or(0..total);
            let end = range
                .end
                .min(total)
                .min(range.start.saturating_add(MOST_BYTES));
            let start = range.start.min(end);
            let head = vault.media().read_range(&named.file, 0..sniff::HEAD)?;
            let bytes = vault.media().read_range(&named.file, start..end)?;
            let content_type = sniff::content_type(&head).to_owned();
            Ok(read::Media {
                content_type,
                total,
                offset: start,
                bytes,
            })
        })
        .await
    }
}

fn row(
    read: &VaultRead<'_>,
    of: &Connected,
    id: ConversationId,
    now: Timestamp,
) -> store::Result<read::Conversation> {
    let row = read.conversation(id)?.ok_or(store::Error::NotThere)?;
    show(read, of, &row, now)
}

fn show(
    read: &VaultRead<'_>,
    of: &Connected,
    row: &Conversation,
    now: Timestamp,
) -> store::Result<read::Conversation> {
    let human_agent = compose::has_human_agent(read)?;
    let mut shown = shown::conversation(row, of, human_agent, now);
    shown.unconfirmed = read.unconfirmed_in(row.id)?;
    Ok(shown)
}

/// Shows rows that came out of different vaults.
fn show_all(
    vaults: &Opened,
    rows: &[Conversation],
    now: Timestamp,
) -> store::Result<Vec<read::Conversation>> {
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        let of = vaults
            .iter()
            .find(|(connected, _)| connected.id == row.id.connection);
        if let Some((connected, vault)) = of {
            shown.push(vault.read(|read| show(read, connected, row, now))?);
        }
    }
    Ok(shown)
}

fn page(
    vaults: &Opened,
    filter: Filter,
    after: Option<ListPosition>,
    limit: u32,
    now: Timestamp,
) -> store::Result<read::ConversationPage> {
    let all: Vec<&Vault> = vaults.iter().map(|(_, vault)| vault.as_ref()).collect();
    let mut rows = store::merged_conversations(&all, filter, after.as_ref(), limit + 1)?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| write_position(&row.position()));
    Ok(read::ConversationPage {
        rows: show_all(vaults, &rows, now)?,
        next,
    })
}

/// What lies around a message, and whether there is more after that.
fn around_message(
    read: &VaultRead<'_>,
    id: ConversationId,
    message: MessageId,
    limit: u32,
) -> store::Result<(ThreadPage, bool)> {
    let Some(found) = read
        .message(message)?
        .filter(|found| found.conversation.row == id.row)
    else {
        return Ok((read.thread(id, Page::Newest, limit)?, false));
    };
    let place = found.position();
    let behind = ThreadPosition {
        sent_at: place.sent_at,
        row: place.row.saturating_add(1),
    };
    let mut page = read.thread(id, Page::Before(behind), limit)?;
    let mut newer = read.thread(id, Page::After(place), MOST_AFTER)?;
    page.messages.append(&mut newer.messages);
    for gap in newer.gaps {
        if !page.gaps.contains(&gap) {
            page.gaps.push(gap);
        }
    }
    Ok((page, newer.more))
}

fn older(page: &ThreadPage) -> Option<String> {
    let oldest = page.messages.first().filter(|_| page.more)?.position();
    Some(format!("{}.{}", oldest.sent_at.0, oldest.row))
}

fn read_place(text: &str) -> Option<ThreadPosition> {
    let (at, row) = text.split_once('.')?;
    Some(ThreadPosition {
        sent_at: Timestamp(at.parse().ok()?),
        row: row.parse().ok()?,
    })
}

fn write_position(position: &ListPosition) -> String {
    format!("{}.{}", position.last_activity.0, position.conversation)
}

fn read_position(text: &str) -> Option<ListPosition> {
    let (at, conversation) = text.split_once('.')?;
    let last_activity = Timestamp(at.parse().ok()?);
    Some(ListPosition {
        last_activity,
        conversation: conversation.parse().ok()?,
    })
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back_as_themselves() {
        let conversation = ConversationId {
            connection: ConnectionId::from_bytes([3; 16]),
            row: 12,
        };
        let position = ListPosition {
            last_activity: Timestamp(99),
            conversation,
        };
        assert_eq!(read_position(&write_position(&position)), Some(position));
        for text in ["", "x", "1.2", "99.zz.1"] {
            assert_eq!(read_position(text), None, "{text}");
        }
        let place = ThreadPosition {
            sent_at: Timestamp(5),
            row: 7,
        };
        assert_eq!(read_place("5.7"), Some(place));
        assert_eq!(read_place("5"), None);
    }
}
