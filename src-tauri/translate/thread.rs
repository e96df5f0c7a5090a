//! One conversation.

use domain::inbound::AttachmentKind;
use domain::limits::TextLimit;
use engine::read;

use super::{all, conversation, media_address, moment, plain};
use crate::view::thread::{
    AttachmentKindView, AttachmentStateView, AttachmentView, DraftView, FailureView,
    LinkTargetView, MessageView, QuoteView, ReactionView, ReturnedView, StoryView, TextLimitView,
    ThreadItemView, ThreadView,
};

/// A page of a thread.
pub fn thread(page: read::Thread) -> ThreadView {
    ThreadView {
        conversation: conversation(page.conversation),
        items: all(page.items, Into::into),
        older: page.older,
        newer: page.newer,
        connected_at: moment(page.connected_at),
        draft: page.draft.into(),
        trouble: page.trouble.map(Into::into),
        limit: match page.limit {
            TextLimit::Characters(most) => TextLimitView {
                most: count(most),
                bytes: false,
            },
            TextLimit::Bytes(most) => TextLimitView {
                most: count(most),
                bytes: true,
            },
        },
    }
}

impl From<read::Item> for ThreadItemView {
    fn from(item: read::Item) -> Self {
        match item {
            read::Item::Message(message) => Self::Message {
                message: Box::new((*message).into()),
            },
            read::Item::Gap { at, count } => Self::Gap {
                at: moment(at),
                count,
            },
        }
    }
}

impl From<read::Message> for MessageView {
    fn from(message: read::Message) -> Self {
        let again = message.again;
        Self {
            id: message.id.to_string(),
            author: message.author.into(),
            at: moment(message.at),
            text: message.text.as_deref().map(plain::message),
            attachments: all(message.attachments, Into::into),
            reply_to: message.reply_to.map(|quote| QuoteView {
                message_id: quote.message.map(|id| id.to_string()),
                author: quote.author.into(),
                text: quote.text.as_deref().map(plain::message),
                thumb: quote.thumb.map(media_address),
            }),
            story: message.story.map(|story| StoryView {
                mention: story.mention,
                until: moment(story.until),
            }),
            reactions: all(message.reactions, |reaction| ReactionView {
                by: reaction.by.into(),
                emoji: plain::name(&reaction.emoji),
            }),
            leaves_at: match message.delivery {
                Some(read::Progress::Held(until)) => Some(moment(until)),
                _ => None,
            },
            delivery: message.delivery.map(Into::into),
            failure: message.failure.map(|failure| FailureView {
                reason: failure.reason.name().to_owned(),
                code: failure.code,
                again,
            }),
            from_phone: message.from_phone,
            recovered: message.recovered,
            edited: message.edited,
            unsent: message.unsent,
            unsupported: message.unsupported.as_deref().map(plain::name),
        }
    }
}

impl From<read::Attachment> for AttachmentView {
    fn from(attachment: read::Attachment) -> Self {
        Self {
            id: attachment.id,
            kind: match attachment.kind {
                AttachmentKind::Picture => AttachmentKindView::Picture,
                AttachmentKind::Sticker => AttachmentKindView::Sticker,
                AttachmentKind::Video => AttachmentKindView::Video,
                AttachmentKind::Audio => AttachmentKindView::Audio,
                AttachmentKind::File => AttachmentKindView::File,
            },
            state: match attachment.state {
                read::AttachmentState::Loading => AttachmentStateView::Loading,
                read::AttachmentState::Ready => AttachmentStateView::Ready,
                read::AttachmentState::Failed => AttachmentStateView::Failed,
                read::AttachmentState::Gone => AttachmentStateView::Gone,
                read::AttachmentState::Kept => AttachmentStateView::Kept,
            },
            thumb: attachment.thumb.map(media_address),
            full: attachment.full.map(media_address),
            width: attachment.width,
            height: attachment.height,
            file_name: attachment.file_name.as_deref().map(plain::strict),
            bytes: attachment.bytes.map(count),
        }
    }
}

impl From<read::Draft> for DraftView {
    fn from(draft: read::Draft) -> Self {
        Self {
            text: draft.text,
            picture: draft.picture.map(media_address),
            returned: draft.returned.map(Into::into),
        }
    }
}

impl From<read::Returned> for ReturnedView {
    fn from(returned: read::Returned) -> Self {
        match returned {
            read::Returned::WindowClosed => Self::WindowClosed,
            read::Returned::Restart => Self::Restart,
            read::Returned::Undone => Self::Undone,
        }
    }
}

impl From<read::LinkTarget> for LinkTargetView {
    fn from(target: read::LinkTarget) -> Self {
        Self {
            host: plain::strict(&target.host),
            url: plain::strict(&target.url),
            suspicious: target.suspicious,
        }
    }
}

/// A count that no real thing reaches the end of.
fn count(many: impl TryInto<u32>) -> u32 {
    many.try_into().unwrap_or(u32::MAX)
}
