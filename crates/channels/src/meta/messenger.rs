//! Messenger, and Instagram through its Page: `POST /{page}/messages` with the Page's token.

use domain::outbound::{Body, Outcome, Outgoing};
use domain::reply_window::Means;
use domain::{Channel, ContactKey, Timestamp};
use reqwest::Method;
use reqwest::multipart::Form;
use serde_json::{Value, json};

use super::graph::{Body as Sent, confirmed};
use super::whatsapp::picture_part;
use super::{Account, Error, Graph, Token};
use crate::json::{with, word};

pub(super) async fn send(
    graph: &Graph,
    account: &Account,
    token: &Token,
    message: &Outgoing,
    now: Timestamp,
) -> Outcome {
    let content = match &message.body {
        Body::Text(text) => json!({ "text": text }),
        Body::Picture { bytes, mime } => {
            match upload(graph, account, token, bytes.clone(), mime).await {
                Ok(id) => json!({
                    "attachment": { "type": "image", "payload": { "attachment_id": id } }
                }),
                Err(error) => return error.outcome_before_sending(now),
            }
        }
    };
    let path = [account.sending_node(), "messages"];
    match graph.post(token, &path, request(message, content)).await {
        Ok(answer) => sent(&answer, now),
        Err(error) => error.outcome(now),
    }
}

/// What the answer says. A message whose id it does not tell may have been sent.
pub(crate) fn sent(answer: &Value, now: Timestamp) -> Outcome {
    match word(answer, "message_id") {
        Some(platform_id) => Outcome::Sent {
            platform_id,
            contact: None,
        },
        None => Error::Unreadable.outcome(now),
    }
}

/// The body of the call; our own id goes along as `metadata` and comes back in the echo.
pub(super) fn request(message: &Outgoing, content: Value) -> Value {
    let request = json!({
        "recipient": { "id": message.to.value },
        "message": with(content, "metadata", message.our_id.to_string()),
    });
    match message.means {
        Means::Response => with(request, "messaging_type", "RESPONSE"),
        Means::HumanAgent => with(
            with(request, "messaging_type", "MESSAGE_TAG"),
            "tag",
            "HUMAN_AGENT",
        ),
    }
}

/// Uploads a picture and gives the id it can be sent by. Nothing reaches the person yet.
async fn upload(
    graph: &Graph,
    account: &Account,
    token: &Token,
    bytes: Vec<u8>,
    mime: &str,
) -> Result<String, Error> {
    let url = graph.url(
        &[account.sending_node(), "message_attachments"],
        &[("platform", platform(account.channel()))],
    );
    let message = json!({ "attachment": { "type": "image", "payload": { "is_reusable": true } } });
    let form = Form::new()
        .text("message", message.to_string())
        .part("filedata", picture_part(bytes, mime)?);
    let answer = graph
        .call(Method::POST, token, url, Sent::Form(form))
        .await?;
    word(&answer, "attachment_id").ok_or(Error::Unreadable)
}

/// Marks the whole conversation as read.
pub(super) async fn mark_seen(
    graph: &Graph,
    page: &str,
    token: &Token,
    to: &ContactKey,
) -> Result<(), Error> {
    let request = json!({ "recipient": { "id": to.value }, "sender_action": "mark_seen" });
    confirmed(&graph.post(token, &[page, "messages"], request).await?)
}

/// Meta's word for the channel in a query.
pub(super) const fn platform(channel: Channel) -> &'static str {
    match channel {
        Channel::Instagram => "instagram",
        Channel::Messenger | Channel::Whatsapp | Channel::Sms => "messenger",
    }
}
