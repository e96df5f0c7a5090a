//! `open-growth`: what an owner waits for (the list, a conversation, a search) in a shop of a
//! million messages against the same in a shop of ten thousand. What is asked for is the same size
//! in both; only the history behind it is not.
//!
//! Both shops have three vaults and the same number of messages for each person. They are made once
//! and kept; every round opens the files anew, so that SQLite's own pages have to be read and
//! decrypted again.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use domain::{Channel, ConnectionId, ConversationId};
use store::vault::conversations::Filter;
use store::vault::messages::Road;
use store::vault::thread::Page;
use store::{Paths, Profile, Query, Vault, merged_conversations, merged_messages};

use crate::generator::{Dice, Made, Talk, questions};
use crate::ground::{Ground, versions};
use crate::insert::{facts, write_all};
use crate::report::{Figure, Goal, Round, say_apart};
use crate::secrets::SecretFiles;

pub(crate) const NAME: &str = "open-growth";

const VAULTS: u8 = 3;
/// In a quick run and in a whole one.
const LARGE: (u64, u64) = (100_000, 1_000_000);
const SMALL: u64 = 10_000;
/// Messages for each person, in both shops.
const EACH: u64 = 50;
const ROUNDS: u64 = 7;
/// Pages of the list, and conversations, in a round.
const PAGES: usize = 40;
const THREADS: u64 = 80;
/// What a page of the window asks for.
const ROWS: u32 = 50;
const GOAL: f64 = 1.5;
/// Raised when the same shop lies on the disk in another form.
const EDITION: u32 = 2;

/// Milliseconds for one list, one conversation, one search.
#[derive(Debug, Clone, Copy)]
struct Times {
    list: f64,
    thread: f64,
    search: f64,
}

pub(crate) fn measure(ground: &Ground) -> Result<Vec<Figure>> {
    let size = ground.either(LARGE.0, LARGE.1);
    let large = shop(ground, size)?;
    let small = shop(ground, SMALL)?;
    // Both files lie in the system's cache from here on.
    open_all(&large, size)?;
    open_all(&small, SMALL)?;
    let (mut lists, mut threads, mut searches) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let ours = open_all(&large, size)?;
        let other = open_all(&small, SMALL)?;
        say_apart(&format!(
            "  round {round}: {ours:.2?} against {other:.2?} (ms)"
        ));
        lists.push((ours.list, other.list));
        threads.push((ours.thread, other.thread));
        searches.push((ours.search, other.search));
    }
    let figure = |what: &'static str, each: Vec<Round>| {
        let goal = (Goal::AtMost(GOAL), "ms");
        Figure::of((NAME, what), goal, each, versions(&[]))
    };
    Ok(vec![
        figure(ground.either("list, 100,000", "list"), lists),
        figure(ground.either("thread, 100,000", "thread"), threads),
        figure(ground.either("search, 100,000", "search"), searches),
    ])
}

fn people(messages: u64) -> u64 {
    messages / u64::from(VAULTS) / EACH
}

fn connection(number: u8) -> ConnectionId {
    ConnectionId::from_bytes([number; 16])
}

/// The shop of this many messages, made if it is not there.
fn shop(ground: &Ground, messages: u64) -> Result<PathBuf> {
    let name = format!("shop-{messages}");
    let folder = ground.kept(&name);
    let whole = folder.join(format!("whole-{EDITION}"));
    if whole.exists() {
        return Ok(folder);
    }
    let folder = ground.fresh(&name)?;
    say_apart(&format!("  making a shop of {messages} messages"));
    let (paths, secrets) = (Paths::create(folder.join("data"))?, secrets(&folder)?);
    let profile = Profile::open_or_create(&paths)?;
    for number in 1..=VAULTS {
        let vault = Vault::create(&paths, &profile, &secrets, connection(number))?;
        vault.write(|write| write.set_facts(&facts(Channel::Instagram)))?;
        fill(&vault, u64::from(number), messages / u64::from(VAULTS))?;
        vault.checkpoint()?;
        vault.close();
    }
    std::fs::write(whole, b"")?;
    Ok(folder)
}

fn fill(vault: &Vault, seed: u64, messages: u64) -> Result<()> {
    const AT_ONCE: u64 = 20_000;
    let talk = Talk {
        seed,
        people: people(messages * u64::from(VAULTS)),
    };
    let mut from = 0;
    while from < messages {
        let upto = messages.min(from + AT_ONCE);
        let made: Vec<Made> = (from..upto).map(|number| talk.message(number)).collect();
        write_all(vault, &made, Road::Live)?;
        from = upto;
        if from % 100_000 == 0 {
            say_apart(&format!("  vault {seed}: {from} messages"));
        }
    }
    Ok(())
}

fn secrets(folder: &Path) -> Result<SecretFiles> {
    Ok(SecretFiles::at(&folder.join("secrets"))?)
}

fn open_all(folder: &Path, messages: u64) -> Result<Times> {
    let (paths, secrets) = (Paths::create(folder.join("data"))?, secrets(folder)?);
    let profile = Profile::open_or_create(&paths)?;
    let mut vaults = Vec::new();
    for number in 1..=VAULTS {
        vaults.push(Vault::open(&paths, &profile, &secrets, connection(number))?);
    }
    let all: Vec<&Vault> = vaults.iter().collect();
    Ok(Times {
        list: lists(&all)?,
        thread: threads(&all, messages)?,
        search: searches(&all)?,
    })
}

/// The first page of the list, and the next ones, until both shops' shorter list ends; again and
/// again.
fn lists(vaults: &[&Vault]) -> Result<f64> {
    let begun = Instant::now();
    let mut after = None;
    for page in 0..PAGES {
        let rows = merged_conversations(vaults, Filter::All, after.as_ref(), ROWS)?;
        ensure!(rows.len() == ROWS as usize, "a page of the list is full");
        after = rows
            .last()
            .map(|row| row.position())
            .filter(|_| page % 3 < 2);
    }
    Ok(mean(begun, PAGES as f64))
}

/// The newest messages of conversations across the shop; every eighth time of the longest one.
fn threads(vaults: &[&Vault], messages: u64) -> Result<f64> {
    let mut dice = Dice::new(7);
    let begun = Instant::now();
    for number in 0..THREADS {
        let at = usize::try_from(dice.below(u64::from(VAULTS)))?;
        let vault = vaults.get(at).context("a vault of the shop")?;
        let row = match number % 8 {
            0 => 1,
            _ => 1 + i64::try_from(dice.below(people(messages)))?,
        };
        let id = ConversationId {
            connection: vault.connection(),
            row,
        };
        let page = vault.read(|read| read.thread(id, Page::Newest, ROWS))?;
        ensure!(!page.messages.is_empty(), "a conversation has messages");
    }
    Ok(mean(begun, THREADS as f64))
}

/// Everything an owner searches for, once.
fn searches(vaults: &[&Vault]) -> Result<f64> {
    let questions = questions();
    let mut hits = 0;
    let begun = Instant::now();
    for question in &questions {
        let query = Query::parse(question).context("a question has words")?;
        let found = merged_messages(vaults, &query, None, ROWS)?;
        hits += found.hits.len();
    }
    let time = mean(begun, questions.len() as f64);
    ensure!(hits > questions.len() * 10, "almost nothing is found");
    Ok(time)
}

fn mean(begun: Instant, times: f64) -> f64 {
    begun.elapsed().as_secs_f64() * 1_000.0 / times
}
