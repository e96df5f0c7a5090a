//! What stands for lookaside.fbsbx.com and scontent.fbcdn.net: files behind links that expire.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;

use crate::app::App;
use crate::pictures;
use crate::world::World;
use crate::world::media::{CDN_LIFE, WHATSAPP_LIFE};

#[derive(Debug, Deserialize)]
pub(crate) struct Signed {
    oh: String,
    oe: String,
}

/// A picture on the CDN: of a message, or of a person. The link is all it needs.
pub(crate) async fn scontent(
    State(app): State<Arc<App>>,
    Path((kind, file)): Path<(String, String)>,
    Query(signed): Query<Signed>,
) -> Response {
    let name = file.strip_suffix("_n.jpg").unwrap_or(&file).to_owned();
    let expires = i64::from_str_radix(&signed.oe, 16).unwrap_or(0);
    let good = app.look(|world, now| {
        world
            .media
            .good(&name, (&signed.oh, expires), CDN_LIFE, now)
    });
    if let Some(refused) = refused(good) {
        return refused;
    }
    if kind == "t51.2885-19" {
        return match pictures::portrait(&name).await {
            Some(bytes) => file_answer("image/jpeg", bytes),
            None => StatusCode::NOT_FOUND.into_response(),
        };
    }
    stored(&app, &name)
}

#[derive(Debug, Deserialize)]
pub(crate) struct Asset {
    asset_id: String,
    signature: String,
}

/// A picture of an Instagram message.
pub(crate) async fn instagram(State(app): State<Arc<App>>, Query(asset): Query<Asset>) -> Response {
    let (expires, mac) = asset.signature.split_once('.').unwrap_or_default();
    let expires = i64::from_str_radix(expires, 16).unwrap_or(0);
    let good = app.look(|world, now| {
        world
            .media
            .good(&asset.asset_id, (mac, expires), CDN_LIFE, now)
    });
    refused(good).unwrap_or_else(|| stored(&app, &asset.asset_id))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Attachment {
    mid: String,
    ext: i64,
    hash: String,
}

/// A file of WhatsApp: five minutes, and only with the token.
pub(crate) async fn whatsapp(
    State(app): State<Arc<App>>,
    Query(link): Query<Attachment>,
    headers: HeaderMap,
) -> Response {
    let token = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = token else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let allowed = app.look(|world, now| may_read(world, token, now));
    if !allowed {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let good = app.look(|world, now| {
        world
            .media
            .good(&link.mid, (&link.hash, link.ext), WHATSAPP_LIFE, now)
    });
    match good {
        Some(true) => stored(&app, &link.mid),
        Some(false) | None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn may_read(world: &World, token: &str, now: i64) -> bool {
    world
        .logins
        .check(token, &world.app.id, now)
        .is_ok_and(|token| {
            world
                .logins
                .allows(token.user, "whatsapp_business_messaging", None)
        })
}

/// A customer's or a sample picture for the phones' page, which has no signed links.
pub(crate) async fn portrait(Path(key): Path<String>) -> Response {
    let picture = match pictures::portrait(&key).await {
        Some(portrait) => Some(portrait),
        None => pictures::sample(&key).await,
    };
    match picture {
        Some(bytes) => file_answer("image/jpeg", bytes),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A stored file for the phones' page.
pub(crate) async fn media(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    stored(&app, &id)
}

/// What the CDN says of a link that is not, or no longer, good.
fn refused(good: Option<bool>) -> Option<Response> {
    match good {
        Some(true) => None,
        Some(false) => Some((StatusCode::FORBIDDEN, "URL signature expired").into_response()),
        None => Some((StatusCode::FORBIDDEN, "URL signature mismatch").into_response()),
    }
}

fn stored(app: &App, id: &str) -> Response {
    let found = app.look(|world, _| {
        world
            .media
            .get(id)
            .map(|media| (media.mime.clone(), media.bytes.clone()))
    });
    match found {
        Some((mime, bytes)) => file_answer(&mime, bytes),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn file_answer(mime: &str, bytes: Bytes) -> Response {
    (
        [
            (CONTENT_TYPE, mime),
            (CACHE_CONTROL, "private, max-age=3600"),
        ],
        bytes,
    )
        .into_response()
}
