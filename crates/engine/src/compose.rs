//! What the owner writes: drafts, the picture beside them, and the way into the outbox and back. It
//! checks what can be checked at once; whether the reply may still leave is looked at again by
//! [`crate::outbox`] when it does.

use std::sync::Arc;

use domain::limits::{TextLimit, picture_limit};
use domain::reply_window::Means;
use domain::time::SECOND;
use domain::{ConversationId, MessageId, Timestamp};
use store::vault::attachments::StoredMedia;
use store::vault::outbox::{NewReply, OutboxState, ReplyBody};
use store::{Vault, VaultRead, VaultWrite};

use crate::connected::Connected;
use crate::decode::{Decoded, Purpose, Refusal};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::news::News;
use crate::read::{self, MediaId, Returned};
use crate::shop::Shop;
use crate::{random, reconcile, shown};

/// The mark in a vault that Meta refused to let a person answer after the ordinary window.
const NO_HUMAN_AGENT: &str = "no_human_agent";
/// The longest draft that is kept, in bytes.
const LONGEST_DRAFT: usize = 64 * 1024;

/// What is being written in a conversation.
pub(crate) fn draft(read: &VaultRead<'_>, id: ConversationId) -> store::Result<read::Draft> {
    let draft = read.draft(id)?;
    let picture = draft.pictures.first().map(|picture| {
        MediaId::of(
            id.connection,
            picture.media.thumb.as_ref().unwrap_or(&picture.media.file),
        )
    });
    Ok(read::Draft {
        text: draft.text,
        picture,
        returned: read
            .mark(&returned_mark(id))?
            .as_deref()
            .and_then(Returned::named),
    })
}

fn returned_mark(id: ConversationId) -> String {
    format!("returned/{}", id.row)
}

/// Says why words are a draft again.
pub(crate) fn mark_returned(
    write: &VaultWrite<'_>,
    id: ConversationId,
    reason: Option<Returned>,
) -> store::Result<()> {
    write.set_mark(&returned_mark(id), reason.map(Returned::name))
}

/// Whether a person may go on answering after the ordinary window. Assumed until Meta says no: only
/// Meta knows what the app was granted.
pub(crate) fn has_human_agent(read: &VaultRead<'_>) -> store::Result<bool> {
    Ok(read.mark(NO_HUMAN_AGENT)?.is_none())
}

/// Meta refused an answer after the ordinary window.
pub(crate) fn mark_no_human_agent(write: &VaultWrite<'_>) -> store::Result<()> {
    write.set_mark(NO_HUMAN_AGENT, Some("refused"))
}

/// By which means a person may answer now; `None` if by none.
pub(crate) fn means_now(
    read: &VaultRead<'_>,
    of: &Connected,
    id: ConversationId,
    now: Timestamp,
) -> store::Result<Option<Means>> {
    let row = read.conversation(id)?.ok_or(store::Error::NotThere)?;
    let human_agent = has_human_agent(read)?;
    Ok(
        shown::window(of.channel(), shown::Heard::of(&row), human_agent, now)
            .now
            .means(),
    )
}

impl Engine {
    /// Keeps what is being written. Empty text and no picture is no draft.
    pub async fn save_draft(&self, id: ConversationId, text: String) -> Result<()> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        if text.len() > LONGEST_DRAFT {
            return Err(Error::TooLong);
        }
        let now = shop.now();
        let changed = connected
            .write(move |write| {
                let before = write.draft(id)?.text;
                if before == text {
                    return Ok(false);
                }
                mark_returned(write, id, None)?;
                write.set_draft(id, &text, now)?;
                Ok(true)
            })
            .await?;
        if changed {
            shop.herald.tell(News::Conversations(vec![id]));
        }
        Ok(())
    }

    /// Puts a picture beside the draft; it takes the place of the one that was there.
    pub async fn attach_picture(&self, id: ConversationId, bytes: Vec<u8>) -> Result<read::Draft> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        let most = picture_limit(connected.channel()).ok_or(Error::NotAPicture)?;
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let decoded = shop
            .decoder
            .decode(bytes, Purpose::Send { most })
            .await
            .map_err(refused)?;
        let draft = connected
            .work(move |vault| {
                let media = keep(vault, &decoded)?;
                vault.write(|write| {
                    for picture in write.draft(id)?.pictures {
                        write.remove_draft_picture(picture.id)?;
                    }
                    write.add_draft_picture(id, &media)?;
                    draft(write, id)
                })
            })
            .await?;
        shop.herald.tell(News::Conversations(vec![id]));
        Ok(draft)
    }

    /// Takes the picture off the draft.
    pub async fn remove_picture(&self, id: ConversationId) -> Result<()> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        connected
            .write(move |write| {
                let pictures = write.draft(id)?.pictures;
                pictures
                    .iter()
                    .try_for_each(|picture| write.remove_draft_picture(picture.id))
            })
            .await?;
        shop.herald.tell(News::Conversations(vec![id]));
        Ok(())
    }

    /// Sends the words and the picture of the draft after the hold.
    pub async fn send(&self, id: ConversationId, text: String) -> Result<()> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        let text = text.trim().to_owned();
        if !TextLimit::of(connected.channel()).allows(&text) {
            return Err(Error::TooLong);
        }
        let hold = i64::from(shop.settings().hold_seconds) * SECOND;
        let (now, leaves_at) = (shop.true_now(), shop.now().plus(hold));
        let of = Arc::clone(&connected);
        let queued = connected
            .write(move |write| {
                let Some(means) = means_now(write, &of, id, now)? else {
                    return Ok(None);
                };
                queue(write, id, &text, means, (now, leaves_at)).map(Some)
            })
            .await?;
        if queued.ok_or(Error::WindowClosed)? {
            changed(&shop, id);
        }
        Ok(())
    }

    /// Takes a held message back: it is a draft again.
    pub async fn undo_send(&self, id: MessageId) -> Result<()> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        let now = shop.now();
        let conversation = connected
            .write(move |write| {
                let message = write.message(id)?.ok_or(store::Error::NotThere)?;
                if !write.back_to_draft(id, now)? {
                    return Ok(None);
                }
                mark_returned(write, message.conversation, Some(Returned::Undone))?;
                Ok(Some(message.conversation))
            })
            .await?;
        // What is on its way already is gone from here.
        changed(&shop, conversation.ok_or(Error::Gone)?);
        Ok(())
    }

    /// Sends a failed message again.
    pub async fn try_again(&self, id: MessageId) -> Result<()> {
        self.send_once_more(id).await
    }

    /// The owner says that an unconfirmed message shall be sent once more.
    pub async fn send_again(&self, id: MessageId) -> Result<()> {
        self.send_once_more(id).await
    }

    async fn send_once_more(&self, id: MessageId) -> Result<()> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        let (now, leaves_at) = (shop.true_now(), shop.now());
        let of = Arc::clone(&connected);
        let conversation = connected
            .write(move |write| {
                let message = write.message(id)?.ok_or(store::Error::NotThere)?;
                let conversation = message.conversation;
                let Some(means) = means_now(write, &of, conversation, now)? else {
                    return Ok(None);
                };
                write.try_again(id, random::our_id(), means, (now, leaves_at))?;
                Ok(Some(conversation))
            })
            .await?;
        changed(&shop, conversation.ok_or(Error::WindowClosed)?);
        Ok(())
    }

    /// Asks the platform what became of an unconfirmed message.
    pub async fn check_unconfirmed(&self, id: MessageId) -> Result<()> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        let row = connected.read(move |read| read.outbox_row_of(id)).await?;
        let row = row
            .filter(|row| row.state == OutboxState::Unconfirmed)
            .ok_or(Error::Gone)?;
        reconcile::look_up(&shop, &connected, &row).await
    }

    /// Turns a failed or unconfirmed message back into a draft.
    pub async fn back_to_draft(&self, id: MessageId) -> Result<()> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        let now = shop.now();
        let conversation = connected
            .work(move |vault| unsend_to_draft(vault, id, now))
            .await?;
        changed(&shop, conversation.ok_or(Error::Gone)?);
        Ok(())
    }
}

/// Queues picture and words, the picture first, and leaves no draft. False if there was nothing to
/// send.
fn queue(
    write: &VaultWrite<'_>,
    id: ConversationId,
    text: &str,
    means: Means,
    moments: (Timestamp, Timestamp),
) -> store::Result<bool> {
    let mut queued = false;
    for picture in write.draft(id)?.pictures {
        if let Some(media) = write.take_draft_picture(picture.id)? {
            write.queue_reply(&reply(id, ReplyBody::Picture(&media), means, moments))?;
            queued = true;
        }
    }
    if !text.is_empty() {
        write.queue_reply(&reply(id, ReplyBody::Text(text), means, moments))?;
        queued = true;
    }
    write.set_draft(id, "", moments.0)?;
    mark_returned(write, id, None)?;
    Ok(queued)
}

fn reply(
    conversation: ConversationId,
    body: ReplyBody<'_>,
    means: Means,
    (now, hold_until): (Timestamp, Timestamp),
) -> NewReply<'_> {
    NewReply {
        conversation,
        our_id: random::our_id(),
        body,
        reply_to: None,
        means,
        now,
        hold_until,
    }
}

/// A failed or unconfirmed message leaves the thread; what it said is a draft again.
fn unsend_to_draft(
    vault: &Vault,
    id: MessageId,
    now: Timestamp,
) -> store::Result<Option<ConversationId>> {
    let Some(message) = vault.read(|read| read.message(id))? else {
        return Ok(None);
    };
    // The files of a message go with it: the draft gets a picture of its own.
    let mut pictures = Vec::new();
    for attachment in &message.attachments {
        if let Some(file) = &attachment.file {
            let copy = |file| vault.media().write(&vault.media().read(file)?);
            pictures.push(StoredMedia {
                file: copy(file)?,
                mime: attachment.mime.clone().unwrap_or_default(),
                thumb: attachment.thumb.as_ref().map(copy).transpose()?,
                size: attachment.size,
                file_name: attachment.file_name.clone(),
            });
        }
    }
    vault.write(|write| {
        if !write.discard_reply(id, now)? {
            return Ok(None);
        }
        let conversation = message.conversation;
        let before = write.draft(conversation)?.text;
        let words = message.text.as_deref().unwrap_or_default();
        let joined = [words, before.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("\n");
        write.set_draft(conversation, &joined, now)?;
        for picture in &pictures {
            write.add_draft_picture(conversation, picture)?;
        }
        Ok(Some(conversation))
    })
}

/// Writes a decoded picture into the vault's media.
pub(crate) fn keep(vault: &Vault, decoded: &Decoded) -> store::Result<StoredMedia> {
    let full = &decoded.full;
    let thumb = decoded.thumb.as_ref();
    Ok(StoredMedia {
        file: vault.media().write(&full.bytes)?,
        mime: full.mime.clone(),
        thumb: thumb
            .map(|thumb| vault.media().write(&thumb.bytes))
            .transpose()?,
        size: Some((full.width, full.height)),
        file_name: None,
    })
}

fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::NotAPicture | Refusal::GaveUp => Error::NotAPicture,
        Refusal::TooLarge => Error::PictureTooLarge,
    }
}

fn changed(shop: &Shop, conversation: ConversationId) {
    shop.herald.tell(News::Messages {
        conversation,
        arrived: false,
    });
    shop.herald.tell(News::Conversations(vec![conversation]));
    shop.herald.tell(News::App);
    shop.wake.outbox.notify_one();
}
