//! How far a list of conversations is read, and what is said where it is left.

use channels::meta::history::changed_since;
use serde_json::json;

use crate::history::{at, conversation};
use crate::server::{Server, instagram, messenger, reply};

#[tokio::test]
async fn conversations_are_read_until_one_is_older() {
    let server = Server::start(|asked, _| match asked.query("after").as_deref() {
        None => reply(
            200,
            &json!({"data": [conversation("t_3", 30), conversation("t_2", 20)],
            "paging": {"cursors": {"after": "c"}, "next": "https://x/"}}),
        ),
        _ => reply(
            200,
            &json!({"data": [conversation("t_1", 10), conversation("t_0", 0)],
            "paging": {"cursors": {"after": "d"}, "next": "https://x/"}}),
        ),
    })
    .await;
    let threads = changed_since(&server.graph(), &instagram(), &server.token(), at(5))
        .await
        .unwrap();
    let ids: Vec<_> = threads
        .threads
        .iter()
        .map(|thread| thread.id.as_str())
        .collect();
    assert_eq!(ids, ["t_3", "t_2", "t_1"]);
    assert_eq!(threads.cut_at, None);
    assert_eq!(server.asked().len(), 2);
    assert_eq!(
        server.asked()[0].query("platform").as_deref(),
        Some("instagram")
    );
}

/// A list without an end is not read for ever, and where it was left is said. One conversation that
/// does not say when it changed ends nothing.
#[tokio::test]
async fn a_list_that_is_left_says_where() {
    let server = Server::start(|_, turn| {
        let mut first = conversation(&format!("t_{turn}"), 30);
        first.as_object_mut().unwrap().remove("updated_time");
        reply(
            200,
            &json!({"data": [first, conversation(&format!("u_{turn}"), 20)],
            "paging": {"cursors": {"after": "c"}, "next": "https://x/"}}),
        )
    })
    .await;
    let changed = changed_since(&server.graph(), &messenger(), &server.token(), at(5))
        .await
        .unwrap();
    assert_eq!(changed.threads.len(), 200);
    assert_eq!(changed.cut_at, Some(at(20)));
}
