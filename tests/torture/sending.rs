//! Answers whose fate is unclear: the connection breaks after Meta took them, Meta takes them and
//! answers 500, or nothing, or never tells of them again; the program is killed at each step. None
//! is sent twice by the program, none vanishes.

mod controls;
mod killed;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::{Channel, ConversationId, Delivery};
use engine::read::Progress;
use serde_json::{Value, json};
use tests::shop::{Shop, messages};
use tests::world::World;

use crate::counts::{Dice, Rounds, report};

/// Under this name the counts are kept.
const COUNTED: &str = "answers-in-doubt";
/// Answers in the short run, in batches, and how often something went wrong with one.
const BATCHES: u32 = 25;
const STRIKES: u64 = 500;
const BATCH: usize = 20;
/// After so many batches everybody writes again: time passes quickly here, and a day after their last
/// words nobody may be answered.
const WRITE_AGAIN: u32 = 5;
/// As many lines of a thread as the engine gives at once.
const PAGE: u32 = 200;
const CHANNELS: [&str; 3] = ["instagram", "messenger", "whatsapp"];
const PEOPLE: [&str; 4] = ["clara", "jonas", "omar", "sofia"];
/// They write once: whoever writes has read, and what was read is no longer in doubt.
const QUIET: [&str; 2] = ["lucia", "almendra"];

/// What goes wrong with an answer. The empty one is: nothing.
const FAULTS: [(&str, u64); 7] = [
    ("", 0),
    ("drop_after_accept", 0),
    ("http_500_after_accept", 0),
    ("garbage_after_accept", 0),
    ("silence", 1),
    ("echo_never", 0),
    ("echo_late", 1),
];

/// Longer than anything waits: here it is the desktop that gives up.
const FOR_EVER: u64 = 3_600;

/// How often each fault struck.
#[derive(Debug, Default)]
struct Struck(BTreeMap<String, u64>);

impl Struck {
    async fn ask(&mut self, world: &World, (kind, place, value): (&str, &str, u64)) -> Result<()> {
        let fault = json!({"kind": kind, "count": 1, "where": place, "value": value});
        world.phones.fault_with(fault).await?;
        *self.0.entry(kind.to_owned()).or_default() += 1;
        Ok(())
    }

    /// How often anything struck.
    fn times(&self) -> u64 {
        self.0.values().sum()
    }

    fn must_be_all(&self) -> Result<()> {
        for (kind, _) in FAULTS.iter().filter(|(kind, _)| !kind.is_empty()) {
            let times = self.0.get(*kind).copied().unwrap_or_default();
            ensure!(times > 0, "{kind} never struck: {self:?}");
        }
        ensure!(self.times() >= STRIKES, "too little struck: {self:?}");
        Ok(())
    }

    /// All is well again; what is left of the faults did not strike.
    async fn heal(&mut self, world: &World) -> Result<()> {
        let state = world.phones.state().await?;
        for left in state["problems"]["faults"].as_array().into_iter().flatten() {
            let kind = left["kind"].as_str().context("a fault has a kind")?;
            let asked = self.0.get_mut(kind).context("nobody asked for it")?;
            *asked -= left["left"].as_u64().context("it is counted")?;
        }
        world.phones.heal().await
    }
}

/// How often Meta has each text.
fn sent(state: &Value) -> BTreeMap<String, usize> {
    let mut sent = BTreeMap::new();
    for one in state["sent"].as_array().into_iter().flatten() {
        if let Some(text) = one["text"].as_str() {
            *sent.entry(text.to_owned()).or_default() += 1;
        }
    }
    sent
}

/// What is wrong between what Meta has and what the shop shows.
fn complaints(
    sent: &BTreeMap<String, usize>,
    shown: &BTreeMap<String, Vec<Option<Progress>>>,
    asked: &[String],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for text in asked {
        let times = sent.get(text).copied().unwrap_or(0);
        let rows = shown.get(text).map_or(&[][..], Vec::as_slice);
        if times > 1 {
            wrong.push(format!("{text}: sent {times} times"));
        }
        if rows.len() != 1 {
            wrong.push(format!("{text}: shown {} times", rows.len()));
        }
        for row in rows {
            let failed = matches!(row, Some(Progress::At(Delivery::Failed)));
            let came = matches!(
                row,
                Some(Progress::At(
                    Delivery::Sent | Delivery::Delivered | Delivery::Read
                ))
            );
            if (failed && times > 0) || (came && times == 0) {
                wrong.push(format!("{text}: {row:?}, and Meta has it {times} times"));
            }
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_sent_twice_and_none_vanishes_whatever_becomes_of_its_confirmation()
-> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(
        &world,
        &[Channel::Instagram, Channel::Messenger, Channel::Whatsapp],
    )
    .await?;
    let conversations = all_write(&world, &shop, &PEOPLE, 0).await?;
    let quiet = all_write(&world, &shop, &QUIET, 0).await?;
    let mut dice = Dice::new(4);
    let mut struck = Struck::default();
    let mut asked = doubt(&world, &shop, &quiet, &mut struck).await?;
    let mut rounds = Rounds::at_least(BATCHES, COUNTED);
    let mut done = 0;
    while let Some(round) = rounds.next_until(struck.times() >= STRIKES || done >= 3 * BATCHES) {
        done = round;
        if round % WRITE_AGAIN == 0 {
            all_write(&world, &shop, &PEOPLE, round).await?;
        }
        for _ in 0..BATCH {
            let (kind, value) = FAULTS[dice.below(FAULTS.len())];
            if !kind.is_empty() {
                let place = if kind.starts_with("echo") {
                    ""
                } else {
                    "POST /messages send"
                };
                struck.ask(&world, (kind, place, value)).await?;
            }
            let text = format!("Answer {:05}", asked.len());
            let to = conversations[dice.below(conversations.len())];
            shop.answer(to, &text).await?;
            asked.push(text);
        }
        settled(&world, &shop).await?;
        struck.heal(&world).await?;
    }
    // In this order: what Meta took at the very end may be shown a moment later, never before.
    let shown = shown(&shop, &[conversations, quiet].concat()).await?;
    let state = world.phones.state().await?;
    let wrong = complaints(&sent(&state), &shown, &asked);
    ensure!(
        wrong.is_empty(),
        "{} wrong: {:?}",
        wrong.len(),
        wrong.iter().take(9).collect::<Vec<_>>()
    );
    let is_doubtful = |row: &&_| **row == Some(Progress::At(Delivery::Unconfirmed));
    let doubtful = shown.values().flatten().filter(is_doubtful).count();
    ensure!(doubtful >= 2, "nothing is in doubt: {doubtful}");
    struck.must_be_all()?;
    report(
        COUNTED,
        &format!(
            "{} answers with lost, broken, silent and late confirmations: none sent twice, none \
             vanished, {doubtful} left for the owner to decide; struck {} times: {:?}",
            asked.len(),
            struck.times(),
            struck.0
        ),
    )
}

/// Waits until no answer is on its way any more. Time passes meanwhile, for those that are tried again.
async fn settled(world: &World, shop: &Shop) -> Result<()> {
    tests::wait::until("every answer to be on its way or in doubt", async || {
        if shop.engine.waiting().await == 0 {
            return Ok(Some(()));
        }
        world.clock.pass(Duration::from_secs(20));
        shop.engine.wake();
        Ok(None)
    })
    .await
}

/// Answers of which nothing is ever heard again: one whose confirmation is lost, and on each channel
/// one at which Meta falls silent for longer than the desktop waits. On WhatsApp they are shown as
/// unconfirmed; on the others the desktop looks into the conversation and finds them.
async fn doubt(
    world: &World,
    shop: &Shop,
    conversations: &[ConversationId],
    struck: &mut Struck,
) -> Result<Vec<String>> {
    let mut asked = Vec::new();
    let lost = ("whatsapp", conversations[2 * QUIET.len()]);
    asked.push(unheard(world, shop, lost, "drop_after_accept", struck).await?);
    shop.told(&asked[0], Delivery::Unconfirmed).await?;
    struck.heal(world).await?;
    let began = Instant::now();
    for (channel, to) in CHANNELS.into_iter().zip(conversations.chunks(QUIET.len())) {
        asked.push(unheard(world, shop, (channel, to[1]), "silence", struck).await?);
    }
    shop.told(&asked[3], Delivery::Unconfirmed).await?;
    let silent = began.elapsed();
    ensure!(
        silent > Duration::from_secs(25),
        "the silence was broken off after {silent:?}, and not by the desktop's limit"
    );
    for text in &asked[1..3] {
        shop.told(text, Delivery::Sent).await?;
    }
    struck.heal(world).await?;
    Ok(asked)
}

/// An answer Meta takes and never tells of.
async fn unheard(
    world: &World,
    shop: &Shop,
    (channel, to): (&str, ConversationId),
    kind: &str,
    struck: &mut Struck,
) -> Result<String> {
    let place = format!("POST /messages {channel} send");
    struck.ask(world, (kind, &place, FOR_EVER)).await?;
    struck.ask(world, ("echo_never", channel, 0)).await?;
    let delivery = format!("{channel} delivery");
    struck.ask(world, ("webhook_never", &delivery, 0)).await?;
    let text = format!("On {channel} nothing is heard of {kind}");
    shop.answer(to, &text).await?;
    Ok(text)
}

/// These write on every channel, for the so-manyth time; the conversations.
async fn all_write(
    world: &World,
    shop: &Shop,
    people: &[&str],
    time: u32,
) -> Result<Vec<ConversationId>> {
    let mut all = Vec::new();
    for channel in CHANNELS {
        for person in people {
            let words = format!("Hello {time} from {person} on {channel}");
            world.phones.say(channel, person, &words).await?;
            all.push(words);
        }
    }
    let mut conversations = Vec::new();
    for words in all {
        conversations.push(shop.hears(&words).await?.0.id);
    }
    Ok(conversations)
}

/// Every text of the shop's in these conversations, and how far each row with it is.
async fn shown(
    shop: &Shop,
    conversations: &[ConversationId],
) -> Result<BTreeMap<String, Vec<Option<Progress>>>> {
    let mut shown: BTreeMap<String, Vec<Option<Progress>>> = BTreeMap::new();
    for conversation in conversations {
        let mut before = None;
        loop {
            let thread = shop.engine.thread(*conversation, before, None, PAGE);
            let thread = thread.await?;
            for message in messages(&thread) {
                if let Some(text) = &message.text {
                    let rows = shown.entry(text.clone()).or_default();
                    rows.push(message.delivery);
                }
            }
            before = thread.older;
            if before.is_none() {
                break;
            }
        }
    }
    Ok(shown)
}
