//! The desktop, killed while it writes down what arrives: nothing that the relay acknowledged is
//! lost or there twice, not even when a bit of the log flips while it is down.

use std::path::Path;

use anyhow::{Result, ensure};
use tests::files;

use crate::counts::{Dice, Rounds, report};
use crate::ground::Ground;
use crate::judge::{self, Verdict};
use crate::load::{Load, last_ones, words};
use crate::steps::{need, times};
use crate::victims::{Shim, kill};

/// Under this name the counts are kept.
const COUNTED: &str = "desktop-killed-while-ingesting";
/// Kills at a step in the short run, and bits that flip. What outlives its step is killed all the
/// same, and not counted.
const KILLS: u32 = 150;
const FLIPS: u32 = 60;
/// What it must have been killed before: it is in the midst of writing down.
const NEEDED: [&str; 2] = ["write vault.db-wal", "sync vault.db-wal"];
/// Steps a life has at most.
const STEPS: usize = 110;

#[derive(Debug, Default)]
struct Tally {
    lives: u32,
    by_step: u32,
    flips: u32,
    /// Vaults that were refused after a flip and opened once it was turned back: the kill had cut
    /// off a checkpoint.
    refused: u32,
    /// Rows that a flipped bit took.
    taken: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_doubled_though_the_desktop_is_killed() -> Result<()> {
    let (ground, mut relay, desk) = Ground::connected().await?;
    desk.stop().await?;

    let load = Load::begin(ground.address());
    let mut dice = Dice::new(2);
    let mut tally = Tally::default();
    let mut rounds = Rounds::at_least(KILLS, COUNTED);
    let mut more = true;
    while more || tally.flips < FLIPS {
        load.allow(30 + dice.below(40));
        let count = load.settled().await?;
        if live_once(&ground, 1 + dice.below(STEPS), count, &mut tally).await? {
            more = rounds.next().is_some();
        }
        if dice.percent(50) {
            flip(&ground, &mut dice, &mut tally)?;
        }
    }
    let (count, last) = load.last_words().await?;
    let mut desk = ground.open_desk().await?;
    for words in last {
        desk.must(&["hear", &words]).await?;
    }
    desk.stop().await?;
    kill(&mut relay).await?;
    Verdict::of(&judge::read(&ground.data(), &ground.keychain()?)?, count).must_be_clean()?;
    ensure!(
        tally.taken > 0,
        "control: no flipped bit took a row, so none was healed"
    );
    let steps = ground.folder().join("steps");
    need(&steps, &NEEDED)?;
    report(
        COUNTED,
        &format!(
            "{} lives of the desktop ({} killed at a step, the others afterwards; {} before a write \
             to a vault's log, {} before its sync), {count} answers with 200 judged: none lost, none \
             twice; {} bits flipped in logs, which took {} rows, all healed; {} in the midst of a \
             checkpoint, noticed",
            tally.lives,
            tally.by_step,
            times(&steps, NEEDED[0]),
            times(&steps, NEEDED[1]),
            tally.flips,
            tally.taken,
            tally.refused
        ),
    )
}

/// One life: it opens and takes what waits until it is killed before a step, or outlives it.
async fn live_once(ground: &Ground, step: usize, count: usize, tally: &mut Tally) -> Result<bool> {
    let mut desk = ground.start_desk(&Shim {
        steps: Some(ground.folder().join("steps")),
        ..Shim::kill_at(step)
    })?;
    let mut alive = desk.opened().await?.is_some();
    for last in last_ones(count) {
        alive = alive && desk.tell(&["hear", &words(last)]).await?.is_some();
    }
    kill(&mut desk.child).await?;
    tally.lives += 1;
    tally.by_step += u32::from(!alive);
    Ok(!alive)
}

/// Turns a bit of each vault's log, and back where the vault is refused; counts the rows it takes.
fn flip(ground: &Ground, dice: &mut Dice, tally: &mut Tally) -> Result<()> {
    let logs = logs(&ground.data())?;
    if logs.is_empty() {
        return Ok(());
    }
    let mut before = rows(ground)?;
    for log in logs {
        let good = std::fs::read(&log)?;
        let mut bytes = good.clone();
        // The first 32 bytes are the log's own head.
        let at = 32 + dice.below(bytes.len() - 32);
        bytes[at] ^= 1 << dice.below(8);
        std::fs::write(&log, bytes)?;
        match rows(ground) {
            Ok(after) => {
                ensure!(after <= before, "a flipped bit brought rows");
                tally.flips += 1;
                tally.taken += before - after;
                before = after;
            }
            Err(error) if is_damage(&error) => {
                std::fs::write(&log, good)?;
                tally.refused += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_damage(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(store::Error::Damaged(_)))
}

/// The vaults' logs that hold something: without frames there is nothing to lose.
fn logs(data: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut all = files::under(&data.join("vaults"))?;
    let holds = |file: &Path| std::fs::metadata(file).is_ok_and(|found| found.len() > 4_096);
    all.retain(|file| file.ends_with("vault.db-wal") && holds(file));
    Ok(all)
}

/// How many messages the vaults have, in a copy: opening a vault heals it.
fn rows(ground: &Ground) -> Result<usize> {
    let copy = tempfile::tempdir_in(ground.folder())?;
    judge::copy(&ground.data(), copy.path())?;
    let threads = judge::read(copy.path(), &ground.keychain()?)?;
    Ok(threads.iter().map(Vec::len).sum())
}
