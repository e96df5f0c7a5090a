//! Calls that fail, in every way and of every kind: whatever an error says, it says no secret, and no
//! library logs one. The platform's own words repeat the token, so that whoever passes them on is
//! found out.

use std::fmt::Debug;
use std::io;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use channels::meta::history::{Thread, changed_since, fresh_attachments, messages, with_person};
use channels::meta::login::{probe, revoke};
use channels::meta::send::mark_read;
use channels::meta::subscription::{subscribe, subscribed_apps, unsubscribe};
use channels::meta::{Graph, PlatformUrls, Token, accounts, media, profile};
use channels::send;
use domain::inbound::MediaSource;
use serde_json::json;
use tokio::net::TcpListener;
use tracing::Level;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::server::{
    NOW, PROOF, Server, TOKEN, instagram, messenger, person, picture, quick, reply, text, token,
    whatsapp,
};

/// What a message says that is sent here.
const WORDS: &str = "CANARY words of a shop";

/// A log that is kept, of the smallest things and of every library.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn logs(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        let paper = self.clone();
        fmt::Subscriber::builder()
            .with_max_level(Level::TRACE)
            .with_writer(paper)
            .finish()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Paper {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// The first line of a log that tells what none may.
fn told(log: &str) -> Option<&str> {
    let told = |line: &&str| {
        [TOKEN, PROOF, WORDS]
            .iter()
            .any(|secret| line.contains(secret))
    };
    log.lines().find(told)
}

/// What is said of a call that ended in an error: its words, and those of all its causes.
fn words<T, E: std::error::Error>(result: Result<T, E>) -> Option<String> {
    let error = result.err()?;
    let mut said = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        said.push_str(&format!(" {inner} {inner:?}"));
        cause = inner.source();
    }
    Some(said)
}

/// Makes every call there is; what is said of each that failed.
async fn every_call(graph: &Graph, token: &Token) -> Vec<String> {
    let mut said = vec![
        words(probe(graph, token).await),
        words(revoke(graph, token, "7").await),
        words(accounts::pages(graph, token).await),
        words(accounts::numbers(graph, token, "2000").await),
    ];
    for account in [messenger(), instagram(), whatsapp()] {
        let (account, to) = (&account, person(&account));
        let thread = Thread {
            id: "t_1".to_owned(),
            updated_at: NOW,
            contact: None,
        };
        said.extend([
            words(profile::profile(graph, token, &to).await),
            words(changed_since(graph, account, token, NOW).await),
            words(with_person(graph, account, token, &to).await),
            words(messages(graph, account, token, &thread, NOW, |_| false).await),
            words(fresh_attachments(graph, token, "m_1").await),
            words(subscribed_apps(graph, account, token).await),
            words(subscribe(graph, account, token).await),
            words(unsubscribe(graph, account, token).await),
            words(mark_read(graph, account, token, &to, "m_1").await),
            outcome(&send(graph, account, token, &text(account, WORDS), NOW).await),
            outcome(&send(graph, account, token, &picture(account, vec![1]), NOW).await),
        ]);
    }
    let source = MediaSource::Id {
        id: "1".to_owned(),
        sha256: None,
    };
    let fetched = media::fetch(graph, &whatsapp(), token, &source, &mut Vec::new()).await;
    said.push(words(fetched));
    said.into_iter().flatten().collect()
}

fn outcome(outcome: &impl Debug) -> Option<String> {
    Some(format!("{outcome:?}"))
}

/// A platform that fails and repeats what it was told in secret.
fn answer(kind: usize) -> Response {
    let secrets = format!("access_token={TOKEN}&appsecret_proof={PROOF}");
    let error = |code: i64| {
        json!({"error": {
            "message": format!("Error validating access token: {secrets}"), "type": TOKEN,
            "code": code, "error_user_msg": secrets, "fbtrace_id": PROOF,
            "error_data": {"details": secrets}
        }})
    };
    match kind {
        0 => reply(400, &error(190)),
        1 => reply(400, &error(100)),
        2 => reply(400, &error(4)),
        3 => reply(500, &error(2)),
        4 => (StatusCode::BAD_GATEWAY, format!("<html>{secrets}")).into_response(),
        5 => (StatusCode::OK, secrets).into_response(),
        6 => {
            let to = format!("https://evil.example/?{secrets}");
            (StatusCode::FOUND, [("location", to)]).into_response()
        }
        _ => {
            let pieces = [Ok(secrets), Err(io::Error::other("cut off"))];
            axum::body::Body::from_stream(futures_util::stream::iter(pieces)).into_response()
        }
    }
}

#[tokio::test]
async fn of_all_that_fails_no_error_tells_the_token_or_the_proof() {
    // For the whole process: some of the libraries' work is done by other threads.
    let paper = Paper::default();
    paper.logs().init();
    let mut failed = 0;
    for kind in 0..8 {
        let server = Server::start(move |_, _| answer(kind)).await;
        for said in every_call(&server.graph(), &server.token()).await {
            for secret in [TOKEN, PROOF] {
                assert!(!said.contains(secret), "{kind}: {said}");
            }
            failed += 1;
        }
    }
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let origin: url::Url = format!("http://{nobody}/graph").parse().unwrap();
    let mut urls = PlatformUrls::meta();
    urls.graph = origin.clone();
    let graph = Graph::with_pace(urls, quick()).unwrap();
    for said in every_call(&graph, &token(origin)).await {
        assert!(!said.contains(TOKEN) && !said.contains(PROOF), "{said}");
        failed += 1;
    }
    assert!(failed >= 60, "{failed}");
    let log = paper.text();
    assert!(
        log.contains("starting new connection"),
        "the client said nothing: {log}"
    );
    assert_eq!(told(&log), None);
}

#[test]
fn control_a_line_that_tells_the_token_or_the_words_is_found() {
    for secret in [TOKEN, PROOF, WORDS] {
        let paper = Paper::default();
        tracing::subscriber::with_default(paper.logs(), || {
            tracing::trace!("it begins");
            assert_eq!(told(&paper.text()), None);
            tracing::trace!(target: "a_library", header = ?secret, "sent");
        });
        let log = paper.text();
        assert!(told(&log).is_some_and(|line| line.contains("a_library")));
    }
}

#[test]
fn control_an_error_that_repeats_the_platforms_words_is_found_out() {
    let body = json!({"error": {"message": format!("Error validating {TOKEN}")}});
    let careless = io::Error::other(body.to_string());
    assert!(words::<(), _>(Err(careless)).unwrap().contains(TOKEN));
}
