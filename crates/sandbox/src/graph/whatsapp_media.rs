//! WhatsApp's Cloud API: files, by id and behind links of five minutes.

use serde_json::{Value, json};

use super::call::{Call, Caller};
use super::error::Refusal;
use super::nodes::media_hash;
use super::params::Upload;
use super::whatsapp::number;
use crate::world::World;
use crate::world::media::{Media, sniff};
use crate::world::shop::{Channel, Waba};

const MEGABYTE: usize = 1024 * 1024;

/// `POST /{phone}/media`.
pub(crate) fn upload(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    (id, now): (&str, i64),
) -> Result<Value, Refusal> {
    let waba = number(world, caller, id)?;
    if call.params.text("messaging_product").as_deref() != Some("whatsapp") {
        return Err(Refusal::parameter_needed("messaging_product"));
    }
    let file = call
        .params
        .file("file")
        .ok_or_else(|| Refusal::parameter_needed("file"))?;
    let mime = accepted(file, call.params.text("type"))?;
    let id = store(world, waba, (file, mime), now);
    Ok(json!({"id": id}))
}

/// What the file really is, if WhatsApp takes such files of such a size.
pub(super) fn accepted(file: &Upload, named: Option<String>) -> Result<String, Refusal> {
    let named = named.unwrap_or_else(|| file.mime.clone());
    let found = sniff(&file.bytes).map_or(named, str::to_owned);
    let limit = match found.as_str() {
        "image/jpeg" | "image/png" => 5 * MEGABYTE,
        "image/webp" => MEGABYTE / 2,
        kind if kind.starts_with("audio/") || kind.starts_with("video/") => 16 * MEGABYTE,
        "application/pdf" | "text/plain" => 100 * MEGABYTE,
        other => {
            return Err(Refusal::parameter(&format!(
                "Param file must be a file with one of the following types: audio/aac, audio/mp4, audio/mpeg, audio/amr, audio/ogg, application/pdf, text/plain, image/jpeg, image/png, image/webp, video/mp4, video/3gpp. Received file of type '{other}'."
            )));
        }
    };
    if file.bytes.is_empty() || file.bytes.len() > limit {
        return Err(Refusal::by_code(131_053, None));
    }
    Ok(found)
}

/// `GET /{media-id}`: where the file is, for five minutes.
pub(crate) fn media(
    world: &World,
    call: &Call,
    caller: &Caller,
    (id, now): (&str, i64),
) -> Result<Value, Refusal> {
    let media = world.media.get(id).filter(|media| !media.expired(now));
    let media = media.ok_or_else(|| Refusal::no_object("get", id))?;
    if call
        .params
        .text("phone_number_id")
        .is_some_and(|phone| phone != media.account)
    {
        return Err(Refusal::no_object("get", id));
    }
    number(world, caller, &media.account)?;
    Ok(json!({
        "url": world.media_link(id, Channel::Whatsapp, now),
        "mime_type": media.mime,
        "sha256": media_hash(media.sha256()),
        "file_size": media.bytes.len(),
        "id": id,
        "messaging_product": "whatsapp",
    }))
}

pub(crate) fn delete_media(world: &mut World, caller: &Caller, id: &str) -> Result<Value, Refusal> {
    let account = world
        .media
        .get(id)
        .filter(|media| media.channel == Channel::Whatsapp)
        .map(|media| media.account.clone())
        .ok_or_else(|| Refusal::no_object("delete", id))?;
    number(world, caller, &account)?;
    world.media.remove(id);
    Ok(json!({"success": true}))
}

/// Keeps a file of the shop's; gives its id.
pub(super) fn store(
    world: &mut World,
    waba: &Waba,
    (file, mime): (&Upload, String),
    now: i64,
) -> String {
    let media = Media {
        bytes: file.bytes.clone(),
        mime,
        name: file.name.clone(),
        account: waba.phone.to_owned(),
        channel: Channel::Whatsapp,
        made_at: now,
        by_shop: true,
        reusable: true,
    };
    let id = world.ids.digits(16);
    world.media.put(id.clone(), media);
    id
}
