//! A stand-in for Meta: Graph API, login dialog, webhooks, and the customers' phones.
//!
//! It is a strict reading of Meta's public protocol and shares no code with the programs it
//! stands against, so that an error on one side shows. It refuses what Meta refuses, with Meta's
//! own codes. It protects nothing: it is for demos and tests on one machine.
//!
//! One port: `/graph` is graph.facebook.com, `/instagram` graph.instagram.com, `/facebook`
//! www.facebook.com, `/lookaside` and `/scontent` the file hosts, `/sandbox` the control API
//! (`GET /sandbox/help` lists it and every fault), `/` the phones' page.

mod app;
mod config;
mod control;
mod files;
mod graph;
mod ids;
mod login;
mod page;
mod pictures;
mod router;
mod server;
mod signing;
mod webhooks;
mod world;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use url::Url;

pub use crate::config::{APP_ID, APP_SECRET, Clock, Config, VERIFY_TOKEN};

use crate::app::App;
use crate::server::{CuttableListener, Scissors};

/// How long open connections may take to end.
const GRACE: Duration = Duration::from_secs(2);

/// A running sandbox. Dropping it stops it; [`Sandbox::stop`] also waits.
#[derive(Debug)]
pub struct Sandbox {
    /// Where it listens.
    pub url: Url,
    app: Arc<App>,
}

/// Starts a sandbox; it runs until it is stopped.
///
/// # Errors
/// If the address cannot be listened on.
pub async fn start(config: Config) -> anyhow::Result<Sandbox> {
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let url = Url::parse(&format!("http://{}", listener.local_addr()?))?;
    let app = App::new(config, url.clone())?;
    let service =
        router::router(Arc::clone(&app)).into_make_service_with_connect_info::<Scissors>();
    let stop = app.stop.clone();
    let serving = axum::serve(CuttableListener(listener), service)
        .with_graceful_shutdown(async move { stop.cancelled().await });
    app.tasks.spawn(async move {
        if let Err(problem) = serving.await {
            tracing::error!(%problem, "the sandbox stopped listening");
        }
    });
    Ok(Sandbox { url, app })
}

impl Sandbox {
    /// What stands for `https://graph.facebook.com`.
    #[must_use]
    pub fn graph_url(&self) -> Url {
        self.below("graph")
    }

    /// What stands for `https://www.facebook.com`.
    #[must_use]
    pub fn facebook_url(&self) -> Url {
        self.below("facebook")
    }

    /// What stands for `https://graph.instagram.com`.
    #[must_use]
    pub fn instagram_url(&self) -> Url {
        self.below("instagram")
    }

    /// Draws the pictures of the phones' page before anybody looks at it.
    pub fn draw_ahead(&self) {
        let stop = self.app.stop.clone();
        self.app.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = pictures::draw_all() => {}
            }
        });
    }

    /// Where webhooks and callbacks go from now on.
    pub fn set_relay(&self, relay: Url) {
        self.app.set_relay(relay);
    }

    /// Stops listening, sending and retrying, and waits for that.
    pub async fn stop(self) {
        self.app.stop.cancel();
        self.app.tasks.close();
        if tokio::time::timeout(GRACE, self.app.tasks.wait())
            .await
            .is_err()
        {
            tracing::debug!("connections were still open when the sandbox stopped");
        }
    }

    fn below(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(path);
        url
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.app.stop.cancel();
        self.app.tasks.close();
    }
}
