//! What must be renewed before it ends: proofs of routes, tokens at half of their life, wrong
//! proofs of the app's secret. Every hour, or when woken. An end that could not be prevented is
//! said; nothing is ever erased for it.

use std::sync::Arc;
use std::time::Duration;

use channels::meta::Account;
use channels::meta::login::{Probe, probe};
use domain::time::DAY;
use store::shop::logins::Login;
use tokio_util::sync::CancellationToken;

use crate::connected::{Connected, SignIn};
use crate::error::{Error, Result};
use crate::ingest::{self, Receiver};
use crate::shop::{Shop, blocking};
use crate::tokens::{Extend, Fresh, KeptToken, NotRenewed, Whose};
use crate::{erase_person, routes, sealing, unopened};

/// How often to look without being woken.
const EVERY: Duration = Duration::from_secs(3_600);
/// How long it is remembered what was heard of: as long as the relay keeps anything.
const KEPT: i64 = 30 * DAY;
/// After trouble.
const SOON: Duration = Duration::from_secs(60);

/// Renews what is due; then waits.
pub(crate) async fn run(shop: Arc<Shop>, stop: CancellationToken) {
    retry_quarantined(&shop).await;
    if let Err(error) = unopened::try_again(&shop).await {
        tracing::warn!(%error, "envelopes that did not open were not tried again");
    }
    erase_person::settle_all(&shop).await;
    sweep_media(&shop).await;
    loop {
        let done = tokio::select! {
            () = stop.cancelled() => return,
            done = once(&shop) => done,
        };
        if let Err(error) = &done {
            tracing::info!(%error, "renewing goes on later");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = shop.wake.upkeep.notified() => {}
            () = tokio::time::sleep(if done.is_ok() { EVERY } else { SOON }) => {}
        }
    }
}

async fn once(shop: &Shop) -> Result<()> {
    let finished = finish_erasures(shop).await;
    renew(shop).await?;
    finished
}

async fn renew(shop: &Shop) -> Result<()> {
    forget_old(shop).await;
    sealing::replace_due(shop).await?;
    routes::prove_due(shop).await?;
    let logins = shop.shop_db(|db| db.read(|read| read.logins())).await?;
    for login in logins {
        renew_login(shop, &login).await?;
    }
    Ok(())
}

/// An erasure that met a locked keychain or a full disk goes on when that is over, not only at the
/// next start.
async fn finish_erasures(shop: &Shop) -> Result<()> {
    if !shop.eraser.is_held_up() {
        return Ok(());
    }
    let (eraser, secrets) = (Arc::clone(&shop.eraser), Arc::clone(&shop.secrets));
    blocking(move || {
        eraser.go_on(secrets.as_ref());
        Ok(())
    })
    .await?;
    if shop.eraser.is_held_up() {
        return Err(Error::Unexpected("an erasure is not complete".to_owned()));
    }
    Ok(())
}

/// Nothing comes again after so long: what was noted to know it by goes, and so does news about
/// messages that never came, which may hold a person's words.
async fn forget_old(shop: &Shop) {
    let before = shop.now().plus(-KEPT);
    for connected in shop.connections() {
        let forgotten = connected.write(move |write| {
            write.forget_pending(before)?;
            write.forget_events(before).map(drop)
        });
        match forgotten.await {
            Ok(()) | Err(Error::Gone) => {}
            Err(error) => tracing::warn!(%error, "old notes are forgotten another time"),
        }
    }
}

/// Files that a crash left without a row go at the next start.
async fn sweep_media(shop: &Shop) {
    for connected in shop.connections() {
        match connected.work(|vault| vault.sweep_media()).await {
            Ok(0) | Err(Error::Gone) => {}
            Ok(count) => tracing::info!(count, "files that belong to nothing were removed"),
            Err(error) => tracing::warn!(%error, "the media were not looked through"),
        }
    }
}

/// A login's own token, and those of its WhatsApp numbers, which are the same.
async fn renew_login(shop: &Shop, login: &Login) -> Result<()> {
    let whose = Whose::Login(login.id.clone());
    let Some(kept) = shop.kept_token(&whose).await? else {
        return Ok(());
    };
    if !kept.is_half_spent(shop.now()) {
        return Ok(());
    }
    match shop.renew_token(&whose, Extend::Yes).await {
        Ok(fresh) => hand_on(shop, login, &fresh).await,
        Err(NotRenewed::Ended) => end(shop, login).await,
        Err(NotRenewed::Later) => Ok(()),
    }
}

async fn hand_on(shop: &Shop, login: &Login, fresh: &KeptToken) -> Result<()> {
    let ends_at = fresh.expires_at;
    for connected in numbers_of(shop, login).await {
        shop.keep_token(Whose::Connection(connected.id), fresh.clone())
            .await?;
        let id = connected.id;
        shop.shop_db(move |db| {
            db.write(|write| {
                let Some(mut record) = write.connection(id)? else {
                    return Ok(());
                };
                record.token_expires_at = ends_at;
                write.set_connection(&record)
            })
        })
        .await?;
        // Last: this is what tells the window to look.
        shop.learn(&connected, |health| health.sign_in_ends_at = ends_at)
            .await;
    }
    Ok(())
}

/// The login is over: said, never a reason to erase.
async fn end(shop: &Shop, login: &Login) -> Result<()> {
    for connected in numbers_of(shop, login).await {
        shop.learn(&connected, |health| health.sign_in = SignIn::Ended)
            .await;
    }
    Ok(())
}

/// The WhatsApp numbers that use a login's token.
async fn numbers_of(shop: &Shop, login: &Login) -> Vec<Arc<Connected>> {
    let mut numbers = Vec::new();
    for connected in shop.connections() {
        if !matches!(connected.account, Account::Whatsapp { .. }) {
            continue;
        }
        let facts = connected.read(|read| read.facts()).await.ok().flatten();
        if facts.is_some_and(|facts| facts.login.as_deref() == Some(login.id.as_str())) {
            numbers.push(connected);
        }
    }
    numbers
}

/// How a login stands with Meta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Meta accepts it.
    Accepted,
    /// It was removed, or has ended.
    Ended,
    /// Meta could not be asked, or takes no proof that can be had.
    Unknown,
    /// There is no token to ask with: nothing is known, and nothing will be.
    NoToken,
}

/// Asks Meta how a login stands.
pub(crate) async fn standing(shop: &Shop, login: &str) -> Result<Standing> {
    let whose = Whose::Login(login.to_owned());
    let ask = |token| async move { probe(&shop.graph, &token).await };
    Ok(match shop.ask_meta(&whose, Fresh::Kept, ask).await? {
        Some(Ok(Probe::Accepted)) => Standing::Accepted,
        Some(Ok(Probe::Ended)) => Standing::Ended,
        Some(Err(_)) => Standing::Unknown,
        None => Standing::NoToken,
    })
}

/// Tries what an earlier version kept raw. After an update only; then there is nothing left to try.
async fn retry_quarantined(shop: &Shop) {
    for connected in shop.connections() {
        loop {
            let account = connected.account.clone();
            let (version, now, db) = (shop.version.clone(), shop.now(), Arc::clone(&shop.db));
            let tried = connected.work(move |vault| {
                let receiver = Receiver {
                    account: &account,
                    version: &version,
                    now,
                    db: &db,
                };
                ingest::try_quarantined(vault, &receiver)
            });
            match tried.await {
                Ok(Some(changes)) => shop.announce(&changes),
                Ok(None) | Err(Error::Gone) => break,
                Err(error) => {
                    tracing::warn!(%error, "what was kept raw was not tried again");
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::inbound::Author;
    use store::vault::progress::Edit;

    use super::*;
    use crate::testing::{TestShop, inbound};

    /// Says a new wording of a message that has not come, lets days pass, and has the message come.
    async fn words_after(days: i64) -> Vec<String> {
        let of = TestShop::messenger().await;
        let contact = inbound("m_1", "", Author::Person).contact;
        let edit = Edit {
            platform_id: "m_1",
            text: "her new words",
            contact: Some(&contact),
        };
        let at = of.clock.now();
        of.vault().write(|write| write.edit(&edit, at)).unwrap();
        of.clock.pass(days * DAY);
        forget_old(&of.shop).await;
        let (conversation, _) = of.hears("m_1", "as it was");
        of.texts(conversation)
    }

    #[tokio::test]
    async fn words_about_a_message_that_never_came_are_forgotten_after_a_month() {
        assert_eq!(words_after(29).await, ["her new words"], "the control");
        assert_eq!(words_after(31).await, ["as it was"]);
    }
}
