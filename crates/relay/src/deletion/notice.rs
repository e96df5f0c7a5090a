//! Wipes that devices report. A notice is authenticated by itself: it names the device's identity,
//! whose hash is the device's id, and a key made for this wipe. So it is taken from a device that
//! was removed, however old it is, and any number of times.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use std::net::SocketAddr;
use wire::Digest;
use wire::api::{DeletionAnswer, DeletionNotice, OrderRefused, RefusalCode};
use wire::order::DeletionCode;
use wire::receipt::{RelayStatement, Scope, WipeCompletion, WipeNotice};

use super::carry_out;
use crate::answer::Refused;
use crate::limits::client_of;
use crate::queue::deletions::Erased;
use crate::queue::receipts::Receipt;
use crate::queue::{Commit, Result as QueueResult, deletions, devices, receipts};
use crate::relay::Relay;
use crate::signed::Signed;

/// The longest reason that is kept.
const MAX_REASON: usize = 300;

/// `POST /v1/deletions`.
pub(crate) async fn notice(
    State(relay): State<Relay>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<DeletionAnswer>, Refused> {
    let now = relay.clock().now();
    let client = client_of(peer, &headers, &relay.config().trusted_proxies);
    if !relay.limits().may_read_page(client) {
        return Err(Refused::new(RefusalCode::TooMany, "too many notices from here").at(now));
    }
    let told: DeletionNotice = serde_json::from_slice(&body)
        .map_err(|_| Refused::malformed("the body is not what this route takes").at(now))?;
    let untrusted = |_| Refused::malformed("a signature of the notice is not good").at(now);
    let notice = WipeNotice::verify(&told.notice).map_err(untrusted)?;
    WipeCompletion::verify(&told.completion, &told.notice).map_err(untrusted)?;
    if notice.relay != relay.keys().relay() {
        return Err(Refused::malformed("the notice is for another relay").at(now));
    }
    let device = notice.device();
    let everything = notice.scope == Scope::Everything;
    let answered = relay
        .queue()
        .write(now, move |commit| answer(commit, &notice, told))
        .await
        .map_err(|why| Refused::from(why).at(now))?;
    let statement = answered
        .ok_or(Refused::malformed("another notice came under this deletion's id before").at(now))?;
    relay.metrics().deletions.inc();
    if everything {
        relay.registry().end(device);
    }
    let device = relay.logged(device.as_bytes());
    tracing::info!(?device, "a device reported a wipe");
    Ok(Json(DeletionAnswer { statement }))
}

/// `POST /v1/deletions/refused`: the owner refused an order that Meta does not stand behind.
pub(crate) async fn refused(
    State(relay): State<Relay>,
    asked: Signed<OrderRefused>,
) -> Result<Json<serde_json::Value>, Refused> {
    let Signed { device, body, now } = asked;
    let reason: String = body
        .reason
        .chars()
        .filter(|one| !one.is_control())
        .take(MAX_REASON)
        .collect();
    let reached = relay
        .queue()
        .write(now, move |commit| {
            let reached = deletions::reaches(commit, device.id, body.code)?;
            if reached {
                deletions::refuse(commit, body.code, &reason, now)?;
            }
            Ok(reached)
        })
        .await?;
    if reached {
        return Ok(Json(serde_json::json!({})));
    }
    Err(Refused::gone("no such order waits for this device").at(now))
}

/// Erases the relay's part and says so, or says again what was said before. `None` if this
/// deletion's id was used for another notice.
fn answer(
    commit: &mut Commit<'_>,
    notice: &WipeNotice,
    told: DeletionNotice,
) -> QueueResult<Option<String>> {
    if let Some(known) = receipts::find(commit, notice.deletion)? {
        let same = known.notice == told.notice && known.completion == told.completion;
        return Ok(same.then_some(known.statement));
    }
    let (erased, reached) = erase(commit, notice)?;
    let statement = state(commit, notice, (&told, erased));
    // Whoever was never known here is answered, and leaves no trace.
    if reached.is_some() || devices::was_known(commit, notice.device())? {
        let receipt = Receipt {
            notice: told.notice,
            completion: told.completion,
            statement: statement.clone(),
        };
        let now = commit.now();
        receipts::keep(commit, (notice.deletion, reached), &receipt, now)?;
    }
    Ok(Some(statement))
}

/// Erases what a wipe leaves to erase here. With what was erased, now and before for the same
/// requests, comes the request it completes.
fn erase(
    commit: &mut Commit<'_>,
    notice: &WipeNotice,
) -> QueueResult<(Erased, Option<DeletionCode>)> {
    let now = commit.now();
    let (mut erased, done) = match carry_out::known(commit, notice.device())? {
        Some(device) if notice.scope == Scope::Everything => {
            carry_out::remove_device(commit, &device)?
        }
        Some(device) => carry_out::drop_wiped(commit, &device, notice)?,
        None => (Erased::default(), notice.code.into_iter().collect()),
    };
    let mut reached = None;
    for code in done {
        if let Some(before) = deletions::done(commit, notice.device(), code, now)? {
            erased.add(before);
            reached = reached
                .filter(|known| Some(*known) == notice.code)
                .or(Some(code));
        }
    }
    Ok((erased, reached))
}

fn state(
    commit: &Commit<'_>,
    notice: &WipeNotice,
    (told, erased): (&DeletionNotice, Erased),
) -> String {
    let (keys, now) = (commit.keys(), commit.now());
    let statement = RelayStatement {
        deletion: notice.deletion,
        notice: Digest::of(told.notice.as_bytes()),
        completion: Digest::of(told.completion.as_bytes()),
        relay: keys.relay(),
        relay_key: keys.signing().public(),
        received_at: now,
        erased_at: erased.at.unwrap_or(now),
        streams: erased.streams,
        envelopes: erased.envelopes,
        routes: erased.routes,
    };
    statement.sign(keys.signing())
}
