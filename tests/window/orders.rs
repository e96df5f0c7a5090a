//! An order to erase that came over the relay and that Meta does not confirm: the window asks, and
//! each of its two buttons does what it says.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::axe;
use tests::counter::Counter;
use tests::desktop::run;
use tests::page::Find;
use tests::phones::http;
use tests::traces;
use tests::wait;

use crate::looks;

const SAID: &str = "Kept behind the question 5501";

/// A shop that was asked, and the address of the order's public page.
async fn asked() -> Result<(Counter, String)> {
    let counter = Counter::connected().await?;
    let phones = &counter.world.phones;
    phones.say("messenger", "clara", SAID).await?;
    counter.owner()?.sees_row(SAID).await?;
    // Meta still takes the token: nobody at Facebook asked for this.
    let order = json!({"user": "owner", "keep_token": true});
    let answer = phones.post("deletion", &order).await?;
    let code = answer.get("confirmation_code").and_then(Value::as_str);
    let page = format!("deletion/{}", code.context("a confirmation code")?);
    let address = counter.world.relay_url().join(&page)?;
    is_asked(&counter).await?;
    Ok((counter, address.to_string()))
}

/// The question stands there with its two answers, and nothing of the shop beside it.
async fn is_asked(counter: &Counter) -> Result<()> {
    let page = counter.page()?;
    page.find(&Find::named("heading", "Shall everything be erased?"))
        .await?;
    for button in ["Keep everything", "Erase it now"] {
        page.find(&Find::named("button", button)).await?;
    }
    let shown = page.now("document.body.innerText").await?;
    let shown = shown.as_str().context("words")?;
    let then = "For new messages you sign in again at Facebook.";
    ensure!(shown.contains(then), "what follows is not said: {shown}");
    for words in [SAID, "Clara"] {
        ensure!(!shown.contains(words), "the locked window shows {words:?}");
    }
    ensure!(page.count(&Find::any("option")).await? == 0);
    Ok(())
}

/// Waits until the order's public page says this.
async fn becomes(address: &str, state: &str) -> Result<Value> {
    wait::until(&format!("the order to be {state}"), async || {
        let request = http().get(address).header("accept", "application/json");
        let status: Value = request.send().await?.json().await?;
        Ok((status.get("state") == Some(&state.into())).then_some(status))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_keeps_everything_has_the_inbox_again_and_the_order_is_refused() -> Result<()> {
    let (mut counter, order) = asked().await?;
    let page = counter.page()?;
    axe::check(page, "deletion asked").await?;
    looks::keep(page, "deletion-asked-light").await?;
    // Closing the window is no answer.
    counter.reopen().await?;
    is_asked(&counter).await?;
    becomes(&order, "relay_erased").await?;
    counter.page()?.press("Keep everything").await?;
    let owner = counter.owner()?;
    owner.sees_row(SAID).await?;
    let status = becomes(&order, "refused").await?;
    let reason = status.get("reason").and_then(Value::as_str);
    ensure!(reason.is_some_and(|reason| !reason.is_empty()), "{status}");
    // The relay had carried it out: that is said, and signing in again opens the road.
    let phones = &counter.world.phones;
    phones.say("messenger", "clara", "And now?").await?;
    owner.settings("Connections").await?;
    let page = counter.page()?;
    let card = Find::with("article", "Messenger");
    let again = Find::named("button", "Sign in again");
    page.find_inside(&card, &again).await?.click().await?;
    page.find(&Find::with("heading", "All connections work"))
        .await?;
    owner.opens("And now?").await?;
    owner.reads(SAID).await?;
    owner.answers("Here as ever").await?;
    let sent = |state: &Value| {
        let mut sent = state.get("sent")?.as_array()?.iter();
        sent.find(|one| one.get("text") == Some(&"Here as ever".into()))
            .map(drop)
    };
    phones.until("the answer on the phone", sent).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_erases_has_the_first_run_a_receipt_and_nothing_left() -> Result<()> {
    let (counter, order) = asked().await?;
    counter.page()?.press("Erase it now").await?;
    let first = Find::named("button", "Connect my shop");
    counter.page()?.find(&first).await?;
    let status = becomes(&order, "completed").await?;
    ensure!(
        status.pointer("/devices/0/state") == Some(&"erased".into()),
        "{status}"
    );
    let connections = tests::files::under(&counter.data().join("vaults"))?;
    ensure!(connections.is_empty(), "left: {connections:?}");
    let words = [SAID.as_bytes().to_vec(), b"Clara Whitfield".to_vec()];
    let everywhere = [counter.world.folder().to_path_buf()];
    wait::until("every trace to be gone", async || {
        let found = traces::files_with(&words, &everywhere).await?;
        ensure!(found.is_empty(), "left: {found:?}");
        Ok(Some(()))
    })
    .await?;
    let receipts = tests::files::under(&counter.data().join("receipts"))?;
    ensure!(!receipts.is_empty(), "there is no receipt");
    for receipt in receipts {
        let (good, said) = run("shopbell", &["verify-receipt", &receipt.to_string_lossy()]).await?;
        ensure!(good, "{said}");
    }
    Ok(())
}
