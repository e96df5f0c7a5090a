//! Logging in, and who wins nothing by it.

use wire::Verifier;
use wire::api::{FoundState, HandOff, LoginFailure, RefusalCode};

use crate::device::{Device, browse, ready};
use crate::fake_meta::{FakeMeta, INSTAGRAM, NUMBER, PAGE, SECRET, WABA};
use crate::world::{MINUTE, World, mac, says};

fn state_of(hand_off: &HandOff, channel: &str, page: Option<&str>) -> FoundState {
    let found = hand_off
        .accounts
        .iter()
        .find(|one| one.channel == channel && (page.is_none() || one.page_id.as_deref() == page));
    found.unwrap().state.clone()
}

async fn hand_off(world: &World, device: &Device, person: &'static str) -> HandOff {
    let returned = device.log_in(world, person).await;
    device.claim(world, &returned).await.unwrap()
}

#[tokio::test]
async fn a_login_brings_accounts_tokens_and_their_proofs_sealed() {
    let world = World::start().await;
    let device = world.device(1).await;
    let hand_off = hand_off(&world, &device, "7001").await;
    assert_eq!(hand_off.user.app_scoped_id, "7001");
    assert_eq!(hand_off.user.name, "Olive Owner");
    assert_eq!(hand_off.user.token, "EAAlong-7001", "the one that lasts");
    assert_eq!(hand_off.made_at, world.now());
    assert!(hand_off.declined.is_empty());
    let lives = 5_184_000_000;
    assert_eq!(hand_off.user.expires_at, Some(world.now() + lives));
    let page = ready(&hand_off, "messenger");
    assert_eq!(
        (page.platform_id.as_str(), page.name.as_str()),
        (PAGE, "Fern & Ribbon")
    );
    assert_eq!(page.proof, hex::encode(mac(SECRET, page.token.as_bytes())));
    let instagram = ready(&hand_off, "instagram");
    assert_eq!(instagram.platform_id, INSTAGRAM);
    assert_eq!(instagram.handle.as_deref(), Some("fern.ribbon"));
    assert_eq!(
        instagram.token, page.token,
        "Instagram goes by the Page's token"
    );
    let number = ready(&hand_off, "whatsapp");
    assert_eq!(
        (number.platform_id.as_str(), number.waba_id.as_deref()),
        (NUMBER, Some(WABA))
    );
    assert_eq!(number.token, hand_off.user.token);
    let bare = state_of(&hand_off, "instagram", Some("102"));
    assert_eq!(
        bare,
        FoundState::NoProfessionalAccount,
        "the second page of the list is read"
    );
}

#[tokio::test]
async fn what_cannot_be_connected_says_why_and_is_not() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    world
        .meta
        .change("7002", |person| person.tasks = vec!["ANALYZE"]);
    let employee = hand_off(&world, &device, "7002").await;
    assert_eq!(
        state_of(&employee, "messenger", Some(PAGE)),
        FoundState::NoMessagingTask
    );
    assert_eq!(
        state_of(&employee, "instagram", Some(PAGE)),
        FoundState::NoMessagingTask
    );
    world.meta.change("7001", |person| {
        person.scopes.remove("pages_messaging");
        person
            .scopes
            .insert("instagram_manage_messages", Some(vec!["17849999"]));
        person.scopes.remove("whatsapp_business_messaging");
    });
    let returned = device.log_in(&world, "7001").await;
    let declined = device.claim(&world, &returned).await.unwrap();
    let permission = |permission: &str| FoundState::PermissionDeclined {
        permission: permission.to_owned(),
    };
    assert_eq!(
        state_of(&declined, "messenger", Some(PAGE)),
        permission("pages_messaging")
    );
    assert_eq!(
        state_of(&declined, "instagram", Some(PAGE)),
        permission("instagram_manage_messages")
    );
    assert_eq!(
        state_of(&declined, "whatsapp", None),
        permission("whatsapp_business_messaging")
    );
    assert_eq!(
        declined.declined,
        ["pages_messaging", "whatsapp_business_messaging"]
    );
    let page = declined
        .accounts
        .iter()
        .find(|one| one.channel == "messenger")
        .unwrap();
    let refused = device.confirm(&world, &returned, &[page]).await;
    assert_eq!(
        refused,
        Err(RefusalCode::Gone),
        "the relay does not take the device's word"
    );
    assert_eq!(world.count("SELECT count(*) FROM routes"), 0);
}

#[tokio::test]
async fn a_permission_without_a_list_is_for_all() {
    let world = World::start().await;
    let device = world.device(1).await;
    world.meta.change("7001", |person| {
        person.scopes.values_mut().for_each(|ids| *ids = None);
    });
    let all = hand_off(&world, &device, "7001").await;
    for channel in ["messenger", "instagram", "whatsapp"] {
        ready(&all, channel);
    }
}

#[tokio::test]
async fn a_planted_login_link_wins_neither_a_token_nor_an_envelope() {
    let world = World::start().await;
    let mut planter = world.device(66).await;
    let mut planted = planter.start_login(&world).await;
    // The victim opens the link and agrees. The code goes to the victim's own machine.
    let back = world.meta.agree(&planted.answer.authorize_url, "7001");
    let on_the_victims_machine = browse(&world, back).await.unwrap();
    // The planter has verifier and keys, and not the code.
    for guess in ["", "AAAA", &planted.answer.login.to_string()] {
        planted.handoff = guess.to_owned();
        let claimed = planter.claim(&world, &planted).await;
        assert!(claimed.is_err(), "{claimed:?}");
        let refused = planter.confirm(&world, &planted, &[]).await;
        assert!(refused.is_err());
    }
    // The victim's own program has the code, and not the planter's keys.
    let victim = world.device(1).await;
    planted.handoff = on_the_victims_machine;
    assert_eq!(victim.claim(&world, &planted).await, Err(RefusalCode::Gone));
    world
        .webhook(&says("page", PAGE, "for the shop alone"))
        .await;
    assert_eq!(world.count("SELECT count(*) FROM routes"), 0);
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 0);
    assert_eq!(world.count("SELECT count(*) FROM logins"), 0);
}

#[tokio::test]
async fn five_wrong_codes_end_a_login() {
    let world = World::start().await;
    let device = world.device(1).await;
    let mut returned = device.log_in(&world, "7001").await;
    let right = std::mem::replace(&mut returned.handoff, "wrong".into());
    for _ in 0..5 {
        assert_eq!(
            device.claim(&world, &returned).await,
            Err(RefusalCode::WrongCode)
        );
    }
    returned.handoff = right;
    assert_eq!(
        device.claim(&world, &returned).await,
        Err(RefusalCode::Gone)
    );
}

#[tokio::test]
async fn the_verifier_is_needed_too() {
    let world = World::start().await;
    let device = world.device(1).await;
    let mut returned = device.log_in(&world, "7001").await;
    returned.verifier = Verifier::from_bytes([0; 32]);
    assert_eq!(
        device.claim(&world, &returned).await,
        Err(RefusalCode::WrongCode)
    );
}

#[tokio::test]
async fn a_login_takes_ten_minutes_at_most() {
    let world = World::start().await;
    let device = world.device(1).await;
    let late = device.start_login(&world).await;
    let returned = device.log_in(&world, "7001").await;
    world.pass(10 * MINUTE);
    assert_eq!(
        device.claim(&world, &returned).await,
        Err(RefusalCode::Gone)
    );
    let back = world.meta.agree(&late.answer.authorize_url, "7001");
    assert_eq!(browse(&world, back).await, Err("400 Bad Request".into()));
}

#[tokio::test]
async fn what_a_login_brought_is_forgotten() {
    let mut world = World::start().await;
    let mut device = world.device(1).await;
    let confirmed = device.log_in(&world, "7001").await;
    let hand_off = device.claim(&world, &confirmed).await.unwrap();
    let page = ready(&hand_off, "messenger").clone();
    device.confirm(&world, &confirmed, &[&page]).await.unwrap();
    assert_eq!(
        device.claim(&world, &confirmed).await,
        Err(RefusalCode::Gone),
        "burnt"
    );
    assert_eq!(
        device.confirm(&world, &confirmed, &[&page]).await,
        Err(RefusalCode::Gone)
    );
    device.log_in(&world, "7001").await;
    assert_eq!(world.count("SELECT count(*) FROM pending_logins"), 1);
    world.pass_with_restart(10 * MINUTE).await;
    assert_eq!(
        world.count("SELECT count(*) FROM pending_logins"),
        0,
        "never claimed"
    );
}

#[tokio::test]
async fn a_state_is_good_once() {
    let world = World::start().await;
    let device = world.device(1).await;
    let started = device.start_login(&world).await;
    let first = world.meta.agree(&started.answer.authorize_url, "7001");
    let second = world.meta.agree(&started.answer.authorize_url, "7001");
    browse(&world, first).await.unwrap();
    assert_eq!(browse(&world, second).await, Err("400 Bad Request".into()));
}

#[tokio::test]
async fn a_state_nobody_started_leads_nowhere() {
    let world = World::start().await;
    for query in ["", "?state=x&code=y", "?code=y"] {
        let answer = world.get(&format!("/oauth/meta/callback{query}")).await;
        assert_eq!(answer.status(), 400, "{query}");
        assert!(answer.headers().get("location").is_none());
    }
}

#[tokio::test]
async fn each_way_to_fail_is_told_to_the_device() {
    let world = World::start().await;
    let device = world.device(1).await;
    let failure = |name: String| LoginFailure::from_name(&name);
    let started = device.start_login(&world).await;
    let back = FakeMeta::cancel(&started.answer.authorize_url);
    let cancelled = browse(&world, back).await.map_err(failure);
    assert_eq!(cancelled, Err(LoginFailure::Cancelled));
    let started = device.start_login(&world).await;
    let mut back = world.meta.agree(&started.answer.authorize_url, "7001");
    let state = back
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    back.set_query(None);
    back.query_pairs_mut()
        .append_pair("code", "made up")
        .append_pair("state", &state);
    let made_up = browse(&world, back).await.map_err(failure);
    assert_eq!(made_up, Err(LoginFailure::Failed));
    let started = device.start_login(&world).await;
    let back = world.meta.agree(&started.answer.authorize_url, "7001");
    world.meta.known.lock().unwrap().down = true;
    let down = browse(&world, back).await.map_err(failure);
    assert_eq!(down, Err(LoginFailure::Unreachable));
}

#[tokio::test]
async fn a_rotated_secret_is_found_without_being_told() {
    let world = World::with(|config| {
        config
            .meta
            .secrets
            .push(relay::Secret::new("the-next-secret"));
    })
    .await;
    "the-next-secret".clone_into(&mut world.meta.known.lock().unwrap().secret);
    let device = world.device(1).await;
    let hand_off = hand_off(&world, &device, "7001").await;
    let proof = hex::encode(mac("the-next-secret", hand_off.user.token.as_bytes()));
    assert_eq!(
        hand_off.user.proof, proof,
        "proofs are made with the secret Meta takes"
    );
}

#[tokio::test]
async fn logging_in_again_keeps_the_stream() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let (_, first) = device.connect(&world, "7001", &["messenger"]).await;
    world.webhook(&says("page", PAGE, "before")).await;
    let (_, second) = device.connect(&world, "7001", &["messenger"]).await;
    assert_eq!(first, second, "reconnecting in place");
    world.webhook(&says("page", PAGE, "after")).await;
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 2);
}

#[tokio::test]
async fn a_login_in_the_hand_of_another_device_is_nothing() {
    let world = World::start().await;
    let device = world.device(1).await;
    let other = world.device(2).await;
    let returned = device.log_in(&world, "7001").await;
    assert_eq!(other.claim(&world, &returned).await, Err(RefusalCode::Gone));
    assert!(device.claim(&world, &returned).await.is_ok());
}

#[tokio::test]
async fn a_sign_in_that_is_over_is_told_in_the_browser_s_language() {
    let world = World::start().await;
    for (accept, page, sentence) in [
        ("en", "lang=\"en\" dir=\"ltr\"", "This sign-in is over"),
        (
            "ar-EG,ar;q=0.9,en;q=0.5",
            "lang=\"ar\" dir=\"rtl\"",
            "انتهى تسجيل الدخول هذا",
        ),
        ("zz", "lang=\"en\" dir=\"ltr\"", "Go back to Shopbell"),
    ] {
        let request = world
            .http
            .get(world.url("/oauth/meta/callback?state=x&code=y"));
        let answer = request.header("accept-language", accept).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let html = answer.text().await.unwrap();
        assert!(html.contains(page) && html.contains(sentence), "{html}");
        assert!(!html.contains("state=x"), "{html}");
    }
}
