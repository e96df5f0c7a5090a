//! The platform that does not answer: what surely was not sent is told apart from what may have
//! been. This is what keeps a customer from getting a message twice.

use std::net::SocketAddr;
use std::time::Duration;

use channels::meta::{Account, Error, Graph, Pace, PlatformUrls};
use channels::send;
use domain::outbound::{Outcome, Outgoing, Reason};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::server::{
    NOW, Server, graph, instagram, messenger, picture, quick, reply, text, token, whatsapp,
};

/// A server that does something unfriendly with each connection.
async fn unfriendly<F>(deed: impl Fn(TcpStream) -> F + Send + 'static) -> (SocketAddr, JoinSet<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.spawn(deed(stream));
        }
    });
    (address, tasks)
}

/// Reads a request up to the end of its small body.
async fn read_request(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !seen.ends_with(b"}") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => seen.extend_from_slice(&buffer[..count]),
        }
    }
}

async fn outcome_at(url: &str, account: &Account, message: &Outgoing, pace: Pace) -> Outcome {
    let mut urls = PlatformUrls::meta();
    urls.graph = url.parse().unwrap();
    let token = token(urls.graph.clone());
    send(
        &Graph::with_pace(urls, pace).unwrap(),
        account,
        &token,
        message,
        NOW,
    )
    .await
}

fn not_sent(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Retry { failure, .. } if failure.reason == Reason::Offline)
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}/graph");
    let outcome = outcome_at(&url, &messenger(), &text(&messenger(), "a"), quick()).await;
    assert!(not_sent(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn a_name_nobody_has_means_nothing_was_sent() {
    let url = "https://graph.shopbell.invalid";
    let outcome = outcome_at(url, &messenger(), &text(&messenger(), "a"), quick()).await;
    assert!(not_sent(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn a_failed_handshake_means_nothing_was_sent() {
    let (address, _tasks) = unfriendly(|mut stream| async move {
        let _ = stream.write_all(b"this is no TLS\r\n").await;
    })
    .await;
    let url = format!("https://{address}/graph");
    let outcome = outcome_at(&url, &messenger(), &text(&messenger(), "a"), quick()).await;
    assert!(not_sent(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn a_connection_cut_after_the_request_leaves_it_open() {
    let (address, _tasks) = unfriendly(|mut stream| async move {
        read_request(&mut stream).await;
    })
    .await;
    for account in [messenger(), instagram(), whatsapp()] {
        let url = format!("http://{address}/graph");
        let outcome = outcome_at(&url, &account, &text(&account, "a"), quick()).await;
        assert_eq!(outcome, Outcome::Unconfirmed);
    }
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_leaves_it_open() {
    let (address, _tasks) = unfriendly(|mut stream| async move {
        read_request(&mut stream).await;
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"message_id\": \"m_";
        let _ = stream.write_all(half).await;
    })
    .await;
    let url = format!("http://{address}/graph");
    let outcome = outcome_at(&url, &messenger(), &text(&messenger(), "a"), quick()).await;
    assert_eq!(outcome, Outcome::Unconfirmed);
}

#[tokio::test]
async fn no_answer_in_time_leaves_it_open() {
    let (address, _tasks) = unfriendly(|mut stream| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let url = format!("http://{address}/graph");
    let pace = Pace {
        call: Duration::from_millis(300),
        ..quick()
    };
    let outcome = outcome_at(&url, &messenger(), &text(&messenger(), "a"), pace).await;
    assert_eq!(outcome, Outcome::Unconfirmed);
}

#[tokio::test]
async fn a_server_error_or_a_riddle_leaves_it_open() {
    let riddles: [fn() -> axum::response::Response; 5] = [
        || page(500),
        || page(502),
        || page(200),
        || reply(200, &json!({})),
        || {
            reply(
                500,
                &json!({"error": {"code": 2, "message": "…", "is_transient": true}}),
            )
        },
    ];
    for riddle in riddles {
        let server = Server::start(move |_, _| riddle()).await;
        let message = text(&messenger(), "a");
        let outcome = send(
            &server.graph(),
            &messenger(),
            &server.token(),
            &message,
            NOW,
        )
        .await;
        assert_eq!(outcome, Outcome::Unconfirmed);
    }
}

fn page(status: u16) -> axum::response::Response {
    use axum::response::IntoResponse;
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    (status, axum::response::Html("<h1>Sorry</h1>")).into_response()
}

#[tokio::test]
async fn something_else_that_answers_has_not_sent_it() {
    for status in [301, 401, 404, 407, 429] {
        let server = Server::start(move |_, _| page(status)).await;
        let message = text(&messenger(), "a");
        let outcome = send(
            &server.graph(),
            &messenger(),
            &server.token(),
            &message,
            NOW,
        )
        .await;
        assert!(
            matches!(outcome, Outcome::Retry { .. }),
            "{status}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_takes_neither_message_nor_token_along() {
    let thief = Server::says(200, json!({"message_id": "stolen"})).await;
    let target = thief.origin();
    let server = Server::start(move |_, _| {
        use axum::response::IntoResponse;
        let status = axum::http::StatusCode::TEMPORARY_REDIRECT;
        (status, [("location", target.to_string())]).into_response()
    })
    .await;
    let message = text(&messenger(), "a");
    let outcome = send(
        &server.graph(),
        &messenger(),
        &server.token(),
        &message,
        NOW,
    )
    .await;
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    assert!(thief.asked().is_empty());
}

#[tokio::test]
async fn whatever_becomes_of_the_upload_the_message_was_not_sent() {
    let refused = json!({"error": {"code": 100, "error_subcode": 2_018_047, "message": "…"}});
    for (status, body) in [(500, json!("down")), (200, json!({})), (200, json!("what"))] {
        let server = Server::says(status, body).await;
        let message = picture(&messenger(), vec![1, 2, 3]);
        let outcome = send(
            &server.graph(),
            &messenger(),
            &server.token(),
            &message,
            NOW,
        )
        .await;
        assert!(
            matches!(outcome, Outcome::Retry { at, .. } if at > NOW),
            "{outcome:?}"
        );
        assert_eq!(server.asked().len(), 1, "no message without its picture");
    }
    let server = Server::says(400, refused).await;
    let message = picture(&whatsapp(), vec![1, 2, 3]);
    let outcome = send(&server.graph(), &whatsapp(), &server.token(), &message, NOW).await;
    assert!(
        matches!(&outcome, Outcome::Failed(failure) if failure.reason == Reason::PictureRefused),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn no_error_tells_the_token_or_the_proof() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let origin: url::Url = format!("http://127.0.0.1:{port}/graph").parse().unwrap();
    let error: Error = channels::meta::login::probe(&graph(origin.clone()), &token(origin))
        .await
        .unwrap_err();
    let mut told = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        told.push_str(&format!(" {inner} {inner:?}"));
        cause = inner.source();
    }
    for secret in [crate::server::TOKEN, crate::server::PROOF] {
        assert!(!told.contains(secret), "{told}");
    }
}
