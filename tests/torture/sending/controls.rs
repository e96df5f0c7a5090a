//! The judge of what was sent, given what it must find.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use domain::{Channel, Delivery};
use engine::read::Progress;
use tests::shop::Shop;
use tests::world::World;

use super::{Struck, complaints, sent, shown};

#[test]
fn control_an_answer_sent_twice_or_gone_is_found() {
    let once = |state: Delivery| vec![Some(Progress::At(state))];
    let text = |name: &str| name.to_owned();
    let sent = BTreeMap::from([(text("twice"), 2), (text("gone"), 1)]);
    let shown = BTreeMap::from([
        (text("twice"), once(Delivery::Sent)),
        (text("never"), once(Delivery::Sent)),
        (text("fine"), once(Delivery::Unconfirmed)),
    ]);
    let asked = [text("twice"), text("gone"), text("never"), text("fine")];
    assert_eq!(complaints(&sent, &shown, &asked).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn control_an_answer_meta_has_twice_and_one_that_never_left_are_found() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    world.phones.say("whatsapp", "clara", "Hello").await?;
    let to = shop.hears("Hello").await?.0.id;
    shop.answer(to, "Once").await?;
    shop.told("Once", Delivery::Delivered).await?;
    // Its confirmation is lost, and somebody sends it again although Meta has it: here the owner,
    // as a program would that repeats what is in doubt.
    let mut struck = Struck::default();
    let place = "POST /messages whatsapp send";
    struck.ask(&world, ("drop_after_accept", place, 0)).await?;
    struck.ask(&world, ("echo_never", "whatsapp", 0)).await?;
    let delivery = ("webhook_never", "whatsapp delivery", 0);
    struck.ask(&world, delivery).await?;
    shop.answer(to, "Twice").await?;
    let message = shop.told("Twice", Delivery::Unconfirmed).await?;
    shop.engine.send_again(message.id).await?;
    let state = world.phones.until("the second send", |state| {
        (sent(state).get("Twice") == Some(&2)).then(|| state.clone())
    });
    let state = state.await?;
    let shown = shown(&shop, &[to]).await?;
    let asked = ["Once", "Twice", "Never left"].map(str::to_owned);
    let wrong = complaints(&sent(&state), &shown, &asked);
    ensure!(
        wrong.iter().any(|of| of == "Twice: sent 2 times")
            && wrong.iter().any(|of| of == "Never left: shown 0 times")
            && !wrong.iter().any(|of| of.starts_with("Once")),
        "{wrong:?}"
    );
    Ok(())
}
