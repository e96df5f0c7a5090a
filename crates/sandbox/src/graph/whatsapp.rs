//! WhatsApp's Cloud API: messages, reactions and read marks.

use serde_json::{Value, json};

use super::call::{Call, Caller};
use super::error::Refusal;
use super::whatsapp_media::{accepted, store};
use crate::webhooks::update::Update;
use crate::world::World;
use crate::world::people;
use crate::world::shop::{self, Channel, Waba};
use crate::world::talk::Saying;

const DAY: i64 = 86_400_000;
const TEXT: usize = 4_096;
const CAPTION: usize = 1_024;
const OPAQUE: usize = 512;

/// The number, if the person works with it and lets the app write for it.
pub(super) fn number(world: &World, caller: &Caller, id: &str) -> Result<&'static Waba, Refusal> {
    let waba = shop::phone(id).ok_or_else(|| Refusal::no_object("post", id))?;
    let user = caller.token()?.user;
    if !user.wabas.contains(&waba.id) {
        return Err(Refusal::no_object("post", id));
    }
    caller.needs(world, "whatsapp_business_messaging", Some(waba.id))?;
    Ok(waba)
}

/// Refuses while something is wrong with the number or its account.
fn in_order(world: &World, waba: &Waba) -> Result<(), Refusal> {
    let code = match trouble(world, waba) {
        None => return Ok(()),
        Some("locked") => 131_031,
        Some("unnamed") => 131_037,
        Some("unpaid") => 131_042,
        Some("unregistered") => 133_010,
        Some(_) => 131_057,
    };
    Err(Refusal::by_code(code, None))
}

/// What is wrong with a number, in the words of `faults`.
pub(super) fn trouble<'a>(world: &'a World, waba: &Waba) -> Option<&'a str> {
    let trouble = world.faults.holds("number_trouble", waba.phone)?;
    Some(trouble.value.as_str().unwrap_or("maintained"))
}

/// Refuses whoever lives in a country the number may not message.
fn may_message(world: &World, digits: &str) -> Result<(), Refusal> {
    let barred = world.faults.list().iter().any(|fault| {
        let code = fault.number().filter(|_| fault.kind == "country_barred");
        code.is_some_and(|code| digits.starts_with(&code.to_string()))
    });
    if barred {
        return Err(Refusal::by_code(130_497, None));
    }
    Ok(())
}

pub(crate) fn messages(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    (id, now): (&str, i64),
) -> Result<Value, Refusal> {
    let waba = number(world, caller, id)?;
    in_order(world, waba)?;
    if call.params.text("messaging_product").as_deref() != Some("whatsapp") {
        return Err(Refusal::parameter_needed("messaging_product"));
    }
    match call.params.text("status").as_deref() {
        Some("read") => return read(world, call, waba, now),
        Some(_) => return Err(Refusal::whatsapp_invalid("Param status must be read.")),
        None => {}
    }
    if call
        .params
        .text("recipient_type")
        .is_some_and(|kind| kind != "individual")
    {
        return Err(Refusal::whatsapp_invalid(
            "Param recipient_type must be individual.",
        ));
    }
    let (input, digits) = addressee(call, waba)?;
    may_message(world, &digits)?;
    let message = content(world, call, waba, now)?;
    let Some(person) = people::by_id(&digits, Channel::Whatsapp, waba.phone) else {
        return Ok(into_the_void(world, waba, (&input, &digits), now));
    };
    say(world, (waba, person, &input), message, now)
}

/// What was written in `to` or `recipient`, and the id it means.
fn addressee(call: &Call, waba: &Waba) -> Result<(String, String), Refusal> {
    if let Some(to) = call.params.text("to").filter(|to| !to.is_empty()) {
        let digits: String = to.chars().filter(char::is_ascii_digit).collect();
        let other = |letter: char| !(letter.is_ascii_digit() || " +-().".contains(letter));
        if to.contains(other) || !(7..=15).contains(&digits.len()) {
            return Err(Refusal::whatsapp_invalid(
                "Param to is not a valid WhatsApp phone number.",
            ));
        }
        if digits == waba.digits {
            return Err(Refusal::whatsapp_same_number());
        }
        return Ok((to, digits));
    }
    let scoped = call.params.text("recipient").filter(|id| !id.is_empty());
    let scoped = scoped
        .ok_or_else(|| Refusal::whatsapp_missing("Parameter 'to' or 'recipient' is mandatory."))?;
    Ok((scoped.clone(), scoped))
}

/// What a call says: words, a picture, or a reaction.
#[derive(Debug)]
enum Said {
    Message(Saying),
    Reaction { mid: String, emoji: Option<String> },
}

fn content(world: &mut World, call: &Call, waba: &Waba, now: i64) -> Result<Said, Refusal> {
    let kind = call
        .params
        .text("type")
        .unwrap_or_else(|| "text".to_owned());
    let body = call.params.json(&kind)?.ok_or_else(|| {
        Refusal::whatsapp_missing(&format!(
            "Parameter '{kind}' is mandatory for type '{kind}'."
        ))
    })?;
    let mut saying = Saying {
        opaque: opaque(call)?,
        ..Saying::default()
    };
    match kind.as_str() {
        "text" => saying.text = Some(words(&body)?),
        "image" | "video" | "audio" | "document" | "sticker" => {
            saying.text = caption(&body)?;
            saying.picture = Some(media_id(world, call, waba, (&kind, &body, now))?);
        }
        "reaction" => {
            let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
            let mid = text("message_id").ok_or_else(|| {
                Refusal::whatsapp_missing("Parameter 'reaction.message_id' is mandatory.")
            })?;
            let emoji = text("emoji").filter(|emoji| !emoji.is_empty());
            return Ok(Said::Reaction { mid, emoji });
        }
        "template" => {
            return Err(Refusal::whatsapp(
                404,
                132_001,
                "Template name does not exist in the translation",
                "template name does not exist in that language",
            ));
        }
        _ => {
            return Err(Refusal::whatsapp_invalid(
                "Param type must be one of {text, image, audio, video, document, sticker, reaction, template}.",
            ));
        }
    }
    let context = call.params.json("context")?;
    saying.reply_to = context
        .as_ref()
        .and_then(|context| context.get("message_id"))
        .and_then(Value::as_str)
        .map(str::to_owned);
    Ok(Said::Message(saying))
}

fn opaque(call: &Call) -> Result<Option<String>, Refusal> {
    let opaque = call.params.text("biz_opaque_callback_data");
    if opaque
        .as_ref()
        .is_some_and(|opaque| opaque.chars().count() > OPAQUE)
    {
        return Err(Refusal::whatsapp_invalid(
            "Param biz_opaque_callback_data must be at most 512 characters long.",
        ));
    }
    Ok(opaque)
}

fn words(body: &Value) -> Result<String, Refusal> {
    let text = body
        .get("body")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refusal::whatsapp_missing("Parameter 'text.body' is mandatory."))?;
    if text.chars().count() > TEXT {
        return Err(Refusal::whatsapp_invalid(
            "Param text['body'] must be at most 4096 characters long.",
        ));
    }
    Ok(text.to_owned())
}

fn caption(body: &Value) -> Result<Option<String>, Refusal> {
    let caption = body.get("caption").and_then(Value::as_str);
    if caption.is_some_and(|caption| caption.chars().count() > CAPTION) {
        return Err(Refusal::whatsapp_invalid(
            "Param image['caption'] must be at most 1024 characters long.",
        ));
    }
    Ok(caption.map(str::to_owned))
}

fn media_id(
    world: &mut World,
    call: &Call,
    waba: &Waba,
    (kind, body, now): (&str, &Value, i64),
) -> Result<String, Refusal> {
    if body.get("link").is_some() {
        let Some(Ok(file)) = &call.fetched else {
            return Err(Refusal::by_code(131_053, None));
        };
        let mime = accepted(file, None)?;
        return Ok(store(world, waba, (file, mime), now));
    }
    let id = body.get("id").and_then(Value::as_str).ok_or_else(|| {
        Refusal::whatsapp_missing(&format!(
            "Parameter '{kind}.id' or '{kind}.link' is mandatory."
        ))
    })?;
    let known = world
        .media
        .get(id)
        .is_some_and(|media| media.account == waba.phone && media.by_shop && !media.expired(now));
    if !known {
        return Err(Refusal::whatsapp_invalid(&format!(
            "Param {kind}.id is not a valid whatsapp business account media attachment ID"
        )));
    }
    Ok(id.to_owned())
}

fn say(
    world: &mut World,
    (waba, person, input): (&'static Waba, usize, &str),
    said: Said,
    now: i64,
) -> Result<Value, Refusal> {
    let thread = world.thread_index(Channel::Whatsapp, waba.phone, person);
    let since = world
        .threads
        .get(thread)
        .and_then(|thread| thread.customer_at);
    if world.switches.allow_list && since.is_none() {
        return Err(Refusal::by_code(131_030, None));
    }
    if since.is_none_or(|since| now - since > DAY) {
        return Err(Refusal::whatsapp_window());
    }
    if let Said::Message(Saying {
        reply_to: Some(mid),
        ..
    })
    | Said::Reaction { mid, .. } = &said
        && world
            .threads
            .get(thread)
            .is_none_or(|thread| thread.message(mid).is_none())
    {
        return Err(Refusal::whatsapp_invalid(
            "Message ID does not belong to this conversation.",
        ));
    }
    if !world
        .threads
        .get_mut(thread)
        .is_some_and(|thread| thread.take_from_pair(now))
    {
        return Err(Refusal::whatsapp_pair_limit());
    }
    let id = match said {
        Said::Message(saying) => world.shop_says(thread, now, true, saying),
        Said::Reaction { mid, emoji } => react(world, thread, &mid, emoji),
    };
    let person = people::PEOPLE.get(person).unwrap_or(&people::PEOPLE[0]);
    let contact = match person.phone {
        Some(phone) => json!({"input": input, "wa_id": phone, "user_id": person.bsuid()}),
        None => json!({"input": input, "user_id": person.bsuid()}),
    };
    Ok(json!({
        "messaging_product": "whatsapp",
        "contacts": [contact],
        "messages": [{"id": id}],
    }))
}

fn react(world: &mut World, thread: usize, mid: &str, emoji: Option<String>) -> String {
    let peer = world
        .threads
        .get(thread)
        .map(|thread| thread.customer_id())
        .unwrap_or_default();
    if let Some(message) = world
        .threads
        .get_mut(thread)
        .and_then(|thread| thread.message_mut(mid))
    {
        message.shop_reaction = emoji;
    }
    world.ids.wamid(&peer, false)
}

/// A number nobody we know has: accepted, and reported as undeliverable afterwards.
fn into_the_void(world: &mut World, waba: &Waba, (input, digits): (&str, &str), now: i64) -> Value {
    let id = world.ids.wamid(digits, false);
    let error = Refusal::by_code(131_026, None).in_webhook();
    let update = Update::undeliverable(waba, (&id, digits), &error, now);
    world.announce(update);
    json!({
        "messaging_product": "whatsapp",
        "contacts": [{"input": input, "wa_id": digits}],
        "messages": [{"id": id}],
    })
}

/// Marks a message, and all before it, as seen; with a typing mark if asked.
fn read(world: &mut World, call: &Call, waba: &Waba, now: i64) -> Result<Value, Refusal> {
    let mid = call
        .params
        .text("message_id")
        .ok_or_else(|| Refusal::whatsapp_missing("Parameter 'message_id' is mandatory."))?;
    let typing = call.params.json("typing_indicator")?;
    let thread = world.threads.iter_mut().find(|thread| {
        thread.account == waba.phone
            && thread
                .message(&mid)
                .is_some_and(|message| !message.from_shop)
    });
    let thread = thread
        .ok_or_else(|| Refusal::whatsapp_invalid("Message ID is not an incoming message."))?;
    let at = thread.message(&mid).map_or(0, |message| message.at);
    thread.shop_seen_at = thread.shop_seen_at.max(Some(at));
    if typing.is_some() {
        thread.shop_typing_until = Some(now + 25_000);
    }
    Ok(json!({"success": true}))
}
