//! Fetching media: from where, with what, and how much.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use channels::meta::media::{MEDIA_LIMIT, MediaError, fetch, fetch_link};
use channels::meta::{Graph, PlatformUrls};
use domain::inbound::MediaSource;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::server::{Server, TOKEN, messenger, quick, reply, whatsapp};

const VASE: &[u8] = b"\xff\xd8\xff a blue vase";

fn jpeg() -> Response {
    ([("content-type", "image/jpeg")], VASE.to_vec()).into_response()
}

fn redirect(to: String) -> Response {
    (StatusCode::FOUND, [("location", to)]).into_response()
}

fn link(server: &Server, path: &str) -> String {
    format!("http://{}{path}", server.address)
}

#[tokio::test]
async fn a_picture_is_fetched_from_its_link_without_the_token() {
    let server = Server::start(|_, _| jpeg()).await;
    let source = MediaSource::Link(link(&server, "/media/1"));
    let mut sink = Vec::new();
    let fetched = fetch(
        &server.graph(),
        &messenger(),
        &server.token(),
        &source,
        &mut sink,
    )
    .await
    .unwrap();
    assert_eq!(sink, VASE);
    assert_eq!(fetched.mime.as_deref(), Some("image/jpeg"));
    assert_eq!(fetched.bytes, VASE.len() as u64);
    assert_eq!(server.asked()[0].bearer(), None);
}

#[tokio::test]
async fn a_link_elsewhere_calls_nobody() {
    let stranger = Server::start(|_, _| jpeg()).await;
    let server = Server::start(|_, _| jpeg()).await;
    for link in [
        link(&stranger, "/media/1"),
        format!("http://localhost:{}/", server.address.port()),
        format!("http://u:p@{}/", server.address),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
        "not a link".to_owned(),
    ] {
        let fetched = fetch_link(&server.graph(), &link, &mut Vec::new()).await;
        assert!(matches!(fetched, Err(MediaError::NotAllowed)), "{link}");
    }
    assert!(stranger.asked().is_empty() && server.asked().is_empty());
}

#[tokio::test]
async fn the_real_platform_never_sends_us_to_this_computer() {
    let server = Server::start(|_, _| jpeg()).await;
    let graph = Graph::with_pace(PlatformUrls::meta(), quick()).unwrap();
    let fetched = fetch_link(&graph, &link(&server, "/media/1"), &mut Vec::new()).await;
    assert!(matches!(fetched, Err(MediaError::NotAllowed)));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn three_redirects_are_followed_and_a_fourth_is_not() {
    let server = Server::start(|asked, _| match asked.path.as_str() {
        "/0" => jpeg(),
        path => {
            let left: u32 = path.trim_start_matches('/').parse().unwrap();
            redirect(format!("/{}", left - 1))
        }
    })
    .await;
    let mut sink = Vec::new();
    fetch_link(&server.graph(), &link(&server, "/3"), &mut sink)
        .await
        .unwrap();
    assert_eq!(sink, VASE);
    let fetched = fetch_link(&server.graph(), &link(&server, "/4"), &mut Vec::new()).await;
    assert!(matches!(fetched, Err(MediaError::TooManyRedirects)));
}

#[tokio::test]
async fn a_redirect_elsewhere_ends_the_journey() {
    let stranger = Server::start(|_, _| jpeg()).await;
    let target = link(&stranger, "/media");
    let server = Server::start(move |_, _| redirect(target.clone())).await;
    let fetched = fetch_link(&server.graph(), &link(&server, "/m"), &mut Vec::new()).await;
    assert!(matches!(fetched, Err(MediaError::NotAllowed)));
    assert!(stranger.asked().is_empty());
}

#[tokio::test]
async fn too_large_a_file_is_not_begun() {
    let server = Server::start(|_, _| {
        let length = (MEDIA_LIMIT + 1).to_string();
        let body = axum::body::Body::from_stream(futures_util::stream::pending::<
            Result<Vec<u8>, std::io::Error>,
        >());
        ([("content-length", length)], body).into_response()
    })
    .await;
    let fetched = fetch_link(&server.graph(), &link(&server, "/m"), &mut Vec::new()).await;
    assert!(matches!(fetched, Err(MediaError::TooLarge)));
}

#[tokio::test]
async fn an_expired_link_says_so_and_a_broken_host_too() {
    for (status, expired) in [
        (403, true),
        (404, true),
        (410, true),
        (500, false),
        (204, false),
    ] {
        let server =
            Server::start(move |_, _| StatusCode::from_u16(status).unwrap().into_response()).await;
        let fetched = fetch_link(&server.graph(), &link(&server, "/m"), &mut Vec::new()).await;
        assert_eq!(
            matches!(fetched, Err(MediaError::Expired)),
            expired,
            "{status}"
        );
        assert!(fetched.is_err());
    }
}

#[tokio::test]
async fn a_sink_that_is_full_is_told() {
    let server = Server::start(|_, _| jpeg()).await;
    let mut room = [0_u8; 4];
    let mut sink: &mut [u8] = &mut room;
    let fetched = fetch_link(&server.graph(), &link(&server, "/m"), &mut sink).await;
    assert!(matches!(fetched, Err(MediaError::Sink(_))));
}

fn whatsapp_media(hash: Option<Vec<u8>>) -> MediaSource {
    let encoded = hash.map(|hash| base64::engine::general_purpose::STANDARD.encode(hash));
    MediaSource::Id {
        id: "900001".to_owned(),
        sha256: encoded,
    }
}

/// A WhatsApp that gives a link for the media id; the link answers by `download`.
async fn whatsapp_server(
    announced: Vec<u8>,
    download: impl Fn(usize) -> Response + Send + Sync + 'static,
) -> Server {
    Server::start(move |asked, before| match asked.path.as_str() {
        "/graph/v25.0/900001" => {
            let host = asked.headers["host"].to_str().unwrap();
            reply(
                200,
                &json!({"id": "900001", "mime_type": "image/jpeg", "file_size": "18",
                "sha256": hex::encode(&announced), "url": format!("http://{host}/download")}),
            )
        }
        _ => download(before),
    })
    .await
}

#[tokio::test]
async fn whatsapp_media_are_fetched_by_id_with_the_token_and_checked() {
    let hash = Sha256::digest(VASE).to_vec();
    for source in [whatsapp_media(Some(hash.clone())), whatsapp_media(None)] {
        let server = whatsapp_server(hash.clone(), |_| jpeg()).await;
        let mut sink = Vec::new();
        fetch(
            &server.graph(),
            &whatsapp(),
            &server.token(),
            &source,
            &mut sink,
        )
        .await
        .unwrap();
        assert_eq!(sink, VASE);
        let [node, download] = &server.asked()[..] else {
            panic!("two requests")
        };
        assert_eq!(node.query("phone_number_id").as_deref(), Some("2100"));
        assert_eq!(download.bearer(), Some(format!("Bearer {TOKEN}").as_str()));
        assert!(!node.leaks() && !download.leaks());
    }
}

#[tokio::test]
async fn other_bytes_than_announced_are_refused() {
    let (hash, wrong) = (
        Sha256::digest(VASE).to_vec(),
        Sha256::digest(b"other").to_vec(),
    );
    for (announced, in_webhook, good) in [
        (wrong.clone(), None, false),
        (hash.clone(), Some(wrong), false),
        (b"not a hash".to_vec(), None, true),
        (hash.clone(), Some(hash), true),
    ] {
        let server = whatsapp_server(announced, |_| jpeg()).await;
        let source = whatsapp_media(in_webhook);
        let fetched = fetch(
            &server.graph(),
            &whatsapp(),
            &server.token(),
            &source,
            &mut Vec::new(),
        )
        .await;
        assert_eq!(fetched.is_ok(), good);
        assert!(good || matches!(fetched, Err(MediaError::Corrupt)));
    }
}

#[tokio::test]
async fn an_expired_whatsapp_link_is_asked_for_once_more() {
    let hash = Sha256::digest(VASE).to_vec();
    let gone = |_| StatusCode::NOT_FOUND.into_response();
    let once = whatsapp_server(hash.clone(), move |before| {
        if before == 1 {
            StatusCode::NOT_FOUND.into_response()
        } else {
            jpeg()
        }
    })
    .await;
    let mut sink = Vec::new();
    let source = whatsapp_media(None);
    fetch(
        &once.graph(),
        &whatsapp(),
        &once.token(),
        &source,
        &mut sink,
    )
    .await
    .unwrap();
    assert_eq!(sink, VASE);
    let always = whatsapp_server(hash, gone).await;
    let fetched = fetch(
        &always.graph(),
        &whatsapp(),
        &always.token(),
        &source,
        &mut Vec::new(),
    )
    .await;
    assert!(matches!(fetched, Err(MediaError::Expired)));
    assert_eq!(always.asked().len(), 4);
}

#[tokio::test]
async fn a_media_id_that_meta_has_forgotten_is_expired() {
    let server = Server::says(400, json!({"error": {"code": 100, "error_subcode": 33}})).await;
    let source = whatsapp_media(None);
    let fetched = fetch(
        &server.graph(),
        &whatsapp(),
        &server.token(),
        &source,
        &mut Vec::new(),
    )
    .await;
    assert!(matches!(fetched, Err(MediaError::Expired)));
    let ended = Server::says(400, json!({"error": {"code": 190, "message": "…"}})).await;
    let fetched = fetch(
        &ended.graph(),
        &whatsapp(),
        &ended.token(),
        &source,
        &mut Vec::new(),
    )
    .await;
    assert!(matches!(fetched, Err(MediaError::Platform(_))));
}

#[tokio::test]
async fn the_token_is_dropped_where_a_redirect_leaves_the_host() {
    let network = Server::start(|_, _| jpeg()).await;
    let target = link(&network, "/cdn");
    let hash = Sha256::digest(VASE).to_vec();
    let server = whatsapp_server(hash, move |_| redirect(target.clone())).await;
    let mut urls = PlatformUrls::meta();
    urls.graph = server.origin();
    urls.instagram = network.origin();
    let graph = Graph::with_pace(urls, quick()).unwrap();
    let mut sink = Vec::new();
    let source = whatsapp_media(None);
    fetch(&graph, &whatsapp(), &server.token(), &source, &mut sink)
        .await
        .unwrap();
    assert_eq!(sink, VASE);
    assert_eq!(network.asked()[0].bearer(), None);
    assert!(server.asked()[1].bearer().is_some());
}
