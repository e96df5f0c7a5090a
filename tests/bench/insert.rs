//! `insert-vs-plain`: how long the store takes to write down what arrives, with contacts, the list
//! and both indexes, against plain SQLite that gets the same rows ready-made.
//!
//! Each side of each round is a process of its own: what SQLCipher does to guard memory it does for
//! all of a process, plain files included.
//!
//! The peer has the same schema, settings and batches, no key, and none of the questions a store
//! has to ask (is it known, whose is it, was it answered elsewhere): it is told. Both fold the words
//! for the index, by the same function: without it there are no such rows.

mod plain;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use domain::{Channel, ConnectionId, Timestamp};
use store::vault::conversations::Filter;
use store::vault::facts::Facts;
use store::vault::messages::{Arrival, Road};
use store::{Cursor, Paths, Profile, Vault, VaultWrite};

use crate::generator::{APP, Made, Talk};
use crate::ground::{Ground, locked, versions};
use crate::report::{Figure, Goal, Round, say_apart};
use crate::secrets::SecretFiles;
use plain::Plain;

pub(crate) const NAME: &str = "insert-vs-plain";

/// In a quick run and in a whole one.
const MESSAGES: (u64, u64) = (10_000, 100_000);
/// As many as one delivery of the relay may bring.
const BATCH: usize = 500;
const ROUNDS: u64 = 5;
const GOAL: f64 = 1.35;
/// The word that makes this program one side of a round.
pub(crate) const SIDE: &str = "insert-side";

/// A line of the list, as both sides must show it.
pub(crate) type Line = (Option<String>, i64, u32, bool, Option<String>);

pub(crate) fn measure(ground: &Ground) -> Result<Vec<Figure>> {
    let messages = ground.either(MESSAGES.0, MESSAGES.1);
    let mut rounds: Vec<Round> = Vec::new();
    for round in 1..=ROUNDS {
        let (ours, kept) = in_a_process("ours", &ground.fresh("insert-ours")?, messages)?;
        let (other, there) = in_a_process("plain", &ground.fresh("insert-plain")?, messages)?;
        ensure!(kept == there, "the two sides did not write down the same");
        say_apart(&format!(
            "  round {round}: ours {ours:.2} s, plain {other:.2} s"
        ));
        rounds.push((ours, other));
    }
    let what = (NAME, ground.either("10,000 messages", "100,000 messages"));
    let goal = (Goal::AtMost(GOAL), "s");
    Ok(vec![Figure::of(
        what,
        goal,
        rounds,
        versions(&[("rusqlite", locked("rusqlite"))]),
    )])
}

/// Runs one side in a process of its own, which answers with seconds and with what it holds.
fn in_a_process(side: &str, folder: &Path, messages: u64) -> Result<(f64, Kept)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(SIDE).arg(side).arg(folder);
    let output = command
        .arg(messages.to_string())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the side {side} failed");
    serde_json::from_slice(&output.stdout).context("what a side answers")
}

/// One side of one round: `insert-side ours|plain FOLDER MESSAGES`.
pub(crate) fn side(words: &[String]) -> Result<()> {
    let [which, folder, messages] = words else {
        bail!("a side takes its name, a folder and a number of messages");
    };
    let talk = Talk {
        seed: 1,
        people: 2_000,
    };
    let made: Vec<Made> = (0..messages.parse()?)
        .map(|number| talk.message(number))
        .collect();
    let answer = match which.as_str() {
        "ours" => ours(folder.as_ref(), &made)?,
        "plain" => theirs(folder.as_ref(), &made)?,
        other => bail!("there is no side {other}"),
    };
    serde_json::to_writer(std::io::stdout(), &answer)?;
    Ok(())
}

/// What a side holds in the end: messages, conversations and the newest lines of the list.
type Kept = (u32, u32, Vec<Line>);

fn ours(folder: &Path, made: &[Made]) -> Result<(f64, Kept)> {
    let paths = Paths::create(folder.join("data"))?;
    let secrets = SecretFiles::at(&folder.join("secrets"))?;
    let profile = Profile::open_or_create(&paths)?;
    let connection = ConnectionId::from_bytes([1; 16]);
    let vault = Vault::create(&paths, &profile, &secrets, connection)?;
    vault.write(|write| write.set_facts(&facts(Channel::Instagram)))?;
    let begun = Instant::now();
    write_all(&vault, made, Road::Live)?;
    let took = begun.elapsed().as_secs_f64();
    let kept = vault.read(|read| {
        let lines = read.conversations(Filter::All, None, 500)?;
        let lines = lines.into_iter().map(|line| {
            let text = line.last_line.and_then(|last| last.text);
            (
                line.name,
                line.last_activity.0,
                line.unread,
                line.waits,
                text,
            )
        });
        Ok((
            read.kept()?.messages,
            read.list_counts()?.all,
            lines.collect(),
        ))
    })?;
    Ok((took, kept))
}

fn theirs(folder: &Path, made: &[Made]) -> Result<(f64, Kept)> {
    let mut plain = Plain::create(&folder.join("plain.db"))?;
    let begun = Instant::now();
    for batch in made.chunks(BATCH) {
        plain.write(batch)?;
    }
    let took = begun.elapsed().as_secs_f64();
    Ok((took, plain.kept()?))
}

/// Writes messages down as they arrive, batch by batch, each with its cursor.
pub(crate) fn write_all(vault: &Vault, made: &[Made], road: Road) -> store::Result<()> {
    for batch in made.chunks(BATCH) {
        vault.write(|write| write_batch(write, batch, road))?;
    }
    Ok(())
}

fn write_batch(write: &VaultWrite<'_>, batch: &[Made], road: Road) -> store::Result<()> {
    for made in batch {
        write.add_message(&Arrival {
            message: &made.message,
            at: made.at,
            arrived_at: made.at,
            road,
            quarantine: None,
        })?;
    }
    let seq = batch.last().map_or(0, |made| made.at.0.unsigned_abs());
    write.move_cursor(&Cursor {
        stream: [1; 16],
        seq,
        chain: [2; 32],
        durable: 0,
    })
}

/// A connection as the platform would describe it.
pub(crate) fn facts(channel: Channel) -> Facts {
    Facts {
        channel,
        platform_id: "17841400000000001".to_owned(),
        name: "Fern & Ribbon".to_owned(),
        handle: Some("fern.and.ribbon".to_owned()),
        page_id: None,
        waba_id: None,
        phone: None,
        app_id: Some(APP.to_owned()),
        login: None,
        connected_at: Timestamp(1),
    }
}
