//! A keychain that takes its time: the window says what it waits for, nothing is made anew, and the
//! start goes on when the answer comes.

use anyhow::Result;
use tests::axe;
use tests::counter::Counter;
use tests::page::Find;

use crate::doors::the_shop_s_own;
use crate::looks;

const WAITING: &str = "document.body.innerText.includes('Waiting for this computer’s keychain')";

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_keychain_is_said_and_waited_for() -> Result<()> {
    let mut counter = Counter::connected().await?;
    let phones = &counter.world.phones;
    phones.say("whatsapp", "clara", "Worth waiting for").await?;
    counter.owner()?.sees_row("Worth waiting for").await?;
    counter.close().await?;
    let before = the_shop_s_own(counter.data())?;
    counter.seat.stall_keyring().await?;
    counter.reopen().await?;
    counter
        .page()?
        .answer(WAITING, "the window to say it")
        .await?;
    looks::keep(counter.page()?, "keychain-slow-light").await?;
    axe::check(counter.page()?, "slow keychain").await?;
    // Whoever does not want to wait may go: the window closes all the same, and nothing has changed.
    counter.close().await?;
    assert_eq!(
        the_shop_s_own(counter.data())?,
        before,
        "a file came or went"
    );
    counter.reopen().await?;
    counter
        .page()?
        .answer(WAITING, "the window to say it again")
        .await?;
    counter
        .world
        .phones
        .say("whatsapp", "clara", "Still there?")
        .await?;
    assert_eq!(
        the_shop_s_own(counter.data())?,
        before,
        "a file came or went"
    );
    counter.seat.resume_keyring().await?;
    counter.owner()?.sees_row("Still there?").await?;
    assert_eq!(
        counter
            .page()?
            .count(&Find::named("button", "Unlock"))
            .await?,
        0
    );
    Ok(())
}
