//! Receiving a webhook. 200 means: on the disk.

use std::sync::Arc;

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
use crate::queue::{Commit, Result, counters, logins, routes, seen};
use crate::relay::Relay;
use crate::sealing::Sealers;

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

async fn store(relay: &Relay, webhook: &Verified, split: Split, now: i64) -> Result<Stored> {
    let body = relay.keys().pepper().name(Kind::Body, webhook.body());
    let sealers = Arc::clone(relay.sealers());
    let signed = match webhook.slot() {
        1 => counters::SLOT_1,
        _ => counters::SLOT_2,
    };
    let keep = move |commit: &mut Commit<'_>| {
        // A repeated one too: it may come with the old signature for a week.
        commit.count(signed, 1);
        keep(commit, &sealers, body, &split)
    };
    relay.queue().write_again(now, keep).await
}

/// Routes, seals and keeps, all within one commit: whom a part goes to is decided where it is
/// written down, and nobody is disconnected in between.
fn keep(
    commit: &mut Commit<'_>,
    sealers: &Sealers,
    body: Pseudonym,
    Split { parts, nameless }: &Split,
) -> Result<Stored> {
    let (now, keys) = (commit.now(), Arc::clone(commit.keys()));
    let mut stored = Stored {
        parts: parts.len(),
        ..Stored::default()
    };
    let routed = route(commit, keys.pepper(), parts, now)?;
    let new = match routed.events.is_empty() && routed.told.is_empty() {
        true => !seen::is_known(commit, body)?,
        false => seen::remember(commit, body, now)?,
    };
    if !new {
        commit.count(counters::REPEATED, 1);
        stored.repeated = true;
        return Ok(stored);
    }
    stored.unknown = routed.unknown;
    commit.count(counters::UNKNOWN_ACCOUNT, routed.unknown);
    commit.count(counters::NAMELESS, *nameless);
    commit.count(counters::ACCEPTED, 1);
    for sealed in sealers.seal(keys.relay(), &routed.events, (minute_of(now), now)) {
        commit.append(sealed.stream, sealed.minute, &sealed.bytes)?;
        stored.envelopes += 1;
    }
    for (device, control) in &routed.told {
        commit.tell(*device, control)?;
    }
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
    parts: &[Addressed],
    now: i64,
) -> rusqlite::Result<Routed> {
    let mut routed = Routed::default();
    for addressed in parts {
        if let Address::Person(person) = &addressed.to {
            let person = pepper.name(Kind::Person, person);
            tell_logins(connection, person, addressed, &mut routed)?;
            continue;
        }
        let streams = streams_for(connection, pepper, &addressed.to, now)?;
        if !streams.is_empty() {
            routed.events.push((addressed.part.to_bytes(), streams));
            continue;
        }
        let mut found = false;
        for item in &addressed.otherwise {
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
