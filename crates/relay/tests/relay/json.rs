//! What is JSON and what only looks like it, as JSONTestSuite has it: each text as a whole webhook and
//! inside of a genuine one, rightly signed and not.

use serde::Deserialize;
use wire::event::Event;

use crate::fake_meta::PAGE;
use crate::world::{World, says};

/// A text that is JSON, is none, or may be read either way.
#[derive(Deserialize)]
struct Text {
    name: String,
    input: String,
    times: Option<usize>,
}

impl Text {
    /// The bytes it stands for. Where the package has lost bytes that are no UTF-8, several of them.
    fn bytes(&self) -> Vec<Vec<u8>> {
        let text = self.input.repeat(self.times.unwrap_or(1));
        if !text.contains('\u{fffd}') {
            return vec![text.into_bytes()];
        }
        let pieces: Vec<&[u8]> = text.split('\u{fffd}').map(str::as_bytes).collect();
        [&b"\xe5"[..], b"\xff", b"\x81", b"\xc0\xaf", b"\xed\xa0\x80"]
            .map(|lost| pieces.join(lost))
            .to_vec()
    }
}

fn suite() -> Vec<Text> {
    let all = include_str!("../../../../tests/corpora/json-test-suite/parsing.json");
    serde_json::from_str(all).unwrap()
}

/// Inside of a webhook like no other: one that comes again is not passed on again.
fn inside(bytes: &[u8], number: usize) -> Vec<u8> {
    let whole = says("page", PAGE, &format!("beside {number}")).to_string();
    let (before, after) = whole.split_once("\"sender\"").unwrap();
    [
        before.as_bytes(),
        b"\"odd\":",
        bytes,
        b"\n,\"sender\"",
        after.as_bytes(),
    ]
    .concat()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

const NOT_JSON: &str =
    "SELECT coalesce(sum(value), 0) FROM counters WHERE name = 'webhooks_not_json'";

#[tokio::test]
async fn what_is_json_passes_untouched_and_what_is_none_is_answered_and_counted() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    let mut socket = device.open_socket(&world).await;
    socket.welcome().await;
    let (mut passed, mut counted, mut either, mut forged) = (0, 0, 0, 0);
    for text in suite() {
        for bytes in text.bytes() {
            let body = inside(&bytes, forged);
            let before = world.count(NOT_JSON);
            assert_eq!(
                world.post_webhook(body.clone(), &[]).await,
                401,
                "{}",
                text.name
            );
            assert_eq!(world.webhook_bytes(body).await, 200, "{}", text.name);
            let no_json = world.count(NOT_JSON) - before;
            match text.name.as_bytes()[0] {
                b'y' => assert_eq!(no_json, 0, "{}", text.name),
                b'n' => assert_eq!(no_json, 1, "{}", text.name),
                _ => either += 1,
            }
            forged += 1;
            counted += usize::from(no_json == 1);
            if no_json == 0 {
                let (_, event) = socket.take(1).await.remove(0);
                let Event::Webhook(part) = event else {
                    panic!("{event:?}")
                };
                assert!(contains(&part.body, &bytes), "{}", text.name);
                passed += 1;
            }
            // As a whole it has not Meta's shape, but for the empty ones: it is answered all the same.
            assert_eq!(world.webhook_bytes(bytes).await, 200, "{}", text.name);
        }
    }
    assert!(
        passed >= 95 && counted >= 188 && either >= 35 && forged >= 318,
        "{passed} {counted} {either} {forged}"
    );
    assert_eq!(world.webhook(&says("page", PAGE, "and on")).await, 200);
    assert_eq!(socket.take(1).await.len(), 1);
}
