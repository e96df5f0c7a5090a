//! The one client. Every call to Meta goes through `Graph::call`: it checks where the token may
//! go, sets the time-outs, follows no redirect, and tells "surely not done" from "may be done".

use std::time::Duration;

use domain::Channel;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use url::Url;

use super::errors::{Error, Refusal};
use super::urls::{PlatformUrls, below};
use super::usage::usage;
use super::{Token, VERSION};
use crate::json::yes;

/// The largest answer read; Meta's largest lists are far below it.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;

/// How long to wait for Meta, and how slowly to ask.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// For the connection to stand.
    pub connect: Duration,
    /// For a whole call, answer included.
    pub call: Duration,
    /// For a whole upload of a picture.
    pub upload: Duration,
    /// For the next bytes of a download.
    pub read: Duration,
    /// Between two calls to Instagram's conversations, which allows two in a second.
    pub instagram_history: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            call: Duration::from_secs(30),
            upload: Duration::from_secs(120),
            read: Duration::from_secs(30),
            instagram_history: Duration::from_millis(500),
        }
    }
}

/// A client for the Graph API at the given addresses.
#[derive(Clone, Debug)]
pub struct Graph {
    pub(crate) urls: PlatformUrls,
    pub(crate) pace: Pace,
    client: Client,
    /// For media: other hosts, other rules.
    pub(crate) media: Client,
}

/// What goes along with a call.
pub(crate) enum Body {
    None,
    Json(Value),
    Form(reqwest::multipart::Form),
}

impl Graph {
    /// A client with ordinary patience.
    pub fn new(urls: PlatformUrls) -> Result<Self, Error> {
        Self::with_pace(urls, Pace::default())
    }

    /// A client with the patience given. Fails only if the system's certificates cannot be read.
    pub fn with_pace(urls: PlatformUrls, pace: Pace) -> Result<Self, Error> {
        let client = super::hosts::client(&urls, pace)
            .timeout(pace.call)
            .build()
            .map_err(|error| Error::Unreachable(error.without_url()))?;
        let media = super::hosts::media_client(&urls, pace)
            .build()
            .map_err(|error| Error::Unreachable(error.without_url()))?;
        Ok(Self {
            urls,
            pace,
            client,
            media,
        })
    }

    /// The addresses this client speaks to.
    pub fn urls(&self) -> &PlatformUrls {
        &self.urls
    }

    pub(crate) async fn get(
        &self,
        token: &Token,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Value, Error> {
        self.call(Method::GET, token, self.url(path, query), Body::None)
            .await
    }

    pub(crate) async fn post(
        &self,
        token: &Token,
        path: &[&str],
        json: Value,
    ) -> Result<Value, Error> {
        self.call(Method::POST, token, self.url(path, &[]), Body::Json(json))
            .await
    }

    pub(crate) async fn delete(&self, token: &Token, path: &[&str]) -> Result<Value, Error> {
        self.call(Method::DELETE, token, self.url(path, &[]), Body::None)
            .await
    }

    /// The address of a node or edge, with the version in front.
    pub(crate) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = below(&self.urls.graph, &[VERSION]);
        url = below(&url, path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        token: &Token,
        mut url: Url,
        body: Body,
    ) -> Result<Value, Error> {
        let bearer = token.header(&url).ok_or(Error::WrongOrigin)?;
        if let Some(proof) = token.proof() {
            url.query_pairs_mut().append_pair("appsecret_proof", proof);
        }
        let request = self
            .client
            .request(method, url)
            .header(AUTHORIZATION, bearer);
        let request = match body {
            Body::None => request,
            Body::Json(json) => request.json(&json),
            Body::Form(form) => request.multipart(form).timeout(self.pace.upload),
        };
        answer(request).await
    }

    /// Waits between two calls where the channel's history asks for it.
    pub(crate) async fn pause(&self, channel: Channel) {
        if channel == Channel::Instagram && !self.pace.instagram_history.is_zero() {
            tokio::time::sleep(self.pace.instagram_history).await;
        }
    }
}

/// What Meta answers to a deed: that it is done, in words or by silence.
pub(crate) fn confirmed(answer: &Value) -> Result<(), Error> {
    match answer.get("success") {
        Some(_) if !yes(answer, "success") => Err(Error::Unreadable),
        _ => Ok(()),
    }
}

async fn answer(request: RequestBuilder) -> Result<Value, Error> {
    let response = request.send().await.map_err(transport)?;
    let status = response.status().as_u16();
    let wait = usage(response.headers()).wait;
    let body = body(response, ANSWER_LIMIT).await;
    let json = body
        .as_deref()
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    if let Some(refusal) = json
        .as_ref()
        .and_then(|json| Refusal::read(json, status, wait))
    {
        return Err(Error::Refused(refusal));
    }
    match status {
        200..=299 => match (json, body) {
            (Some(json), _) => Ok(json),
            (None, Err(error)) => Err(error),
            (None, Ok(_)) => Err(Error::Unreadable),
        },
        408 | 500..=599 => Err(Error::Failed(status)),
        _ => Err(Error::Foreign(status)),
    }
}

/// The bytes of an answer, up to a limit.
async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| Error::Lost(error.without_url()))?
    {
        if bytes.len().saturating_add(chunk.len()) > limit {
            return Err(Error::Unreadable);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Whether a failed request can have left this computer. The address is dropped from the error:
/// it holds the proof.
pub(crate) fn transport(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if error.is_connect() || error.is_builder() {
        Error::Unreachable(error)
    } else {
        Error::Lost(error)
    }
}
