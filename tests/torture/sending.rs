//! Answers whose fate is unclear: the connection breaks after Meta took them, Meta takes them and
//! answers 500, or nothing, or never tells of them again; the program is killed at each step. None
//! is sent twice by the program, none vanishes.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::{Channel, ConversationId, Delivery};
use engine::read::Progress;
use serde_json::{Value, json};
use tests::shop::{Shop, messages};
use tests::world::World;

use crate::counts::{Dice, Rounds, report};
use crate::ground::Ground;
use crate::judge;
use crate::victims::{Shim, arm, kill};

/// Answers in the short run, in batches.
const BATCHES: u32 = 25;
const BATCH: usize = 20;
const CHANNELS: [&str; 3] = ["instagram", "messenger", "whatsapp"];
const PEOPLE: [&str; 4] = ["clara", "jonas", "omar", "sofia"];

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
    let conversations = all_write(&world, &shop).await?;
    let mut dice = Dice::new(4);
    let mut asked = Vec::new();
    for _ in Rounds::at_least(BATCHES) {
        for _ in 0..BATCH {
            let (kind, value) = FAULTS[dice.below(FAULTS.len())];
            if !kind.is_empty() {
                let place = if kind.starts_with("echo") {
                    ""
                } else {
                    "POST /messages send"
                };
                let fault = json!({"kind": kind, "count": 1, "where": place, "value": value});
                world.phones.fault_with(fault).await?;
            }
            let text = format!("Answer {:05}", asked.len());
            let to = conversations[dice.below(conversations.len())];
            shop.answer(to, &text).await?;
            asked.push(text);
        }
        tests::wait::until("every answer to be on its way or in doubt", async || {
            if shop.engine.waiting().await == 0 {
                return Ok(Some(()));
            }
            world.clock.pass(Duration::from_secs(20));
            shop.engine.wake();
            Ok(None)
        })
        .await?;
        world.phones.heal().await?;
    }
    // In this order: what Meta took at the very end may be shown a moment later, never before.
    let shown = shown(&shop, &conversations).await?;
    let state = world.phones.state().await?;
    let wrong = complaints(&sent(&state), &shown, &asked);
    ensure!(
        wrong.is_empty(),
        "{} wrong: {:?}",
        wrong.len(),
        wrong.iter().take(9).collect::<Vec<_>>()
    );
    let doubtful = shown.values().flatten();
    let doubtful = doubtful.filter(|row| **row == Some(Progress::At(Delivery::Unconfirmed)));
    report(
        "answers-in-doubt",
        &format!(
            "{} answers with lost, broken, silent and late confirmations: none sent twice, none \
             vanished, {} left for the owner to decide",
            asked.len(),
            doubtful.count()
        ),
    )
}

/// Everybody writes on every channel; the conversations.
async fn all_write(world: &World, shop: &Shop) -> Result<Vec<ConversationId>> {
    let mut conversations = Vec::new();
    for channel in CHANNELS {
        for person in PEOPLE {
            let words = format!("Hello from {person} on {channel}");
            world.phones.say(channel, person, &words).await?;
            conversations.push(shop.hears(&words).await?.0.id);
        }
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
        let thread = shop
            .engine
            .thread(*conversation, None, None, 10_000)
            .await?;
        for message in messages(&thread) {
            if let Some(text) = &message.text {
                shown
                    .entry(text.clone())
                    .or_default()
                    .push(message.delivery);
            }
        }
    }
    Ok(shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_killed_at_each_step_of_an_answer_never_sends_it_twice() -> Result<()> {
    const QUESTION: &str = "Are you open?";
    let (ground, mut relay, mut desk) = Ground::connected().await?;
    ground.phones.say("messenger", "clara", QUESTION).await?;
    desk.must(&["hear", QUESTION]).await?;
    desk.stop().await?;
    let Answers {
        asked,
        promised,
        kills,
    } = die_answering(&ground, QUESTION).await?;
    let mut desk = ground.open_desk().await?;
    desk.must(&["left"]).await?;
    ground.phones.say("messenger", "clara", "Thank you").await?;
    desk.must(&["hear", "Thank you"]).await?;
    desk.stop().await?;
    kill(&mut relay).await?;
    let sent = sent(&ground.phones.state().await?);
    let threads = judge::read(&ground.data(), &ground.keychain()?)?;
    // Two drafts of one conversation are one.
    let count = |text: &String| {
        let all = threads.iter().flatten();
        all.filter(|shown| shown.contains(text)).count()
    };
    let sent = |text: &String| {
        let all = sent.iter().filter(|(sent, _)| sent.contains(text));
        all.map(|(_, times)| times).sum::<usize>()
    };
    for text in &asked {
        let (times, shown) = (sent(text), count(text));
        ensure!(times <= 1, "{text} was sent {times} times");
        ensure!(shown <= 1, "{text} is shown {shown} times");
        ensure!(times <= shown, "{text} was sent and is not shown");
    }
    // What was still in its hold is a draft again.
    let drafts = judge::drafts(&ground.data(), &ground.keychain()?)?;
    for text in &promised {
        let drafted = drafts.iter().any(|draft| draft.contains(text));
        ensure!(
            drafted || count(text) == 1,
            "{text} was taken and has vanished"
        );
        ensure!(
            !drafted || sent(text) == 0,
            "{text} was sent and is a draft"
        );
    }
    report(
        "answer-killed-at-each-step",
        &format!(
            "{} answers, killed at each of {} steps: {} sent, none twice; {} promised, none vanished",
            asked.len(),
            kills,
            asked.iter().filter(|text| sent(text) > 0).count(),
            promised.len()
        ),
    )
}

/// What was asked of a desktop that was killed at each step of it.
#[derive(Debug, Default)]
struct Answers {
    asked: Vec<String>,
    /// Those it said it had taken.
    promised: Vec<String>,
    kills: usize,
}

async fn die_answering(ground: &Ground, question: &str) -> Result<Answers> {
    let mut answers = Answers::default();
    let mut survived = 0;
    for step in 1..200 {
        let mut desk = ground.start_desk(&Shim {
            kill_at: step,
            steps: Some(ground.folder().join("steps")),
            ..Shim::default()
        })?;
        desk.opened()
            .await?
            .context("it is not killed before it counts")?;
        arm(&desk.child).await?;
        let text = format!("Answer {step:05}");
        let taken = desk.tell(&["answer", question, &text]).await?.is_some();
        let left = taken && desk.tell(&["left"]).await?.is_some();
        kill(&mut desk.child).await?;
        answers.asked.push(text.clone());
        if taken {
            answers.promised.push(text);
        }
        survived += usize::from(left);
        answers.kills += usize::from(!left);
        if survived > 3 {
            break;
        }
    }
    Ok(answers)
}

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
