//! WhatsApp: `POST /{phone number}/messages`.

use domain::outbound::{Body, Outcome, Outgoing};
use domain::{ContactKey, ContactKind, Timestamp};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::graph::{Body as Sent, confirmed};
use super::{Error, Graph, Token};
use crate::json::{list, with, word};

pub(super) async fn send(
    graph: &Graph,
    phone_number: &str,
    token: &Token,
    message: &Outgoing,
    now: Timestamp,
) -> Outcome {
    let (kind, content) = match &message.body {
        Body::Text(text) => ("text", json!({ "body": text })),
        Body::Picture { bytes, mime } => {
            match upload(graph, phone_number, token, bytes.clone(), mime).await {
                Ok(id) => ("image", json!({ "id": id })),
                Err(error) => return error.outcome_before_sending(now),
            }
        }
    };
    let path = [phone_number, "messages"];
    match graph
        .post(token, &path, request(message, kind, content))
        .await
    {
        Ok(answer) => sent(&answer, &message.to),
        Err(error) => error.outcome(now),
    }
}

/// The body of the call; our own id comes back in every status as `biz_opaque_callback_data`.
pub(super) fn request(message: &Outgoing, kind: &str, content: Value) -> Value {
    let request = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": kind,
        "biz_opaque_callback_data": message.our_id.to_string(),
    });
    let to = &message.to.value;
    // Without the plus sign the shop's own country code may be put before the number.
    let request = match message.to.kind {
        ContactKind::Phone => with(request, "to", format!("+{}", to.trim_start_matches('+'))),
        ContactKind::Bsuid | ContactKind::ParentBsuid | ContactKind::Psid | ContactKind::Igsid => {
            with(request, "recipient", to.as_str())
        }
    };
    with(request, kind, content)
}

/// WhatsApp may know the number by other digits than it was written with (Brazil, Mexico,
/// Argentina): webhooks use those, so they are handed back.
pub(crate) fn sent(answer: &Value, to: &ContactKey) -> Outcome {
    let Some(platform_id) = list(answer, "messages")
        .iter()
        .find_map(|one| word(one, "id"))
    else {
        return Outcome::Unconfirmed;
    };
    let contact = list(answer, "contacts").iter().find_map(|one| {
        let phone = word(one, "wa_id").map(|id| (ContactKind::Phone, id));
        let (kind, value) = phone.or(word(one, "user_id").map(|id| (ContactKind::Bsuid, id)))?;
        let key = ContactKey {
            kind,
            value: value.trim().to_owned(),
        };
        (key != *to && !key.value.is_empty()).then_some(key)
    });
    Outcome::Sent {
        platform_id,
        contact,
    }
}

/// Marks a message and all before it as read.
pub(super) async fn mark_read(
    graph: &Graph,
    phone_number: &str,
    token: &Token,
    platform_id: &str,
) -> Result<(), Error> {
    let request = read_request(platform_id);
    confirmed(
        &graph
            .post(token, &[phone_number, "messages"], request)
            .await?,
    )
}

pub(super) fn read_request(platform_id: &str) -> Value {
    json!({ "messaging_product": "whatsapp", "status": "read", "message_id": platform_id })
}

async fn upload(
    graph: &Graph,
    phone_number: &str,
    token: &Token,
    bytes: Vec<u8>,
    mime: &str,
) -> Result<String, Error> {
    let form = Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", mime.to_owned())
        .part("file", picture_part(bytes, mime)?);
    let url = graph.url(&[phone_number, "media"], &[]);
    let answer = graph
        .call(Method::POST, token, url, Sent::Form(form))
        .await?;
    word(&answer, "id").ok_or(Error::Unreadable)
}

/// A picture as a part of a form, under a name that says nothing about the shop.
pub(super) fn picture_part(bytes: Vec<u8>, mime: &str) -> Result<Part, Error> {
    let name = if mime == "image/png" {
        "picture.png"
    } else {
        "picture.jpg"
    };
    Part::bytes(bytes)
        .file_name(name)
        .mime_str(mime)
        .map_err(Error::Unreachable)
}
