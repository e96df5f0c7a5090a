//! Fetching pictures and other media, into whatever the caller gives. Bytes are passed on as they
//! come; an error after the first of them means that the caller throws them away.

use std::io::Write;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::inbound::MediaSource;
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use sha2::{Digest, Sha256};
use url::Url;

use super::hosts::may_fetch;
use super::{Account, Error, Graph, Token, Verdict, graph};
use crate::json::word;

/// The largest file fetched.
pub const MEDIA_LIMIT: u64 = 100 * 1024 * 1024;

const MOST_REDIRECTS: usize = 3;

/// The longest one file may take, however steadily it drips.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The type the platform claims; the bytes decide.
    pub mime: Option<String>,
    /// How many bytes went into the sink.
    pub bytes: u64,
}

/// Why media could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The link leads somewhere media must not come from. Nobody was called.
    #[error("the link leads to a host that is not allowed")]
    NotAllowed,
    /// More redirects than Meta needs.
    #[error("the link was redirected too often")]
    TooManyRedirects,
    /// More than [`MEDIA_LIMIT`].
    #[error("the file is too large")]
    TooLarge,
    /// The link or the media id has expired. A message of Messenger or Instagram may give a fresh
    /// link: [`super::history::fresh_attachments`].
    #[error("the link has expired")]
    Expired,
    /// The bytes are not those the platform announced.
    #[error("the bytes are not what was announced")]
    Corrupt,
    /// The host answered with this status.
    #[error("the media host failed with status {0}")]
    Status(u16),
    /// Meta could not be asked, or refused.
    #[error(transparent)]
    Platform(#[from] Error),
    /// The sink took no more: disk full, or a decoder gone.
    #[error("the file could not be written")]
    Sink(#[source] std::io::Error),
}

/// Fetches the bytes at `source` into `sink`. The token is used for WhatsApp's media ids alone.
pub async fn fetch(
    graph: &Graph,
    account: &Account,
    token: &Token,
    source: &MediaSource,
    sink: &mut (dyn Write + Send),
) -> Result<Fetched, MediaError> {
    let fetching = async {
        match source {
            MediaSource::Link(link) => fetch_link(graph, link, sink).await,
            MediaSource::Id { id, sha256 } => {
                let hash = sha256.as_deref().and_then(digest);
                fetch_id(graph, account, token, (id, hash), sink).await
            }
        }
    };
    match tokio::time::timeout(LONGEST, fetching).await {
        Ok(fetched) => fetched,
        Err(_) => Err(MediaError::Status(408)),
    }
}

/// Fetches an expiring link, such as a profile's picture. No token goes along.
pub async fn fetch_link(
    graph: &Graph,
    link: &str,
    sink: &mut (dyn Write + Send),
) -> Result<Fetched, MediaError> {
    let url = Url::parse(link).map_err(|_| MediaError::NotAllowed)?;
    let response = open(graph, url, None).await?;
    pour(response, None, MEDIA_LIMIT, sink).await
}

async fn fetch_id(
    graph: &Graph,
    account: &Account,
    token: &Token,
    (id, announced): (&str, Option<[u8; 32]>),
    sink: &mut (dyn Write + Send),
) -> Result<Fetched, MediaError> {
    let mut attempts = 0;
    loop {
        let node = MediaNode::read(&media_node(graph, account, token, id).await?);
        if node.size.is_some_and(|size| size > MEDIA_LIMIT) {
            return Err(MediaError::TooLarge);
        }
        let url = node.url.ok_or(MediaError::Platform(Error::Unreadable))?;
        attempts += 1;
        match open(graph, url, Some(token)).await {
            Ok(response) => {
                let hash = announced.or(node.hash);
                let fetched = pour(response, hash, MEDIA_LIMIT, sink).await?;
                return Ok(Fetched {
                    mime: fetched.mime.or(node.mime),
                    ..fetched
                });
            }
            // The link lives five minutes; a new one costs one call.
            Err(MediaError::Expired) if attempts < 2 => {}
            Err(error) => return Err(error),
        }
    }
}

/// What the platform says of a file of WhatsApp's.
#[derive(Debug)]
pub(super) struct MediaNode {
    /// Where it is, for five minutes.
    pub(super) url: Option<Url>,
    pub(super) mime: Option<String>,
    /// In bytes.
    pub(super) size: Option<u64>,
    /// Its SHA-256.
    hash: Option<[u8; 32]>,
}

impl MediaNode {
    pub(super) fn read(node: &serde_json::Value) -> Self {
        Self {
            url: word(node, "url").and_then(|url| Url::parse(&url).ok()),
            mime: word(node, "mime_type"),
            size: word(node, "file_size").and_then(|size| size.parse().ok()),
            hash: word(node, "sha256").as_deref().and_then(digest),
        }
    }
}

async fn media_node(
    graph: &Graph,
    account: &Account,
    token: &Token,
    id: &str,
) -> Result<serde_json::Value, MediaError> {
    let query: &[(&str, &str)] = match account {
        Account::Whatsapp { phone_number, .. } => &[("phone_number_id", phone_number)],
        Account::Messenger { .. } | Account::Instagram { .. } => &[],
    };
    match graph.get(token, &[id], query).await {
        Ok(node) => Ok(node),
        Err(error) => match error.verdict() {
            Some(Verdict::Gone | Verdict::Refused) => Err(MediaError::Expired),
            _ => Err(MediaError::Platform(error)),
        },
    }
}

/// Follows at most three redirects, each of them checked like the first address. The token goes
/// only to the hosts it may go to, so a redirect to the picture network loses it.
async fn open(graph: &Graph, url: Url, token: Option<&Token>) -> Result<Response, MediaError> {
    let mut url = url;
    for _ in 0..=MOST_REDIRECTS {
        if !may_fetch(&graph.urls, &url) {
            return Err(MediaError::NotAllowed);
        }
        let mut request = graph.media.get(url.clone());
        if let Some(bearer) = token.and_then(|token| token.media_header(&url)) {
            request = request.header(AUTHORIZATION, bearer);
        }
        let response = request.send().await.map_err(graph::transport)?;
        match response.status().as_u16() {
            200 => return Ok(response),
            301 | 302 | 303 | 307 | 308 => {
                let target = response
                    .headers()
                    .get(LOCATION)
                    .and_then(|to| to.to_str().ok());
                url = target
                    .and_then(|target| url.join(target).ok())
                    .ok_or(MediaError::NotAllowed)?;
            }
            401 | 403 | 404 | 410 => return Err(MediaError::Expired),
            status => return Err(MediaError::Status(status)),
        }
    }
    Err(MediaError::TooManyRedirects)
}

async fn pour(
    mut response: Response,
    hash: Option<[u8; 32]>,
    limit: u64,
    sink: &mut (dyn Write + Send),
) -> Result<Fetched, MediaError> {
    if response
        .content_length()
        .is_some_and(|length| length > limit)
    {
        return Err(MediaError::TooLarge);
    }
    let mime = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|mime| mime.to_str().ok());
    let mime = mime.map(str::to_owned);
    let (mut bytes, mut digest) = (0_u64, Sha256::new());
    while let Some(chunk) = response.chunk().await.map_err(graph::transport)? {
        bytes = bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if bytes > limit {
            return Err(MediaError::TooLarge);
        }
        digest.update(&chunk);
        sink.write_all(&chunk).map_err(MediaError::Sink)?;
    }
    if hash.is_some_and(|hash| hash[..] != digest.finalize()[..]) {
        return Err(MediaError::Corrupt);
    }
    Ok(Fetched { mime, bytes })
}

/// SHA-256 as webhooks write it (base64) or as the Graph API does (hex). Anything else is no hash
/// and cannot be checked.
fn digest(text: &str) -> Option<[u8; 32]> {
    let bytes = hex::decode(text).or_else(|_| STANDARD.decode(text)).ok()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(body: Vec<u8>) -> Response {
        axum::http::Response::new(body).into()
    }

    #[tokio::test]
    async fn a_file_is_cut_at_the_limit_whatever_was_announced() {
        for (size, fits) in [(99, true), (100, true), (101, false)] {
            let mut sink = Vec::new();
            let poured = pour(response(vec![7; size]), None, 100, &mut sink).await;
            assert_eq!(poured.is_ok(), fits, "{size}");
            assert!(sink.len() <= 100);
        }
    }

    #[test]
    fn a_hash_is_read_in_both_forms() {
        let hash = Sha256::digest(b"vase");
        assert_eq!(digest(&hex::encode(hash)).as_ref(), Some(hash.as_ref()));
        assert_eq!(digest(&STANDARD.encode(hash)).as_ref(), Some(hash.as_ref()));
        for none in ["", "<HASH>", "4654+8g=", "abcd"] {
            assert_eq!(digest(none), None, "{none}");
        }
    }
}
