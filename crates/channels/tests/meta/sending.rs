//! What a message looks like on its way out.

use channels::meta::send::mark_read;
use channels::send;
use domain::outbound::{Body, Outcome, Reason};
use domain::reply_window::Means;
use domain::{ContactKey, ContactKind};
use serde_json::json;

use crate::server::{
    NOW, OUR_ID, PROOF, Server, TOKEN, instagram, messenger, person, picture, reply, text, whatsapp,
};

#[tokio::test]
async fn a_text_leaves_messenger_and_instagram_through_the_page() {
    for account in [messenger(), instagram()] {
        let answer = json!({"recipient_id": "7", "message_id": "m_1"});
        let server = Server::says(200, answer).await;
        let message = text(&account, "Ja! 🏺");
        let outcome = send(&server.graph(), &account, &server.token(), &message, NOW).await;
        assert_eq!(
            outcome,
            Outcome::Sent {
                platform_id: "m_1".to_owned(),
                contact: None
            }
        );
        let [asked] = &server.asked()[..] else {
            panic!("one request")
        };
        assert_eq!(
            (asked.method.as_str(), asked.path.as_str()),
            ("POST", "/graph/v25.0/1042/messages")
        );
        let recipient = person(&account).value;
        assert_eq!(
            asked.json(),
            json!({
                "recipient": {"id": recipient},
                "message": {"text": "Ja! 🏺", "metadata": OUR_ID},
                "messaging_type": "RESPONSE",
            })
        );
    }
}

#[tokio::test]
async fn after_a_day_a_person_answers_with_the_human_agent_tag() {
    let server = Server::says(200, json!({"message_id": "m_1"})).await;
    let mut message = text(&messenger(), "Sorry for the wait");
    message.means = Means::HumanAgent;
    send(
        &server.graph(),
        &messenger(),
        &server.token(),
        &message,
        NOW,
    )
    .await;
    let body = server.asked()[0].json();
    assert_eq!(body["messaging_type"], "MESSAGE_TAG");
    assert_eq!(body["tag"], "HUMAN_AGENT");
}

#[tokio::test]
async fn a_text_leaves_whatsapp_with_a_plus_and_our_id() {
    let answer = json!({"messaging_product": "whatsapp",
        "contacts": [{"input": "+46701740605", "wa_id": "46701740605"}],
        "messages": [{"id": "wamid.1"}]});
    let server = Server::says(200, answer).await;
    let message = text(&whatsapp(), "Ja!");
    let outcome = send(&server.graph(), &whatsapp(), &server.token(), &message, NOW).await;
    assert_eq!(
        outcome,
        Outcome::Sent {
            platform_id: "wamid.1".to_owned(),
            contact: None
        }
    );
    let [asked] = &server.asked()[..] else {
        panic!("one request")
    };
    assert_eq!(asked.path, "/graph/v25.0/2100/messages");
    assert_eq!(
        asked.json(),
        json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "type": "text",
            "biz_opaque_callback_data": OUR_ID, "to": "+46701740605", "text": {"body": "Ja!"},
        })
    );
}

#[tokio::test]
async fn whatsapp_may_know_the_number_by_other_digits() {
    let answer = json!({"contacts": [{"input": "+5511987654321", "wa_id": "551187654321 "}],
        "messages": [{"id": "wamid.1"}]});
    let server = Server::says(200, answer).await;
    let message = text(&whatsapp(), "Sim");
    let outcome = send(&server.graph(), &whatsapp(), &server.token(), &message, NOW).await;
    let key = ContactKey {
        kind: ContactKind::Phone,
        value: "551187654321".to_owned(),
    };
    assert_eq!(
        outcome,
        Outcome::Sent {
            platform_id: "wamid.1".to_owned(),
            contact: Some(key)
        }
    );
}

#[tokio::test]
async fn a_person_without_a_number_is_written_to_by_their_id() {
    let server = Server::says(200, json!({"messages": [{"id": "wamid.1"}]})).await;
    let mut message = text(&whatsapp(), "hi");
    message.to = ContactKey {
        kind: ContactKind::Bsuid,
        value: "SE.13491208655302".to_owned(),
    };
    send(&server.graph(), &whatsapp(), &server.token(), &message, NOW).await;
    let body = server.asked()[0].json();
    assert_eq!(body["recipient"], "SE.13491208655302");
    assert_eq!(body.get("to"), None);
}

#[tokio::test]
async fn a_picture_is_uploaded_and_then_sent_by_its_id() {
    let bytes = b"\xff\xd8\xffa picture of a vase".to_vec();
    for (account, upload, query) in [
        (
            messenger(),
            "/graph/v25.0/1042/message_attachments",
            Some("messenger"),
        ),
        (
            instagram(),
            "/graph/v25.0/1042/message_attachments",
            Some("instagram"),
        ),
        (whatsapp(), "/graph/v25.0/2100/media", None),
    ] {
        let server = Server::start(|_, before| match before {
            0 => reply(200, &json!({"attachment_id": 4711, "id": "4711"})),
            _ => reply(200, &json!({"message_id": "1", "messages": [{"id": "1"}]})),
        })
        .await;
        let message = picture(&account, bytes.clone());
        let outcome = send(&server.graph(), &account, &server.token(), &message, NOW).await;
        assert_eq!(
            outcome,
            Outcome::Sent {
                platform_id: "1".to_owned(),
                contact: None
            }
        );
        let [first, second] = &server.asked()[..] else {
            panic!("two requests")
        };
        assert_eq!(first.path, upload);
        assert_eq!(first.query("platform").as_deref(), query);
        let form = first
            .body
            .windows(bytes.len())
            .any(|window| window == bytes);
        assert!(form, "the picture is in the form");
        let head = String::from_utf8_lossy(&first.body);
        assert!(head.contains("image/jpeg"), "{head}");
        let id = match query {
            Some(_) => &second.json()["message"]["attachment"]["payload"]["attachment_id"],
            None => &second.json()["image"]["id"],
        };
        assert_eq!(*id, "4711");
        assert!(
            second
                .body
                .windows(OUR_ID.len())
                .any(|window| window == OUR_ID.as_bytes())
        );
    }
}

#[tokio::test]
async fn a_token_travels_in_its_header_and_the_proof_in_the_query() {
    for account in [messenger(), instagram(), whatsapp()] {
        let server = Server::says(
            200,
            json!({"attachment_id": "1", "id": "1", "message_id": "1"}),
        )
        .await;
        let (graph, token) = (server.graph(), server.token());
        send(&graph, &account, &token, &text(&account, "a"), NOW).await;
        send(&graph, &account, &token, &picture(&account, vec![1]), NOW).await;
        mark_read(&graph, &account, &token, &person(&account), "wamid.1")
            .await
            .unwrap();
        assert_eq!(server.asked().len(), 4);
        for asked in server.asked() {
            assert!(!asked.leaks(), "{} {}", asked.method, asked.path);
            assert_eq!(asked.bearer(), Some(format!("Bearer {TOKEN}").as_str()));
            assert_eq!(asked.query("appsecret_proof").as_deref(), Some(PROOF));
        }
    }
}

#[tokio::test]
async fn a_token_of_another_address_sends_nothing() {
    let (server, other) = (
        Server::says(200, json!({})).await,
        Server::says(200, json!({})).await,
    );
    let message = text(&messenger(), "a");
    let outcome = send(&server.graph(), &messenger(), &other.token(), &message, NOW).await;
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    assert!(server.asked().is_empty() && other.asked().is_empty());
}

#[tokio::test]
async fn what_is_too_much_for_the_channel_is_refused_before_it_leaves() {
    let server = Server::says(200, json!({"message_id": "1"})).await;
    let psid = person(&messenger());
    for (account, message, reason) in [
        (
            instagram(),
            text(&instagram(), &"é".repeat(501)),
            Reason::TooLong,
        ),
        (
            messenger(),
            text(&messenger(), &"x".repeat(2_000)),
            Reason::TooLong,
        ),
        (
            whatsapp(),
            text(&whatsapp(), &"x".repeat(4_097)),
            Reason::TooLong,
        ),
        (messenger(), text(&messenger(), " \n"), Reason::Refused),
        (
            whatsapp(),
            picture(&whatsapp(), vec![0; 5_000_001]),
            Reason::PictureTooLarge,
        ),
        (
            instagram(),
            picture(&instagram(), vec![0; 8_000_001]),
            Reason::PictureTooLarge,
        ),
    ] {
        let outcome = send(&server.graph(), &account, &server.token(), &message, NOW).await;
        assert!(
            matches!(&outcome, Outcome::Failed(failure) if failure.reason == reason),
            "{reason:?}"
        );
    }
    let mut gif = picture(&messenger(), vec![1]);
    gif.body = Body::Picture {
        bytes: vec![1],
        mime: "image/gif".to_owned(),
    };
    let mut wrong = text(&whatsapp(), "a");
    wrong.to = psid;
    let mut late = text(&whatsapp(), "a");
    late.means = Means::HumanAgent;
    for (account, message, reason) in [
        (messenger(), gif, Reason::PictureRefused),
        (whatsapp(), wrong, Reason::UnknownRecipient),
        (whatsapp(), late, Reason::WindowClosed),
    ] {
        let outcome = send(&server.graph(), &account, &server.token(), &message, NOW).await;
        assert!(
            matches!(&outcome, Outcome::Failed(failure) if failure.reason == reason),
            "{reason:?}"
        );
    }
    assert!(server.asked().is_empty(), "nothing left this computer");
}

#[tokio::test]
async fn what_just_fits_is_sent() {
    let server = Server::says(200, json!({"message_id": "1", "messages": [{"id": "1"}]})).await;
    for (account, words) in [
        (instagram(), "é".repeat(500)),
        (messenger(), "é".repeat(1_999)),
        (whatsapp(), "é".repeat(4_096)),
    ] {
        let message = text(&account, &words);
        let outcome = send(&server.graph(), &account, &server.token(), &message, NOW).await;
        assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn reading_shows_at_the_platform() {
    let server = Server::says(200, json!({"success": true})).await;
    let (graph, token) = (server.graph(), server.token());
    for account in [messenger(), instagram(), whatsapp()] {
        mark_read(&graph, &account, &token, &person(&account), "wamid.9")
            .await
            .unwrap();
    }
    let bodies: Vec<_> = server
        .asked()
        .iter()
        .map(crate::server::Asked::json)
        .collect();
    let page = |id: &str| json!({"recipient": {"id": id}, "sender_action": "mark_seen"});
    let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.9"});
    assert_eq!(
        bodies,
        [page("7300000000000042"), page("6100000000000055"), read]
    );
}
