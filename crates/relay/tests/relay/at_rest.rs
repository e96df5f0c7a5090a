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
        let file = as_letters(&bytes);
        for canary in canaries {
            for spelling in spellings(canary) {
                if file.contains(&as_letters(&spelling)) {
                    hits.push(format!("{canary} in {name}"));
                }
            }
        }
    }
    hits
}

/// One letter per byte: searching a text is much faster than searching a list.
fn as_letters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
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
            let file = as_letters(&file);
            let inside = file.contains(&as_letters(&bytes)) || file.contains(secret.trim());
            assert!(!inside || name.contains("/keys/"), "{name}");
        }
    }
}

/// The envelopes in the store, as they lie there.
fn sealed_bytes(world: &World) -> Vec<Vec<u8>> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let connection = rusqlite::Connection::open_with_flags(world.store(), flags).unwrap();
    let mut all = connection.prepare("SELECT sealed FROM envelopes").unwrap();
    let rows = all.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

/// How many of these lie in any file of the store, by a piece from their middle.
fn still_there(world: &World, sealed: &[Vec<u8>]) -> usize {
    let files: Vec<_> = files(world.folder.path())
        .iter()
        .map(|(_, bytes)| as_letters(bytes))
        .collect();
    let piece = |bytes: &Vec<u8>| as_letters(&bytes[80..144]);
    sealed
        .iter()
        .filter(|one| files.iter().any(|file| file.contains(&piece(one))))
        .count()
}

#[tokio::test]
async fn what_a_deletion_erased_is_in_no_file() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    for n in 0..20 {
        world
            .webhook(&says("page", PAGE, &format!("number {n}")))
            .await;
    }
    let sealed = sealed_bytes(&world);
    assert_eq!(
        (sealed.len(), still_there(&world, &sealed)),
        (20, 20),
        "the look finds them"
    );
    world.pass(MINUTE);
    world
        .callback(
            "/meta/deletion",
            &signed_request("7001", world.now() / 1000),
        )
        .await;
    // The log is emptied behind the answer; the next answer comes after that.
    assert_eq!(world.get("/readyz").await.status(), 200);
    assert_eq!(still_there(&world, &sealed), 0);
}

#[tokio::test]
async fn what_a_disconnect_or_a_wipe_erased_is_in_no_file() {
    for reported in [false, true] {
        let world = World::start().await;
        let mut device = world.device(1).await;
        let (_, streams) = device.connect(&world, "7001", &["messenger"]).await;
        for n in 0..20 {
            let text = format!("number {n}");
            world.webhook(&says("page", PAGE, &text)).await;
        }
        let sealed = sealed_bytes(&world);
        assert_eq!(still_there(&world, &sealed), 20, "the look finds them");
        if reported {
            crate::notices::report_wipe(&world, &device, &streams).await;
        } else {
            let path = format!("/v1/connections/{}", streams[0]);
            let gone: wire::api::DisconnectAnswer = device.delete(&world, &path).await.unwrap();
            assert_eq!(gone.erased, 20);
        }
        assert_eq!(world.get("/readyz").await.status(), 200);
        assert_eq!(still_there(&world, &sealed), 0);
    }
}

#[tokio::test]
async fn control_what_is_erased_without_emptying_the_log_is_found() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    for n in 0..20 {
        let text = format!("number {n}");
        world.webhook(&says("page", PAGE, &text)).await;
    }
    let sealed = sealed_bytes(&world);
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let careless = rusqlite::Connection::open_with_flags(world.store(), flags).unwrap();
    careless
        .execute_batch("PRAGMA secure_delete = ON; DELETE FROM envelopes;")
        .unwrap();
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 0);
    assert!(still_there(&world, &sealed) > 0, "they lie in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_nothing_of_what_passes() {
    let mut world = World::start().await;
    world.stop_relay().await;
    let mut process = crate::kill::Process::start_with_log(&world, "debug");
    world.lead_to(&process.url);
    world.pass(relay::Clock::system().now() - world.now());
    let mut device = world.device(1).await;
    let (hand_off, _) = device
        .connect(&world, "7001", &["messenger", "whatsapp"])
        .await;
    let (id, login) = (device.id().to_string(), hand_off.login.to_string());
    let mut socket = device.open_socket(&world).await;
    world.webhook(&says("page", PAGE, "CANARY-WORDS")).await;
    socket.part().await;
    world.webhook_bytes(b"CANARY-NOT-JSON".to_vec()).await;
    world.post_webhook(b"CANARY-FORGED".to_vec(), &[]).await;
    let (_, answer) = world
        .callback(
            "/meta/deletion",
            &signed_request("7001", world.now() / 1000),
        )
        .await;
    let code = answer["confirmation_code"].as_str().unwrap();
    world.get(&format!("/deletion/{code}")).await;
    world.callback("/meta/deletion", "CANARY-CALLBACK").await;
    let log = tokio::task::block_in_place(|| process.last_words());
    assert!(
        log.contains("webhook") && log.contains("a device is connected"),
        "{log}"
    );
    for canary in [
        "CANARY", "7001", PAGE, NUMBER, WABA, "Olive", "EAA", SECRET, code, &id, &login,
    ] {
        let lines: Vec<_> = log.lines().filter(|line| says_it(line, canary)).collect();
        assert_eq!(lines, Vec::<&str>::new(), "{canary}");
    }
}

/// Whether a line has a word in it that is not part of a longer one: short ids occur in ports.
fn says_it(line: &str, canary: &str) -> bool {
    line.match_indices(canary).any(|(at, _)| {
        let alone = |one: Option<char>| !one.is_some_and(|one| one.is_ascii_alphanumeric());
        let short = canary.bytes().all(|byte| byte.is_ascii_digit());
        let (before, after) = line.split_at(at);
        let after = after.strip_prefix(canary).unwrap_or_default();
        !short || alone(before.chars().next_back()) && alone(after.chars().next())
    })
}
