//! The two signed callbacks, checked as a stranger would: with nothing but the app's secret, the
//! bytes that came over HTTP, and RFC 2104 written out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sandbox::APP_SECRET;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::relay::Got;
use crate::world::{BEGINNING, OWNER, World};

const EMPLOYEE: &str = "10160192837465567";

/// HMAC-SHA256 with a key no longer than a block.
fn hmac(key: &str, message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key.as_bytes());
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(message);
    Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner.finalize())
        .finalize()
        .to_vec()
}

/// What a `signed_request` says, if it is signed with this secret over its encoded payload.
fn opened(secret: &str, request: &str) -> Option<Value> {
    let (signature, payload) = request.split_once('.')?;
    if URL_SAFE_NO_PAD.decode(signature).ok()? != hmac(secret, payload.as_bytes()) {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// The one field of the form that was posted.
fn request(got: &Got) -> String {
    assert_eq!(
        got.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    let form: Vec<_> = url::form_urlencoded::parse(&got.body).collect();
    let [(name, value)] = form.as_slice() else {
        panic!("not one field: {form:?}")
    };
    assert_eq!(name, "signed_request");
    value.to_string()
}

/// The callback of this number that came to a path.
async fn came(world: &World, path: &str, number: usize) -> String {
    let nth = |got: &[Got]| {
        let mut there = got.iter().filter(|got| got.path == path);
        there.nth(number).map(request)
    };
    world.relay.until(nth).await
}

#[tokio::test]
async fn the_published_example_opens_and_nothing_changed_does() {
    // RFC 4231, test case 2.
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(
        hex::encode(hmac("Jefe", b"what do ya want for nothing?")),
        expected
    );
    let world = World::start().await;
    world.control("deletion", json!({"user": "owner"})).await;
    let good = came(&world, "/meta/deletion", 0).await;
    assert!(opened(APP_SECRET, &good).is_some());
    assert_eq!(opened("another secret", &good), None);
    let (signature, payload) = good.split_once('.').unwrap();
    let said = URL_SAFE_NO_PAD.decode(payload).unwrap();
    let said = String::from_utf8(said).unwrap().replace(OWNER, EMPLOYEE);
    let forged = format!("{signature}.{}", URL_SAFE_NO_PAD.encode(said));
    assert_eq!(opened(APP_SECRET, &forged), None);
}

#[tokio::test]
async fn each_callback_is_signed_and_says_who_and_when() {
    let (world, tokens) = World::connected().await;
    world.holds_the_clock();
    let now = || world.now();
    let about = async |path: &str, number: usize, user: &str| {
        let request = came(&world, path, number).await;
        let said = opened(APP_SECRET, &request).expect("signed with the app's secret");
        assert_eq!(said["algorithm"], "HMAC-SHA256", "{path}");
        assert_eq!(said["user_id"], user, "{path}");
        assert_eq!(said["issued_at"], now() / 1_000, "{path}");
        let expires = said["expires"].as_i64().unwrap();
        assert!(expires == 0 || expires > now() / 1_000, "{path}: {expires}");
    };
    assert!(now() >= BEGINNING);
    let kept = json!({"user": "owner", "keep_token": true});
    world.control("deletion", kept.clone()).await;
    about("/meta/deletion", 0, OWNER).await;
    world.pass(std::time::Duration::from_secs(90));
    world.control("deauthorize", kept).await;
    about("/meta/deauthorize", 0, OWNER).await;
    world.control("deletion", json!({"user": "employee"})).await;
    about("/meta/deletion", 1, EMPLOYEE).await;
    world
        .control("deauthorize", json!({"user": "7766554433"}))
        .await;
    about("/meta/deauthorize", 1, "7766554433").await;
    // The app takes its own permissions back, and is told.
    let path = format!("{OWNER}/permissions");
    assert_eq!(world.delete(&path, &tokens.user).await.0, 200);
    about("/meta/deauthorize", 2, OWNER).await;
}

#[tokio::test]
async fn a_changed_secret_signs_the_callbacks_too() {
    let world = World::start().await;
    world
        .fault(json!({"kind": "secret_changed", "value": "the next secret"}))
        .await;
    world.control("deauthorize", json!({"user": "owner"})).await;
    let request = came(&world, "/meta/deauthorize", 0).await;
    assert_eq!(opened(APP_SECRET, &request), None);
    assert!(opened("the next secret", &request).is_some());
}
