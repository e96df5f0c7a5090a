//! The judges of chaos, given what they must find.

use std::sync::Arc;

use anyhow::{Result, ensure};
use domain::Channel;
use tests::shop::Shop;
use tests::world::World;

use super::{ANSWERS, address_of, answered, hear, last_of, signed, verdict, wrong_statuses};
use crate::judge::{self, Verdict};
use crate::load::{Http, Maker, PEOPLE, words};
use crate::relay_kills::forgetful;

#[tokio::test(flavor = "multi_thread")]
async fn control_an_event_dropped_after_its_200_and_a_batch_stored_twice_are_found() -> Result<()> {
    const COUNT: usize = 30;
    const DROPPED: usize = 7;
    const TWICE: usize = 11;
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    let relay = address_of(&world.relay_url())?;
    let (front, _front) = forgetful().await?;
    let maker = Maker::new();
    for number in 0..COUNT {
        let webhook = maker.webhook_on(0, number);
        let to = if number == DROPPED { front } else { relay };
        let status = Http::connect(to).await.post(&webhook).await?;
        ensure!(status == 200, "the answer is {status}");
        if number == TWICE {
            // Under another id nobody can know it again: it is stored twice, as it would be by a
            // desktop that does not look for ids.
            let other = String::from_utf8(webhook.body)?.replace("m_torture_", "m_again_");
            let status = Http::connect(relay)
                .await
                .post(&signed(other.as_bytes()))
                .await?;
            ensure!(status == 200, "the answer is {status}");
        }
    }
    hear(&shop, &words(COUNT - 1)).await?;
    let (data, secrets) = (shop.data.clone(), Arc::clone(&shop.secrets));
    shop.close().await;
    let verdict = Verdict::of(&judge::read(&data, secrets.as_ref())?, COUNT);
    ensure!(
        verdict.missing == [DROPPED] && verdict.doubled == [TWICE],
        "{verdict:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn control_an_event_out_of_order_and_an_answer_without_its_last_status_are_found()
-> Result<()> {
    const COUNT: usize = 3 * PEOPLE;
    /// It says it was written behind the next one of the same person.
    const MISDATED: usize = 3;
    const UNTOLD: usize = 7;
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    let channels = [Channel::Messenger, Channel::Whatsapp];
    shop.connect(&world, &channels).await?;
    let relay = address_of(&world.relay_url())?;
    let mut http = Http::connect(relay).await;
    let mut statuses = answered(&world, &shop).await?;
    // One to three for each answer, in their order.
    let last = (0..=UNTOLD).map(|answer| 1 + answer % 3).sum::<usize>() - 1;
    statuses.remove(last);
    let statuses = statuses.iter().map(serde_json::to_vec);
    let bodies = statuses.collect::<serde_json::Result<Vec<_>>>()?;
    let mut webhooks: Vec<_> = bodies.iter().map(|body| signed(body)).collect();
    let maker = Maker::new();
    for number in 0..COUNT {
        let as_of = match number {
            MISDATED => MISDATED + PEOPLE + 1,
            _ => number,
        };
        webhooks.push(maker.webhook_dated(0, number, as_of));
    }
    for webhook in &webhooks {
        let status = http.post(webhook).await?;
        ensure!(status == 200, "the answer is {status}");
    }
    for answer in (0..ANSWERS).filter(|answer| *answer != UNTOLD) {
        let text = format!("Reply {answer}");
        shop.told(&text, last_of(answer)).await?;
    }
    hear(&shop, &words(COUNT - 1)).await?;
    let (data, secrets) = (shop.data.clone(), Arc::clone(&shop.secrets));
    shop.close().await;
    let messages = judge::messages(&data, secrets.as_ref())?;
    let wrong = wrong_statuses(&messages);
    ensure!(wrong == [UNTOLD], "{wrong:?}");
    let verdict = verdict(messages, COUNT);
    ensure!(
        verdict.disordered == 1 && verdict.missing.is_empty() && verdict.doubled.is_empty(),
        "{verdict:?}"
    );
    Ok(())
}
