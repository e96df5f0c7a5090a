//! `GET /sandbox/state`: what the stand-in knows and has seen, as JSON; and its changes, live.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::fault;
use crate::app::App;
use crate::world::World;
use crate::world::people::{PEOPLE, Person};
use crate::world::shop::{self, Channel};
use crate::world::threads::{Message, Thread};

/// The longest a caller is kept waiting for a change.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Deserialize)]
pub(crate) struct After {
    /// Answer only when the version is higher than this one.
    after: Option<u64>,
    /// Leave out calls and deliveries, as the phones' page does.
    #[serde(default)]
    brief: bool,
}

pub(crate) async fn state(
    State(app): State<Arc<App>>,
    Query(After { after, brief }): Query<After>,
) -> Json<Value> {
    let mut versions = app.versions();
    if let Some(after) = after {
        let newer = versions.wait_for(|version| *version > after);
        tokio::select! {
            _ = tokio::time::timeout(PATIENCE, newer) => {}
            () = app.stop.cancelled() => {}
        }
    }
    let version = *versions.borrow();
    let mut state = app.look(|world, now| describe(world, version, now));
    if brief && let Some(state) = state.as_object_mut() {
        for long in ["calls", "deliveries", "sent"] {
            state.remove(long);
        }
    }
    Json(state)
}

/// `GET /sandbox/events`: one event with the version whenever something happened.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stop = app.stop.clone();
    let stream = futures_util::stream::unfold(
        (app.versions(), stop, true),
        |(mut versions, stop, first)| async move {
            if !first {
                tokio::select! {
                    changed = versions.changed() => changed.ok()?,
                    () = stop.cancelled() => return None,
                }
            }
            let event = event(&mut versions);
            Some((Ok(event), (versions, stop, false)))
        },
    );
    Sse::new(stream).keep_alive(KeepAlive::default())
}

fn event(versions: &mut watch::Receiver<u64>) -> Event {
    Event::default().data(versions.borrow_and_update().to_string())
}

fn describe(world: &World, version: u64, now: i64) -> Value {
    let threads: Vec<Value> = world.threads.iter().map(|of| thread(of, now)).collect();
    let sent: Vec<Value> = world
        .threads
        .iter()
        .flat_map(|of| {
            of.messages
                .iter()
                .filter(|said| said.by_api)
                .map(|said| sent(of, said))
        })
        .collect();
    json!({
        "version": version,
        "now": now,
        "app": {
            "id": world.app.id,
            "name": world.app.name,
            "callback_url": world.callback_url,
        },
        "accounts": accounts(world),
        "users": users(world, now),
        "people": PEOPLE.iter().map(person).collect::<Vec<Value>>(),
        "conversations": threads,
        "sent": sent,
        "calls": world.calls,
        "deliveries": world.deliveries,
        "problems": fault::listed(world),
    })
}

fn accounts(world: &World) -> Vec<Value> {
    let mut out = Vec::new();
    for page in &shop::PAGES {
        let fields = world.subscriptions.of_page(page.id);
        out.push(json!({
            "channel": "messenger",
            "id": page.id,
            "name": page.name,
            "subscribed": fields.is_some(),
            "subscribed_fields": fields,
        }));
        if let Some(account) = &page.instagram {
            out.push(json!({
                "channel": "instagram",
                "id": account.id,
                "name": account.username,
                "page": page.id,
                "subscribed": fields.is_some(),
            }));
        }
    }
    for waba in &shop::WABAS {
        out.push(json!({
            "channel": "whatsapp",
            "id": waba.phone,
            "name": waba.display,
            "waba": waba.id,
            "subscribed": world.subscriptions.has_waba(waba.id),
        }));
    }
    out
}

fn users(world: &World, now: i64) -> Vec<Value> {
    let user = |user: &'static shop::User| {
        let grants = world.logins.grants_of(user);
        let granted: Vec<&String> = grants
            .into_iter()
            .flatten()
            .filter(|(_, grant)| grant.granted)
            .map(|(scope, _)| scope)
            .collect();
        let live = world.logins.tokens().filter(|token| {
            token.user.id == user.id
                && token.dead.is_none()
                && token.expires_at.is_none_or(|at| at > now)
        });
        json!({
            "key": user.key,
            "id": user.id,
            "name": user.name,
            "app_installed": grants.is_some(),
            "granted": granted,
            "live_tokens": live.count(),
        })
    };
    shop::USERS.iter().map(user).collect()
}

fn person(of: &Person) -> Value {
    json!({
        "key": of.key,
        "name": of.name,
        "username": of.username,
        "language": of.language,
        "picture": format!("/sandbox/pictures/{}", of.key),
        "says": of.says,
        "ids": {
            "instagram": of.id_at(Channel::Instagram, shop::usual_account(Channel::Instagram)),
            "messenger": of.id_at(Channel::Messenger, shop::usual_account(Channel::Messenger)),
            "whatsapp": of.id_at(Channel::Whatsapp, shop::usual_account(Channel::Whatsapp)),
        },
    })
}

fn thread(of: &Thread, now: i64) -> Value {
    let messages: Vec<Value> = of.messages.iter().map(message).collect();
    json!({
        "channel": of.channel.name(),
        "account": of.account,
        "person": of.person().key,
        "customer_id": of.customer_id(),
        "id": of.id(),
        "seen_by_shop_at": of.shop_seen_at,
        "shop_types": of.shop_typing_until.is_some_and(|until| until > now),
        "messages": messages,
    })
}

fn message(said: &Message) -> Value {
    let picture = said
        .picture
        .as_deref()
        .map(|id| format!("/sandbox/media/{id}"));
    json!({
        "id": said.id,
        "from": if said.from_shop { "shop" } else { "customer" },
        "at": said.at,
        "text": said.text,
        "picture": picture,
        "reply_to": said.reply_to,
        "tick": said.from_shop.then_some(said.tick),
        "failed": said.failed,
        "unsent": said.unsent,
        "customer_reaction": said.customer_reaction,
        "shop_reaction": said.shop_reaction,
        "by_api": said.by_api,
    })
}

/// A message the shop sent through the API, as it came.
fn sent(of: &Thread, said: &Message) -> Value {
    json!({
        "id": said.id,
        "channel": of.channel.name(),
        "account": of.account,
        "to": of.customer_id(),
        "person": of.person().key,
        "at": said.at,
        "text": said.text,
        "picture": said.picture,
        "metadata": said.opaque,
        "tick": said.tick,
        "failed": said.failed,
    })
}
