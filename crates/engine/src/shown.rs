//! From the vaults' rows to what is shown. Pure: rows in, read models out; the time is an argument.

use domain::inbound::{AttachmentKind, Author};
use domain::outbound::Reason;
use domain::reply_window::{Refusal, ReplyWindow, reply_window};
use domain::{Channel, Delivery, Timestamp};
use store::vault::attachments::{Attachment, AttachmentState};
use store::vault::conversations::{Conversation, LastLine};
use store::vault::gaps::Gap;
use store::vault::thread::Message;

use crate::connected::Connected;
use crate::read::{self, Item, LastKind, MediaId, Progress, Window};

/// How long a story can be seen at the platform.
const STORY_LIFE: i64 = domain::time::DAY;
/// How many characters of a draft a row shows.
const DRAFT_WORDS: usize = 200;

/// What a reply window counts from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Heard {
    /// When the person last wrote.
    pub(crate) last_inbound_at: Option<Timestamp>,
    /// What the platform said of it when it last refused an answer as too late.
    pub(crate) refusal: Option<Refusal>,
}

impl Heard {
    pub(crate) const fn of(row: &Conversation) -> Self {
        Self {
            last_inbound_at: row.last_inbound_at,
            refusal: row.refusal,
        }
    }
}

/// Until when, and by what means, an answer is allowed.
pub(crate) fn window(channel: Channel, heard: Heard, human_agent: bool, now: Timestamp) -> Window {
    let wrote = heard.last_inbound_at;
    let counted = reply_window(channel, wrote, human_agent, now);
    let allowed = counted.after(heard.refusal, wrote);
    let closed = matches!(allowed, ReplyWindow::Closed { .. });
    Window {
        now: allowed,
        opened_at: wrote,
        templates: closed && channel == Channel::Whatsapp,
        refused: allowed != counted,
    }
}

/// When the last means to answer ends; `None` if none is left, or it has no end.
pub(crate) const fn ends_at(window: &Window) -> Option<Timestamp> {
    match window.now {
        ReplyWindow::Open {
            until,
            then_human_until,
        } => match then_human_until {
            Some(until) => Some(until),
            None => Some(until),
        },
        ReplyWindow::HumanOnly { until } => Some(until),
        ReplyWindow::Closed { .. } | ReplyWindow::Unlimited => None,
    }
}

/// How long after the person last wrote the last means to answer ends.
pub(crate) fn longest(channel: Channel, human_agent: bool) -> Option<i64> {
    let moment = Timestamp(0);
    let heard = Heard {
        last_inbound_at: Some(moment),
        refusal: None,
    };
    ends_at(&window(channel, heard, human_agent, moment)).map(|end| end.since(moment))
}

/// A person's name as it is shown: what they call themselves, else their handle, else their number.
pub(crate) fn name(row: &Conversation) -> String {
    let known = row
        .name
        .as_ref()
        .or(row.handle.as_ref())
        .filter(|name| !name.trim().is_empty());
    known
        .cloned()
        .or_else(|| row.phone.as_deref().map(international))
        .unwrap_or_default()
}

/// A number as people write it.
pub(crate) fn international(number: &str) -> String {
    if number.starts_with('+') {
        number.to_owned()
    } else {
        format!("+{number}")
    }
}

/// A row of the list.
pub(crate) fn conversation(
    row: &Conversation,
    of: &Connected,
    human_agent: bool,
    now: Timestamp,
) -> read::Conversation {
    let channel = of.channel();
    read::Conversation {
        id: row.id,
        connection_name: of.name.clone(),
        channel,
        name: name(row),
        handle: row
            .handle
            .clone()
            .or_else(|| row.phone.as_deref().map(international)),
        picture: row.picture.as_ref().map(|file| MediaId::of(of.id, file)),
        last_at: row.last_activity,
        last: row.last_line.as_ref().map(last),
        unread: row.unread,
        window: window(channel, Heard::of(row), human_agent, now),
        draft: row
            .draft
            .as_ref()
            .map(|text| text.chars().take(DRAFT_WORDS).collect()),
        not_sent: row.failed,
        unconfirmed: 0,
    }
}

fn last(line: &LastLine) -> read::Last {
    let kind = match line.attachment {
        _ if line.unsent => LastKind::Unsent,
        _ if line.text.is_some() => LastKind::Text,
        Some(AttachmentKind::Picture) => LastKind::Picture,
        Some(AttachmentKind::Sticker) => LastKind::Sticker,
        Some(AttachmentKind::Video) => LastKind::Video,
        Some(AttachmentKind::Audio) => LastKind::Audio,
        Some(AttachmentKind::File) => LastKind::File,
        None if line.story => LastKind::Story,
        None if line.unsupported.is_some() => LastKind::Unsupported,
        None => LastKind::Text,
    };
    read::Last {
        author: line.author,
        text: line.text.clone(),
        kind,
        delivery: line.delivery.map(Progress::At),
    }
}

/// A message of a thread.
pub(crate) fn message(row: &Message) -> read::Message {
    let connection = row.id.connection;
    let attachments: Vec<_> = row
        .attachments
        .iter()
        .map(|one| attachment(connection, one))
        .collect();
    let delivery = match (row.held_until, row.delivery) {
        (Some(until), Some(Delivery::Queued)) => Some(Progress::Held(until)),
        (_, delivery) => delivery.map(Progress::At),
    };
    let failed = row.delivery == Some(Delivery::Failed);
    read::Message {
        id: row.id,
        author: row.author,
        at: row.sent_at,
        text: row.text.clone(),
        attachments,
        reply_to: row.reply_to.as_ref().map(|quote| read::Quote {
            message: quote.message,
            author: quote.author.unwrap_or(Author::Person),
            text: quote.text.clone(),
            thumb: None,
        }),
        story: row.story.as_ref().map(|story| read::Story {
            mention: story.mention,
            until: row.sent_at.plus(STORY_LIFE),
        }),
        reactions: row
            .reactions
            .iter()
            .map(|one| read::Reaction {
                by: one.by,
                emoji: one.emoji.clone(),
            })
            .collect(),
        delivery,
        failure: row.failure.clone().filter(|_| failed),
        again: failed
            && row
                .failure
                .as_ref()
                .is_none_or(|failure| may_help(failure.reason)),
        from_phone: row.elsewhere,
        recovered: row.recovered,
        edited: row.edited,
        unsent: row.unsent,
        unsupported: row.unsupported.clone(),
    }
}

/// Whether sending the same again may work, as things are or once the owner has mended them.
const fn may_help(reason: Reason) -> bool {
    match reason {
        Reason::SignInEnded
        | Reason::PermissionMissing
        | Reason::TooFast
        | Reason::PlatformDown
        | Reason::Offline
        | Reason::NotDelivered
        | Reason::Blocked
        | Reason::PictureRefused
        | Reason::PersonUnavailable
        | Reason::Refused => true,
        Reason::WindowClosed
        | Reason::UnknownRecipient
        | Reason::TooLong
        | Reason::PictureTooLarge
        | Reason::OptedOut => false,
    }
}

fn attachment(connection: domain::ConnectionId, row: &Attachment) -> read::Attachment {
    let shown = matches!(row.kind, AttachmentKind::Picture | AttachmentKind::Sticker);
    let state = match row.state {
        AttachmentState::Waiting => read::AttachmentState::Loading,
        AttachmentState::Ready if shown => read::AttachmentState::Ready,
        AttachmentState::Ready => read::AttachmentState::Kept,
        AttachmentState::Expired => read::AttachmentState::Gone,
        AttachmentState::Failed | AttachmentState::TooLarge | AttachmentState::Unreadable => {
            read::AttachmentState::Failed
        }
    };
    let ready = state == read::AttachmentState::Ready;
    let full = row
        .file
        .as_ref()
        .filter(|_| ready)
        .map(|file| MediaId::of(connection, file));
    let thumb = row
        .thumb
        .as_ref()
        .filter(|_| ready)
        .map(|file| MediaId::of(connection, file));
    read::Attachment {
        id: format!("{connection}.{}", row.id),
        kind: row.kind,
        state,
        thumb: thumb.or(full),
        full,
        width: row.size.map(|size| size.0),
        height: row.size.map(|size| size.1),
        file_name: row.file_name.clone(),
        bytes: row.file.as_ref().map(store::MediaFile::size),
    }
}

/// Messages and gaps in the order of their times.
pub(crate) fn items(messages: &[Message], gaps: &[Gap]) -> Vec<Item> {
    let shown = |row| Item::Message(Box::new(message(row)));
    let mut items: Vec<(Timestamp, bool, Item)> = messages
        .iter()
        .map(|row| (row.sent_at, true, shown(row)))
        .collect();
    items.extend(gaps.iter().map(|gap| {
        (
            gap.at,
            false,
            Item::Gap {
                at: gap.at,
                count: gap.lost,
            },
        )
    }));
    // Stable: messages of one moment keep their order; a gap stands before what follows it.
    items.sort_by_key(|(at, is_message, _)| (*at, *is_message));
    items.into_iter().map(|(_, _, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use domain::time::{DAY, HOUR};

    use super::*;

    fn heard(at: Timestamp) -> Heard {
        Heard {
            last_inbound_at: Some(at),
            refusal: None,
        }
    }

    #[test]
    fn the_last_means_to_answer_is_what_closes_soon() {
        let now = Timestamp(10 * DAY);
        let wrote = heard(now.plus(-HOUR));
        let with = window(Channel::Messenger, wrote, true, now);
        assert_eq!(ends_at(&with), Some(now.plus(7 * DAY - HOUR)));
        let without = window(Channel::Messenger, wrote, false, now);
        assert_eq!(ends_at(&without), Some(now.plus(23 * HOUR)));
        assert_eq!(ends_at(&window(Channel::Sms, wrote, true, now)), None);
    }

    #[test]
    fn on_whatsapp_templates_are_left_when_the_window_has_closed() {
        let now = Timestamp(10 * DAY);
        let closed = window(Channel::Whatsapp, heard(now.plus(-2 * DAY)), true, now);
        assert!(closed.templates && !closed.refused);
        assert!(!window(Channel::Instagram, Heard::default(), true, now).templates);
    }

    #[test]
    fn a_number_is_shown_with_its_plus() {
        assert_eq!(international("4915112345"), "+4915112345");
        assert_eq!(international("+4915112345"), "+4915112345");
    }
}
