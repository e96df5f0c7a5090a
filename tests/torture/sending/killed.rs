//! A desktop, killed at each step of an answer: it never sends it twice.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::read::Progress;
use serde_json::Value;
use store::vault::thread::Message;

use super::{complaints, sent};
use crate::counts::{Rounds, report};
use crate::ground::Ground;
use crate::judge;
use crate::steps::{WALKS, need};
use crate::victims::{Shim, arm, kill};

/// Under this name the counts are kept.
const COUNTED: &str = "answer-killed-at-each-step";
/// What the desktop must have been killed before while it answers.
const NEEDED: [&str; 3] = ["write vault.db-wal", "sync vault.db-wal", "send socket"];

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_killed_at_each_step_of_an_answer_never_sends_it_twice() -> Result<()> {
    const QUESTION: &str = "Are you open?";
    let (ground, mut relay, mut desk) = Ground::connected().await?;
    ground.phones.say("messenger", "clara", QUESTION).await?;
    desk.must(&["hear", QUESTION]).await?;
    desk.stop().await?;
    let steps = ground.folder().join("steps");
    let mut answers = Answers::default();
    die_over_and_over(&ground, QUESTION, &steps, &mut answers).await?;
    let kinds = need(&steps, &NEEDED)?;
    let Answers {
        asked,
        promised,
        killed,
    } = answers;
    ensure!(killed.len() >= 40, "killed only {} times", killed.len());
    let mut desk = ground.open_desk().await?;
    desk.must(&["left"]).await?;
    ground.phones.say("messenger", "clara", "Thank you").await?;
    desk.must(&["hear", "Thank you"]).await?;
    desk.stop().await?;
    kill(&mut relay).await?;
    let sent = sent_of(&asked, &ground.phones.state().await?);
    let shown = shown_of(
        &asked,
        &judge::messages(&ground.data(), &ground.keychain()?)?,
    );
    // What was still in its hold is a draft again, and what it never took may be nowhere.
    let drafts = judge::drafts(&ground.data(), &ground.keychain()?)?;
    let is_draft = |text: &str| drafts.iter().any(|draft| draft.contains(text));
    let is_free = |text: &String| {
        let nowhere = !sent.contains_key(text) && !shown.contains_key(text);
        nowhere && (is_draft(text) || !promised.contains(text))
    };
    let judged: Vec<String> = asked.iter().filter(|of| !is_free(of)).cloned().collect();
    let mut wrong = complaints(&sent, &shown, &judged);
    let both = asked
        .iter()
        .filter(|of| is_draft(of) && sent.contains_key(*of));
    wrong.extend(both.map(|text| format!("{text}: sent, and a draft")));
    ensure!(wrong.is_empty(), "{wrong:?}");
    let once = killed.iter().filter(|text| sent.get(*text) == Some(&1));
    let once = once.count();
    ensure!(once > 0, "no answer it was killed at reached Meta");
    report(
        COUNTED,
        &format!(
            "{} answers, {} of them killed, each at another step: {} sent, {once} of the killed \
             ones among them, none twice; {} promised, none vanished; killed before {}",
            asked.len(),
            killed.len(),
            sent.len(),
            promised.len(),
            kinds.into_iter().collect::<Vec<_>>().join(", ")
        ),
    )
}

/// How often Meta has each of these. Two drafts of one conversation are one: then a message says
/// both.
fn sent_of(asked: &[String], state: &Value) -> BTreeMap<String, usize> {
    let all = sent(state);
    let times = |text: &String| {
        let with = all.iter().filter(|(sent, _)| sent.contains(text));
        with.map(|(_, times)| times).sum()
    };
    let sent = asked.iter().map(|text| (text.clone(), times(text)));
    sent.filter(|(_, times)| *times > 0).collect()
}

/// How far each row with one of these is, likewise.
fn shown_of(asked: &[String], threads: &[Vec<Message>]) -> BTreeMap<String, Vec<Option<Progress>>> {
    let mut shown: BTreeMap<String, Vec<Option<Progress>>> = BTreeMap::new();
    for message in threads.iter().flatten() {
        let words = message.text.as_deref().unwrap_or_default();
        for text in asked.iter().filter(|text| words.contains(text.as_str())) {
            let rows = shown.entry(text.clone()).or_default();
            rows.push(message.delivery.map(Progress::At));
        }
    }
    shown
}

/// What was asked of a desktop that was killed at each step of it.
#[derive(Debug, Default)]
struct Answers {
    asked: Vec<String>,
    /// Those it said it had taken.
    promised: Vec<String>,
    /// Those it was killed at, before or after it had taken them.
    killed: Vec<String>,
}

/// Leads it through its steps until it was killed before each kind of them. What its tasks do side by
/// side is in another order each time: a few walks may miss some.
async fn die_over_and_over(
    ground: &Ground,
    question: &str,
    steps: &Path,
    answers: &mut Answers,
) -> Result<()> {
    let mut rounds = Rounds::at_least(WALKS, COUNTED);
    let mut walks = 0;
    while rounds
        .next_until(need(steps, &NEEDED).is_ok() || walks >= 3 * WALKS)
        .is_some()
    {
        die_answering(ground, question, steps, answers).await?;
        walks += 1;
    }
    Ok(())
}

async fn die_answering(
    ground: &Ground,
    question: &str,
    steps: &Path,
    answers: &mut Answers,
) -> Result<()> {
    let mut survived = 0;
    for step in 1..200 {
        let mut desk = ground.start_desk(&Shim {
            kill_at: step,
            steps: Some(steps.to_path_buf()),
            ..Shim::default()
        })?;
        desk.opened()
            .await?
            .context("it is not killed before it counts")?;
        arm(&desk.child).await?;
        let text = format!("Answer {:05}", answers.asked.len());
        let taken = desk.tell(&["answer", question, &text]).await?.is_some();
        let left = taken && desk.tell(&["left"]).await?.is_some();
        kill(&mut desk.child).await?;
        answers.asked.push(text.clone());
        if taken {
            answers.promised.push(text.clone());
        }
        if left {
            survived += 1;
        } else {
            answers.killed.push(text);
        }
        if survived > 3 {
            break;
        }
    }
    Ok(())
}
