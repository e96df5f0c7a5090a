//! What a person does in Facebook's settings, and what Meta's developer dashboard can do.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Problem, relayed};
use crate::app::App;
use crate::webhooks::callback;
use crate::webhooks::lane::{self, Signature};
use crate::world::shop;

/// `POST /sandbox/deauthorize`, `/sandbox/deletion`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    user: String,
    /// Only send the callback: the tokens stay good, as after a forged or stolen order.
    #[serde(default)]
    keep_token: bool,
}

/// Removes the app in the person's settings; the relay's answer to the callback comes back.
pub(crate) async fn deauthorize(State(app): State<Arc<App>>, Json(about): Json<About>) -> Response {
    told(&app, &about, callback::DEAUTHORIZE).await
}

/// Asks for deletion in the person's settings, which removes the app as well.
pub(crate) async fn deletion(State(app): State<Arc<App>>, Json(about): Json<About>) -> Response {
    told(&app, &about, callback::DELETION).await
}

async fn told(app: &Arc<App>, about: &About, path: &str) -> Response {
    // An id nobody of the shop has is told all the same: Meta knows more people than we do.
    let id = shop::user(&about.user).map_or(about.user.as_str(), |user| user.id);
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Problem::unknown(format!("no user {}", about.user)).into_response();
    }
    if let Some(user) = shop::user(id).filter(|_| !about.keep_token) {
        app.change(|world, _| {
            world.logins.revoke(user, None);
            world.drop_uncovered();
        });
    }
    relayed(callback::post(app, path, id).await)
}

#[derive(Debug, Deserialize)]
pub(crate) struct HowSigned {
    /// `none`, `wrong`, `legacy`, `double`, `cut`, or `secret:…`.
    sign: Option<String>,
}

/// `POST /sandbox/webhook`: any bytes, signed as they are; the relay's answer comes back.
pub(crate) async fn webhook(
    State(app): State<Arc<App>>,
    Query(how): Query<HowSigned>,
    body: Bytes,
) -> Response {
    let signature = match how.sign.as_deref() {
        None => Signature::Right,
        Some("none") => Signature::Absent,
        Some("wrong") => Signature::With("not the app's secret".to_owned()),
        Some("legacy") => Signature::LegacyOnly,
        Some("double") => Signature::Doubled,
        Some("cut") => Signature::Cut,
        Some(other) => match other.strip_prefix("secret:") {
            Some(secret) => Signature::With(secret.to_owned()),
            None => {
                return Problem::bad(format!("no way of signing called {other}")).into_response();
            }
        },
    };
    relayed(lane::post(&app, body, &signature).await)
}

/// `POST /sandbox/verify`: the dashboard's challenge of the callback address.
pub(crate) async fn verify(State(app): State<Arc<App>>) -> Answer {
    let challenge = app.look(|world, _| world.ids.digits(10));
    let token = app.look(|world, _| world.app.verify_token.clone());
    let answer = app
        .http
        .get(app.callback_address())
        .query(&[
            ("hub.mode", "subscribe"),
            ("hub.challenge", &challenge),
            ("hub.verify_token", &token),
        ])
        .send()
        .await
        .map_err(|problem| Problem::bad(format!("the relay did not answer: {problem}")))?;
    let status = answer.status().as_u16();
    let echoed = answer.text().await.is_ok_and(|body| body == challenge);
    Ok(Json(
        json!({"status": status, "verified": status == 200 && echoed}),
    ))
}

/// `POST /sandbox/nodes`: what the Graph API shall say of a node; `null` forgets it.
pub(crate) async fn nodes(State(app): State<Arc<App>>, Json(body): Json<Value>) -> Answer {
    let Value::Object(nodes) = body else {
        return Err(Problem::bad("give an object of answers by id"));
    };
    let known = app.change(|world, _| {
        for (id, answer) in nodes {
            if answer.is_null() {
                world.nodes.remove(&id);
            } else {
                world.nodes.insert(id, answer);
            }
        }
        world.nodes.keys().cloned().collect::<Vec<String>>()
    });
    Ok(Json(json!({"nodes": known})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ahead {
    seconds: i64,
}

/// `POST /sandbox/clock`: moves the sandbox's own clock ahead.
pub(crate) async fn clock(State(app): State<Arc<App>>, Json(ahead): Json<Ahead>) -> Answer {
    if ahead.seconds < 0 {
        return Err(Problem::bad("the clock only moves ahead"));
    }
    let now = app.change(|world, now| {
        world.shift += ahead.seconds * 1_000;
        now + ahead.seconds * 1_000
    });
    Ok(Json(json!({"now": now})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Again {
    delivery: u64,
}

/// `POST /sandbox/redeliver`: sends an earlier delivery once more, byte for byte.
pub(crate) async fn redeliver(State(app): State<Arc<App>>, Json(again): Json<Again>) -> Response {
    let body = app.look(|world, _| world.delivery_mut(again.delivery).map(|of| of.body.clone()));
    match body {
        Some(body) => relayed(lane::post(&app, body, &Signature::Right).await),
        None => Problem::unknown(format!("no delivery {}", again.delivery)).into_response(),
    }
}
