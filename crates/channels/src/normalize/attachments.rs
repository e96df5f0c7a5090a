//! The attachments of Messenger and Instagram messages.

use domain::inbound::{AttachmentKind, InboundAttachment, MediaSource, StoryRef};
use serde_json::Value;

use crate::json::{kind, word};

/// What a message's attachments come to.
#[derive(Default)]
pub(super) struct Attachments {
    /// What can be fetched and shown, in the platform's order.
    pub(super) media: Vec<InboundAttachment>,
    /// The story the person mentioned the shop in. Meta forbids keeping its picture.
    pub(super) story: Option<StoryRef>,
    /// Words standing for an attachment that is nothing but a sign.
    pub(super) text: Option<String>,
    /// The platform's word for the first part that cannot be shown.
    pub(super) unsupported: Option<String>,
}

/// Reads the attachments of a message that has words of its own or not.
pub(super) fn read(attachments: &[Value], has_text: bool) -> Attachments {
    let mut read = Attachments::default();
    for attachment in attachments {
        let name = word(attachment, "type").unwrap_or_else(|| "attachment".to_owned());
        let payload = attachment.get("payload").unwrap_or(&Value::Null);
        match name.as_str() {
            "image" if payload.get("sticker_id").is_some() => {
                read.media_or_unsupported(AttachmentKind::Sticker, &name, attachment);
            }
            "image" => read.media_or_unsupported(AttachmentKind::Picture, &name, attachment),
            "video" => read.media_or_unsupported(AttachmentKind::Video, &name, attachment),
            "audio" => read.media_or_unsupported(AttachmentKind::Audio, &name, attachment),
            "file" => read.media_or_unsupported(AttachmentKind::File, &name, attachment),
            "like_heart" => read.text = Some("❤️".to_owned()),
            "story_mention" => {
                read.story = Some(StoryRef {
                    id: word(payload, "id"),
                    mention: true,
                });
            }
            // The preview of a link that stands in the words.
            "fallback" if has_text => {}
            other => read.cannot_show(other),
        }
    }
    read
}

impl Attachments {
    fn media_or_unsupported(&mut self, kind: AttachmentKind, name: &str, attachment: &Value) {
        let Some(link) = attachment
            .get("payload")
            .and_then(|payload| word(payload, "url"))
        else {
            return self.cannot_show(name);
        };
        self.media.push(InboundAttachment {
            kind,
            source: MediaSource::Link(link),
            mime: None,
            file_name: word(attachment, "name").or_else(|| word(attachment, "title")),
        });
    }

    fn cannot_show(&mut self, name: &str) {
        self.unsupported.get_or_insert_with(|| kind(name));
    }
}
