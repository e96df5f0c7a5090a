//! Which path leads where, and what holds for all: body limits, time limits, headers.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use wire::MAX_BODY;

use crate::relay::Relay;
use crate::{connect, deletion, enrol, front, health, login, pages, socket, webhook};

/// WhatsApp's webhooks reach three megabytes; a smaller limit would fail one for an hour and get
/// the shop unsubscribed.
const MAX_WEBHOOK: usize = 4 * 1024 * 1024;
/// How long a webhook may take, its body included.
const WEBHOOK_WITHIN: Duration = Duration::from_secs(20);
/// How long anything else may take: an exchange at Meta may stand behind it.
const WITHIN: Duration = Duration::from_secs(60);

/// The public surface.
pub(crate) fn routes(relay: Relay) -> Router {
    let webhooks = Router::new()
        .route(
            "/webhooks/meta",
            get(webhook::verify_meta).post(webhook::receive_meta),
        )
        .layer(DefaultBodyLimit::max(MAX_WEBHOOK))
        .layer(from_fn(front::take_in::<MAX_WEBHOOK>))
        .layer(from_fn_with_state(relay.clone(), in_turn))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            WEBHOOK_WITHIN,
        ));
    let programs = bounded(for_devices().merge(for_programs()));
    let people = bounded(for_people()).layer(from_fn_with_state(relay.clone(), pages::in_words));
    Router::new()
        .merge(webhooks)
        .merge(programs)
        .merge(people)
        .route("/v1/stream", get(socket::open))
        .fallback(pages::not_found)
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(fixed(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"))
        .with_state(relay)
}

/// So much, and for so long.
fn bounded(routes: Router<Relay>) -> Router<Relay> {
    routes
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(front::take_in::<MAX_BODY>))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            WITHIN,
        ))
}

fn for_devices() -> Router<Relay> {
    Router::new()
        .route("/v1/relay", get(enrol::about))
        .route("/v1/enrol", post(enrol::enrol))
        .route("/v1/logins", post(login::start))
        .route("/v1/claim", post(login::claim))
        .route("/v1/connections", post(connect::connect))
        .route("/v1/connections/prove", post(connect::prove))
        .route("/v1/connections/{stream}", delete(connect::disconnect))
        .route("/v1/tokens", post(connect::tokens))
        .route("/v1/deletions", post(deletion::notice))
        .route("/v1/deletions/refused", post(deletion::refused))
}

/// What a browser shows.
fn for_people() -> Router<Relay> {
    Router::new()
        .route(login::CALLBACK, get(login::callback))
        .route("/deletion/{code}", get(pages::deletion))
        .route("/deletion/{code}/receipt", get(pages::receipt))
        .route("/", get(pages::home))
        .route("/privacy", get(pages::privacy))
        .route("/data-deletion", get(pages::data_deletion))
}

fn for_programs() -> Router<Relay> {
    Router::new()
        .route("/meta/deauthorize", post(deletion::deauthorize))
        .route("/meta/deletion", post(deletion::callback))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(pages::openapi))
        .route("/keys", get(enrol::about))
}

/// Metrics, on a listener of their own.
pub(crate) fn metrics(relay: Relay) -> Router {
    Router::new()
        .route("/metrics", get(health::metrics))
        .with_state(relay)
}

/// So many webhooks at once; the next hears 503 and comes again, before its body is read.
async fn in_turn(State(relay): State<Relay>, request: Request, next: Next) -> Response {
    match relay.webhook_seat() {
        Some(_seat) => next.run(request).await,
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
