//! Lists, rows, people, search.

use domain::reply_window::ReplyWindow;
use engine::read;

use super::{all, media_address, moment, plain};
use crate::view::error::ErrorView;
use crate::view::inbox::{
    AddressView, ConnectionCountView, ConversationPageView, ConversationView, CountsView,
    DeliveryView, FilterView, LastKindView, LastView, PersonView, SearchHitView, SearchPartView,
    SearchView, WindowView,
};

/// Which conversations the window asked for.
pub fn filter(filter: &FilterView) -> Result<read::Filter, ErrorView> {
    Ok(match filter {
        FilterView::All => read::Filter::All,
        FilterView::Unread => read::Filter::Unread,
        FilterView::Unanswered => read::Filter::Unanswered,
        FilterView::ClosingSoon => read::Filter::ClosingSoon,
        FilterView::Connection { id } => {
            read::Filter::Connection(id.parse().map_err(|_| engine::Error::Gone)?)
        }
    })
}

/// A row of the list.
pub fn conversation(row: read::Conversation) -> ConversationView {
    ConversationView {
        id: row.id.to_string(),
        connection_id: row.id.connection.to_string(),
        connection_name: plain::name(&row.connection_name),
        channel: row.channel.into(),
        name: plain::name(&row.name),
        handle: row.handle.as_deref().map(plain::name),
        picture: row.picture.map(media_address),
        last_at: moment(row.last_at),
        last: row.last.map(Into::into),
        unread: row.unread,
        window: row.window.into(),
        draft: row.draft.as_deref().map(plain::message),
        not_sent: row.not_sent,
        unconfirmed: row.unconfirmed,
    }
}

impl From<read::ConversationPage> for ConversationPageView {
    fn from(page: read::ConversationPage) -> Self {
        Self {
            rows: all(page.rows, conversation),
            next: page.next,
        }
    }
}

impl From<read::Counts> for CountsView {
    fn from(counts: read::Counts) -> Self {
        Self {
            all: counts.all,
            unread: counts.unread,
            unanswered: counts.unanswered,
            closing_soon: counts.closing_soon,
            connections: all(counts.connections, |connection| ConnectionCountView {
                id: connection.id.to_string(),
                channel: connection.channel.into(),
                name: plain::name(&connection.name),
                conversations: connection.conversations,
                unread: connection.unread,
                trouble: connection.trouble,
            }),
        }
    }
}

impl From<read::Window> for WindowView {
    fn from(window: read::Window) -> Self {
        let opened_at = window.opened_at.map_or(0, moment);
        match window.now {
            ReplyWindow::Open {
                until,
                then_human_until,
            } => Self::Open {
                until: moment(until),
                opened_at,
                then_human_until: then_human_until.map(moment),
            },
            ReplyWindow::HumanOnly { until } => Self::HumanOnly {
                until: moment(until),
                opened_at,
                refused: window.refused,
            },
            ReplyWindow::Closed { since } => Self::Closed {
                since: since.map(moment),
                templates: window.templates,
                refused: window.refused,
            },
            ReplyWindow::Unlimited => Self::Unlimited,
        }
    }
}

impl From<read::Last> for LastView {
    fn from(last: read::Last) -> Self {
        Self {
            author: last.author.into(),
            text: last.text.as_deref().map(plain::message),
            kind: match last.kind {
                read::LastKind::Text => LastKindView::Text,
                read::LastKind::Picture => LastKindView::Picture,
                read::LastKind::Sticker => LastKindView::Sticker,
                read::LastKind::Video => LastKindView::Video,
                read::LastKind::Audio => LastKindView::Audio,
                read::LastKind::File => LastKindView::File,
                read::LastKind::Story => LastKindView::Story,
                read::LastKind::Unsent => LastKindView::Unsent,
                read::LastKind::Unsupported => LastKindView::Unsupported,
            },
            delivery: last.delivery.map(Into::into),
        }
    }
}

impl From<read::Progress> for DeliveryView {
    fn from(progress: read::Progress) -> Self {
        use domain::Delivery;
        match progress {
            read::Progress::Held(_) => Self::Held,
            read::Progress::At(Delivery::Queued) => Self::Queued,
            read::Progress::At(Delivery::Sending) => Self::Sending,
            read::Progress::At(Delivery::Unconfirmed) => Self::Unconfirmed,
            read::Progress::At(Delivery::Sent) => Self::Sent,
            read::Progress::At(Delivery::Delivered) => Self::Delivered,
            read::Progress::At(Delivery::Read) => Self::Read,
            read::Progress::At(Delivery::Failed) => Self::Failed,
        }
    }
}

impl From<read::Person> for PersonView {
    fn from(person: read::Person) -> Self {
        Self {
            name: plain::name(&person.name),
            picture: person.picture.map(media_address),
            first_seen_at: moment(person.first_seen_at),
            messages: person.messages,
            addresses: all(person.addresses, |address| AddressView {
                conversation_id: address.conversation.to_string(),
                channel: address.channel.into(),
                handle: address.handle.as_deref().map(plain::name),
                connection_name: plain::name(&address.connection_name),
                last_at: moment(address.last_at),
            }),
        }
    }
}

impl From<read::Found> for SearchView {
    fn from(found: read::Found) -> Self {
        Self {
            people: all(found.people, conversation),
            messages: all(found.messages, |hit| SearchHitView {
                message_id: hit.message.to_string(),
                conversation_id: hit.conversation.to_string(),
                channel: hit.channel.into(),
                name: plain::name(&hit.name),
                picture: hit.picture.map(media_address),
                author: hit.author.into(),
                at: moment(hit.at),
                parts: all(hit.parts, |(text, hit)| SearchPartView {
                    text: plain::piece(&text),
                    hit,
                }),
            }),
            more: found.more,
        }
    }
}
