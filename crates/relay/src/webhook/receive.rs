//! Receiving a webhook. 200 means: on the disk.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use rusqlite::Connection;
use wire::event::Control;

use super::signature::{self, Verified};
use super::split::{self, Address, Addressed, Split};
use crate::clock::minute_of;
use crate::metrics::Outcome;
use crate::pseudonym::{Kind, Pepper, Pseudonym};
use crate::queue::streams::Stream;
use crate::queue::{Result, counters, logins, routes, seen};
use crate::relay::Relay;

/// `POST /webhooks/meta`.
pub(crate) async fn meta(
    State(relay): State<Relay>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let outcome = match signature::verify(&headers, body, &relay.config().meta.secrets) {
        Ok(webhook) => accept(&relay, webhook).await,
        Err(signature::Forged) => refuse(&relay).await,
    };
    relay.metrics().webhook(outcome);
    match outcome {
        Outcome::Accepted | Outcome::Repeated | Outcome::NotJson => StatusCode::OK,
        Outcome::Forged => StatusCode::UNAUTHORIZED,
        Outcome::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn refuse(relay: &Relay) -> Outcome {
    relay.count(counters::FORGED).await;
    Outcome::Forged
}

async fn accept(relay: &Relay, webhook: Verified) -> Outcome {
    let now = relay.clock().now();
    let (slot, size) = (webhook.slot(), webhook.body().len());
    let Ok(split) = split::split(&webhook, now) else {
        relay.count(counters::NOT_JSON).await;
        tracing::warn!(slot, size, "a webhook with a good signature is no JSON");
        return Outcome::NotJson;
    };
    match store(relay, &webhook, split, now).await {
        Ok(stored) => {
            let Stored {
                parts,
                unknown,
                envelopes,
                repeated,
            } = stored;
            tracing::info!(slot, size, parts, unknown, envelopes, repeated, "webhook");
            if stored.repeated {
                Outcome::Repeated
            } else {
                Outcome::Accepted
            }
        }
        Err(why) => {
            tracing::error!(slot, size, %why, "a webhook could not be kept");
            Outcome::Unavailable
        }
    }
}

/// What became of a webhook's parts.
#[derive(Default, Clone, Copy)]
struct Stored {
    parts: usize,
    unknown: u64,
    envelopes: usize,
    repeated: bool,
}

async fn store(
    relay: &Relay,
    webhook: &Verified,
    Split { parts, nameless }: Split,
    now: i64,
) -> Result<Stored> {
    let pepper = relay.keys().pepper().clone();
    let body = pepper.name(Kind::Body, webhook.body());
    let count = parts.len();
    let routed = relay
        .queue()
        .read(move |connection| {
            if seen::is_known(connection, body)? {
                return Ok(None);
            }
            route(connection, &pepper, parts, now).map(Some)
        })
        .await?;
    let Some(routed) = routed else {
        relay.count(counters::REPEATED).await;
        return Ok(Stored {
            parts: count,
            repeated: true,
            ..Stored::default()
        });
    };
    let unknown = routed.unknown;
    let sealed = relay.seal(routed.events, minute_of(now)).await?;
    let told = routed.told;
    let stored = relay
        .queue()
        .write(now, move |commit| {
            counters::add(commit, counters::UNKNOWN_ACCOUNT, unknown, now)?;
            counters::add(commit, counters::NAMELESS, nameless, now)?;
            let anything = !sealed.is_empty() || !told.is_empty();
            if anything && !seen::remember(commit, body, now)? {
                counters::add(commit, counters::REPEATED, 1, now)?;
                return Ok(Stored {
                    parts: count,
                    repeated: true,
                    ..Stored::default()
                });
            }
            counters::add(commit, counters::ACCEPTED, 1, now)?;
            for one in &sealed {
                commit.append(one.stream, one.minute, &one.bytes)?;
            }
            for (device, control) in &told {
                commit.tell(*device, control)?;
            }
            Ok(Stored {
                parts: count,
                unknown,
                envelopes: sealed.len(),
                repeated: false,
            })
        })
        .await?;
    Ok(stored)
}

/// Whom the parts of a webhook go to.
#[derive(Default)]
struct Routed {
    events: Vec<(Vec<u8>, Vec<Stream>)>,
    told: Vec<(i64, Control)>,
    unknown: u64,
}

fn route(
    connection: &Connection,
    pepper: &Pepper,
    parts: Vec<Addressed>,
    now: i64,
) -> rusqlite::Result<Routed> {
    let mut routed = Routed::default();
    for addressed in parts {
        if let Address::Person(person) = &addressed.to {
            let person = pepper.name(Kind::Person, person);
            tell_logins(connection, person, &addressed, &mut routed)?;
            continue;
        }
        let streams = streams_for(connection, pepper, &addressed.to, now)?;
        if !streams.is_empty() {
            routed.events.push((addressed.part.to_bytes(), streams));
            continue;
        }
        let mut found = false;
        for item in addressed.otherwise {
            let streams = streams_for(connection, pepper, &item.to, now)?;
            if !streams.is_empty() {
                found = true;
                routed.events.push((item.part.to_bytes(), streams));
            }
        }
        routed.unknown += u64::from(!found);
    }
    Ok(routed)
}

fn streams_for(
    connection: &Connection,
    pepper: &Pepper,
    to: &Address,
    now: i64,
) -> rusqlite::Result<Vec<Stream>> {
    match to {
        Address::Account(candidates) => {
            for (kind, id) in candidates {
                let account = pepper.name(*kind, id);
                let streams = routes::live_for_account(connection, account, now)?;
                if !streams.is_empty() {
                    return Ok(streams);
                }
            }
            Ok(Vec::new())
        }
        Address::Subscription(kind, id) => {
            let subscription = pepper.name(*kind, id);
            routes::live_for_subscription(connection, subscription, now)
        }
        Address::Person(_) => Ok(Vec::new()),
    }
}

fn tell_logins(
    connection: &Connection,
    person: Pseudonym,
    addressed: &Addressed,
    routed: &mut Routed,
) -> rusqlite::Result<()> {
    let logins = logins::of_person(connection, person)?;
    routed.unknown += u64::from(logins.is_empty());
    for login in logins {
        let body = String::from_utf8_lossy(&addressed.part.body).into_owned();
        let control = Control::LoginEvent {
            login: login.id,
            time: addressed.part.time,
            body,
        };
        routed.told.push((login.device, control));
    }
    Ok(())
}
