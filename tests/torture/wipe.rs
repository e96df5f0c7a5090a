//! Erasures, cut off and obstructed: a desktop that forgets a connection is killed at every step of
//! it and again while it goes on; the disk is full, the folder cannot be written, the keychain is
//! locked, the relay is away. The key goes first, nothing is left, there is one receipt, and nobody
//! else's connection is touched.

pub(crate) mod controls;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::{Channel, ConnectionId};
use store::{Paths, Profile, Vault};
use tokio::process::Child;

use crate::counts::{Dice, Rounds, Walk, report};
use crate::ground::Ground;
use crate::judge;
use crate::keychain::FileSecrets;
use crate::load::Load;
use crate::steps::{is_walked, need};
use crate::victims::{Desk, Shim, Trouble, arm, kill, toggle_trouble};

/// Under this name the counts are kept.
const COUNTED: &str = "wipe-killed";
/// Kills in the short run.
const KILLS: u32 = 300;
/// Messages in each shop.
const MESSAGES: usize = 3 * 64;
/// What a wipe must have been killed before.
const NEEDED: [&str; 3] = [
    "write share.b|sync share.b|unlink share.b",
    "unlink vault.db|sync vaults",
    "write wipe.a|write wipe.b",
];
/// How far the later kills of a wipe are drawn.
const STEPS: usize = 60;
/// What is in its way, and how often in the short run.
const TROUBLES: [&str; 4] = [
    "disk full",
    "folder read-only",
    "keychain locked",
    "relay away",
];
const OBSTRUCTED: u32 = 10;
/// How long a wiped connection may still be readable, at most.
const PROMISED: Duration = Duration::from_secs(2);

/// A shop as it was before, to be put back as often as needed.
pub(crate) struct Shop {
    pub(crate) ground: Ground,
    kept: PathBuf,
    /// The connections, and how many messages each has.
    had: BTreeMap<ConnectionId, (Channel, usize)>,
    doomed: ConnectionId,
    secrets: Vec<String>,
}

impl Shop {
    pub(crate) async fn make() -> Result<Self> {
        let (ground, mut relay, mut desk) = Ground::connected().await?;
        let load = Load::begin(ground.address());
        load.allow(MESSAGES);
        let (_, last) = load.last_words().await?;
        for words in last {
            desk.must(&["hear", &words]).await?;
        }
        desk.stop().await?;
        kill(&mut relay).await?;
        let kept = ground.folder().join("kept");
        for (name, folder) in folders(&ground) {
            judge::copy(&folder, &kept.join(name))?;
        }
        let had = vaults(&ground)?;
        let doomed = had
            .iter()
            .find(|(_, (channel, _))| *channel == Channel::Instagram);
        Ok(Self {
            doomed: *doomed.context("Instagram is connected")?.0,
            secrets: ground.secret_names()?,
            had,
            kept,
            ground,
        })
    }

    /// Puts everything back as it was, and starts the relay.
    pub(crate) async fn put_back(&self) -> Result<Child> {
        for (name, folder) in folders(&self.ground) {
            std::fs::remove_dir_all(&folder)?;
            judge::copy(&self.kept.join(name), &folder)?;
        }
        self.ground.start_relay(&Shim::default()).await
    }

    /// One of the folders as it was before.
    pub(crate) fn kept(&self, name: &str) -> PathBuf {
        self.kept.join(name)
    }

    fn vault_folder(&self) -> PathBuf {
        self.ground
            .data()
            .join("vaults")
            .join(self.doomed.to_string())
    }

    /// Whether what is to go can still be opened with what is there.
    fn is_readable(&self) -> Result<bool> {
        let copy = tempfile::tempdir_in(self.ground.folder())?;
        judge::copy(&self.ground.data(), copy.path())?;
        let paths = Paths::create(copy.path())?;
        let profile = Profile::open_or_create(&paths)?;
        let secrets = self.ground.keychain()?;
        Ok(Vault::open(&paths, &profile, &secrets, self.doomed).is_ok())
    }

    /// After any kill: share B goes before anything else of the connection does.
    fn key_went_first(&self) -> Result<()> {
        let folder = self.vault_folder();
        let share = std::fs::read(folder.join("share.b")).ok();
        let vault = PathBuf::from("data/vaults").join(self.doomed.to_string());
        // One that could not be removed was overwritten: it is as good as gone.
        if share != Some(std::fs::read(self.kept.join(vault).join("share.b"))?) {
            return Ok(());
        }
        let doomed = self.doomed.to_string();
        let left = self.ground.secret_names()?;
        let gone = self.secrets.iter().filter(|name| name.contains(&doomed));
        let gone: Vec<_> = gone.filter(|name| !left.contains(name)).collect();
        ensure!(
            gone.is_empty(),
            "{gone:?} went before the key share in the folder"
        );
        ensure!(
            folder.join("vault.db").exists(),
            "the vault went before its key share"
        );
        Ok(())
    }

    /// A copy of the disk from before the wipe does not open with what there is after it.
    fn old_image_stays_shut(&self) -> Result<()> {
        let image = tempfile::tempdir_in(self.ground.folder())?;
        judge::copy(&self.kept.join("data"), image.path())?;
        let paths = Paths::create(image.path())?;
        let profile = Profile::open_or_create(&paths)?;
        let opens = |secrets: &FileSecrets| {
            let vault = Vault::open(&paths, &profile, secrets, self.doomed);
            vault.map(|vault| vault.close()).is_ok()
        };
        ensure!(
            !opens(&self.ground.keychain()?),
            "a disk image from before opens with what is left"
        );
        let before = FileSecrets::at(&self.kept.join("keychain"))?;
        ensure!(
            opens(&before),
            "control: the image opens with what was there before"
        );
        Ok(())
    }

    /// After a wipe: nothing left, one receipt, the others as they were.
    fn is_done(&self) -> Result<()> {
        let doomed = self.doomed.to_string();
        let files = tests::files::under(&self.ground.data())?;
        let left: Vec<_> = files
            .iter()
            .filter(|file| file.to_string_lossy().contains(&doomed))
            .collect();
        ensure!(left.is_empty(), "left: {left:?}");
        let names = self.ground.secret_names()?;
        ensure!(
            !names.iter().any(|name| name.contains(&doomed)),
            "left in the keychain: {names:?}"
        );
        let others = self.secrets.iter().filter(|name| !name.contains(&doomed));
        let gone: Vec<_> = others.filter(|name| !names.contains(name)).collect();
        ensure!(gone.is_empty(), "gone from the keychain as well: {gone:?}");
        let receipts: Vec<_> = files.iter().filter(|file| is_receipt(file)).collect();
        ensure!(receipts.len() == 1, "not one receipt: {receipts:?}");
        engine::receipt::verify_file(receipts[0], None).context("the receipt")?;
        self.old_image_stays_shut()?;
        let mut expected = self.had.clone();
        expected.remove(&self.doomed);
        ensure!(
            vaults(&self.ground)? == expected,
            "another connection was touched"
        );
        Ok(())
    }
}

fn is_receipt(file: &std::path::Path) -> bool {
    file.parent()
        .is_some_and(|folder| folder.ends_with("receipts"))
}

fn folders(ground: &Ground) -> [(&'static str, PathBuf); 3] {
    [
        ("data", ground.data()),
        ("keychain", ground.keychain_folder()),
        ("relay", ground.relay_folder()),
    ]
}

/// Every vault that opens, and how many messages it has.
fn vaults(ground: &Ground) -> Result<BTreeMap<ConnectionId, (Channel, usize)>> {
    let copy = tempfile::tempdir_in(ground.folder())?;
    judge::copy(&ground.data(), copy.path())?;
    let paths = Paths::create(copy.path())?;
    let profile = Profile::open_or_create(&paths)?;
    let secrets: FileSecrets = ground.keychain()?;
    let mut found = BTreeMap::new();
    for id in paths.vaults_on_disk()? {
        let vault = Vault::open(&paths, &profile, &secrets, id)?;
        let facts = vault
            .read(|read| read.facts())?
            .context("a vault without facts")?;
        let threads = vault.read(judge::all_threads)?;
        vault.close();
        found.insert(id, (facts.channel, threads.iter().map(Vec::len).sum()));
    }
    Ok(found)
}

/// Begins to forget, if that was not begun before; false if it was killed meanwhile.
async fn forget(desk: &mut Desk, phase: &str, shop: &Shop) -> Result<bool> {
    if phase == "Erasing" || !shop.vault_folder().join("share.b").exists() {
        return Ok(true);
    }
    Ok(desk.tell(&["disconnect", "instagram"]).await?.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wipe_killed_at_each_step_and_again_leaves_nothing() -> Result<()> {
    let shop = Shop::make().await?;
    let mut dice = Dice::new(3);
    let steps = shop.ground.folder().join("steps");
    let (mut kills, mut wipes, mut walk) = (0_u32, 0_u32, Walk::default());
    let mut rounds = Rounds::at_least(KILLS, COUNTED);
    let mut more = true;
    while more || !is_walked(&walk, &steps, &NEEDED) {
        let mut relay = shop.put_back().await?;
        // The first kill goes through the steps in turn, those after it are drawn.
        let first = walk.next();
        wipes += 1;
        for life in 0..5 {
            let shim = match life {
                0 => Shim {
                    steps: Some(steps.clone()),
                    ..Shim::kill_when_armed(first)
                },
                _ => Shim::kill_at(1 + dice.below(STEPS)),
            };
            let mut desk = shop.ground.start_desk(&shim)?;
            let phase = desk.opened().await?;
            if phase.is_some() && life == 0 {
                arm(&desk.child).await?;
            }
            let mut alive = match &phase {
                Some(phase) => forget(&mut desk, phase, &shop).await?,
                None => false,
            };
            alive = alive && desk.tell(&["wiped"]).await?.is_some();
            kill(&mut desk.child).await?;
            shop.key_went_first()?;
            if life == 0 {
                walk.went(!alive);
            }
            if alive {
                break;
            }
            kills += 1;
            more = rounds.next().is_some();
        }
        let mut desk = shop.ground.start_desk(&Shim::default())?;
        let phase = desk.opened().await?.context("it opens")?;
        forget(&mut desk, &phase, &shop).await?;
        desk.must(&["wiped"]).await?;
        desk.stop().await?;
        kill(&mut relay).await?;
        shop.is_done()
            .with_context(|| format!("first killed at step {first}"))?;
    }
    let kinds = need(&steps, &NEEDED)?;
    report(
        COUNTED,
        &format!(
            "{wipes} wipes, {kills} kills (at each of its {} steps without a gap, then at random): \
             nothing left, the key first, one receipt each, no other connection touched; killed \
             before {}",
            walk.steps(),
            kinds.into_iter().collect::<Vec<_>>().join(", ")
        ),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wipe_that_is_obstructed_is_unreadable_at_once_and_whole_in_the_end() -> Result<()> {
    let shop = Shop::make().await?;
    ensure!(
        shop.is_readable()?,
        "control: what is to be wiped can be read before"
    );
    let mut took: BTreeMap<&str, Duration> = BTreeMap::new();
    let mut times = 0;
    for round in Rounds::at_least(OBSTRUCTED, "wipe-obstructed") {
        for trouble in TROUBLES {
            let longest = took.entry(trouble).or_default();
            *longest = forget_amid(&shop, trouble).await?.max(*longest);
        }
        times = round;
    }
    report(
        "wipe-obstructed",
        &format!(
            "{times} times each, the longest order: {took:?}: unreadable when it returned, whole after \
             the trouble, one receipt each"
        ),
    )
}

/// Once: forgets amid a trouble, looks, and lets it be done when the trouble is over. How long the
/// order took.
async fn forget_amid(shop: &Shop, trouble: &str) -> Result<Duration> {
    let mut relay = shop.put_back().await?;
    let shim = Shim {
        trouble: match trouble {
            "disk full" => Some((Trouble::DiskFull, shop.ground.data())),
            "folder read-only" => Some((Trouble::ReadOnly, shop.ground.data())),
            _ => None,
        },
        ..Shim::default()
    };
    let mut desk = shop.ground.start_desk(&shim)?;
    desk.opened().await?.context("it opens")?;
    match trouble {
        "keychain locked" => shop.ground.lock_keychain(true)?,
        "relay away" => kill(&mut relay).await?,
        _ => toggle_trouble(&desk.child).await?,
    }
    let began = Instant::now();
    // It may say that not all is done yet; what counts is what can be read.
    drop(desk.tell(&["disconnect", "instagram"]).await);
    let took = began.elapsed();
    kill(&mut desk.child).await?;
    if trouble == "keychain locked" {
        shop.ground.lock_keychain(false)?;
    }
    ensure!(!shop.is_readable()?, "{trouble}: it can still be read");
    // The one time that is promised; measured is a fiftieth of it.
    ensure!(took < PROMISED, "{trouble}: readable for {took:?}");
    shop.key_went_first()?;
    if trouble == "relay away" {
        relay = shop.ground.start_relay(&Shim::default()).await?;
    }
    let mut desk = shop.ground.open_desk().await?;
    desk.must(&["wiped"]).await?;
    desk.stop().await?;
    kill(&mut relay).await?;
    shop.is_done().with_context(|| trouble.to_owned())?;
    Ok(took)
}
