//! What lies on the disk. Canaries go through every door; none may be found, in any spelling.

use std::path::Path;

use base64::Engine as _;
use serde_json::json;

use crate::fake_meta::{INSTAGRAM, NUMBER, PAGE, SECRET, WABA};
use crate::world::{MINUTE, World, says, says_on_whatsapp, signed_request};

/// Every way a text may be written down.
fn spellings(canary: &str) -> Vec<Vec<u8>> {
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD;
    let utf16: Vec<u8> = canary.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let escaped: String = canary
        .encode_utf16()
        .map(|unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        })
        .collect();
    // A text inside other bytes has one of three alignments in base64; the middle of each is its own.
    let aligned = (0..3).map(|shift| {
        let encoded = base64.encode([vec![0; shift], canary.as_bytes().to_vec()].concat());
        encoded
            .into_bytes()
            .into_iter()
            .skip(4)
            .take(canary.len())
            .collect::<Vec<u8>>()
    });
    let mut all: Vec<Vec<u8>> = aligned.collect();
    all.extend([
        canary.as_bytes().to_vec(),
        escaped.into_bytes(),
        hex::encode(canary).into_bytes(),
        utf16,
    ]);
    all
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

fn hits(folder: &Path, canaries: &[&str]) -> Vec<String> {
    let mut hits = Vec::new();
    for (name, bytes) in files(folder) {
        for canary in canaries {
            for spelling in spellings(canary) {
                if bytes
                    .windows(spelling.len())
                    .any(|window| window == spelling)
                {
                    hits.push(format!("{canary} in {name}"));
                }
            }
        }
    }
    hits
}

#[tokio::test]
async fn nothing_plain_is_on_the_disk() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let channels = ["messenger", "instagram", "whatsapp"];
    device.connect(&world, "7001", &channels).await;
    for n in 0..30 {
        let text = format!("CANARY-WORDS-é-{n}");
        world.webhook(&says("page", PAGE, &text)).await;
        world.webhook(&says("instagram", INSTAGRAM, &text)).await;
        world.webhook(&says_on_whatsapp(WABA, NUMBER, &text)).await;
    }
    let body =
        json!({"object": "permissions", "entry": [{"id": "7001", "time": 9, "changes": []}]});
    world.webhook(&body).await;
    world
        .webhook(&says("page", "CANARY-UNKNOWN-PAGE", "x"))
        .await;
    world.webhook_bytes(b"CANARY-NOT-JSON".to_vec()).await;
    let returned = device.log_in(&world, "7001").await;
    device.claim(&world, &returned).await.unwrap();
    world.pass(MINUTE);
    world
        .callback(
            "/meta/deauthorize",
            &signed_request("7001", world.now() / 1000),
        )
        .await;
    world
        .callback(
            "/meta/deletion",
            &signed_request("7002", world.now() / 1000),
        )
        .await;
    let words = ["CANARY", "CANARY-WORDS-é-7", "447700900001"];
    let names = [
        "Olive Owner",
        "Fern & Ribbon",
        "fern.ribbon",
        "+44 20 7946 0101",
    ];
    let ids = [
        INSTAGRAM,
        "EAAlong-7001",
        "EAApage-7001",
        SECRET,
        "code#7001",
    ];
    for canaries in [words.as_slice(), &names, &ids] {
        assert_eq!(hits(world.folder.path(), canaries), Vec::<String>::new());
    }
    let signed = signed_request("7002", world.now() / 1000);
    assert_eq!(
        hits(world.folder.path(), &[signed.as_str()]),
        Vec::<String>::new()
    );
    assert!(world.count("SELECT count(*) FROM envelopes") >= 90);
}

/// The same look finds what a careless relay would have left.
#[tokio::test]
async fn the_look_for_canaries_finds_one_that_is_there() {
    let world = World::start().await;
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let connection = rusqlite::Connection::open_with_flags(world.store(), flags).unwrap();
    let careless = "INSERT INTO counters (name, value, at) VALUES (?1, 1, 1)";
    for spelling in [
        "from CANARY-WORDS-é-7 to",
        "{\"t\":\"CANARY-WORDS-\\u00e9-7\"}",
    ] {
        connection.execute(careless, [spelling]).unwrap();
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode("xx447700900001xx");
    connection.execute(careless, [encoded]).unwrap();
    let found = hits(world.folder.path(), &["CANARY-WORDS-é-7", "447700900001"]);
    assert!(found.iter().any(|hit| hit.contains("CANARY")), "{found:?}");
    assert!(
        found.iter().any(|hit| hit.contains("447700900001")),
        "{found:?}"
    );
}

#[tokio::test]
async fn the_keys_lie_apart_from_the_store() {
    let world = World::start().await;
    let keys = world.folder.path().join("keys");
    let pepper = std::fs::read_to_string(keys.join("pepper")).unwrap();
    let signing = std::fs::read_to_string(keys.join("signing.current")).unwrap();
    for secret in [pepper, signing] {
        let bytes = hex::decode(secret.trim()).unwrap();
        for (name, file) in files(world.folder.path()) {
            let inside = file.windows(bytes.len()).any(|window| window == bytes)
                || file
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes());
            assert!(!inside || name.contains("/keys/"), "{name}");
        }
    }
}
