//! The login and the subscription.

use channels::meta::accounts::{numbers, pages};
use channels::meta::login::{Probe, Revoked, probe, revoke};
use channels::meta::profile::{Profile, profile};
use channels::meta::subscription::{is_subscribed, subscribe, subscribed_apps, unsubscribe};
use channels::meta::{Error, Verdict};
use serde_json::{Value, json};

use crate::server::{Server, TOKEN, instagram, messenger, person, reply, whatsapp};

fn refusal(code: i64, subcode: i64) -> Value {
    json!({"error": {"code": code, "error_subcode": subcode, "message": "…"}})
}

#[tokio::test]
async fn a_login_is_accepted_ended_or_nobody_knows() {
    for (status, answer, ends) in [
        (200, json!({"id": "1"}), Some(Probe::Accepted)),
        (400, refusal(190, 458), Some(Probe::Ended)),
        (401, refusal(190, 463), Some(Probe::Ended)),
        (400, refusal(102, 0), Some(Probe::Ended)),
        (400, refusal(4, 0), None),
        (500, json!("down"), None),
        (400, refusal(200, 0), None),
    ] {
        let server = Server::says(status, answer.clone()).await;
        let probed = probe(&server.graph(), &server.token()).await.ok();
        assert_eq!(probed, ends, "{answer}");
    }
}

#[tokio::test]
async fn permissions_are_taken_back_and_meta_confirms() {
    let server = Server::says(200, json!({"success": true})).await;
    let revoked = revoke(&server.graph(), &server.token(), "4040")
        .await
        .unwrap();
    assert_eq!(revoked, Revoked::Confirmed);
    let [asked] = &server.asked()[..] else {
        panic!("one request")
    };
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("DELETE", "/graph/v25.0/4040/permissions")
    );
    let gone = Server::says(400, refusal(190, 458)).await;
    let revoked = revoke(&gone.graph(), &gone.token(), "4040").await.unwrap();
    assert_eq!(revoked, Revoked::AlreadyGone);
    // An expired token confirms nothing: the app may still be there.
    for (status, answer) in [(400, refusal(190, 463)), (200, json!({"success": false}))] {
        let server = Server::says(status, answer).await;
        assert!(
            revoke(&server.graph(), &server.token(), "4040")
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn the_page_or_the_whatsapp_account_is_subscribed() {
    for (account, node, fields) in [
        (messenger(), "1042", true),
        (instagram(), "1042", true),
        (whatsapp(), "2000", false),
    ] {
        let server = Server::says(200, json!({"success": true})).await;
        subscribe(&server.graph(), &account, &server.token())
            .await
            .unwrap();
        unsubscribe(&server.graph(), &account, &server.token())
            .await
            .unwrap();
        let [on, off] = &server.asked()[..] else {
            panic!("two requests")
        };
        let path = format!("/graph/v25.0/{node}/subscribed_apps");
        assert_eq!((on.method.as_str(), &on.path), ("POST", &path));
        assert_eq!((off.method.as_str(), &off.path), ("DELETE", &path));
        let asked = on.query("subscribed_fields");
        assert_eq!(asked.is_some(), fields);
        let complete = [
            "messages",
            "message_deliveries",
            "message_reads",
            "message_echoes",
        ];
        assert!(asked.is_none_or(|asked| complete.iter().all(|field| asked.contains(field))));
    }
}

#[tokio::test]
async fn a_lost_subscription_shows() {
    let fields = [
        "messages",
        "message_deliveries",
        "message_reads",
        "message_echoes",
    ];
    let answer = json!({"data": [{"id": "1055", "name": "App", "subscribed_fields": fields}]});
    let server = Server::says(200, answer).await;
    let apps = subscribed_apps(&server.graph(), &messenger(), &server.token())
        .await
        .unwrap();
    assert!(is_subscribed(&apps, Some("1055")));
    let server = Server::says(200, json!({"data": []})).await;
    let apps = subscribed_apps(&server.graph(), &messenger(), &server.token())
        .await
        .unwrap();
    assert!(!is_subscribed(&apps, Some("1055")));
}

#[tokio::test]
async fn a_person_has_a_name_and_a_picture() {
    let answer = json!({"first_name": "Åsa", "last_name": "Öberg", "username": "@asa",
        "profile_pic": "https://scontent.xx.fbcdn.net/a.jpg", "id": "7"});
    let server = Server::says(200, answer).await;
    let who = person(&messenger());
    let read = profile(&server.graph(), &server.token(), &who)
        .await
        .unwrap();
    let link = "https://scontent.xx.fbcdn.net/a.jpg";
    assert_eq!(
        read,
        Profile {
            name: Some("Åsa Öberg".to_owned()),
            handle: Some("asa".to_owned()),
            picture: Some(link.to_owned()),
        }
    );
    for (first, last, whole) in [("健", "佐藤", "佐藤 健"), ("Ken", "佐藤", "Ken 佐藤")] {
        let answer = json!({"first_name": first, "last_name": last, "id": "7"});
        let server = Server::says(200, answer).await;
        let read = profile(&server.graph(), &server.token(), &who).await;
        assert_eq!(read.unwrap().name.as_deref(), Some(whole));
    }
    let refused = Server::says(400, refusal(230, 0)).await;
    let error = profile(&refused.graph(), &refused.token(), &who)
        .await
        .unwrap_err();
    assert_eq!(error.verdict(), Some(Verdict::PermissionMissing));
    let none = profile(&server.graph(), &server.token(), &person(&whatsapp())).await;
    assert!(matches!(none, Err(Error::NotOffered)));
}

#[tokio::test]
async fn lists_are_read_to_their_end_by_cursor_alone() {
    let server = Server::start(|asked, _| {
        let node = |id: &str| {
            json!({"id": id, "name": id, "display_phone_number": id,
            "tasks": ["MESSAGING"], "instagram_business_account": {"id": "17841"}})
        };
        let next = format!("https://elsewhere.example/next?access_token={TOKEN}");
        match asked.query("after").as_deref() {
            None => reply(
                200,
                &json!({"data": [node("1")], "paging":
                {"cursors": {"after": "c1"}, "next": next}}),
            ),
            // A page may be empty and still not be the last.
            Some("c1") => reply(
                200,
                &json!({"data": [], "paging":
                {"cursors": {"after": "c2"}, "next": next}}),
            ),
            _ => reply(
                200,
                &json!({"data": [node("2")], "paging": {"cursors": {"after": "c3"}}}),
            ),
        }
    })
    .await;
    let pages = pages(&server.graph(), &server.token()).await.unwrap();
    assert_eq!(
        pages
            .iter()
            .map(|page| page.id.as_str())
            .collect::<Vec<_>>(),
        ["1", "2"]
    );
    assert!(
        pages
            .iter()
            .all(channels::meta::accounts::Page::may_message)
    );
    let numbers = numbers(&server.graph(), &server.token(), "2000")
        .await
        .unwrap();
    assert_eq!(numbers.len(), 2);
    assert_eq!(server.asked().len(), 6);
    assert!(server.asked().iter().all(|asked| !asked.leaks()));
}
