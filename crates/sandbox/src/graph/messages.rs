//! The Send API of Messenger and of Instagram through its Page.

use serde_json::{Value, json};

use super::attachments;
use super::call::{Call, Caller};
use super::error::Refusal;
use crate::world::World;
use crate::world::people;
use crate::world::shop::{self, Channel, Page};
use crate::world::talk::Saying;

const DAY: i64 = 86_400_000;
/// Messenger: fewer than 2000 characters. Instagram: at most 1000 bytes.
const MESSENGER_TEXT: usize = 2_000;
const INSTAGRAM_TEXT: usize = 1_000;
const METADATA: usize = 1_000;

/// Whom a call is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) channel: Channel,
    pub(crate) account: &'static str,
    pub(crate) thread: usize,
}

pub(crate) fn send(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    (id, now): (&str, i64),
) -> Result<Value, Refusal> {
    let page = own_page(call, caller, id)?;
    let peer = peer(world, call, caller, page)?;
    let message = call.params.json("message")?;
    let action = call.params.text("sender_action");
    match (message, action) {
        (Some(_), Some(_)) => Err(Refusal::parameter(
            "Cannot send both message and state at the same time.",
        )),
        (None, Some(action)) => act(world, call, peer, (&action, now)),
        (Some(message), None) => say(world, call, peer, (&message, now)),
        (None, None) => Err(Refusal::parameter(
            "Message cannot be empty, must provide valid attachment or text.",
        )),
    }
}

/// The Page the token is for, which must be the one in the path.
pub(crate) fn own_page(call: &Call, caller: &Caller, id: &str) -> Result<&'static Page, Refusal> {
    let gone = || Refusal::no_object(call.method.as_str(), id);
    let page = shop::page(id).ok_or_else(gone)?;
    if caller.page()? != page.id {
        return Err(gone());
    }
    Ok(page)
}

/// Finds the customer behind `recipient` and whether this person may write to them.
fn peer(world: &mut World, call: &Call, caller: &Caller, page: &Page) -> Result<Peer, Refusal> {
    let recipient = call
        .params
        .json("recipient")?
        .ok_or_else(|| Refusal::parameter_needed("recipient"))?;
    let id = match recipient.get("id") {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => {
            return Err(Refusal::parameter(
                "Param recipient must name a person by id.",
            ));
        }
    };
    let instagram = page.instagram.as_ref().map(|account| account.id);
    let known = |channel, account: &'static str| {
        people::by_id(&id, channel, account).map(|person| (channel, account, person))
    };
    let page_id = shop::page(page.id).map_or("", |page| page.id);
    let (channel, account, person) = known(Channel::Messenger, page_id)
        .or_else(|| known(Channel::Instagram, instagram?))
        .ok_or_else(Refusal::no_matching_user)?;
    may_answer(world, caller, page, channel)?;
    let wrote = world
        .thread(channel, account, person)
        .is_some_and(|t| t.customer_at.is_some());
    if !wrote {
        return Err(Refusal::no_matching_user());
    }
    let thread = world.thread_index(channel, account, person);
    Ok(Peer {
        channel,
        account,
        thread,
    })
}

pub(crate) fn may_answer(
    world: &World,
    caller: &Caller,
    page: &Page,
    channel: Channel,
) -> Result<(), Refusal> {
    let user = match (channel, &page.instagram) {
        (Channel::Instagram, Some(account)) => {
            caller.needs(world, "instagram_manage_messages", Some(account.id))?
        }
        _ => caller.needs(world, "pages_messaging", Some(page.id))?,
    };
    let tasks = world.logins.tasks_of(user, page.id);
    if world.switches.task_enforced && !tasks.iter().any(|task| task == "MESSAGING") {
        return Err(Refusal::task("MESSAGING"));
    }
    Ok(())
}

/// Refuses whom nothing reaches.
fn reaches(world: &World, peer: Peer) -> Result<(), Refusal> {
    let Some(thread) = world.threads.get(peer.thread) else {
        return Ok(());
    };
    let subject = format!(
        "{} {} {}",
        peer.channel.name(),
        thread.person().key,
        peer.account
    );
    if let Some(blocked) = world.faults.holds("blocked", &subject) {
        let code = blocked.number().unwrap_or(551);
        return Err(Refusal::person_unavailable(code));
    }
    match world.faults.holds("cannot_receive", &subject) {
        Some(_) => Err(Refusal::cannot_receive()),
        None => Ok(()),
    }
}

fn say(
    world: &mut World,
    call: &Call,
    peer: Peer,
    (message, now): (&Value, i64),
) -> Result<Value, Refusal> {
    let human = purpose(call, peer.channel)?;
    let saying = content(world, call, peer, (message, now))?;
    if human && !world.switches.human_agent {
        return Err(Refusal::capability());
    }
    let since = world
        .threads
        .get(peer.thread)
        .and_then(|thread| thread.customer_at)
        .unwrap_or(0);
    let open = if human { 7 * DAY } else { DAY };
    if now - since > open {
        return Err(match peer.channel {
            Channel::Instagram => Refusal::instagram_window(),
            _ if world.switches.window_old_form => Refusal::messenger_window_of_old(),
            _ => Refusal::messenger_window(),
        });
    }
    reaches(world, peer)?;
    let id = world.shop_says(peer.thread, now, true, saying);
    let recipient = world
        .threads
        .get(peer.thread)
        .map(|thread| thread.customer_id());
    Ok(json!({"recipient_id": recipient, "message_id": id}))
}

/// Whether a person wrote it (HUMAN_AGENT); refuses types and tags that do not exist.
fn purpose(call: &Call, channel: Channel) -> Result<bool, Refusal> {
    let tag = call.params.text("tag");
    let kind = call.params.text("messaging_type");
    match (kind.as_deref(), tag.as_deref()) {
        (None | Some("RESPONSE" | "UPDATE"), None) => Ok(false),
        (Some("MESSAGE_TAG"), Some("HUMAN_AGENT")) => Ok(true),
        // Instagram's own pages show the tag without a type.
        (None, Some("HUMAN_AGENT")) if channel == Channel::Instagram => Ok(true),
        (Some("MESSAGE_TAG") | None, Some(_)) => Err(Refusal::parameter(
            "Param tag must be one of {HUMAN_AGENT}.",
        )),
        (Some("MESSAGE_TAG"), None) => Err(Refusal::parameter_needed("tag")),
        (Some("RESPONSE" | "UPDATE"), Some(_)) => Err(Refusal::parameter(
            "A tag needs messaging_type MESSAGE_TAG.",
        )),
        (Some(_), _) => Err(Refusal::parameter(
            "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}.",
        )),
    }
}

fn content(
    world: &mut World,
    call: &Call,
    peer: Peer,
    (message, now): (&Value, i64),
) -> Result<Saying, Refusal> {
    let text = message.get("text");
    let attachment = message.get("attachment");
    let mut saying = Saying::default();
    match (text, attachment) {
        (Some(_), Some(_)) => {
            return Err(Refusal::parameter(
                "Only one of the text, attachment can be specified.",
            ));
        }
        (Some(text), None) => saying.text = Some(checked_text(text, peer.channel)?),
        (None, Some(attachment)) => {
            saying.picture = Some(attachments::sent(world, call, peer, (attachment, now))?);
        }
        (None, None) => {
            return Err(Refusal::parameter(
                "Message cannot be empty, must provide valid attachment or text.",
            ));
        }
    }
    if let Some(metadata) = message.get("metadata") {
        let metadata = metadata
            .as_str()
            .ok_or_else(|| Refusal::parameter("Param metadata must be a string."))?;
        if metadata.chars().count() >= METADATA {
            return Err(too_long("message[metadata]", METADATA));
        }
        saying.opaque = Some(metadata.to_owned());
    }
    saying.reply_to = reply_to(world, call, peer)?;
    Ok(saying)
}

fn checked_text(text: &Value, channel: Channel) -> Result<String, Refusal> {
    let text = text
        .as_str()
        .ok_or_else(|| Refusal::parameter("Param text must be a string."))?;
    if text.is_empty() {
        return Err(Refusal::parameter(
            "Message cannot be empty, must provide valid attachment or text.",
        ));
    }
    let fits = match channel {
        Channel::Instagram => text.len() <= INSTAGRAM_TEXT,
        _ => text.chars().count() < MESSENGER_TEXT,
    };
    if fits {
        return Ok(text.to_owned());
    }
    let limit = if channel == Channel::Instagram {
        INSTAGRAM_TEXT
    } else {
        MESSENGER_TEXT
    };
    Err(too_long("message[text]", limit))
}

fn too_long(name: &str, limit: usize) -> Refusal {
    Refusal::parameter(&format!(
        "Length of param {name} must be less than or equal to {limit}"
    ))
}

fn reply_to(world: &World, call: &Call, peer: Peer) -> Result<Option<String>, Refusal> {
    let Some(reply_to) = call.params.json("reply_to")? else {
        return Ok(None);
    };
    let mid = reply_to
        .get("mid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let known = world
        .threads
        .get(peer.thread)
        .is_some_and(|thread| thread.message(mid).is_some());
    if known {
        Ok(Some(mid.to_owned()))
    } else {
        Err(Refusal::parameter("Invalid reply_to mid."))
    }
}

/// Typing, seen, reactions.
fn act(
    world: &mut World,
    call: &Call,
    peer: Peer,
    (action, now): (&str, i64),
) -> Result<Value, Refusal> {
    let Some(thread) = world.threads.get_mut(peer.thread) else {
        return Err(Refusal::no_matching_user());
    };
    match action {
        "mark_seen" => thread.shop_seen_at = Some(now),
        "typing_on" => thread.shop_typing_until = Some(now + 20_000),
        "typing_off" => thread.shop_typing_until = None,
        "react" | "unreact" => {
            let payload = call
                .params
                .json("payload")?
                .ok_or_else(|| Refusal::parameter_needed("payload"))?;
            let mid = payload
                .get("message_id")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let message = thread
                .message_mut(mid)
                .ok_or_else(|| Refusal::parameter("Invalid message_id in payload."))?;
            message.shop_reaction = match action {
                "react" => Some(reaction(payload.get("reaction").and_then(Value::as_str))?),
                _ => None,
            };
        }
        _ => {
            return Err(Refusal::parameter(
                "Param sender_action must be one of {MARK_SEEN, TYPING_ON, TYPING_OFF, REACT, UNREACT}.",
            ));
        }
    }
    Ok(json!({"recipient_id": thread.customer_id()}))
}

fn reaction(name: Option<&str>) -> Result<String, Refusal> {
    match name {
        Some("love") => Ok("❤️".to_owned()),
        Some(emoji) if !emoji.is_ascii() => Ok(emoji.to_owned()),
        _ => Err(Refusal::parameter_needed("payload[reaction]")),
    }
}
