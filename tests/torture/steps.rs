//! Killed at every step, one after the other: the relay while it starts and while it takes a
//! webhook, the desktop while it opens, writes down, moves its cursor and ends. The steps are what
//! the programs do to their files and sockets, so no program needs a door for its tests.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use anyhow::{Result, ensure};
use tests::programs::program;
use tokio::process::Command;

use crate::counts::{Rounds, Walk, report};
use crate::ground::Ground;
use crate::judge::{self, Verdict};
use crate::keychain::FileSecrets;
use crate::load::{Http, Maker, words};
use crate::victims::{Shim, arm, compile_shim, kill};

/// More steps than any of these journeys has.
const MOST: usize = 2_000;

/// Under these names the counts are kept.
const RELAY: &str = "relay-killed-at-each-step";
const DESKTOP: &str = "desktop-killed-at-each-step";

/// So often the relay is killed at a step of a webhook, led through all of them again and again.
const KILLS: usize = 60;

/// What the desktop must have been killed before.
const NEEDED: [&str; 4] = [
    "write vault.db-wal",
    "sync vault.db-wal",
    "write vault.db",
    "send socket",
];

/// So often at least it is led through all steps of an arrival: what its tasks do side by side is in
/// another order each time, and a step may fall between two counts.
const ARRIVALS: u32 = 2;

/// So often at most an erasure or an answer is, for the same reason.
pub(crate) const WALKS: u32 = 4;

/// What was in the way of each kill, such as `sync relay.db-wal`.
fn kinds(steps: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(steps).unwrap_or_default();
    let kind = |line: &str| line.split_once(' ').map(|(_, kind)| kind.to_owned());
    text.lines().filter_map(kind).collect()
}

/// The same, if of each of these one is among them: `|` stands between what does as well.
pub(crate) fn need(steps: &Path, all: &[&str]) -> Result<BTreeSet<String>> {
    let kinds = kinds(steps);
    for needed in all {
        ensure!(
            needed.split('|').any(|kind| kinds.contains(kind)),
            "never killed before `{needed}`: {kinds:?}"
        );
    }
    Ok(kinds)
}

/// How often a kill came before this one.
pub(crate) fn times(steps: &Path, kind: &str) -> usize {
    let text = std::fs::read_to_string(steps).unwrap_or_default();
    let is_it = |line: &&str| line.split_once(' ').is_some_and(|(_, of)| of == kind);
    text.lines().filter(is_it).count()
}

/// Whether a walk was gone through and met all of these. What tasks do side by side is in another
/// order each time, so one walk may miss some.
pub(crate) fn is_walked(walk: &Walk, steps: &Path, all: &[&str]) -> bool {
    let times = walk.times();
    times >= WALKS || (times > 0 && need(steps, all).is_ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_killed_at_each_step_keeps_what_it_answered() -> Result<()> {
    let (ground, mut relay, desk) = Ground::connected().await?;
    desk.stop().await?;
    kill(&mut relay).await?;

    let steps = ground.folder().join("steps");
    let starts = die_starting(&ground).await?;
    let (mut kills, mut count) = (0, 0);
    let mut rounds = Rounds::at_least(1, RELAY);
    let mut walks = 0;
    while rounds
        .next_until(kills >= KILLS || walks >= KILLS)
        .is_some()
    {
        walks += 1;
        kills += die_answering(&ground, &steps, &mut count).await?;
    }
    ensure!(kills >= KILLS, "killed only {kills} times");
    let kinds = need(
        &steps,
        &["write relay.db-wal", "sync relay.db-wal", "send socket"],
    )?;
    relay = ground.start_relay(&Shim::default()).await?;
    let mut desk = ground.open_desk().await?;
    desk.must(&["hear", &words(count - 1)]).await?;
    desk.stop().await?;
    kill(&mut relay).await?;
    Verdict::of(&judge::read(&ground.data(), &ground.keychain()?)?, count).must_be_clean()?;
    report(
        RELAY,
        &format!(
            "killed at each of {starts} steps of its start and {kills} times at each step of a \
             webhook, {count} answers with 200 judged: none lost, none twice; killed before {}",
            kinds.into_iter().collect::<Vec<_>>().join(", ")
        ),
    )
}

/// Kills it at each step of its start. It must never refuse to start because of that.
async fn die_starting(ground: &Ground) -> Result<usize> {
    for step in 1..MOST {
        let mut relay = ground.begin_relay(&Shim::kill_at(step))?;
        // It listens before it is ready; whoever is answered, be it with a refusal, is served.
        let listens = ground.serves(&mut relay).await?;
        if listens && answers(ground).await {
            kill(&mut relay).await?;
            return Ok(step - 1);
        }
        let status = relay.wait().await?;
        ensure!(
            status.signal() == Some(9),
            "after a kill before step {} of its start the relay refuses to start: {}",
            step - 1,
            ground.relay_log()
        );
    }
    Ok(MOST)
}

async fn answers(ground: &Ground) -> bool {
    let Ok(mut http) = Http::try_connect(ground.address()).await else {
        return false;
    };
    let mut forged = Maker::new().webhook(0);
    forged.signature = "00".repeat(32);
    matches!(http.post(&forged).await, Ok(401))
}

/// Kills it at each step of a webhook; what was not answered is posted again, as Meta does.
async fn die_answering(ground: &Ground, steps: &Path, count: &mut usize) -> Result<usize> {
    let maker = Maker::new();
    let mut again = None;
    for step in 1..MOST {
        let shim = Shim {
            kill_at: step,
            steps: Some(steps.to_path_buf()),
            ..Shim::default()
        };
        let mut relay = ground.start_relay(&shim).await?;
        let mut http = Http::connect(ground.address()).await;
        if let Some(number) = again.take() {
            let status = http.post(&maker.webhook_on(0, number)).await?;
            ensure!(
                status == 200,
                "a webhook that is repeated was answered with {status}"
            );
        }
        arm(&relay).await?;
        let answer = http.post(&maker.webhook_on(0, *count)).await;
        let answered = matches!(answer, Ok(200));
        if !answered {
            again = Some(*count);
        }
        *count += 1;
        kill(&mut relay).await?;
        if answered {
            return Ok(step - 1);
        }
    }
    Ok(MOST)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_killed_at_each_step_of_an_arrival_shows_it_once() -> Result<()> {
    let (ground, mut relay, desk) = Ground::connected().await?;
    desk.stop().await?;

    let steps = ground.folder().join("steps");
    let maker = Maker::new();
    let mut http = Http::connect(ground.address()).await;
    let (mut count, mut kills) = (0, 0);
    let mut rounds = Rounds::at_least(ARRIVALS, DESKTOP);
    let mut walks = 0;
    while rounds
        .next_until(need(&steps, &NEEDED).is_ok() || walks >= 3 * ARRIVALS)
        .is_some()
    {
        walks += 1;
        for step in 1..MOST {
            let status = http.post(&maker.webhook_on(count % 3, count)).await?;
            ensure!(status == 200, "the relay answered {status}");
            count += 1;
            let shim = Shim {
                steps: Some(steps.clone()),
                ..Shim::kill_at(step)
            };
            let mut desk = ground.start_desk(&shim)?;
            let alive = desk.opened().await?.is_some()
                && desk.tell(&["hear", &words(count - 1)]).await?.is_some()
                && desk.tell(&["stop"]).await?.is_some();
            kill(&mut desk.child).await?;
            if alive {
                break;
            }
            kills += 1;
        }
    }
    let mut desk = ground.open_desk().await?;
    desk.must(&["hear", &words(count - 1)]).await?;
    desk.stop().await?;
    kill(&mut relay).await?;
    let kinds = need(&steps, &NEEDED)?;
    Verdict::of(&judge::read(&ground.data(), &ground.keychain()?)?, count).must_be_clean()?;
    report(
        DESKTOP,
        &format!(
            "killed {kills} times, at each step from its start over an arrival to its end, {count} \
             answers with 200 judged: none lost, none twice; killed before {}",
            kinds.into_iter().collect::<Vec<_>>().join(", ")
        ),
    )
}

/// A scribe killed at each step, over and over, until it has written everything: what its folder
/// then has of messages `1..=count`.
async fn scribed(how: &str) -> Result<Vec<usize>> {
    const COUNT: usize = 24;
    let folder = tempfile::tempdir()?;
    let library = compile_shim(folder.path())?;
    let work = folder.path().join("work");
    for step in 1..MOST {
        let mut command = Command::new(program("torture-scribe")?);
        command.arg(&work).arg(COUNT.to_string()).arg(how);
        let shim = Shim {
            ignored: Some(work.join("keychain")),
            // Once round and round again: each message meets each step.
            ..Shim::kill_at(20 + step % 60)
        };
        shim.set(&mut command, &library);
        if command.output().await?.status.success() {
            break;
        }
    }
    let secrets = FileSecrets::at(&work.join("keychain"))?;
    let threads = judge::read(&work.join("data"), &secrets)?;
    let number = |text: &String| text.split(' ').next()?.parse().ok();
    let mut numbers: Vec<usize> = threads.iter().flatten().filter_map(number).collect();
    numbers.sort_unstable();
    ensure!(
        numbers.len() <= COUNT,
        "something is there twice: {numbers:?}"
    );
    Ok((1..=COUNT)
        .filter(|number| !numbers.contains(number))
        .collect())
}

#[tokio::test]
async fn rows_and_cursor_are_one_at_each_step_and_a_cursor_that_goes_first_is_caught() -> Result<()>
{
    let missing = scribed("honest").await?;
    ensure!(missing.is_empty(), "missing behind the cursor: {missing:?}");
    let missing = scribed("cursor-first").await?;
    ensure!(
        !missing.is_empty(),
        "control: a cursor that goes first loses nothing either"
    );
    Ok(())
}
