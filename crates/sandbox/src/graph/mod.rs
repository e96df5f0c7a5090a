//! What stands for graph.facebook.com: every call comes through [`serve`], which reads it, lets
//! the faults of the moment strike, answers from the world and writes the call down.

pub(crate) mod accounts;
pub(crate) mod apps;
pub(crate) mod attachments;
pub(crate) mod call;
mod codes;
pub(crate) mod error;
pub(crate) mod fields;
pub(crate) mod history;
mod limits;
pub(crate) mod messages;
pub(crate) mod nodes;
pub(crate) mod oauth;
pub(crate) mod params;
mod refusals;
pub(crate) mod route;
pub(crate) mod subscribed;
pub(crate) mod whatsapp;
pub(crate) mod whatsapp_media;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use self::call::Call;
use self::error::Refusal;
use crate::app::App;
use crate::server::Scissors;
use crate::world::faults::Fault;
use crate::world::{CallRecord, World};

/// Answers one call to the Graph API.
pub(crate) async fn serve(
    State(app): State<Arc<App>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response {
    let mut call = match Call::read(request).await {
        Ok(call) => call,
        Err(refusal) => {
            let trace = app.look(|world, _| world.ids.trace());
            return render(&Err(refusal), &trace, None);
        }
    };
    attachments::fetch(&app, &mut call).await;
    let (before, slow) = app.change(|world, _| {
        let subject = call.subject(world);
        (
            Before::strike(world, &subject),
            world.faults.strike("slow", &subject),
        )
    });
    if let Some(slow) = slow {
        wait(&app, &slow).await;
    }
    match before {
        Some(Before::Drop) => {
            scissors.cut();
            return StatusCode::OK.into_response();
        }
        Some(Before::Answer(status, body)) => return plain(status, body),
        Some(Before::Refuse(refusal)) => {
            let trace = app.note(|world, now| {
                let trace = world.ids.trace();
                record(world, &call, &Err(refusal.clone()), now);
                trace
            });
            return render(&Err(refusal), &trace, Some(&call));
        }
        None => {}
    }
    let (answer, trace, after) = app.change(|world, now| {
        let subject = call.subject(world);
        let answer = route::answer(world, &call, now);
        record(world, &call, &answer, now);
        (answer, world.ids.trace(), After::strike(world, &subject))
    });
    match after {
        Some(After::Drop) => {
            scissors.cut();
            StatusCode::OK.into_response()
        }
        Some(After::Answer(status, body)) => plain(status, body),
        Some(After::Silence(fault)) => {
            wait(&app, &fault).await;
            scissors.cut();
            StatusCode::OK.into_response()
        }
        None => render(&answer, &trace, Some(&call)),
    }
}

/// What strikes before the call is carried out.
#[derive(Debug)]
enum Before {
    Drop,
    Answer(StatusCode, &'static str),
    Refuse(Refusal),
}

impl Before {
    fn strike(world: &mut World, subject: &str) -> Option<Self> {
        if world.faults.strike("drop", subject).is_some() {
            return Some(Self::Drop);
        }
        if world.faults.strike("http_500", subject).is_some() {
            return Some(Self::Refuse(Refusal::by_code(2, None)));
        }
        if world.faults.strike("garbage", subject).is_some() {
            return Some(Self::Answer(StatusCode::OK, GARBAGE));
        }
        if world.faults.strike("unavailable", subject).is_some() {
            return Some(Self::Answer(StatusCode::SERVICE_UNAVAILABLE, GARBAGE));
        }
        if let Some(fault) = world.faults.strike("rate_limit", subject) {
            let usual = if subject.contains("whatsapp") {
                130_429
            } else {
                4
            };
            return Some(Self::Refuse(refusal_of(&fault, usual)));
        }
        let fault = world.faults.strike("graph_error", subject)?;
        Some(Self::Refuse(refusal_of(&fault, 1)))
    }
}

/// What Meta's front servers answer when nothing behind them does.
const GARBAGE: &str =
    "<!DOCTYPE html><html><body><h1>Sorry, something went wrong.</h1></body></html>";

/// The refusal a fault's `value` names: a code, or `{code, subcode}`.
fn refusal_of(fault: &Fault, usual: i64) -> Refusal {
    let code = fault
        .number()
        .or_else(|| fault.value.get("code").and_then(Value::as_i64));
    let subcode = fault.value.get("subcode").and_then(Value::as_i64);
    Refusal::by_code(code.unwrap_or(usual), subcode)
}

/// What strikes after it was carried out: the answer is lost, the deed is not.
#[derive(Debug)]
enum After {
    Drop,
    Answer(StatusCode, &'static str),
    Silence(Fault),
}

impl After {
    fn strike(world: &mut World, subject: &str) -> Option<Self> {
        if world.faults.strike("drop_after_accept", subject).is_some() {
            return Some(Self::Drop);
        }
        if world
            .faults
            .strike("http_500_after_accept", subject)
            .is_some()
        {
            return Some(Self::Answer(StatusCode::INTERNAL_SERVER_ERROR, GARBAGE));
        }
        if world
            .faults
            .strike("garbage_after_accept", subject)
            .is_some()
        {
            return Some(Self::Answer(StatusCode::OK, GARBAGE));
        }
        world.faults.strike("silence", subject).map(Self::Silence)
    }
}

async fn wait(app: &App, fault: &Fault) {
    let seconds = u64::try_from(fault.number().unwrap_or(60)).unwrap_or(60);
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
        () = app.stop.cancelled() => {}
    }
}

fn record(world: &mut World, call: &Call, answer: &Result<Value, Refusal>, now: i64) {
    let refusal = answer.as_ref().err();
    world.record_call(CallRecord {
        at: now,
        host: call.host.name(),
        method: call.method.to_string(),
        path: format!("/{}", call.path.join("/")),
        token_in: call.token_in,
        caller: call.caller_label(world),
        params: call.params.record(),
        status: refusal.map_or(200, |refusal| refusal.status),
        code: refusal.map(|refusal| refusal.code),
        subcode: refusal.and_then(|refusal| refusal.subcode),
    });
}

fn plain(status: StatusCode, body: &'static str) -> Response {
    (status, [("content-type", "text/html; charset=utf-8")], body).into_response()
}

fn render(answer: &Result<Value, Refusal>, trace: &str, call: Option<&Call>) -> Response {
    let (status, body) = match answer {
        Ok(value) => (200, value.clone()),
        Err(refusal) => (refusal.status, refusal.body(trace)),
    };
    let limited = answer.as_ref().is_err_and(|refusal| {
        matches!(refusal.code, 4 | 17 | 32 | 613 | 80_000..=80_014 | 130_429)
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let percent = if limited { 100 } else { 1 };
    let usage = json!({"call_count": percent, "total_time": percent, "total_cputime": percent});
    let version = call.map_or("v25.0", |call| call.version.as_str());
    let mut headers = vec![
        ("content-type", "application/json; charset=UTF-8".to_owned()),
        ("facebook-api-version", version.to_owned()),
        ("x-fb-trace-id", trace.to_owned()),
        ("x-app-usage", usage.to_string()),
        (
            "cache-control",
            "private, no-cache, no-store, must-revalidate".to_owned(),
        ),
    ];
    if let Some((object, kind)) = call.and_then(Call::business_use_case) {
        let regain = answer.as_ref().err().filter(|_| limited);
        let regain = regain.map_or(0, |refusal| refusal.regain_minutes);
        let case = json!({object: [{
            "type": kind,
            "call_count": percent,
            "total_cputime": percent,
            "total_time": percent,
            "estimated_time_to_regain_access": regain,
        }]});
        headers.push(("x-business-use-case-usage", case.to_string()));
    }
    if let Err(refusal) = answer
        && refusal.code == 190
    {
        let challenge = "OAuth \"Facebook Platform\" \"invalid_token\" \"Invalid access token\"";
        headers.push(("www-authenticate", challenge.to_owned()));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
