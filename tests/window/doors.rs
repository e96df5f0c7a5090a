//! What can stand between the owner and the open shop: a locked keychain, none at all, a second
//! start, a relay that is away.

use std::path::{Path, PathBuf};

use anyhow::Result;
use tests::axe;
use tests::counter::Counter;
use tests::page::Find;
use tests::programs::program;
use tests::seat::Keyring;

use crate::looks;

/// The files of a shop. What the web view keeps for itself comes and goes with it.
pub(crate) fn the_shop_s_own(data: &Path) -> Result<Vec<PathBuf>> {
    let web_view = data.join("webview");
    let mut files = tests::files::under(data)?;
    files.retain(|file| !file.starts_with(&web_view));
    Ok(files)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keychain_is_said_and_nothing_is_lost() -> Result<()> {
    let mut counter = Counter::connected().await?;
    counter
        .world
        .phones
        .say("whatsapp", "clara", "Safe all the while")
        .await?;
    counter.owner()?.sees_row("Safe all the while").await?;
    counter.close().await?;
    counter.seat.unlock("not the password").await?;
    let before = the_shop_s_own(counter.data())?;
    counter.reopen().await?;
    let page = counter.page()?;
    page.find(&Find::named("button", "Unlock")).await?;
    looks::keep(page, "keychain-locked-light").await?;
    for theme in ["light", "dark"] {
        page.now(&format!(
            "document.documentElement.dataset.theme = '{theme}'"
        ))
        .await?;
        axe::check(page, &format!("locked keychain ({theme})")).await?;
    }
    assert_eq!(
        the_shop_s_own(counter.data())?,
        before,
        "a file came or went"
    );
    counter.seat.unlock("test").await?;
    counter.page()?.press("Unlock").await?;
    counter.owner()?.sees_row("Safe all the while").await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keychain_a_passphrase_opens_the_shop() -> Result<()> {
    let mut counter = Counter::open_with(Keyring::None, &[]).await?;
    let page = counter.page()?;
    let (field, again) = (
        Find::named("textbox", "Passphrase"),
        Find::named("textbox", "The same again"),
    );
    page.find(&field).await?;
    axe::check(page, "a passphrase is chosen").await?;
    looks::keep(page, "passphrase-first-light").await?;
    page.write(&field, "horse battery staple correct").await?;
    page.write(&again, "horse battery staple correct").await?;
    page.press("Use this passphrase").await?;
    page.find(&Find::named("button", "Connect my shop")).await?;
    counter.connect().await?;
    counter
        .world
        .phones
        .say("messenger", "jonas", "Behind a passphrase")
        .await?;
    counter.owner()?.sees_row("Behind a passphrase").await?;
    counter.reopen().await?;
    let page = counter.page()?;
    page.write(&field, "not the passphrase at all").await?;
    page.press("Open the shop").await?;
    page.answer(
        "document.body.innerText.includes('That is not the passphrase')",
        "no",
    )
    .await?;
    counter
        .owner()?
        .fills(&field, "horse battery staple correct")
        .await?;
    page.press("Open the shop").await?;
    counter.owner()?.sees_row("Behind a passphrase").await?;
    let found = tests::files::holding(counter.data(), "horse battery staple")?;
    assert!(found.is_empty(), "{found:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_relay_is_away_the_window_says_so_and_goes_on() -> Result<()> {
    let mut counter = Counter::connected().await?;
    counter
        .world
        .phones
        .say("instagram", "clara", "Before")
        .await?;
    counter.owner()?.opens("Clara").await?;
    counter.world.stop_relay().await;
    let banner = "document.body.innerText.includes('No connection to the relay')";
    counter.page()?.answer(banner, "the banner").await?;
    looks::check(counter.page()?, "relay-away").await?;
    counter.owner()?.reads("Before").await?;
    // The road out is another: the answer arrives, and nothing says that it waits.
    counter.owner()?.answers("Sent all the same").await?;
    counter
        .world
        .phones
        .until("the answer", |state| {
            state
                .to_string()
                .contains("Sent all the same")
                .then_some(())
        })
        .await?;
    let untrue = "/internet/i.test(document.body.innerText)";
    assert_eq!(counter.page()?.now(untrue).await?, false);
    counter
        .world
        .phones
        .say("instagram", "clara", "Meanwhile")
        .await?;
    counter.world.start_relay().await?;
    counter.owner()?.reads("Meanwhile").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_says_that_it_is_one() -> Result<()> {
    let counter = Counter::connected().await?;
    let banner = "document.body.innerText.includes('stand-in for Meta')";
    counter.page()?.answer(banner, "the banner").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_display_it_is_said_what_is_missing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // None, and one that is not there any more.
    for display in [None, Some(":4711")] {
        let mut command = tokio::process::Command::new(program("shopbell")?);
        for named in ["DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR"] {
            command.env_remove(named);
        }
        command.env("SHOPBELL_DATA_DIR", folder.path());
        command.envs(display.map(|display| ("DISPLAY", display)));
        let output = command.output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("there is no display"), "{said}");
        assert!(!said.contains("broke off"), "{said}");
    }
    Ok(())
}
