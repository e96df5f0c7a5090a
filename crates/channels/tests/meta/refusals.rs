//! Every refusal of META.md a4 that a message can meet, over real HTTP.

use channels::meta::errors::is_proof_refused;
use channels::meta::verdict::verdict;
use channels::meta::{Account, Verdict};
use channels::send;
use domain::outbound::{Holds, Outcome, Reason};
use domain::time::{MINUTE, SECOND};
use serde_json::json;

use crate::server::{NOW, Server, instagram, messenger, reply, text, whatsapp};

type Made = fn() -> Account;
type Final = (Made, i64, Option<i64>, Reason);
type Passing = (Made, i64, Option<i64>, Reason, Holds, i64);

async fn refused(account: &Account, status: u16, code: i64, subcode: Option<i64>) -> Outcome {
    let mut error = json!({"error": {"message": "(#1) no", "type": "OAuthException", "code": code,
        "fbtrace_id": "A"}});
    if let Some(subcode) = subcode {
        error["error"]["error_subcode"] = json!(subcode);
    }
    let server = Server::says(status, error).await;
    send(
        &server.graph(),
        account,
        &server.token(),
        &text(account, "a"),
        NOW,
    )
    .await
}

#[tokio::test]
async fn a_refusal_that_is_final_says_why() {
    let (m, i, w) = (messenger, instagram, whatsapp);
    let table: [Final; 32] = [
        (m, 10, Some(2_018_278), Reason::WindowClosed),
        (i, 10, Some(2_534_022), Reason::WindowClosed),
        (m, 10, Some(2_018_065), Reason::WindowClosed),
        (w, 131_047, None, Reason::WindowClosed),
        (m, 10, Some(2_018_108), Reason::PersonUnavailable),
        (m, 551, Some(1_545_041), Reason::PersonUnavailable),
        (m, 551, None, Reason::PersonUnavailable),
        (m, 200, Some(1_545_041), Reason::PersonUnavailable),
        (m, 10, Some(1_545_041), Reason::PersonUnavailable),
        (w, 131_026, None, Reason::PersonUnavailable),
        (m, 100, Some(2_018_001), Reason::UnknownRecipient),
        (w, 131_030, None, Reason::UnknownRecipient),
        (m, 100, Some(33), Reason::UnknownRecipient),
        (w, 0, None, Reason::SignInEnded),
        (m, 102, None, Reason::SignInEnded),
        (m, 190, None, Reason::SignInEnded),
        (m, 190, Some(458), Reason::SignInEnded),
        (i, 190, Some(460), Reason::SignInEnded),
        (w, 190, Some(463), Reason::SignInEnded),
        (m, 3, None, Reason::PermissionMissing),
        (m, 10, None, Reason::PermissionMissing),
        (m, 200, None, Reason::PermissionMissing),
        (m, 230, None, Reason::PermissionMissing),
        (w, 131_005, None, Reason::PermissionMissing),
        (m, 368, None, Reason::Blocked),
        (w, 131_031, None, Reason::Blocked),
        (w, 131_048, None, Reason::Blocked),
        (w, 130_472, None, Reason::NotDelivered),
        (w, 131_049, None, Reason::NotDelivered),
        (w, 131_050, None, Reason::OptedOut),
        (w, 131_053, None, Reason::PictureRefused),
        (m, 100, None, Reason::Refused),
    ];
    for (account, code, subcode, reason) in table {
        let outcome = refused(&account(), 400, code, subcode).await;
        let Outcome::Failed(failure) = outcome else {
            panic!("{code}/{subcode:?}: {outcome:?}")
        };
        assert_eq!(failure.reason, reason, "{code}/{subcode:?}");
        let numbers = subcode.map_or(code.to_string(), |subcode| format!("{code}/{subcode}"));
        assert_eq!(failure.code, Some(numbers));
    }
}

#[tokio::test]
async fn a_refusal_that_passes_says_when_and_for_whom() {
    let (connection, person) = (Holds::Connection, Holds::Person);
    let table: [Passing; 12] = [
        (messenger, 4, None, Reason::TooFast, connection, MINUTE),
        (
            messenger,
            4,
            Some(2_446_079),
            Reason::TooFast,
            connection,
            MINUTE,
        ),
        (messenger, 17, None, Reason::TooFast, connection, MINUTE),
        (messenger, 32, None, Reason::TooFast, connection, MINUTE),
        (messenger, 613, None, Reason::TooFast, connection, MINUTE),
        (instagram, 80_002, None, Reason::TooFast, connection, MINUTE),
        (messenger, 80_006, None, Reason::TooFast, connection, MINUTE),
        (whatsapp, 130_429, None, Reason::TooFast, connection, MINUTE),
        (whatsapp, 131_056, None, Reason::TooFast, person, 6 * SECOND),
        (messenger, 1, None, Reason::PlatformDown, connection, 0),
        (
            messenger,
            2,
            Some(2_018_344),
            Reason::PlatformDown,
            connection,
            0,
        ),
        (whatsapp, 131_016, None, Reason::PlatformDown, connection, 0),
    ];
    for (account, code, subcode, reason, held, wait) in table {
        let outcome = refused(&account(), 400, code, subcode).await;
        let Outcome::Retry { at, failure, holds } = outcome else {
            panic!("{code}: {outcome:?}")
        };
        assert_eq!((failure.reason, holds), (reason, held), "{code}");
        assert_eq!(at, NOW.plus(wait), "{code}");
    }
}

#[tokio::test]
async fn numbers_decide_and_not_the_status() {
    for status in [400, 401, 403, 404, 429, 500, 503, 200] {
        let outcome = refused(&messenger(), status, 190, Some(463)).await;
        assert!(
            matches!(&outcome, Outcome::Failed(failure) if failure.reason == Reason::SignInEnded),
            "{status}: {outcome:?}"
        );
    }
    // "Down" is the exception: behind a server error the message may have been sent.
    assert_eq!(
        refused(&whatsapp(), 500, 131_000, None).await,
        Outcome::Unconfirmed
    );
    assert_eq!(
        refused(&whatsapp(), 503, 133_004, None).await,
        Outcome::Unconfirmed
    );
}

#[tokio::test]
async fn metas_own_waiting_time_counts() {
    let server = Server::start(|_, _| {
        let mut response = reply(400, &json!({"error": {"code": 80_006, "message": "…"}}));
        let usage = r#"{"1042":[{"type":"messenger","estimated_time_to_regain_access":19}]}"#;
        response
            .headers_mut()
            .insert("x-business-use-case-usage", usage.parse().unwrap());
        response
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
    assert!(
        matches!(outcome, Outcome::Retry { at, .. } if at == NOW.plus(19 * MINUTE)),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_refused_proof_is_told_apart_from_an_ended_login() {
    let error = json!({"error": {"code": 100, "type": "GraphMethodException",
        "message": "Invalid appsecret_proof provided in the API argument"}});
    let server = Server::says(400, error).await;
    let message = text(&messenger(), "a");
    let outcome = send(
        &server.graph(),
        &messenger(),
        &server.token(),
        &message,
        NOW,
    )
    .await;
    let Outcome::Retry { failure, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(is_proof_refused(&failure));
    let Outcome::Failed(failure) = refused(&messenger(), 400, 190, Some(463)).await else {
        panic!("final")
    };
    assert!(!is_proof_refused(&failure));
}

#[test]
fn an_unknown_number_is_tried_again_only_where_meta_says_so() {
    assert_eq!(verdict(987_654, None, true), Verdict::Down);
    assert_eq!(verdict(987_654, None, false), Verdict::Refused);
    // A known number is not overruled by the flag.
    assert_eq!(verdict(190, Some(463), true), Verdict::SignInEnded);
}
