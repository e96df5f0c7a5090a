//! Pictures the shop sends on Messenger and Instagram: uploaded once and sent by id, sent along
//! as a file, or fetched from a link.

use std::sync::Arc;

use serde_json::{Value, json};

use super::call::{Call, Caller};
use super::error::Refusal;
use super::messages::{Peer, may_answer, own_page};
use super::params::Upload;
use crate::app::App;
use crate::world::World;
use crate::world::media::{Media, sniff};
use crate::world::shop::Channel;

const MEGABYTE: usize = 1024 * 1024;

/// Fetches what a link in the call leads to, before the world is asked.
pub(crate) async fn fetch(app: &Arc<App>, call: &mut Call) {
    if call.method != axum::http::Method::POST {
        return;
    }
    let message = call.params.json("message").ok().flatten();
    let attached = message
        .as_ref()
        .and_then(|message| message.pointer("/attachment/payload/url"))
        .and_then(Value::as_str);
    let image = call.params.json("image").ok().flatten();
    let linked = image
        .as_ref()
        .and_then(|image| image.get("link"))
        .and_then(Value::as_str);
    let callback = call.params.text("callback_url");
    if let Some(link) = attached.or(linked) {
        call.fetched = Some(get(app, link).await);
    } else if let Some(address) = callback {
        call.fetched = Some(challenge(app, call, &address).await);
    }
}

async fn get(app: &App, link: &str) -> Result<Upload, String> {
    let answer = app
        .http
        .get(link)
        .send()
        .await
        .map_err(|problem| problem.to_string())?;
    let answer = answer
        .error_for_status()
        .map_err(|problem| problem.to_string())?;
    let kind = answer
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok());
    let mime = kind.unwrap_or("application/octet-stream").to_owned();
    let bytes = answer
        .bytes()
        .await
        .map_err(|problem| problem.to_string())?;
    Ok(Upload {
        name: "picture".to_owned(),
        mime,
        bytes,
    })
}

/// Asks a new callback address to echo a challenge.
async fn challenge(app: &App, call: &Call, address: &str) -> Result<Upload, String> {
    let token = call.params.text("verify_token").unwrap_or_default();
    let expected = app.look(|world, _| world.ids.digits(10));
    let answer = app
        .http
        .get(address)
        .query(&[
            ("hub.mode", "subscribe"),
            ("hub.challenge", &expected),
            ("hub.verify_token", &token),
        ])
        .send()
        .await
        .map_err(|problem| problem.to_string())?;
    let status = answer.status();
    let bytes = answer
        .bytes()
        .await
        .map_err(|problem| problem.to_string())?;
    if status.as_u16() == 200 && bytes == expected.as_bytes() {
        return Ok(Upload {
            name: String::new(),
            mime: String::new(),
            bytes,
        });
    }
    Err("the challenge was not echoed".to_owned())
}

/// `POST /{page}/message_attachments`: a file for later.
pub(crate) fn upload(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    (id, now): (&str, i64),
) -> Result<Value, Refusal> {
    let page = own_page(call, caller, id)?;
    let platform = call
        .params
        .text("platform")
        .unwrap_or_else(|| "messenger".to_owned());
    let channel = Channel::named(&platform)
        .filter(|channel| *channel != Channel::Whatsapp)
        .ok_or_else(|| {
            Refusal::parameter("Param platform must be one of {MESSENGER, INSTAGRAM}.")
        })?;
    let account = match (channel, &page.instagram) {
        (Channel::Instagram, Some(account)) => account.id,
        (Channel::Instagram, None) => return Err(Refusal::no_object("post", id)),
        _ => page.id,
    };
    may_answer(world, caller, page, channel)?;
    let message = call
        .params
        .json("message")?
        .ok_or_else(|| Refusal::parameter_needed("message"))?;
    let attachment = message
        .get("attachment")
        .ok_or_else(|| Refusal::parameter_needed("message[attachment]"))?;
    let reusable = attachment
        .pointer("/payload/is_reusable")
        .is_some_and(|flag| flag == &json!(true) || flag == &json!("true"));
    let file = file_of(call)?.ok_or_else(Refusal::attachment_upload)?;
    let media = checked(file, attachment, (channel, account), now)?;
    let attachment_id = world.ids.digits(16);
    world
        .media
        .put(attachment_id.clone(), Media { reusable, ..media });
    Ok(json!({"attachment_id": attachment_id}))
}

/// The file that came with a call, if any: in the body, or behind its link.
fn file_of(call: &Call) -> Result<Option<&Upload>, Refusal> {
    if let Some(file) = call.params.file("filedata") {
        return Ok(Some(file));
    }
    match &call.fetched {
        Some(Ok(file)) => Ok(Some(file)),
        Some(Err(_)) => Err(Refusal::attachment_upload()),
        None => Ok(None),
    }
}

/// The stored file an `attachment` means; gives its id.
pub(crate) fn sent(
    world: &mut World,
    call: &Call,
    peer: Peer,
    (attachment, now): (&Value, i64),
) -> Result<String, Refusal> {
    kind_of(attachment)?;
    let payload = attachment.get("payload");
    let id = payload.and_then(|payload| payload.get("attachment_id"));
    if let Some(id) = id {
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let known = world
            .media
            .get(&id)
            .is_some_and(|media| media.account == peer.account && media.by_shop && media.reusable);
        return if known {
            Ok(id)
        } else {
            Err(Refusal::attachment_upload())
        };
    }
    let file = file_of(call)?.ok_or_else(|| {
        Refusal::parameter("Param attachment[payload] needs a url, an attachment_id or a file.")
    })?;
    let media = checked(file, attachment, (peer.channel, peer.account), now)?;
    let id = world.ids.digits(16);
    world.media.put(id.clone(), media);
    Ok(id)
}

fn kind_of(attachment: &Value) -> Result<&str, Refusal> {
    const KINDS: [&str; 4] = ["image", "audio", "video", "file"];
    attachment
        .get("type")
        .and_then(Value::as_str)
        .filter(|kind| KINDS.contains(kind))
        .ok_or_else(|| {
            Refusal::parameter("Param attachment[type] must be one of {image, audio, video, file}.")
        })
}

/// The file as it is stored, if the platform takes such files.
fn checked(
    file: &Upload,
    attachment: &Value,
    (channel, account): (Channel, &str),
    now: i64,
) -> Result<Media, Refusal> {
    let kind = kind_of(attachment)?;
    let found = sniff(&file.bytes);
    let (fits, limit) = match (kind, channel) {
        ("image", Channel::Instagram) => (
            matches!(found, Some("image/jpeg" | "image/png")),
            8 * MEGABYTE,
        ),
        ("image", _) => (
            found.is_some_and(|mime| mime.starts_with("image/")),
            8 * MEGABYTE,
        ),
        _ => (!file.bytes.is_empty(), 25 * MEGABYTE),
    };
    if !fits || file.bytes.len() > limit {
        return Err(Refusal::attachment_upload());
    }
    Ok(Media {
        bytes: file.bytes.clone(),
        mime: found.map_or_else(|| file.mime.clone(), str::to_owned),
        name: file.name.clone(),
        account: account.to_owned(),
        channel,
        made_at: now,
        by_shop: true,
        reusable: false,
    })
}
