//! Which address is which host.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};

use crate::app::App;
use crate::control::{customers, dashboard, fault, help, login as control_login, state};
use crate::{files, graph, login, page};

/// A picture or a thousand webhooks fit; more is a mistake.
const BODY_LIMIT: usize = 128 * 1024 * 1024;

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(page::show))
        .merge(hosts())
        .merge(control())
        .fallback(login::nothing)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(app)
}

fn hosts() -> Router<Arc<App>> {
    Router::new()
        .route("/graph/{*path}", any(graph::serve))
        .route("/instagram/{*path}", any(graph::serve))
        .route("/facebook/dialog/oauth", get(login::open))
        .route("/facebook/{version}/dialog/oauth", get(login::open))
        .route("/facebook/dialog/oauth/answer", post(login::answer))
        .route("/scontent/v/{kind}/{file}", get(files::scontent))
        .route("/lookaside/ig_messaging_cdn/", get(files::instagram))
        .route(
            "/lookaside/whatsapp_business/attachments/",
            get(files::whatsapp),
        )
}

fn control() -> Router<Arc<App>> {
    Router::new()
        .route("/sandbox/help", get(help::help))
        .route("/sandbox/state", get(state::state))
        .route("/sandbox/events", get(state::events))
        .route("/sandbox/say", post(customers::say))
        .route("/sandbox/read", post(customers::read))
        .route("/sandbox/react", post(customers::react))
        .route("/sandbox/unsend", post(customers::unsend))
        .route("/sandbox/login", post(control_login::login))
        .route("/sandbox/deauthorize", post(dashboard::deauthorize))
        .route("/sandbox/deletion", post(dashboard::deletion))
        .route(
            "/sandbox/faults",
            get(fault::list).post(fault::add).delete(fault::clear),
        )
        .route("/sandbox/webhook", post(dashboard::webhook))
        .route("/sandbox/redeliver", post(dashboard::redeliver))
        .route("/sandbox/verify", post(dashboard::verify))
        .route("/sandbox/nodes", post(dashboard::nodes))
        .route("/sandbox/clock", post(dashboard::clock))
        .route("/sandbox/pictures/{key}", get(files::portrait))
        .route("/sandbox/media/{id}", get(files::media))
}
