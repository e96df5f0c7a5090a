//! Conversations and messages of Pages and Instagram accounts, as far back as Meta tells them.

use serde_json::{Map, Value, json};

use super::accounts::{object, paged};
use super::call::{Call, Caller};
use super::error::Refusal;
use super::fields::{EDGE, Node};
use super::messages::{may_answer, own_page};
use crate::world::World;
use crate::world::shop::{self, Channel};
use crate::world::threads::{Message, Thread};

/// Details are told of the newest messages of a conversation only.
const DETAILED: usize = 20;
const THREAD_EMPTY: &[&str] = &[
    "folder",
    "former_participants",
    "linked_group",
    "name",
    "scoped_thread_key",
    "wallpaper",
];
const MESSAGE_EMPTY: &[&str] = &[
    "message",
    "attachments",
    "reply_to",
    "shares",
    "story",
    "reactions",
    "tags",
    "is_unsupported",
    "sticker",
    "from",
    "to",
];

pub(crate) fn conversations(
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
    let channel = Channel::named(&platform.to_lowercase())
        .filter(|channel| *channel != Channel::Whatsapp)
        .ok_or_else(|| {
            Refusal::parameter("Param platform must be one of {INSTAGRAM, MESSENGER}.")
        })?;
    let account = match (channel, &page.instagram) {
        (Channel::Instagram, Some(account)) => account.id,
        (Channel::Instagram, None) => return Ok(json!({"data": []})),
        _ => page.id,
    };
    may_answer(world, caller, page, channel)?;
    pace(world, account, now)?;
    let only = call.params.text("user_id");
    let mut threads: Vec<&Thread> = world
        .threads
        .iter()
        .filter(|thread| thread.account == account && !thread.messages.is_empty())
        .filter(|thread| only.as_ref().is_none_or(|id| *id == thread.customer_id()))
        .collect();
    threads.sort_by_key(|thread| std::cmp::Reverse(thread.updated_at()));
    let wanted = call.params.text("fields");
    let nodes: Result<Vec<Value>, Refusal> = threads
        .into_iter()
        .map(|thread| thread_node(world, thread, now).answer(wanted.as_deref()))
        .collect();
    Ok(paged(call, nodes?))
}

/// Two calls per second and account, where that switch is on.
fn pace(world: &mut World, account: &str, now: i64) -> Result<(), Refusal> {
    if !world.switches.conversations_paced {
        return Ok(());
    }
    let what = format!("conversations {account}");
    let taken = world.counted.take(&what, (2, 1_000), now);
    taken.map_err(|_| Refusal::by_code(613, None))
}

/// `GET /{conversation}/messages`.
pub(crate) fn messages(
    world: &World,
    call: &Call,
    caller: &Caller,
    (id, now): (&str, i64),
) -> Result<Value, Refusal> {
    let thread = world
        .threads
        .iter()
        .find(|thread| thread.id() == id)
        .ok_or_else(|| Refusal::no_object("get", id))?;
    visible(world, caller, thread, id)?;
    let wanted = call.params.text("fields");
    let data = newest_first(thread)
        .into_iter()
        .enumerate()
        .map(|(age, message)| {
            if age < DETAILED {
                return message_node(world, thread, message, now).answer(wanted.as_deref());
            }
            Ok(bare(message))
        })
        .collect::<Result<Vec<Value>, Refusal>>()?;
    Ok(paged(call, data))
}

/// A conversation or a message by its id; `None` where the id is neither.
pub(crate) fn node(
    world: &World,
    caller: &Caller,
    (id, now): (&str, i64),
    wanted: Option<&str>,
) -> Option<Result<Value, Refusal>> {
    let mut threads = world
        .threads
        .iter()
        .filter(|thread| thread.channel != Channel::Whatsapp);
    if let Some(thread) = threads.clone().find(|thread| thread.id() == id) {
        let answer = || {
            visible(world, caller, thread, id)?;
            thread_node(world, thread, now).answer(wanted)
        };
        return Some(answer());
    }
    let thread = threads.find(|thread| thread.message(id).is_some())?;
    let answer = || {
        visible(world, caller, thread, id)?;
        let age = newest_first(thread)
            .iter()
            .position(|message| message.id == id)
            .unwrap_or(0);
        match thread.message(id) {
            Some(message) if age < DETAILED && !message.unsent => {
                message_node(world, thread, message, now).answer(wanted)
            }
            _ => Err(Refusal::message_deleted()),
        }
    };
    Some(answer())
}

fn visible(world: &World, caller: &Caller, thread: &Thread, id: &str) -> Result<(), Refusal> {
    let gone = || Refusal::no_object("get", id);
    let page = shop::page(caller.page()?).ok_or_else(gone)?;
    let owner = shop::instagram(thread.account).map_or(thread.account, |(page, _)| page.id);
    if owner != page.id {
        return Err(gone());
    }
    may_answer(world, caller, page, thread.channel)
}

/// What was said at the same moment stays in its order.
fn newest_first(thread: &Thread) -> Vec<&Message> {
    let mut messages: Vec<&Message> = thread.messages.iter().filter(|said| !said.unsent).collect();
    messages.sort_by_key(|message| message.at);
    messages.reverse();
    messages
}

fn graph_time(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(
        |_| String::new(),
        |at| at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string(),
    )
}

fn bare(message: &Message) -> Value {
    json!({"id": message.id, "created_time": graph_time(message.at)})
}

fn customer_side(thread: &Thread) -> Value {
    let (person, id) = (thread.person(), thread.customer_id());
    match thread.channel {
        Channel::Instagram => json!({"username": person.username, "id": id}),
        _ => json!({"name": person.name, "email": format!("{id}@facebook.com"), "id": id}),
    }
}

fn shop_side(thread: &Thread) -> Value {
    let id = thread.account;
    if let Some((_, account)) = shop::instagram(id) {
        return json!({"username": account.username, "id": id, "user_id": id});
    }
    let name = shop::page(id).map_or("", |page| page.name);
    json!({"name": name, "email": format!("{id}@facebook.com"), "id": id})
}

fn thread_node(world: &World, thread: &Thread, now: i64) -> Node {
    let newest = newest_first(thread);
    let messages: Vec<Value> = newest
        .iter()
        .enumerate()
        .map(|(age, message)| {
            if age < DETAILED {
                Value::Object(message_node(world, thread, message, now).value)
            } else {
                bare(message)
            }
        })
        .collect();
    let snippet = newest
        .first()
        .and_then(|message| message.text.clone())
        .unwrap_or_default();
    let address = format!("https://graph.facebook.com/v25.0/{}/messages", thread.id());
    let open = thread
        .customer_at
        .is_some_and(|at| now - at <= 7 * 86_400_000);
    let value = object(json!({
        "id": thread.id(),
        "link": format!("/{}/inbox/{}/", thread.account, thread.id()),
        "updated_time": graph_time(thread.updated_at()),
        "message_count": newest.len(),
        "unread_count": thread.unread(),
        "participants": {"data": [customer_side(thread), shop_side(thread)]},
        "senders": {"data": [customer_side(thread), shop_side(thread)]},
        "snippet": snippet,
        "can_reply": open,
        "is_owner": true,
        "is_subscribed": true,
        "messages": {EDGE: address, "data": messages},
    }));
    let usual: &[&str] = match thread.channel {
        Channel::Instagram => &["id", "updated_time"],
        _ => &["id", "link", "updated_time"],
    };
    Node {
        kind: "UnifiedThread",
        value,
        empty: THREAD_EMPTY,
        usual,
    }
}

fn message_node(world: &World, thread: &Thread, message: &Message, now: i64) -> Node {
    let (from, to) = if message.from_shop {
        (shop_side(thread), customer_side(thread))
    } else {
        (customer_side(thread), shop_side(thread))
    };
    let mut value = object(json!({
        "id": message.id,
        "created_time": graph_time(message.at),
        "from": from,
        "to": {"data": [to]},
        "message": message.text.clone().unwrap_or_default(),
    }));
    if let Some(picture) = &message.picture {
        value.insert(
            "attachments".into(),
            attachments(world, thread, picture, now),
        );
    }
    if let Some(reply_to) = &message.reply_to {
        let by_shop = thread
            .message(reply_to)
            .is_some_and(|other| other.from_shop);
        let own = by_shop == message.from_shop;
        value.insert(
            "reply_to".into(),
            json!({"mid": reply_to, "is_self_reply": own}),
        );
    }
    let reactions = reactions(thread, message);
    if !reactions.is_empty() {
        value.insert("reactions".into(), json!({"data": reactions}));
    }
    Node {
        kind: "Message",
        value,
        empty: MESSAGE_EMPTY,
        usual: &["id", "created_time"],
    }
}

fn attachments(world: &World, thread: &Thread, picture: &str, now: i64) -> Value {
    let mut item = Map::new();
    item.insert("id".into(), json!(picture));
    if let Some(media) = world.media.get(picture) {
        item.insert("mime_type".into(), json!(media.mime));
        item.insert("name".into(), json!(media.name));
        item.insert("size".into(), json!(media.bytes.len()));
        let url = world.media_link(picture, thread.channel, now);
        let (width, height) = crate::pictures::size_of(&media.bytes);
        let image = json!({"width": width, "height": height, "url": url, "preview_url": url});
        item.insert("image_data".into(), image);
    }
    json!({"data": [item]})
}

fn reactions(thread: &Thread, message: &Message) -> Vec<Value> {
    let sides = [
        (&message.customer_reaction, customer_side(thread)),
        (&message.shop_reaction, shop_side(thread)),
    ];
    sides
        .into_iter()
        .filter_map(|(emoji, side)| {
            let emoji = emoji.as_ref()?;
            Some(json!({"reaction": emoji, "users": [side]}))
        })
        .collect()
}
