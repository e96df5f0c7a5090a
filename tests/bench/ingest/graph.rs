//! The little of Meta that the relay asks at a login: the exchange, what the token is, and the
//! Pages it reaches, each with its Instagram account. It checks nothing: it is not what is measured.

use std::collections::BTreeMap;

use anyhow::Result;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use url::Url;

/// Pages of one person: no login brings more than fit into one request of a device.
pub(super) const PAGES: usize = 200;
/// Of these, as many in one answer.
const TOGETHER: usize = 100;

/// A running stand-in. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) url: Url,
    _end: DropGuard,
}

/// The Instagram account of a Page.
pub(super) fn instagram(page: usize) -> String {
    format!("178414{page:011}")
}

impl Graph {
    /// Starts it, with so many Pages in all, `PAGES` for each person.
    pub(super) async fn start(pages: usize) -> Result<Self> {
        let router = Router::new()
            .route("/graph/v25.0/oauth/access_token", get(token))
            .route("/graph/v25.0/debug_token", get(debug))
            .route("/graph/v25.0/me", get(me))
            .route("/graph/v25.0/me/accounts", get(accounts))
            .with_state(pages);
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        TaskTracker::new().spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router) => served,
                () = stopped.cancelled() => Ok(()),
            }
        });
        Ok(Self {
            url,
            _end: stop.drop_guard(),
        })
    }
}

type Asked = Query<BTreeMap<String, String>>;

/// The code names the person, and so does the token.
async fn token(Query(asked): Asked) -> Json<Value> {
    let given = asked.get("code").or_else(|| asked.get("fb_exchange_token"));
    let person = number(given.map(String::as_str).unwrap_or_default());
    Json(
        json!({"access_token": format!("EAA{person}"), "token_type": "bearer",
        "expires_in": 5_184_000}),
    )
}

async fn debug(Query(asked): Asked) -> Json<Value> {
    let token = asked.get("input_token").map(String::as_str);
    let person = number(token.unwrap_or_default());
    Json(
        json!({"data": {"app_id": super::relay::APP, "type": "USER", "is_valid": true,
        "user_id": format!("70{person}"), "expires_at": 0, "scopes": ["pages_show_list",
        "pages_manage_metadata", "pages_messaging", "instagram_basic",
        "instagram_manage_messages"]}}),
    )
}

async fn me() -> Json<Value> {
    Json(json!({"id": "70", "name": "Olive Owner"}))
}

async fn accounts(
    State(pages): State<usize>,
    headers: axum::http::HeaderMap,
    Query(asked): Asked,
) -> Json<Value> {
    let bearer = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let first = number(bearer.unwrap_or_default()) * PAGES;
    let after = asked.get("after").map_or(0, |after| number(after));
    let end = (first + PAGES).min(pages);
    let from = first + after;
    let upto = (from + TOGETHER).min(end);
    let data: Vec<Value> = (from..upto).map(page).collect();
    let mut paging = json!({"cursors": {"after": (upto - first).to_string()}});
    if upto < end
        && let Some(paging) = paging.as_object_mut()
    {
        paging.insert("next".to_owned(), json!("https://graph.example/next"));
    }
    Json(json!({"data": data, "paging": paging}))
}

fn page(page: usize) -> Value {
    json!({"id": format!("1{page:08}"), "name": format!("Shop {page}"), "tasks": ["MESSAGING"],
        "access_token": format!("EAApage{page}"), "instagram_business_account": {
            "id": instagram(page), "username": format!("shop.{page}"), "name": "Shop"}})
}

/// The digits at the end of a text.
fn number(text: &str) -> usize {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse().unwrap_or(0)
}
