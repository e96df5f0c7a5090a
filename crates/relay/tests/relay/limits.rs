//! Who asks too often, too much, twice, or without a signature.

use wire::Nonce;
use wire::api::{EnrolMode, EnrolRequest, Refusal, RefusalCode};
use wire::auth::{RequestHeaders, RequestParts};
use wire::seal::SealSecret;
use wire::{KeyId, SealKey};

use crate::device::{Device, fresh};
use crate::world::{MINUTE, World};

async fn refusal(answer: reqwest::Response) -> (u16, Refusal) {
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// A signed request, sent as often as is wanted.
async fn send(world: &World, device: &Device, at: i64, nonce: Nonce) -> reqwest::Response {
    let body = b"{}";
    let parts = RequestParts {
        method: "POST",
        path: "/v1/claim",
        query: "",
        body,
    };
    let headers = RequestHeaders::sign(&device.identity, device.relay.relay, (at, nonce), parts);
    let mut request = world.http.post(world.url("/v1/claim")).body(body.to_vec());
    for (name, value) in headers.to_pairs() {
        request = request.header(name, value);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_signed_request_is_good_once_and_for_two_minutes() {
    let world = World::start().await;
    let device = world.device(1).await;
    let nonce = Nonce::from_bytes(fresh());
    let (status, said) = refusal(send(&world, &device, world.now(), nonce).await).await;
    assert_eq!(
        (status, said.code),
        (400, RefusalCode::Malformed),
        "let in, and makes no sense"
    );
    let (status, said) = refusal(send(&world, &device, world.now(), nonce).await).await;
    assert_eq!(
        (status, said.code),
        (401, RefusalCode::NotSigned),
        "the same again"
    );
    let late = world.now() - 3 * MINUTE;
    let (status, said) =
        refusal(send(&world, &device, late, Nonce::from_bytes(fresh())).await).await;
    assert_eq!((status, said.code), (401, RefusalCode::Clock));
    assert_eq!(said.now, world.now(), "the relay tells its time");
}

#[tokio::test]
async fn who_does_not_sign_is_not_let_in() {
    let world = World::start().await;
    let paths = [
        "/v1/logins",
        "/v1/claim",
        "/v1/connections",
        "/v1/connections/prove",
        "/v1/tokens",
        "/v1/deletions/refused",
    ];
    for path in paths {
        let answer = world
            .http
            .post(world.url(path))
            .body("{}")
            .send()
            .await
            .unwrap();
        let (status, said) = refusal(answer).await;
        assert_eq!((status, said.code), (401, RefusalCode::NotSigned), "{path}");
    }
    let stranger = Device::unknown(&world, 50).await;
    let answer = send(&world, &stranger, world.now(), Nonce::from_bytes(fresh())).await;
    assert_eq!(refusal(answer).await.1.code, RefusalCode::UnknownDevice);
}

#[tokio::test]
async fn nobody_uses_up_the_share_of_metas_callbacks_or_of_a_device() {
    let world = World::with(|config| {
        config.rates.callbacks = 2;
        config.rates.device = 2;
    })
    .await;
    let device = world.device(1).await;
    let now = world.now() / 1000;
    for path in ["/meta/deletion", "/meta/deauthorize"] {
        for _ in 0..4 {
            let (status, _) = world.callback(path, "forged.request").await;
            assert!([400, 401].contains(&status), "{status}");
        }
    }
    let genuine = crate::world::signed_request("7001", now);
    for expected in [200, 200, 429] {
        assert_eq!(world.callback("/meta/deletion", &genuine).await.0, expected);
    }
    // In the name of the device, and not signed by it.
    let mut forger = Device::unknown(&world, 2).await;
    forger.relay = device.relay.clone();
    for _ in 0..4 {
        let at = world.now();
        let answer = send_as(&world, (&forger, device.id()), at).await;
        assert_eq!(refusal(answer).await.1.code, RefusalCode::NotSigned);
    }
    for expected in [400, 400, 429] {
        let nonce = Nonce::from_bytes(fresh());
        let answer = send(&world, &device, world.now(), nonce).await;
        assert_eq!(answer.status(), expected);
    }
}

/// A request that names one device and is signed by another.
async fn send_as(
    world: &World,
    (signer, named): (&Device, wire::DeviceId),
    at: i64,
) -> reqwest::Response {
    let parts = RequestParts {
        method: "POST",
        path: "/v1/claim",
        query: "",
        body: b"{}",
    };
    let stamp = (at, Nonce::from_bytes(fresh()));
    let mut headers = RequestHeaders::sign(&signer.identity, signer.relay.relay, stamp, parts);
    headers.device = named;
    let mut request = world.http.post(world.url("/v1/claim")).body("{}");
    for (name, value) in headers.to_pairs() {
        request = request.header(name, value);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn coming_back_from_logins_too_often_has_to_wait() {
    let world = World::with(|config| config.rates.pages = 2).await;
    let back = "/oauth/meta/callback?state=x&code=y";
    for expected in [400, 400, 429] {
        assert_eq!(world.get(back).await.status(), expected);
    }
    // Control: Meta's own callbacks have a share of their own.
    let genuine = crate::world::signed_request("7001", world.now() / 1000);
    assert_eq!(world.callback("/meta/deletion", &genuine).await.0, 200);
}

#[tokio::test]
async fn asking_whether_it_is_ready_writes_at_most_once_a_second() {
    let world = World::start().await;
    let writes = "SELECT coalesce(max(value), 0) FROM counters WHERE name = 'ready_checks'";
    for _ in 0..20 {
        assert_eq!(world.get("/readyz").await.status(), 200);
    }
    assert_eq!(world.count(writes), 1);
    world.pass(1000);
    assert_eq!(world.get("/readyz").await.status(), 200);
    assert_eq!(world.count(writes), 2, "control: it does look");
}

#[tokio::test]
async fn a_request_that_dawdles_is_cut_off_and_a_connection_that_rests_is_not() {
    use tokio::io::AsyncWriteExt as _;
    let world = World::start().await;
    let address = world.running().address();
    let connect = || async { tokio::net::TcpStream::connect(address).await.unwrap() };
    let whole = b"GET /healthz HTTP/1.1\r\nHost: relay\r\n\r\n";
    let mut rests = connect().await;
    rests.write_all(whole).await.unwrap();
    assert!(answer_of(&mut rests).await.starts_with("HTTP/1.1 200"));
    let slow_body = async {
        let mut slow = connect().await;
        let head = b"POST /webhooks/meta HTTP/1.1\r\nHost: relay\r\nContent-Length: 9\r\n\r\nx";
        slow.write_all(head).await.unwrap();
        answer_of(&mut slow).await
    };
    let slow_head = async {
        let mut slow = connect().await;
        slow.write_all(b"GET /healthz HTTP/1.1\r\nHo")
            .await
            .unwrap();
        answer_of(&mut slow).await
    };
    let slow_second_head = async {
        let mut slow = connect().await;
        slow.write_all(whole).await.unwrap();
        answer_of(&mut slow).await;
        slow.write_all(b"GET /healthz HTTP/1.1\r\nHo")
            .await
            .unwrap();
        answer_of(&mut slow).await
    };
    let (body, head, second) = tokio::join!(slow_body, slow_head, slow_second_head);
    assert!(body.starts_with("HTTP/1.1 408"), "{body}");
    assert!(!head.contains("200"), "{head}");
    assert!(!second.contains("200"), "{second}");
    // Longer than either has passed by now.
    rests.write_all(whole).await.unwrap();
    assert!(answer_of(&mut rests).await.starts_with("HTTP/1.1 200"));
    // But not for ever: its buffer holds what was said last.
    assert_eq!(answer_of(&mut rests).await, "");
}

/// What comes next on a connection, up to its end or the end of an answer; with a limit.
async fn answer_of(stream: &mut tokio::net::TcpStream) -> String {
    use tokio::io::AsyncReadExt as _;
    let limit = std::time::Duration::from_secs(60);
    let mut bytes = vec![0; 4096];
    let read = tokio::time::timeout(limit, stream.read(&mut bytes)).await;
    let count = read.expect("the relay waits for ever").unwrap_or(0);
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

/// Everything that takes a body, but for Meta's webhooks.
const TAKES_A_BODY: [&str; 10] = [
    "/v1/enrol",
    "/v1/logins",
    "/v1/claim",
    "/v1/connections",
    "/v1/connections/prove",
    "/v1/tokens",
    "/v1/deletions",
    "/v1/deletions/refused",
    "/meta/deletion",
    "/meta/deauthorize",
];

#[tokio::test]
async fn a_long_body_is_refused() {
    let world = World::start().await;
    let status = async |path: &str, length: usize| {
        let request = world.http.post(world.url(path)).body("x".repeat(length));
        request.send().await.unwrap().status().as_u16()
    };
    for path in TAKES_A_BODY {
        for length in [64 * 1024 + 1, 70 * 1024] {
            assert_eq!(status(path, length).await, 413, "{path}: {length} bytes");
        }
        // The control: what is no longer than allowed is refused for what it says.
        for length in [63 * 1024, 64 * 1024] {
            let refused = status(path, length).await;
            assert!(
                [400, 401].contains(&refused),
                "{path}: {length} bytes: {refused}"
            );
        }
    }
}

#[tokio::test]
async fn enrolling_too_often_has_to_wait() {
    let world = World::with(|config| config.rates.enrol = 2).await;
    for seed in 1..=2 {
        world.device(seed).await;
    }
    let third = Device::unknown(&world, 3).await;
    assert_eq!(enrol(&world, &third, None).await, Err(RefusalCode::TooMany));
}

#[tokio::test]
async fn reading_codes_too_often_has_to_wait() {
    let world = World::with(|config| config.rates.pages = 3).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(
            world
                .get("/deletion/AAAAAAAAAAAAAAAAAAAAAAAA")
                .await
                .status()
                .as_u16(),
        );
    }
    assert_eq!(statuses, [404, 404, 404, 429]);
}

async fn enrol(
    world: &World,
    device: &Device,
    code: Option<String>,
) -> Result<serde_json::Value, RefusalCode> {
    let asked = EnrolRequest {
        identity: device.identity.public(),
        key_id: KeyId::from_bytes(fresh()),
        seal_key: SealSecret::from_bytes(fresh()).public(),
        code,
    };
    device.post(world, "/v1/enrol", &asked).await
}

#[tokio::test]
async fn where_a_code_is_needed_one_code_lets_one_device_in() {
    let world = World::with(|config| config.enrol = EnrolMode::Code).await;
    let device = Device::unknown(&world, 1).await;
    let refused = Err(RefusalCode::EnrolCode);
    assert_eq!(enrol(&world, &device, None).await, refused);
    assert_eq!(
        enrol(&world, &device, Some("AAAAA-AAAAA".into())).await,
        refused
    );
    let code = crate::command_line::enrol_code(&world);
    let typed = code.to_lowercase().replace('-', " ");
    assert!(
        enrol(&world, &device, Some(typed)).await.is_ok(),
        "as people type it"
    );
    let other = Device::unknown(&world, 2).await;
    assert_eq!(enrol(&world, &other, Some(code)).await, refused, "once");
    assert!(
        enrol(&world, &device, None).await.is_ok(),
        "who is in stays in"
    );
}

#[tokio::test]
async fn a_seal_key_nobody_can_own_is_refused() {
    let world = World::start().await;
    let device = Device::unknown(&world, 1).await;
    let asked = EnrolRequest {
        identity: device.identity.public(),
        key_id: KeyId::from_bytes([1; 8]),
        seal_key: SealKey::from_bytes([0; 32]),
        code: None,
    };
    let refused = device
        .post::<serde_json::Value>(&world, "/v1/enrol", &asked)
        .await;
    assert_eq!(refused, Err(RefusalCode::Malformed));
}

#[tokio::test]
async fn somebody_elses_identity_cannot_be_enrolled() {
    let world = World::start().await;
    let (victim, attacker) = (
        Device::unknown(&world, 1).await,
        Device::unknown(&world, 2).await,
    );
    let asked = EnrolRequest {
        identity: victim.identity.public(),
        key_id: KeyId::from_bytes([1; 8]),
        seal_key: SealSecret::from_bytes([5; 32]).public(),
        code: None,
    };
    let refused = attacker
        .post::<serde_json::Value>(&world, "/v1/enrol", &asked)
        .await;
    assert_eq!(refused, Err(RefusalCode::NotSigned));
}
