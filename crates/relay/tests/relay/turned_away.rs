//! Who is not served: people read a sentence and what to do next, programs a plain status.

use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER};
use rusqlite::{Connection, OpenFlags};

use crate::fake_meta::PAGE;
use crate::world::{World, says, signed_request};

/// A page that is asked for in a language: its status and its text.
async fn page(world: &World, path: &str, language: &str) -> (u16, String) {
    let asked = world.http.get(world.url(path));
    let answer = asked
        .header(ACCEPT_LANGUAGE, language)
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    assert!(answer.headers().contains_key(RETRY_AFTER), "{path}");
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    (status, answer.text().await.unwrap())
}

const BACK: &str = "/oauth/meta/callback?state=x&code=y";
const STATUS: &str = "/deletion/AAAAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn who_asks_too_often_reads_what_to_do_in_their_language() {
    let world = World::with(|config| config.rates.pages = 1).await;
    // The share of each is used up by the first.
    for path in [BACK, STATUS] {
        assert_ne!(world.get(path).await.status(), 429, "{path}");
    }
    let receipt = format!("{STATUS}/receipt");
    let said = [
        ("en", "load this page again"),
        ("es", "vuelva a cargar esta página"),
        ("ar", "أعد تحميل هذه الصفحة"),
        ("de", "diese Seite neu laden"),
    ];
    for path in [BACK, STATUS, &receipt] {
        for (language, next_step) in said {
            let (status, text) = page(&world, path, language).await;
            assert_eq!(status, 429, "{path}");
            assert!(
                text.contains(&format!("<html lang=\"{language}\"")),
                "{text}"
            );
            assert!(text.contains(next_step), "{text}");
            // Whoever follows a link to another language would lose the login.
            assert!(!text.contains("href=\"?lang="), "{text}");
        }
    }
    // Control: a program asks for the same and reads a status.
    let program = world.http.get(world.url(STATUS));
    let answer = program.header(ACCEPT, "application/json").send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.text().await.unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_cannot_be_written_people_read_it_and_the_login_is_not_lost() {
    let world = World::start().await;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let other = Connection::open_with_flags(world.store(), flags).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (status, text) = page(&world, BACK, "de").await;
    assert_eq!(status, 503);
    assert!(text.contains("Dieses Relay kann gerade nicht antworten"));
    assert!(text.contains("diese Seite neu laden"), "{text}");
    // Control: what Meta's programs hear stays plain.
    let body = says("page", PAGE, "while the store is taken");
    assert_eq!(world.webhook(&body).await, 503);
    let asked = signed_request("7001", world.now() / 1000);
    let form = [("signed_request", asked)];
    for path in ["/meta/deletion", "/meta/deauthorize"] {
        let answer = world.http.post(world.url(path)).form(&form).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 503, "{path}");
        assert_eq!(answer.text().await.unwrap(), "", "{path}");
    }
    other.execute_batch("ROLLBACK").unwrap();
    let answer = world.get(BACK).await;
    assert_eq!(answer.status(), 400, "now it is looked up");
}

#[tokio::test]
async fn a_receipt_nobody_has_is_said_in_words() {
    let world = World::start().await;
    let answer = world.get(&format!("{STATUS}/receipt")).await;
    assert_eq!(answer.status(), 404);
    let text = answer.text().await.unwrap();
    assert!(text.contains("There is no such request here"), "{text}");
}
