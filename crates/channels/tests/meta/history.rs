//! Reading back what webhooks missed, and finding what was sent without an answer.

use axum::response::Response;
use channels::meta::history::{changed_since, fresh_attachments, messages, with_person};
use channels::meta::reconcile::{Found, find_sent};
use channels::meta::{Account, Error};
use domain::Timestamp;
use domain::inbound::{Author, Event, MediaSource, What};
use serde_json::{Value, json};

use crate::server::{Asked, Server, messenger, person, picture, reply, text, whatsapp};

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(1_790_000_000 + second)
}

/// The Graph API's way to write a moment: 1,790,000,000 is 14:13:20 on 21 September 2026.
fn iso(second: i64) -> String {
    assert!((0..40).contains(&second));
    format!("2026-09-21T14:13:{:02}+0000", 20 + second)
}

pub(crate) fn conversation(id: &str, second: i64) -> Value {
    json!({"id": id, "updated_time": iso(second), "participants": {"data": [
        {"id": "1042", "name": "The Shop"}, {"id": "7300000000000042", "name": "Åsa"}]}})
}

fn said(id: &str, second: i64, from: &str, words: &str) -> Value {
    json!({"id": id, "created_time": iso(second), "message": words,
        "from": {"id": from, "name": "Åsa"}, "to": {"data": [{"id": "1042"}]}})
}

/// A small Meta with one conversation of these messages, newest first, which gives details of
/// the newest twenty: in the list if `at_once`, else one by one.
async fn meta(nodes: Vec<Value>, at_once: bool) -> Server {
    Server::start(move |asked, _| answer(asked, &nodes, at_once)).await
}

fn answer(asked: &Asked, nodes: &[Value], at_once: bool) -> Response {
    let thin = |node: &Value| json!({"id": node["id"], "created_time": node["created_time"]});
    let name = asked.path.strip_prefix("/graph/v25.0/").unwrap();
    match name {
        "1042/conversations" => reply(200, &json!({"data": [conversation("t_1", 30)]})),
        "t_1" => {
            let first: Vec<Value> = nodes
                .iter()
                .take(20)
                .map(|node| if at_once { node.clone() } else { thin(node) })
                .collect();
            let mut page = json!({"data": first});
            if nodes.len() > 20 {
                page["paging"] = json!({"cursors": {"after": "20"}, "next": "https://x/"});
            }
            reply(200, &json!({"id": "t_1", "messages": page}))
        }
        "t_1/messages" => {
            let after = asked
                .query("after")
                .map_or(0, |after| after.parse().unwrap());
            let rest: Vec<Value> = nodes.iter().skip(after).map(thin).collect();
            reply(200, &json!({"data": rest}))
        }
        id => match nodes.iter().take(20).find(|node| node["id"] == id) {
            Some(node) => reply(200, node),
            None => reply(
                400,
                &json!({"error": {"code": 100, "error_subcode": 33,
                "message": "Unsupported get request. Object does not exist"}}),
            ),
        },
    }
}

async fn recover(server: &Server, account: &Account, since: i64) -> (Vec<Event>, Vec<String>) {
    let (graph, token) = (server.graph(), server.token());
    let threads = changed_since(&graph, account, &token, at(since))
        .await
        .unwrap();
    let [thread] = &threads.threads[..] else {
        panic!("one conversation")
    };
    let recovered = messages(&graph, account, &token, thread, at(since), |_| false)
        .await
        .unwrap();
    let lost = recovered
        .unavailable
        .into_iter()
        .map(|one| one.platform_id)
        .collect();
    (recovered.events, lost)
}

#[tokio::test]
async fn missed_messages_come_back_with_the_keys_their_webhooks_had() {
    let nodes = vec![
        said("m_2", 20, "1042", "Yes"),
        said("m_1", 10, "7300000000000042", "Still there?"),
    ];
    for at_once in [true, false] {
        let server = meta(nodes.clone(), at_once).await;
        let (events, lost) = recover(&server, &messenger(), 0).await;
        assert!(lost.is_empty());
        assert_eq!(
            events
                .iter()
                .map(|one| one.key.as_str())
                .collect::<Vec<_>>(),
            ["m:m_1", "m:m_2"]
        );
        let people: Vec<_> = events
            .iter()
            .map(|event| match &event.what {
                What::Message(message) => {
                    (message.author, message.contact.keys[0].clone(), event.at)
                }
                what => panic!("{what:?}"),
            })
            .collect();
        let who = person(&messenger());
        assert_eq!(
            people,
            [
                (Author::Person, who.clone(), at(10)),
                (Author::Shop, who, at(20))
            ]
        );
    }
}

#[tokio::test]
async fn what_cannot_be_shown_stays_on_the_side_that_sent_it() {
    let shared = |id: &str, second, from: &str, to: &str| {
        json!({"id": id, "created_time": iso(second), "shares": {"data": [{"link": "https://x/"}]},
            "from": {"id": from}, "to": {"data": [{"id": to}]}})
    };
    let nodes = vec![
        shared("m_shop", 20, "1042", "7300000000000042"),
        shared("m_person", 10, "7300000000000042", "1042"),
    ];
    let server = meta(nodes, true).await;
    let (events, _) = recover(&server, &messenger(), 0).await;
    let sides: Vec<_> = events
        .into_iter()
        .map(|event| match event.what {
            What::Unsupported {
                author,
                platform_id,
                ..
            } => (platform_id.unwrap(), author.unwrap()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        sides,
        [
            ("m_person".to_owned(), Author::Person),
            ("m_shop".to_owned(), Author::Shop)
        ]
    );
}

#[tokio::test]
async fn messages_from_before_are_neither_read_nor_missed() {
    let nodes = vec![said("m_2", 20, "7", "new"), said("m_1", 10, "7", "old")];
    for at_once in [true, false] {
        let server = meta(nodes.clone(), at_once).await;
        let (events, lost) = recover(&server, &messenger(), 15).await;
        assert_eq!((events.len(), lost.len()), (1, 0));
    }
}

#[tokio::test]
async fn what_is_known_is_not_asked_for_again() {
    let server = meta(
        vec![said("m_2", 20, "7", "b"), said("m_1", 10, "7", "a")],
        false,
    )
    .await;
    let (graph, token) = (server.graph(), server.token());
    let thread = with_person(&graph, &messenger(), &token, &person(&messenger()))
        .await
        .unwrap();
    let known = |id: &str| id == "m_1";
    let recovered = messages(&graph, &messenger(), &token, &thread.unwrap(), at(0), known)
        .await
        .unwrap();
    assert_eq!(recovered.events.len(), 1);
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| !asked.path.ends_with("/m_1"))
    );
}

#[tokio::test]
async fn beyond_twenty_messages_are_counted_and_never_deleted() {
    let nodes: Vec<Value> = (0..27)
        .map(|n| said(&format!("m_{n}"), 30 - n, "7300000000000042", "x"))
        .collect();
    for at_once in [true, false] {
        let server = meta(nodes.clone(), at_once).await;
        let (events, lost) = recover(&server, &messenger(), 0).await;
        assert_eq!((events.len(), lost.len()), (20, 7));
        assert!(
            events
                .iter()
                .all(|event| !matches!(event.what, What::Unsent { .. }))
        );
        assert_eq!(
            lost.first().map(String::as_str),
            Some("m_26"),
            "oldest first"
        );
    }
}

#[tokio::test]
async fn a_full_first_page_without_a_cursor_is_not_the_end() {
    let nodes: Vec<Value> = (0..27)
        .map(|n| said(&format!("m_{n}"), 30 - n, "7300000000000042", "x"))
        .collect();
    let server = Server::start(move |asked, _| {
        let cut = asked.path.ends_with("/t_1");
        let known = if cut { &nodes[..20] } else { &nodes[..] };
        answer(asked, known, true)
    })
    .await;
    let (events, lost) = recover(&server, &messenger(), 0).await;
    assert_eq!((events.len(), lost.len()), (20, 7));
}

#[tokio::test]
async fn a_message_called_deleted_is_unavailable_but_a_refused_login_is_an_error() {
    let thin = json!({"id": "m_1", "created_time": iso(10)});
    for (code, is_error) in [
        (100, false),
        (803, false),
        (190, true),
        (4, true),
        (2, true),
    ] {
        let thin = thin.clone();
        let server = Server::start(move |asked, _| {
            match asked.path.strip_prefix("/graph/v25.0/").unwrap() {
                "t_1" => reply(200, &json!({"messages": {"data": [thin]}})),
                _ => reply(400, &json!({"error": {"code": code, "message": "…"}})),
            }
        })
        .await;
        let thread = channels::meta::history::Thread {
            id: "t_1".to_owned(),
            updated_at: at(10),
            contact: None,
        };
        let (graph, token) = (server.graph(), server.token());
        let read = messages(&graph, &messenger(), &token, &thread, at(0), |_| false).await;
        assert_eq!(read.is_err(), is_error, "{code}");
        assert!(read.is_err() || read.unwrap().unavailable.len() == 1);
    }
}

#[tokio::test]
async fn whatsapp_has_no_history() {
    let server = Server::says(200, json!({})).await;
    let read = changed_since(&server.graph(), &whatsapp(), &server.token(), at(0)).await;
    assert!(matches!(read, Err(Error::NotOffered)));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_message_without_an_answer_is_found_once_twice_or_not() {
    let message = text(&messenger(), "Two left ");
    let other = said("m_9", 9, "1042", "Two left");
    for (nodes, found) in [
        (
            vec![said("m_1", 20, "1042", "Two left")],
            Found::Once {
                platform_id: "m_1".to_owned(),
                at: at(20),
            },
        ),
        (vec![], Found::Nothing),
        (
            vec![said("m_1", 20, "7300000000000042", "Two left")],
            Found::Nothing,
        ),
        (vec![said("m_1", 20, "1042", "Three left")], Found::Nothing),
        (vec![other.clone()], Found::Nothing),
        (
            vec![
                said("m_2", 21, "1042", "Two left"),
                said("m_1", 20, "1042", "Two left"),
            ],
            Found::Several,
        ),
    ] {
        let server = meta(nodes, true).await;
        let (graph, token) = (server.graph(), server.token());
        let at_meta = find_sent(&graph, &messenger(), &token, &message, at(18), |_| false)
            .await
            .unwrap();
        assert_eq!(at_meta, found);
        assert_eq!(
            server.asked()[0].query("user_id").as_deref(),
            Some("7300000000000042")
        );
    }
    // A message that the vault has under its own name is not ours a second time.
    let server = meta(vec![said("m_1", 20, "1042", "Two left")], true).await;
    let (graph, token) = (server.graph(), server.token());
    let known = |id: &str| id == "m_1";
    let found = find_sent(&graph, &messenger(), &token, &message, at(18), known)
        .await
        .unwrap();
    assert_eq!(found, Found::Nothing);
}

#[tokio::test]
async fn a_picture_without_an_answer_is_found_by_being_a_picture() {
    let mut node = said("m_1", 20, "1042", "");
    node["attachments"] =
        json!({"data": [{"mime_type": "image/jpeg", "image_data": {"url": "https://x/"}}]});
    let server = meta(vec![node], true).await;
    let (graph, token) = (server.graph(), server.token());
    let sent = picture(&messenger(), vec![1]);
    let found = find_sent(&graph, &messenger(), &token, &sent, at(18), |_| false)
        .await
        .unwrap();
    assert!(matches!(found, Found::Once { .. }));
    let whatsapp_sent = text(&whatsapp(), "a");
    let none = find_sent(&graph, &whatsapp(), &token, &whatsapp_sent, at(18), |_| {
        false
    })
    .await;
    assert!(matches!(none, Err(Error::NotOffered)));
}

#[tokio::test]
async fn an_expired_link_is_asked_for_anew() {
    let node = json!({"id": "m_1", "attachments": {"data": [
        {"mime_type": "image/jpeg", "name": "a.jpg", "image_data": {"url": "https://fresh/"}}]}});
    let server = Server::says(200, node).await;
    let fresh = fresh_attachments(&server.graph(), &server.token(), "m_1")
        .await
        .unwrap();
    assert_eq!(
        fresh[0].source,
        MediaSource::Link("https://fresh/".to_owned())
    );
}
