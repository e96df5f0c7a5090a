//! A webhook's way to the devices.

use serde_json::json;
use wire::event::{Control, Event, PartKind};

use crate::command_line::run;
use crate::fake_meta::{INSTAGRAM, NUMBER, PAGE, WABA};
use crate::socket::text_of;
use crate::world::{World, says, says_on_whatsapp, signature};

const ALL: [&str; 3] = ["messenger", "instagram", "whatsapp"];

#[tokio::test]
async fn words_on_three_channels_arrive_each_on_its_own_stream() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let (_, streams) = device.connect(&world, "7001", &ALL).await;
    let mut socket = device.open_socket(&world).await;
    socket.welcome().await;
    assert_eq!(world.webhook(&says("page", PAGE, "é 😀")).await, 200);
    assert_eq!(
        world.webhook(&says("instagram", INSTAGRAM, "hello")).await,
        200
    );
    assert_eq!(
        world.webhook(&says_on_whatsapp(WABA, NUMBER, "hi")).await,
        200
    );
    let mut events = socket.take(3).await;
    events.sort_by_key(|(stream, _)| streams.iter().position(|one| one == stream));
    let texts: Vec<_> = events
        .iter()
        .map(|(stream, event)| match event {
            Event::Webhook(part) => (*stream, text_of(part)),
            Event::Control(other) => panic!("{other:?}"),
        })
        .collect();
    let expected: Vec<_> = streams
        .into_iter()
        .zip(["é 😀", "hello", "hi"].map(str::to_owned))
        .collect();
    assert_eq!(texts, expected);
}

#[tokio::test]
async fn what_came_while_the_device_was_off_comes_by_the_same_road() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    for n in 0..5 {
        assert_eq!(
            world
                .webhook(&says("page", PAGE, &format!("offline {n}")))
                .await,
            200
        );
    }
    let mut socket = device.open_socket(&world).await;
    let texts: Vec<_> = socket
        .take(5)
        .await
        .into_iter()
        .map(|(_, event)| match event {
            Event::Webhook(part) => text_of(&part),
            Event::Control(other) => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        texts,
        [
            "offline 0",
            "offline 1",
            "offline 2",
            "offline 3",
            "offline 4"
        ]
    );
}

#[tokio::test]
async fn a_batch_is_split_and_each_shop_gets_its_own_part() {
    let world = World::start().await;
    world
        .meta
        .change("7002", |person| person.tasks = vec!["MESSAGING"]);
    let mut one = world.device(1).await;
    one.connect(&world, "7001", &["messenger"]).await;
    let mut other = world.device(2).await;
    other.connect(&world, "7002", &["instagram"]).await;
    let body = json!({"object": "page", "entry": [
        says("page", PAGE, "for the page")["entry"][0],
        says("page", "999", "for nobody")["entry"][0],
    ]});
    assert_eq!(world.webhook(&body).await, 200);
    assert_eq!(
        world
            .webhook(&says("instagram", INSTAGRAM, "for instagram"))
            .await,
        200
    );
    let part = one.open_socket(&world).await.part().await;
    assert_eq!(
        (text_of(&part).as_str(), part.entry_id.as_str()),
        ("for the page", PAGE)
    );
    assert_eq!(
        text_of(&other.open_socket(&world).await.part().await),
        "for instagram"
    );
    assert_eq!(
        world.count("SELECT value FROM counters WHERE name = 'parts_unknown_account'"),
        1
    );
}

#[tokio::test]
async fn two_computers_of_one_shop_both_get_everything_sealed_apart() {
    let world = World::start().await;
    let mut first = world.device(1).await;
    let (_, here) = first.connect(&world, "7001", &["messenger"]).await;
    let mut second = world.device(2).await;
    let (hand_off, there) = second.connect(&world, "7002", &["messenger"]).await;
    assert_ne!(here, there);
    let page = crate::device::ready(&hand_off, "messenger");
    assert_eq!(
        page.elsewhere, 1,
        "the second is told that there is a first"
    );
    world.webhook(&says("page", PAGE, "to both")).await;
    assert_eq!(
        text_of(&first.open_socket(&world).await.part().await),
        "to both"
    );
    assert_eq!(
        text_of(&second.open_socket(&world).await.part().await),
        "to both"
    );
    let different = "SELECT count(DISTINCT sealed) FROM envelopes";
    assert_eq!(world.count(different), 2);
}

#[tokio::test]
async fn where_the_entry_is_unknown_the_item_says_whose_it_is() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["instagram"]).await;
    let from_customer = json!({"sender": {"id": "5551"}, "recipient": {"id": INSTAGRAM},
        "message": {"mid": "m1", "text": "by recipient"}});
    let echo = json!({"sender": {"id": INSTAGRAM}, "recipient": {"id": "5551"},
        "message": {"mid": "m2", "text": "by sender", "is_echo": true}});
    let body = json!({"object": "instagram", "entry": [
        {"id": "5551", "time": 7, "messaging": [from_customer, echo]}]});
    assert_eq!(world.webhook(&body).await, 200);
    let events = device.open_socket(&world).await.take(2).await;
    let parts: Vec<_> = events
        .into_iter()
        .map(|(_, event)| match event {
            Event::Webhook(part) => (part.kind, text_of(&part)),
            Event::Control(other) => panic!("{other:?}"),
        })
        .collect();
    let item = PartKind::Messaging;
    assert_eq!(
        parts,
        [(item, "by recipient".into()), (item, "by sender".into())]
    );
}

#[tokio::test]
async fn what_concerns_the_whole_whatsapp_account_reaches_its_number() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["whatsapp"]).await;
    let update = json!({"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": [
        {"field": "account_update", "value": {"event": "DISABLED_UPDATE"}}]}]});
    assert_eq!(world.webhook(&update).await, 200);
    let part = device.open_socket(&world).await.part().await;
    assert_eq!(
        (part.kind, part.entry_id.as_str()),
        (PartKind::Change, WABA)
    );
    let other_number = says_on_whatsapp(WABA, "699", "for another number");
    assert_eq!(world.webhook(&other_number).await, 200);
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 1);
}

#[tokio::test]
async fn a_change_of_permissions_goes_to_the_login() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let (hand_off, _) = device.connect(&world, "7001", &["messenger"]).await;
    let body = json!({"object": "permissions", "entry": [{"id": "7001", "uid": "7001", "time": 9,
        "changes": [{"field": "pages_messaging", "value": {"verb": "revoked"}}]}]});
    assert_eq!(world.webhook(&body).await, 200);
    let said = device.open_socket(&world).await.control().await;
    let Control::LoginEvent { login, time, body } = said else {
        panic!("{said:?}")
    };
    assert_eq!((login, time), (hand_off.login, Some(9)));
    assert!(body.contains("revoked"));
}

#[tokio::test]
async fn a_webhook_that_comes_again_is_taken_once() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    let body = says("page", PAGE, "once");
    for _ in 0..3 {
        assert_eq!(world.webhook(&body).await, 200);
    }
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 1);
    let at_once = (0..8).map(|_| async { world.webhook(&says("page", PAGE, "at once")).await });
    let statuses = futures_util::future::join_all(at_once).await;
    assert!(statuses.iter().all(|status| *status == 200));
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 2);
}

#[tokio::test]
async fn a_webhook_for_nobody_is_taken_when_somebody_has_connected() {
    let world = World::start().await;
    let body = says("page", PAGE, "early");
    assert_eq!(world.webhook(&body).await, 200);
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    assert_eq!(world.webhook(&body).await, 200, "Meta repeats it");
    assert_eq!(
        text_of(&device.open_socket(&world).await.part().await),
        "early"
    );
}

#[tokio::test]
async fn bytes_that_are_no_json_are_taken_counted_and_named() {
    let world = World::start().await;
    for body in [b"\xff\xfe".as_slice(), b"{\"object\":", b"hello"] {
        assert_eq!(world.webhook_bytes(body.to_vec()).await, 200);
    }
    assert_eq!(
        world.count("SELECT value FROM counters WHERE name = 'webhooks_not_json'"),
        3
    );
}

#[tokio::test]
async fn entries_that_say_nothing_of_whose_they_are_are_counted() {
    let world = World::start().await;
    for body in [
        r#"{"object":"page","entry":[7,{"time":1}]}"#,
        r#"{"object":"page","entry":[{"id":"1","messaging":[]}]}"#,
    ] {
        assert_eq!(world.webhook_bytes(body.as_bytes().to_vec()).await, 200);
    }
    let count =
        |name: &str| world.count(&format!("SELECT value FROM counters WHERE name = '{name}'"));
    assert_eq!(
        (count("parts_nameless"), count("parts_unknown_account")),
        (2, 1)
    );
}

#[tokio::test]
async fn forged_webhooks_leave_nothing() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    let body = says("page", PAGE, "forged").to_string().into_bytes();
    let good = signature(crate::fake_meta::SECRET, &body);
    let other = signature("another secret", &body);
    let upper = good.to_uppercase();
    let shapes: [&[(&str, &str)]; 6] = [
        &[],
        &[("x-hub-signature-256", &other)],
        &[("x-hub-signature", &good)],
        &[("x-hub-signature-256", &upper)],
        &[
            ("x-hub-signature-256", &good),
            ("x-hub-signature-256", &good),
        ],
        &[
            ("x-hub-signature-256", &good),
            ("x-hub-signature-256", &other),
        ],
    ];
    for shape in shapes {
        assert_eq!(
            world.post_webhook(body.clone(), shape).await,
            401,
            "{shape:?}"
        );
    }
    // Rightly signed, and then changed on the way: longer, cut, another letter, written again.
    let longer = [body.as_slice(), b" "].concat();
    let cut = body[..body.len() - 1].to_vec();
    let another = String::from_utf8(body.clone()).unwrap();
    let another = another.replace("forged", "Forged").into_bytes();
    let again: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let again = serde_json::to_vec_pretty(&again).unwrap();
    for changed in [longer, cut, another, again] {
        let said = String::from_utf8_lossy(&changed).into_owned();
        let signed = [("x-hub-signature-256", good.as_str())];
        let status = world.post_webhook(changed, &signed).await;
        assert_eq!(status, 401, "{said}");
    }
    let kept = "SELECT (SELECT count(*) FROM envelopes) + (SELECT count(*) FROM seen)";
    assert_eq!(world.count(kept), 0);
    assert_eq!(
        world
            .post_webhook(body, &[("x-hub-signature-256", &good)])
            .await,
        200
    );
    assert_eq!(
        world.count(kept),
        2,
        "the control: one envelope, known again"
    );
}

#[tokio::test]
async fn a_webhook_may_be_large_and_not_larger() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    // The text is in there twice, once as the message's id.
    let filling = "x".repeat(1_950_000);
    assert_eq!(world.webhook(&says("page", PAGE, &filling)).await, 200);
    let part = device.open_socket(&world).await.part().await;
    assert_eq!(text_of(&part).len(), filling.len());
    let too_much = "x".repeat(2_100_000);
    assert_eq!(world.webhook(&says("page", PAGE, &too_much)).await, 413);
}

#[tokio::test]
async fn a_thousand_updates_in_one_webhook_arrive_in_order() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    let entries: Vec<_> = (0..1000)
        .map(|n| says("page", PAGE, &n.to_string())["entry"][0].clone())
        .collect();
    assert_eq!(
        world
            .webhook(&json!({"object": "page", "entry": entries}))
            .await,
        200
    );
    let events = device.open_socket(&world).await.take(1000).await;
    for (n, (_, event)) in events.iter().enumerate() {
        let Event::Webhook(part) = event else {
            panic!("{event:?}")
        };
        assert_eq!(text_of(part), n.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn during_a_rotation_both_secrets_are_good() {
    let world = World::with(|config| {
        config
            .meta
            .secrets
            .push(relay::Secret::new("the-next-secret"));
    })
    .await;
    let body = says("page", PAGE, "x").to_string().into_bytes();
    for secret in [crate::fake_meta::SECRET, "the-next-secret"] {
        let header = signature(secret, &body);
        let headers = [("x-hub-signature-256", header.as_str())];
        assert_eq!(
            world.post_webhook(body.clone(), &headers).await,
            200,
            "{secret}"
        );
    }
    // The operator sees which of the two signs: the first one came once, the second one twice, and
    // what is forged is neither's.
    let header = signature("the-next-secret", b"{}");
    let headers = [("x-hub-signature-256", header.as_str())];
    assert_eq!(world.post_webhook(b"{}".to_vec(), &headers).await, 200);
    let header = signature("an older secret", &body);
    let headers = [("x-hub-signature-256", header.as_str())];
    assert_eq!(world.post_webhook(body, &headers).await, 401);
    let (_, said) = run(&world, &["doctor"]);
    for line in [
        "note  webhooks: 1 signed with app secret 1; the last ",
        "note  webhooks: 2 signed with app secret 2; the last ",
    ] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
}
