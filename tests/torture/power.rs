//! The power is cut. A killed process does not test the disk: what it wrote is still there. So the
//! writes and syncs of the shipped relay and of the real store are recorded under load, and disks
//! are rebuilt as a cut at any moment may have left them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use domain::Channel;
use tests::clock::Clock;
use tests::programs::program;
use tests::relays::Relay;
use tokio::process::Command;

use crate::counts::{Dice, Rounds, report};
use crate::device::Device;
use crate::disk::{Image, Record, Syncs};
use crate::ground::Ground;
use crate::judge;
use crate::load::{Http, Maker, number_in, words};
use crate::victims::{Shim, compile_shim, kill};

/// Under these names the counts are kept.
const RELAY: &str = "relay-power-cuts";
const STORE: &str = "store-power-cuts";
/// Cuts in the short run; each further round is as many.
const CUTS: usize = 100;
/// Of the control, which loses nearly always.
const CONTROLS: usize = 12;
/// Webhooks while the relay is recorded, and connections they come by.
const WEBHOOKS: usize = 480;
const CONNECTIONS: usize = 32;
/// What is disconnected meanwhile, each after so many webhooks of one connection. The relay erases
/// what it held and moves its log into the database, which it else does after 8,000 pages.
const DISCONNECTED: [Channel; 2] = [Channel::Instagram, Channel::Whatsapp];
const EACH: usize = 5;

/// Which webhooks were answered with 200, by the port they came from, in order.
type Answers = BTreeMap<u16, Vec<usize>>;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_relay_answered_survives_a_power_cut() -> Result<()> {
    let (ground, mut relay, desk) = Ground::connected().await?;
    desk.stop().await?;
    kill(&mut relay).await?;
    let device = Device::of(&ground.data(), &ground.keychain()?)?;
    let keychain = ground.keychain()?;
    let doomed = DISCONNECTED.map(|of| Device::on(of, &ground.data(), &keychain));
    let doomed = doomed.into_iter().collect::<Result<Vec<_>>>()?;

    let base = ground.folder().join("base");
    judge::copy(&ground.relay_folder(), &base)?;
    let kept = ground.folder().join("record");
    let shim = Shim {
        record: Some((kept.clone(), "relay.db")),
        ..Shim::default()
    };
    let mut relay = ground.start_relay(&shim).await?;
    let answers = post_all(&ground, doomed).await?;
    kill(&mut relay).await?;
    let record = Record::read(&kept, &base.join("relay.db"))?;
    let (syncs, _, moved) = record.counts();
    ensure!(moved > 0, "no checkpoint was made");
    let acknowledged: usize = answers.keys().map(|port| record.answers_to(*port)).sum();
    ensure!(
        acknowledged == WEBHOOKS,
        "{acknowledged} of {WEBHOOKS} answers were recorded"
    );

    let (mut judged, mut lost) = (0, 0);
    for round in Rounds::at_least(1, RELAY) {
        for image in record.cuts(CUTS, Syncs::All, Dice::new(u64::from(round)))? {
            let left = left(&ground, &device, &image, &answers).await?;
            lost += usize::from(left != Left::All);
            judged += 1;
        }
    }
    ensure!(
        lost == 0,
        "answered webhooks are lost in {lost} of {judged} disks"
    );
    let mut control = 0;
    for image in record.cuts(CONTROLS, Syncs::BeforeCheckpoints, Dice::new(7))? {
        // One that does not even start is no proof that something was lost.
        let left = left(&ground, &device, &image, &answers).await?;
        control += usize::from(left == Left::Less);
    }
    ensure!(
        control > 0,
        "control: a log that is not synced loses nothing either"
    );
    report(
        RELAY,
        &format!(
            "{judged} disks after a cut among {syncs} syncs, {moved} writes to the database itself \
             and {acknowledged} answers with 200 on {CONNECTIONS} connections: none lost; control: \
             with the log's syncs left out, as NORMAL does, {control} of {CONTROLS} disks start and \
             lack answered webhooks"
        ),
    )
}

async fn post_all(ground: &Ground, doomed: Vec<Device>) -> Result<Answers> {
    let maker = Maker::new();
    let mut posting = tokio::task::JoinSet::new();
    let mut doomed = Some(doomed);
    for first in 0..CONNECTIONS {
        let address = ground.address();
        // By the first of them; the others go on meanwhile.
        let mut doomed = doomed.take().unwrap_or_default();
        posting.spawn(async move {
            let mut http = Http::connect(address).await;
            let port = http.port()?;
            let mut posted = Vec::new();
            for number in (first..WEBHOOKS).step_by(CONNECTIONS) {
                let status = http.post(&maker.webhook_on(0, number)).await?;
                ensure!(status == 200, "the relay answered {status}");
                posted.push(number);
                if posted.len() % EACH == 0
                    && let Some(device) = doomed.pop()
                {
                    device.disconnect(address).await?;
                }
            }
            Ok((port, posted))
        });
    }
    let mut answers = Answers::new();
    while let Some(posted) = posting.join_next().await {
        let (port, posted) = posted??;
        answers.insert(port, posted);
    }
    Ok(answers)
}

/// What is left of what was acknowledged before a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    All,
    Less,
    /// The program does not start on this disk.
    Nothing,
}

impl Left {
    const fn all(is_all: bool) -> Self {
        if is_all { Self::All } else { Self::Less }
    }
}

/// What a relay that starts on this disk has of what it had answered before the cut.
async fn left(ground: &Ground, device: &Device, image: &Image, answers: &Answers) -> Result<Left> {
    let folder = tempfile::tempdir_in(ground.folder())?;
    judge::copy(
        &ground.relay_folder().join("keys"),
        &folder.path().join("keys"),
    )?;
    image.write(&folder.path().join("relay.db"))?;
    let address = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let clock = Clock::default();
    let started = Relay::start(folder.path(), address, ground.sandbox(), &clock).await;
    let Ok(relay) = started else {
        return Ok(Left::Nothing);
    };
    let mut http = Http::connect(address).await;
    let last = WEBHOOKS + 1;
    let status = http.post(&Maker::new().webhook_on(0, last)).await?;
    ensure!(status == 200, "the relay answered {status} after the cut");
    let held = device.read(address, &words(last)).await?;
    drop(http);
    relay.stop().await;
    let numbers: Vec<usize> = held.iter().filter_map(|words| number_in(words)).collect();
    let held: BTreeSet<usize> = numbers.iter().copied().collect();
    ensure!(
        held.len() == numbers.len(),
        "something is there twice after a cut"
    );
    let mut told: BTreeMap<u16, usize> = BTreeMap::new();
    for (port, _) in &image.acknowledged {
        // What else asks it something is no webhook.
        let Some(posted) = answers.get(port) else {
            continue;
        };
        let nth = told.entry(*port).or_default();
        let number = posted.get(*nth).context("an answer to nothing")?;
        *nth += 1;
        if !held.contains(number) {
            return Ok(Left::Less);
        }
    }
    Ok(Left::All)
}

#[tokio::test]
async fn what_the_store_committed_survives_a_power_cut() -> Result<()> {
    const MESSAGES: u64 = 500;
    let folder = tempfile::tempdir()?;
    let (work, shim) = (folder.path().join("work"), compile_shim(folder.path())?);
    let base = folder.path().join("base");
    let record = recorded(&work, &base, (MESSAGES, "honest"), &shim).await?;
    let (syncs, acknowledged, moved) = record.counts();
    ensure!(moved > 0, "no checkpoint was made");

    let (mut judged, mut lost) = (0, 0);
    for round in Rounds::at_least(1, STORE) {
        for image in record.cuts(CUTS, Syncs::All, Dice::new(u64::from(round)))? {
            lost += usize::from(store_left(&base, folder.path(), &image)? != Left::All);
            judged += 1;
        }
    }
    ensure!(
        lost == 0,
        "committed rows are lost in {lost} of {judged} disks"
    );
    let mut control = 0;
    for image in record.cuts(CUTS, Syncs::BeforeCheckpoints, Dice::new(7))? {
        control += usize::from(store_left(&base, folder.path(), &image)? == Left::Less);
    }
    ensure!(
        control > 0,
        "control: a log that is not synced loses nothing either"
    );
    report(
        STORE,
        &format!(
            "{judged} disks after a cut among {syncs} syncs and {acknowledged} commits: none lost; \
             control: with the log's syncs left out, as NORMAL does, {control} of {CUTS} disks open \
             and lack committed rows"
        ),
    )
}

/// The control that runs as it is called: with `synchronous=NORMAL` SQLite itself loses rows it said
/// were committed, with FULL it does not, and the judge tells one from the other.
#[tokio::test]
async fn control_sqlite_loses_committed_rows_with_normal_and_none_with_full() -> Result<()> {
    const ROWS: u64 = 500;
    let folder = tempfile::tempdir()?;
    let shim = compile_shim(folder.path())?;
    for (how, may_lose) in [("full", false), ("normal", true)] {
        let (work, base) = (
            folder.path().join(how),
            folder.path().join("base").join(how),
        );
        let record = recorded(&work, &base, (ROWS, how), &shim).await?;
        let (_, _, moved) = record.counts();
        ensure!(moved > 0, "{how}: no checkpoint was made");
        let mut lost = 0;
        for image in record.cuts(CUTS, Syncs::All, Dice::new(11))? {
            lost += usize::from(plain_left(folder.path(), &image)? != Left::All);
        }
        ensure!(
            (lost > 0) == may_lose,
            "{how}: {lost} of {CUTS} disks lack rows"
        );
    }
    Ok(())
}

/// What plain SQLite on this disk has of what it said was committed.
#[expect(clippy::disallowed_methods, reason = "the scribe's plain file")]
fn plain_left(beside: &Path, image: &Image) -> Result<Left> {
    let folder = tempfile::tempdir_in(beside)?;
    let path = folder.path().join("vault.db");
    image.write(&path)?;
    let sql = rusqlite::Connection::open(&path)?;
    let mut all = sql.prepare("SELECT number FROM said")?;
    let there = all.query_map([], |row| row.get::<_, i64>(0))?;
    let there = there.collect::<rusqlite::Result<BTreeSet<i64>>>()?;
    Ok(Left::all(
        said(image).all(|number| there.contains(&number.cast_signed())),
    ))
}

/// A scribe at work, recorded from its sixth number on; what lay there before is copied to `base`.
async fn recorded(
    work: &Path,
    base: &Path,
    (count, how): (u64, &str),
    library: &Path,
) -> Result<Record> {
    write(work, (5, how), &Shim::default(), library).await?;
    judge::copy(work, base)?;
    let kept = base.with_extension("record");
    let shim = Shim {
        record: Some((kept.clone(), "vault.db")),
        ..Shim::default()
    };
    write(work, (count, how), &shim, library).await?;
    let files = tests::files::under(base)?;
    let vault = files.into_iter().find(|file| file.ends_with("vault.db"));
    Record::read(&kept, &vault.context("the scribe made a database")?)
}

async fn write(work: &Path, (count, how): (u64, &str), shim: &Shim, library: &Path) -> Result<()> {
    let mut command = Command::new(program("torture-scribe")?);
    command.arg(work).arg(count.to_string()).arg(how);
    shim.set(&mut command, library);
    let done = command.output().await?;
    ensure!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}

/// What a store on this disk has of what was committed before the cut.
fn store_left(base: &Path, beside: &Path, image: &Image) -> Result<Left> {
    let folder = tempfile::tempdir_in(beside)?;
    judge::copy(base, folder.path())?;
    let files = tests::files::under(&folder.path().join("data"))?;
    let vault = files.into_iter().find(|file| file.ends_with("vault.db"));
    image.write(&vault.context("a vault")?)?;
    let secrets = crate::keychain::FileSecrets::at(&folder.path().join("keychain"))?;
    let Ok(threads) = judge::read(&folder.path().join("data"), &secrets) else {
        return Ok(Left::Nothing);
    };
    let number = |words: &String| words.split(' ').next()?.parse::<u64>().ok();
    let there: BTreeSet<u64> = threads.iter().flatten().filter_map(number).collect();
    Ok(Left::all(said(image).all(|number| there.contains(&number))))
}

/// The numbers a scribe said were committed before the cut.
fn said(image: &Image) -> impl Iterator<Item = u64> {
    let words = image.acknowledged.iter();
    words.flat_map(|(_, words)| {
        let words = String::from_utf8_lossy(words);
        let numbers = words.lines().filter_map(|line| line.parse().ok());
        numbers.collect::<Vec<u64>>()
    })
}
