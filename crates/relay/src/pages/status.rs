//! The page of a deletion request. Whoever has the code sees how far it is, and nothing else.

use std::net::SocketAddr;

use askama::Template;
use axum::Json;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use wire::api::{DeletionDevice, DeletionState, DeletionStatus, DeviceState};
use wire::order::DeletionCode;
use wire::receipt::VerifiedReceipt;
use wire::write_date;

use super::language::{Date, Language};
use super::text::Text;
use super::words::Words;
use super::{Contact, STYLE, page, wants_json};
use crate::limits::client_of;
use crate::queue::deletions::{self, Deletion};
use crate::queue::receipts;
use crate::relay::Relay;

#[derive(Template)]
#[template(path = "deletion.html")]
struct Status<'a> {
    t: &'static Words,
    style: &'static str,
    operator: &'a str,
    contact: Contact,
    others: Vec<Language>,
    heading: &'static str,
    code: String,
    plain_code: String,
    steps: [Step; 3],
    reason: Option<String>,
    /// Some computer holds something, or did: only then is there anything to prove.
    held: bool,
    receipt: bool,
}

/// One line of the card.
struct Step {
    name: &'static str,
    done: bool,
    date: Option<Date>,
    text: String,
}

/// `GET /deletion/{code}`: a page, or with `Accept: application/json` its state.
pub(crate) async fn deletion(
    State(relay): State<Relay>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(code): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let client = client_of(peer, &headers, &relay.config().trusted_proxies);
    if !relay.limits().may_read_page(client) {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    let json = wants_json(&headers);
    let language = Language::asked(&query.unwrap_or_default(), &headers);
    let found = match read_code(&code) {
        Some(code) => find(&relay, code).await,
        None => Ok(None),
    };
    match found {
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Ok(None) if json => StatusCode::NOT_FOUND.into_response(),
        Ok(None) => Text::unknown_request(&relay, language),
        Ok(Some((deletion, _))) if json => Json(status_of(&deletion)).into_response(),
        Ok(Some((deletion, receipt))) => page(
            StatusCode::OK,
            &Status::of(&relay, language, &deletion, receipt),
        ),
    }
}

/// `GET /deletion/{code}/receipt`: the signed receipts, one below the other.
pub(crate) async fn receipt(
    State(relay): State<Relay>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Response {
    let client = client_of(peer, &headers, &relay.config().trusted_proxies);
    if !relay.limits().may_read_page(client) {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    let Some(code) = read_code(&code) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let found = relay
        .queue()
        .read(move |connection| receipts::of_code(connection, code))
        .await;
    let Ok(found) = found else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    if found.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let texts: Vec<_> = found
        .iter()
        .map(|one| VerifiedReceipt::assemble(&one.notice, &one.completion, Some(&one.statement)))
        .collect();
    let name = format!("attachment; filename=\"shopbell-receipt-{code}.txt\"");
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, texts.join("\n")).into_response()
}

/// People type codes in small letters and with dashes.
fn read_code(text: &str) -> Option<DeletionCode> {
    let plain: String = text
        .chars()
        .filter(|one| !matches!(one, '-' | ' '))
        .collect();
    plain.to_ascii_uppercase().parse().ok()
}

async fn find(relay: &Relay, code: DeletionCode) -> crate::queue::Result<Option<(Deletion, bool)>> {
    let now = relay.clock().now();
    relay
        .queue()
        .read(move |connection| {
            let deletion = deletions::find(connection, code, now)?;
            let receipt = !receipts::of_code(connection, code)?.is_empty();
            Ok(deletion.map(|deletion| (deletion, receipt)))
        })
        .await
}

fn status_of(deletion: &Deletion) -> DeletionStatus {
    let device = |(state, at): &(DeviceState, i64)| DeletionDevice {
        state: *state,
        at: write_date(*at),
    };
    DeletionStatus {
        code: deletion.code,
        state: deletion.state(),
        received_at: write_date(deletion.received_at),
        relay_erased_at: deletion.relay_erased_at.map(write_date),
        reason: deletion.refused.as_ref().map(|(_, reason)| reason.clone()),
        devices: deletion.devices.iter().map(device).collect(),
    }
}

impl<'a> Status<'a> {
    fn of(relay: &'a Relay, language: Language, deletion: &Deletion, receipt: bool) -> Self {
        let t = Words::of(language);
        let state = deletion.state();
        let heading = match state {
            DeletionState::Received | DeletionState::RelayErased => t.under_way,
            DeletionState::Completed => t.completed,
            DeletionState::Refused => t.refused,
        };
        let received = Step {
            name: t.received,
            done: true,
            date: Some(language.moment(deletion.received_at)),
            text: String::new(),
        };
        let sealed = match deletion.envelopes {
            0 => t.sealed_none.to_owned(),
            count => t.sealed.replace("{count}", &count.to_string()),
        };
        let relay_erased = Step {
            name: t.relay_erased,
            done: deletion.relay_erased_at.is_some(),
            date: deletion.relay_erased_at.map(|at| language.moment(at)),
            text: sealed,
        };
        let computers = Step {
            name: t.computers,
            done: state == DeletionState::Completed,
            date: None,
            text: computers(t, language, &deletion.devices),
        };
        Self {
            t,
            style: STYLE,
            operator: relay.config().operator.trim(),
            contact: Contact::of(&relay.config().contact),
            others: language.others(),
            heading,
            code: deletion.code.grouped(),
            plain_code: deletion.code.to_string(),
            steps: [received, relay_erased, computers],
            reason: deletion.refused.as_ref().map(|(_, reason)| reason.clone()),
            held: !deletion.devices.is_empty(),
            receipt,
        }
    }
}

/// What the computers have said, in sentences.
fn computers(t: &Words, language: Language, devices: &[(DeviceState, i64)]) -> String {
    let of = |wanted: &[DeviceState]| -> Vec<i64> {
        let some = devices.iter().filter(|(state, _)| wanted.contains(state));
        some.map(|(_, at)| *at).collect()
    };
    let erased = of(&[DeviceState::Erased]);
    let waiting = of(&[DeviceState::Waiting]);
    let lost = of(&[DeviceState::NotReached]);
    let (all, count) = (devices.len().to_string(), erased.len().to_string());
    let fill = |text: &str, at: Option<i64>| {
        let date = at.map(|at| language.moment(at).shown).unwrap_or_default();
        text.replace("{all}", &all)
            .replace("{count}", &count)
            .replace("{date}", &date)
    };
    if devices.is_empty() {
        return t.none_held.to_owned();
    }
    let last = erased.iter().max().copied();
    let mut sentences = vec![match erased.len() {
        0 => fill(t.none_confirmed, None),
        some if some == devices.len() => fill(t.all_confirmed, last),
        _ => fill(t.some_confirmed, last),
    }];
    for seen in &waiting {
        sentences.push(t.last_seen.replace("{date}", &language.day(*seen)));
    }
    if !waiting.is_empty() {
        sentences.push(t.as_soon_as_on.to_owned());
    }
    if !lost.is_empty() {
        sentences.push(t.not_reached.replace("{count}", &lost.len().to_string()));
    }
    sentences.join(" ")
}
