//! `paint-vs-bare`: from starting the program to the first row of its list on the screen, with
//! 10,000 conversations in three vaults, against a bare window of the same host to its first paint.
//!
//! Neither program is asked: a display in memory is watched from outside. What counts is the moment
//! from which the place of the first row looks as it does in the end. The keychain is a real Secret
//! Service on a session bus of its own; a relay and a stand-in for Meta answer, as on any other day.

mod furnish;
mod screen;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::programs::program;
use tests::seat::{Keyring, Seat};
use tests::world::World;
use tokio::process::Command;

pub(crate) use furnish::{FURNISH, furnish};

use crate::ground::{Ground, locked, version_of, versions};
use crate::report::{Figure, Goal, Round, say_apart};
use screen::{Place, Screen};

pub(crate) const NAME: &str = "paint-vs-bare";

const ROUNDS: u64 = 7;
const GOAL: f64 = 1.4;
/// Where the first row of the list stands in a window of 1440 by 900.
const ROW: Place = Place {
    left: 300,
    top: 130,
    width: 250,
    height: 60,
};
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// Set by its desktop file: without it the program starts itself a second time. A bare window has
/// none: with it, it waits half a second in about every second start.
const FROM_THE_MENU: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
/// After this long without a change nothing more is expected.
const QUIET: Duration = Duration::from_secs(4);
/// Nothing takes longer.
const LIMIT: Duration = Duration::from_secs(90);

pub(crate) fn measure(ground: &Ground) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(all(ground))
}

async fn all(ground: &Ground) -> Result<Vec<Figure>> {
    let folder = ground.fresh("paint")?;
    let seat = Seat::take(&folder, Keyring::Unlocked).await?;
    let screen = Screen::start(&folder).await?;
    let world = World::start().await?;
    let mut shop = Window::of(program("shopbell")?, folder.join("shop"), &world);
    shop.environment.push((FROM_THE_MENU, "1".to_owned()));
    make_shop(&seat, &shop).await?;
    let bare = Window::of(bare_window()?, folder.join("bare"), &world);
    // Both have been started once: their pages lie in the system's cache, and what is only made at
    // a first start is there.
    shop.paint(&seat, &screen).await?;
    bare.paint(&seat, &screen).await?;
    let mut rounds: Vec<Round> = Vec::new();
    for round in 1..=ROUNDS {
        let ours = shop.paint(&seat, &screen).await?;
        let other = bare.paint(&seat, &screen).await?;
        say_apart(&format!(
            "  round {round}: {ours:.0} ms against {other:.0} ms"
        ));
        rounds.push((ours, other));
    }
    let webkit = version_of("pkg-config", &["--modversion", "webkit2gtk-4.1"]);
    let versions = versions(&[("webkitgtk", webkit), ("tauri", locked("tauri"))]);
    let what = (NAME, "first row");
    Ok(vec![Figure::of(
        what,
        (Goal::AtMost(GOAL), "ms"),
        rounds,
        versions,
    )])
}

/// A program with one window.
#[derive(Debug)]
struct Window {
    program: PathBuf,
    data: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Window {
    fn of(program: PathBuf, data: PathBuf, world: &World) -> Self {
        let sandbox = world.sandbox();
        let environment = vec![
            ("SHOPBELL_DATA_DIR", data.display().to_string()),
            ("SHOPBELL_RELAY_URL", world.relay_url().to_string()),
            ("SHOPBELL_GRAPH_URL", sandbox.graph_url().to_string()),
            ("SHOPBELL_FACEBOOK_URL", sandbox.facebook_url().to_string()),
            (
                "SHOPBELL_INSTAGRAM_URL",
                sandbox.instagram_url().to_string(),
            ),
            (furnish::SANDBOX, sandbox.url.to_string()),
        ];
        Self {
            program,
            data,
            environment,
        }
    }

    /// Starts it, watches the screen until it is still, and ends it: the milliseconds to the moment
    /// from which the first row looked as it did in the end.
    async fn paint(&self, seat: &Seat, screen: &Screen) -> Result<f64> {
        let empty = screen.look(ROW)?;
        let mut command = self.command(seat, screen);
        let begun = Instant::now();
        let mut running = command
            .spawn()
            .context("the window's program does not start")?;
        let mut seen = (empty, Duration::ZERO);
        while begun.elapsed() < seen.1 + QUIET || seen.0 == empty {
            let look = screen.look(ROW)?;
            if look != seen.0 {
                seen = (look, begun.elapsed());
            }
            ensure!(
                begun.elapsed() < LIMIT,
                "nothing was painted in {} s",
                LIMIT.as_secs()
            );
            ensure!(running.try_wait()?.is_none(), "the window's program ended");
            tokio::time::sleep(LOOK).await;
        }
        screen.save(&self.data.with_extension("ppm"))?;
        running.kill().await?;
        tests::wait::until("the screen to be empty again", async || {
            Ok((screen.look(ROW)? == empty).then_some(()))
        })
        .await?;
        seat.is_left().await?;
        Ok(seen.1.as_secs_f64() * 1_000.0)
    }

    fn command(&self, seat: &Seat, screen: &Screen) -> Command {
        let mut command = seat.command(&self.program);
        command
            .env("DISPLAY", screen.display())
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// Makes the shop with this program itself: only at the desk its keychain can be reached.
async fn make_shop(seat: &Seat, shop: &Window) -> Result<()> {
    let status = seat
        .command(&std::env::current_exe()?)
        .arg(FURNISH)
        .arg(&shop.data)
        .envs(shop.environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .await?;
    ensure!(status.success(), "the shop could not be made");
    Ok(())
}

/// The example lies beside the programs.
fn bare_window() -> Result<PathBuf> {
    let shop = program("shopbell")?;
    let folder = shop.parent().context("a program lies in a folder")?;
    let path = folder.join("examples/bare-window");
    ensure!(
        path.is_file(),
        "the bare window is not built: `cargo xtask bench`"
    );
    Ok(path)
}
