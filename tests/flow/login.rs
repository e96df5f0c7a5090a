//! Connecting: what was granted, what was not, and who gets what.

use anyhow::{Context, Result};
use domain::Channel;
use engine::LinkState;
use engine::read::{FoundAccount, FoundState, Login, LoginFailure, Trouble};
use serde_json::json;
use tests::evil::EvilRelay;
use tests::shop::{Shop, granting};
use tests::world::World;

const MESSAGES: &[&str] = &[
    "pages_show_list",
    "pages_manage_metadata",
    "pages_messaging",
    "pages_read_engagement",
    "business_management",
];

/// A shop that knows the relay, logged in as told, with what it found.
async fn found(world: &World, how: serde_json::Value) -> Result<(Shop, Vec<FoundAccount>)> {
    let shop = Shop::open(world, "shop").await?;
    shop.meet(world).await?;
    shop.browser.answers(how);
    shop.log_in().await?;
    let Login::Choose { accounts, .. } = shop.engine.login() else {
        unreachable!("just seen")
    };
    Ok((shop, accounts))
}

fn of(accounts: &[FoundAccount], channel: Channel, name: &str) -> Result<FoundState> {
    let found = accounts
        .iter()
        .find(|of| of.channel == channel && of.name.contains(name));
    Ok(found
        .with_context(|| format!("{channel:?} {name} in {accounts:?}"))?
        .state
        .clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_account_of_the_shop_is_found_and_says_whether_it_can_be_connected() -> Result<()> {
    let world = World::start().await?;
    let (_shop, accounts) = found(&world, json!({})).await?;
    assert_eq!(
        of(&accounts, Channel::Messenger, "Fern & Ribbon")?,
        FoundState::Ready
    );
    assert_eq!(of(&accounts, Channel::Instagram, "ern")?, FoundState::Ready);
    assert_eq!(of(&accounts, Channel::Whatsapp, "")?, FoundState::Ready);
    assert_eq!(
        of(&accounts, Channel::Messenger, "Weddings")?,
        FoundState::Ready
    );
    let without = accounts
        .iter()
        .filter(|of| of.state == FoundState::NoProfessionalAccount);
    assert_eq!(
        without.count(),
        1,
        "the second Page has no Instagram account: {accounts:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_permission_is_named_where_it_is_missing() -> Result<()> {
    let world = World::start().await?;
    let (shop, accounts) = found(&world, granting(MESSAGES)).await?;
    assert_eq!(
        of(&accounts, Channel::Messenger, "Fern & Ribbon")?,
        FoundState::Ready
    );
    for account in accounts
        .iter()
        .filter(|of| of.channel == Channel::Instagram)
    {
        assert_ne!(account.state, FoundState::Ready, "{account:?}");
    }
    let Login::Choose { declined, .. } = shop.engine.login() else {
        unreachable!("just seen")
    };
    assert!(
        declined
            .iter()
            .any(|one| one == "instagram_manage_messages"),
        "{declined:?}"
    );
    assert!(
        declined
            .iter()
            .any(|one| one == "whatsapp_business_messaging"),
        "{declined:?}"
    );
    shop.choose(&[Channel::Messenger]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_employee_without_the_messaging_task_is_told_so() -> Result<()> {
    let world = World::start().await?;
    let (_shop, accounts) = found(&world, json!({"user": "employee"})).await?;
    let state = of(&accounts, Channel::Messenger, "Fern & Ribbon")?;
    assert_eq!(state, FoundState::NoMessagingTask);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_login_leaves_nothing_and_can_be_begun_again() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.meet(&world).await?;
    shop.browser.answers(json!({"cancel": true}));
    shop.engine.start_login(None).await?;
    shop.until("the cancellation", async |engine| {
        Ok(matches!(engine.login(), Login::Failed(LoginFailure::Cancelled)).then_some(()))
    })
    .await?;
    assert!(shop.engine.connections().await?.is_empty());
    shop.browser.answers(json!({}));
    shop.log_in().await?;
    shop.choose(&[Channel::Whatsapp]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_login_link_gives_the_planter_neither_token_nor_envelope() -> Result<()> {
    let mut world = World::start().await?;
    world.phones.fault("task_given", "employee").await?;
    // The planter begins a login on his own computer and keeps his browser from opening it. All
    // that the relay sends him passes a proxy that counts envelopes, as does what it sends her.
    let relay = world.relay_url();
    let his = EvilRelay::before(relay.clone()).await?;
    let hers = EvilRelay::before(relay).await?;
    world.talk_through(his.url());
    let planter = Shop::open(&world, "planter").await?;
    planter.meet(&world).await?;
    planter.listens().await?;
    let planted = planter.browser.keep();
    planter.engine.start_login(None).await?;
    let link = planted.await.context("the address of the login")?;
    let before = his.seen();
    // The shop's owner opens the link and grants everything; her browser ends on her own machine,
    // where nobody waits on that port.
    let owner = tests::browser::Browser::new(world.phones.clone());
    let callback = owner.answered(&link).await?;
    let answer = tests::phones::http().get(callback).send().await?;
    let onward = answer
        .headers()
        .get("location")
        .and_then(|to| to.to_str().ok());
    assert!(
        onward.is_some_and(|to| to.starts_with("http://127.0.0.1:")),
        "{onward:?}"
    );
    // Nothing came back to the planter: no accounts, and no envelope of what is written now.
    world.talk_through(hers.url());
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    for words in ["Only for the shop", "And once more"] {
        let already = hers.seen();
        world.phones.say("messenger", "clara", words).await?;
        shop.hears(words).await?;
        assert!(hers.seen() > already, "the control: hers passes by");
    }
    assert!(!matches!(planter.engine.login(), Login::Choose { .. }));
    assert!(planter.engine.connections().await?.is_empty());
    let tokens = planter.secrets.names();
    assert!(!tokens.iter().any(|name| name.ends_with("/token")));
    assert_eq!(planter.engine.link(), LinkState::Online, "all the same");
    assert_eq!(his.seen(), before, "an envelope went to the planter");
    // The control: what he may read passes by there.
    planter.browser.answers(json!({"user": "employee"}));
    planter.log_in().await?;
    planter.choose(&[Channel::Messenger]).await?;
    let words = "For both of them";
    world.phones.say("messenger", "clara", words).await?;
    planter.hears(words).await?;
    assert!(his.seen() > before, "his do not pass by there");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_keeps_connection_history_and_stream() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    world.phones.say("messenger", "clara", "Before").await?;
    let (conversation, _) = shop.hears("Before").await?;
    let before = shop.connection(Channel::Messenger).await?;
    shop.log_in().await?;
    let Login::Choose { accounts, .. } = shop.engine.login() else {
        unreachable!("just seen")
    };
    assert_eq!(
        of(&accounts, Channel::Messenger, "Fern & Ribbon")?,
        FoundState::Connected
    );
    shop.choose(&[Channel::Messenger]).await?;
    world.phones.say("messenger", "clara", "After").await?;
    shop.hears("After").await?;
    assert_eq!(shop.words(conversation.id).await?, ["Before", "After"]);
    assert_eq!(shop.connection(Channel::Messenger).await?.id, before.id);
    assert_eq!(shop.engine.connections().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_was_taken_away_is_noticed_when_the_route_is_proved_again() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    world.phones.say("messenger", "clara", "Before").await?;
    let (conversation, _) = shop.hears("Before").await?;
    world.phones.fault("task_lost", "owner").await?;
    world.pass_days(40).await?;
    let shop = shop.restart(&world).await?;
    shop.until("the trouble", async |engine| {
        let trouble = engine.connections().await?.remove(0).trouble;
        let known = matches!(
            trouble,
            Some(Trouble::RouteStopped | Trouble::PermissionMissing)
        );
        Ok(known.then_some(()))
    })
    .await?;
    assert_eq!(
        shop.words(conversation.id).await?,
        ["Before"],
        "nothing is erased"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn control_a_role_that_is_still_there_proves_the_route_for_longer() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger, Channel::Whatsapp])
        .await?;
    // A month at a time, as a computer that is switched on now and then: half of the token's life.
    for month in 1..=3 {
        let before = shop.connection(Channel::Whatsapp).await?.sign_in_ends_at;
        world.pass_days(30).await?;
        shop.engine.wake();
        shop.until(
            &format!("the sign-in to last longer ({month})"),
            async |engine| {
                let all = engine.connections().await?;
                let number = all.into_iter().find(|one| one.channel == Channel::Whatsapp);
                Ok(number.filter(|one| one.sign_in_ends_at > before).map(drop))
            },
        )
        .await?;
    }
    let shop = shop.restart(&world).await?;
    world
        .phones
        .say("messenger", "clara", "After ninety days")
        .await?;
    shop.hears("After ninety days").await?;
    assert_eq!(shop.connection(Channel::Messenger).await?.trouble, None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_page_on_two_computers_is_told_of_on_both() -> Result<()> {
    let world = World::start().await?;
    let counter = Shop::open(&world, "counter").await?;
    counter.connect(&world, &[Channel::Messenger]).await?;
    let office = Shop::open(&world, "office").await?;
    office.connect(&world, &[Channel::Messenger]).await?;
    assert_eq!(office.connection(Channel::Messenger).await?.elsewhere, 1);
    world
        .phones
        .say("messenger", "clara", "To whoever is there")
        .await?;
    let (conversation, _) = counter.hears("To whoever is there").await?;
    office.hears("To whoever is there").await?;
    // The first one learns of the second with what comes next.
    counter
        .until("the other computer to be told of", async |engine| {
            let page = engine.connections().await?.remove(0);
            Ok((page.elsewhere == 1).then_some(()))
        })
        .await?;
    counter.answer(conversation.id, "From the counter").await?;
    let (_, echo) = office.hears("From the counter").await?;
    assert_eq!(echo.author, domain::inbound::Author::Shop);
    Ok(())
}
