//! "Delete everything", killed at every step of it and again while it goes on. The keys go before
//! anything else does, in the end nothing of the shop is left, and there is one receipt.

mod controls;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tests::{traces, wait};

use crate::counts::{Dice, Rounds, Walk, report};
use crate::ground::Ground;
use crate::steps::{is_walked, need};
use crate::victims::{Desk, Shim, arm, kill};
use crate::wipe::Shop;

/// Under this name the counts are kept.
const COUNTED: &str = "wipe-everything-killed";
/// Kills in the short run.
const KILLS: u32 = 120;
/// What it must have been killed before.
const NEEDED: [&str; 4] = [
    "write share.b|sync share.b|unlink share.b",
    "unlink vault.db|unlink vaults",
    "unlink shop.db|unlink head.json",
    "write wipe.a|write wipe.b",
];
/// How far the later kills of an erasure are drawn.
const STEPS: usize = 90;

/// What was there before: key shares and databases by path, and every secret of the keychain.
struct Before {
    shares: BTreeMap<PathBuf, Vec<u8>>,
    databases: Vec<PathBuf>,
    secrets: Vec<Vec<u8>>,
    profile: String,
}

impl Before {
    fn of(shop: &Shop) -> Result<Self> {
        let kept = shop.kept("data");
        let (mut shares, mut databases) = (BTreeMap::new(), Vec::new());
        for file in tests::files::under(&kept)? {
            let inner = file.strip_prefix(&kept)?.to_path_buf();
            match file.extension().and_then(|end| end.to_str()) {
                Some("b") if file.to_string_lossy().contains("share") => {
                    shares.insert(inner, std::fs::read(&file)?);
                }
                Some("db") => databases.push(inner),
                _ => {}
            }
        }
        let files = tests::files::under(&shop.kept("keychain"))?;
        let secrets: std::io::Result<_> = files.iter().map(std::fs::read).collect();
        let profile = std::fs::read_to_string(kept.join("profile"))?;
        let before = Self {
            shares,
            databases,
            secrets: secrets?,
            profile: profile.lines().next().unwrap_or_default().to_owned(),
        };
        ensure!(
            before.shares.len() == 4 && before.databases.len() == 4,
            "three connections and a shop"
        );
        ensure!(before.profile.len() == 32, "{:?}", before.profile);
        Ok(before)
    }

    /// Shares that can still be read.
    fn intact(&self, data: &Path) -> usize {
        let same = |(path, bytes): &(&PathBuf, &Vec<u8>)| {
            std::fs::read(data.join(path)).is_ok_and(|found| found == **bytes)
        };
        self.shares.iter().filter(same).count()
    }

    /// After any kill: as long as one key share stands, nothing but shares has gone.
    fn keys_went_first(&self, ground: &Ground) -> Result<()> {
        let data = ground.data();
        if self.intact(&data) == 0 {
            return Ok(());
        }
        let gone: Vec<_> = self
            .databases
            .iter()
            .filter(|path| !data.join(path).exists())
            .collect();
        ensure!(gone.is_empty(), "{gone:?} went before the last key share");
        let names = ground.secret_names()?.len();
        ensure!(
            names >= self.secrets.len(),
            "the keychain's half went before the last key share"
        );
        Ok(())
    }

    /// In the end: one good receipt, and no key, no secret, no name of the profile in any file.
    async fn is_gone(&self, ground: &Ground) -> Result<()> {
        ensure!(self.intact(&ground.data()) == 0, "a key share stands");
        let mut traces: Vec<Vec<u8>> = self.shares.values().cloned().collect();
        traces.extend(self.secrets.iter().cloned());
        traces.push(self.profile.clone().into_bytes());
        let places = [ground.data(), ground.keychain_folder()];
        let left = traces::files_with(&traces, &places).await?;
        ensure!(left.is_empty(), "left: {left:?}");
        let receipts = tests::files::under(&ground.data().join("receipts"))?;
        let [receipt] = receipts.as_slice() else {
            anyhow::bail!("not one receipt: {receipts:?}");
        };
        engine::receipt::verify_file(receipt, None).context("the receipt")?;
        Ok(())
    }
}

/// Begins to delete everything, if that was not begun before; false if it was killed meanwhile.
async fn forget(desk: &mut Desk, (phase, before, shop): (&str, &Before, &Shop)) -> Result<bool> {
    if phase == "Erasing" || before.intact(&shop.ground.data()) < before.shares.len() {
        return Ok(true);
    }
    Ok(desk.tell(&["forget", "Shopbell"]).await?.is_some())
}

/// Every kill of one erasure, the first at this step; how many there were, and whether the first
/// was among them.
async fn cut_off(
    shop: &Shop,
    before: &Before,
    first: usize,
    dice: &mut Dice,
) -> Result<(u32, bool)> {
    let (mut kills, mut at_first) = (0, false);
    for life in 0..2 {
        let shim = match life {
            0 => Shim {
                steps: Some(shop.ground.folder().join("steps")),
                ..Shim::kill_when_armed(first)
            },
            _ => Shim::kill_at(1 + dice.below(STEPS)),
        };
        let mut desk = shop.ground.start_desk(&shim)?;
        let phase = desk.opened().await?;
        if phase.is_some() && life == 0 {
            arm(&desk.child).await?;
        }
        let alive = match &phase {
            Some(phase) => forget(&mut desk, (phase, before, shop)).await?,
            None => false,
        };
        let alive = alive && desk.tell(&["wiped"]).await?.is_some();
        kill(&mut desk.child).await?;
        before.keys_went_first(&shop.ground)?;
        if alive {
            break;
        }
        kills += 1;
        at_first |= life == 0;
    }
    Ok((kills, at_first))
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_everything_killed_at_each_step_and_again_leaves_nothing() -> Result<()> {
    let shop = Shop::make().await?;
    let before = Before::of(&shop)?;
    let steps = shop.ground.folder().join("steps");
    let mut dice = Dice::new(5);
    let (mut kills, mut wipes, mut walk) = (0, 0_u32, Walk::default());
    let mut rounds = Rounds::at_least(KILLS, COUNTED);
    let mut more = true;
    while more || !is_walked(&walk, &steps, &NEEDED) {
        let mut relay = shop.put_back().await?;
        ensure!(
            before.is_gone(&shop.ground).await.is_err(),
            "control: what is there is not found"
        );
        // The first kill goes through the steps in turn, those after it are drawn.
        let first = walk.next();
        wipes += 1;
        let cut = cut_off(&shop, &before, first, &mut dice).await;
        let (cut, at_first) = cut.with_context(|| format!("first killed at step {first}"))?;
        walk.went(at_first);
        kills += cut;
        for _ in 0..cut {
            more = rounds.next().is_some();
        }
        let mut desk = shop.ground.start_desk(&Shim::default())?;
        let phase = desk.opened().await?.context("it opens")?;
        forget(&mut desk, (&phase, &before, &shop)).await?;
        desk.must(&["wiped"]).await?;
        // The receipt is whole before the journal forgets.
        let what = format!("everything to be gone, first killed at step {first}");
        wait::until(&what, async || {
            before.is_gone(&shop.ground).await.map(|()| Some(()))
        })
        .await?;
        desk.stop().await?;
        kill(&mut relay).await?;
        let gone = before.is_gone(&shop.ground).await;
        gone.with_context(|| format!("first killed at step {first}"))?;
    }
    let kinds = need(&steps, &NEEDED)?;
    report(
        COUNTED,
        &format!(
            "{wipes} times everything, {kills} kills (at each of its {} steps without a gap, then \
             at random): the keys first, no key, secret or name left in any file, one receipt \
             each; killed before {}",
            walk.steps(),
            kinds.into_iter().collect::<Vec<_>>().join(", ")
        ),
    )
}
