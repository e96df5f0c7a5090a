//! The owner's browser in flow tests: it answers the login dialog as told and follows where it is
//! sent, back to the program on this machine.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::phones::{Phones, http};

/// A browser with somebody in front of it.
#[derive(Debug, Clone)]
pub struct Browser {
    phones: Phones,
    how: Arc<Mutex<Value>>,
    /// Where the next address goes instead of being opened.
    kept: Arc<Mutex<Option<oneshot::Sender<Url>>>>,
    tasks: TaskTracker,
    http: reqwest::Client,
}

impl Browser {
    /// One that grants everything, logged in as the shop's owner.
    pub fn new(phones: Phones) -> Self {
        Self {
            phones,
            how: Arc::new(Mutex::new(json!({}))),
            kept: Arc::default(),
            tasks: TaskTracker::new(),
            http: http(),
        }
    }

    /// From now on the dialog is answered like this: `grant`, `accounts`, `user`, `cancel`.
    pub fn answers(&self, how: Value) {
        *self.how.lock().unwrap_or_else(PoisonError::into_inner) = how;
    }

    /// Keeps the next address instead of opening it.
    pub fn keep(&self) -> oneshot::Receiver<Url> {
        let (give, take) = oneshot::channel();
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(give);
        take
    }

    /// What the engine opens addresses with.
    pub fn opener(&self) -> engine::Opener {
        assert!(
            std::env::var_os("BROWSER").is_none(),
            "BROWSER is set, so the program would not ask this browser: unset it for the tests"
        );
        let browser = self.clone();
        Arc::new(move |url: &Url| {
            let (browser, url) = (browser.clone(), url.clone());
            let kept = browser
                .kept
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(keep) = kept {
                return keep.send(url).is_ok();
            }
            browser.tasks.clone().spawn(async move {
                // A login that fails is seen by the test, which waits for what comes of it.
                if let Err(error) = browser.walk(&url).await {
                    tracing::info!(%error, "the browser came to nothing");
                }
            });
            true
        })
    }

    /// Walks a login to its end and returns the last address, on this machine.
    pub async fn walk(&self, authorize: &Url) -> Result<Url> {
        let mut next = self.answered(authorize).await?;
        for _ in 0..5 {
            let response = self.http.get(next.clone()).send().await?;
            let status = response.status();
            let location = response
                .headers()
                .get("location")
                .and_then(|value| value.to_str().ok());
            match location {
                Some(location) if status.is_redirection() => next = next.join(location)?,
                _ if status.is_success() => return Ok(next),
                _ => bail!(
                    "{} answered {status}: {}",
                    next.path(),
                    response.text().await?
                ),
            }
        }
        bail!("the login goes in circles")
    }

    /// Answers the dialog; where the browser is sent, without going there.
    pub async fn answered(&self, authorize: &Url) -> Result<Url> {
        let how = self
            .how
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        self.phones
            .log_in(authorize, &how)
            .await
            .context("the dialog was not answered")
    }
}
