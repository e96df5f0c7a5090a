//! Pictures made to break whoever draws them: a customer who sends them is heard all the same.

mod weight;

use anyhow::{Context, Result, ensure};
use domain::Channel;
use engine::read::AttachmentState;
use tests::bombs;
use tests::shop::{Shop, messages};
use tests::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_bombs_is_heard_all_the_same() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    let all = bombs::all();
    for bomb in &all {
        let address = bomb.address();
        let sent = world.phones.send_picture("messenger", "clara", &address);
        sent.await.with_context(|| bomb.name)?;
    }
    let last = "Did you see it?";
    world.phones.say("messenger", "clara", last).await?;
    let (conversation, _) = shop.hears(last).await?;
    let states = shop
        .until("every picture to be judged", async |_| {
            let thread = shop.thread(conversation.id).await?;
            let states: Vec<AttachmentState> = messages(&thread)
                .flat_map(|message| &message.attachments)
                .map(|attachment| attachment.state)
                .collect();
            let judged = states.iter().all(|of| *of != AttachmentState::Loading);
            Ok((states.len() == all.len() && judged).then_some(states))
        })
        .await?;
    let shown = states.iter().filter(|of| **of == AttachmentState::Ready);
    let harmless = all.iter().filter(|bomb| bomb.harmless_part).count();
    ensure!(shown.count() <= harmless, "{states:?}");
    Ok(())
}
