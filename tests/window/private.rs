//! The window as it is shipped: private. No driver can steer one, so it is only watched.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tests::counter::Counter;
use tests::memory::{Process, family, held};
use tests::{files, traces, wait};

/// What a customer writes while the window is open.
const WORDS: &str = "Are the ranunculus in yet?";

/// What WebKit lays down whatever it is told: random numbers of its own, and a list of hosts that
/// want TLS, of which the window knows none.
const ALWAYS: [&str; 2] = ["salt", "hsts-storage.sqlite"];

/// The web view's files besides those.
fn kept(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut kept = files::under(folder)?;
    kept.retain(|file| !ALWAYS.iter().any(|name| file.ends_with(name)));
    Ok(kept)
}

/// The program that draws the page.
fn draws(program: u32) -> Result<Option<Process>> {
    let family = family(program)?;
    Ok(family
        .into_iter()
        .find(|one| one.name.starts_with("WebKitWebProc")))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_window_leaves_nothing_of_what_it_shows() -> Result<()> {
    let mut counter = Counter::connected().await?;
    let folder = counter.data().join("webview");
    let mut program = counter.opens_private().await?;
    let id = program.id().context("the program runs")?;
    let words = [("the words".to_owned(), WORDS.as_bytes().to_vec())];
    let phones = &counter.world.phones;
    phones.say("instagram", "clara", WORDS).await?;
    wait::until("the window to have the words", async || {
        let Some(page) = draws(id)? else {
            return Ok(None);
        };
        let held = held(&page, &words).await?;
        Ok(held.filter(|held| !held.is_empty()).map(drop))
    })
    .await?;
    program.kill().await?;
    counter.seat.is_left().await?;
    let places: [PathBuf; 2] = [folder.clone(), counter.seat.home().to_owned()];
    let found = traces::files_with(&[WORDS.as_bytes().to_vec()], &places).await?;
    ensure!(found.is_empty(), "{found:?}");
    let kept = kept(&folder)?;
    ensure!(kept.is_empty(), "{kept:?}");
    Ok(())
}
