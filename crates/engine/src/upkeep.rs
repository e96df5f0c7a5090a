//! What must be renewed before it ends: proofs of routes, tokens at half of their life, wrong
//! proofs of the app's secret. Every hour, or when woken. An end that could not be prevented is
//! said; nothing is ever erased for it.

use std::sync::Arc;
use std::time::Duration;

use channels::meta::Account;
use channels::meta::login::{Probe, probe};
use store::shop::logins::Login;
use tokio_util::sync::CancellationToken;

use crate::connected::{Connected, SignIn};
use crate::error::{Error, Result};
use crate::ingest::{self, Receiver};
use crate::routes;
use crate::shop::Shop;
use crate::tokens::{Extend, KeptToken, NotRenewed, Whose};

/// How often to look without being woken.
const EVERY: Duration = Duration::from_secs(3_600);
/// After trouble.
const SOON: Duration = Duration::from_secs(60);

/// Renews what is due; then waits.
pub(crate) async fn run(shop: Arc<Shop>, stop: CancellationToken) {
    retry_quarantined(&shop).await;
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
    routes::prove_due(shop).await?;
    let logins = shop.shop_db(|db| db.read(|read| read.logins())).await?;
    for login in logins {
        renew_login(shop, &login).await?;
    }
    Ok(())
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
    /// Meta could not be asked.
    Unknown,
    /// There is no token to ask with: nothing is known, and nothing will be.
    NoToken,
}

/// Asks Meta how a login stands.
pub(crate) async fn standing(shop: &Shop, login: &str) -> Result<Standing> {
    let Some(kept) = shop.kept_token(&Whose::Login(login.to_owned())).await? else {
        return Ok(Standing::NoToken);
    };
    Ok(match probe(&shop.graph, &kept.token()).await {
        Ok(Probe::Accepted) => Standing::Accepted,
        Ok(Probe::Ended) => Standing::Ended,
        Err(_) => Standing::Unknown,
    })
}

/// Tries what an earlier version kept raw. After an update only; then there is nothing left to try.
async fn retry_quarantined(shop: &Shop) {
    for connected in shop.connections() {
        loop {
            let account = connected.account.clone();
            let (version, now) = (shop.version.clone(), shop.now());
            let tried = connected.work(move |vault| {
                let receiver = Receiver {
                    account: &account,
                    version: &version,
                    now,
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
