//! A login at Facebook: the browser goes there and comes back to this computer with a one-time
//! code; the relay hands over, sealed, what the login brought; the owner chooses. Nothing is
//! connected before that choice, and a link somebody else planted brings nothing here.

mod bring;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Channel, ConnectionId, Timestamp};
use tokio_util::sync::CancellationToken;
use url::Url;
use wire::api::{self, HandOff, LoginRequest, Platform, RelayAbout};
use wire::seal::SealSecret;
use wire::{KeyId, LoginId, Verifier};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::link::client::RelayClient;
use crate::link::loopback::Loopback;
use crate::news::News;
use crate::read::{self, LoginFailure};
use crate::shop::Shop;
use crate::{apart, connecting, random};

/// How long the browser may take. The relay forgets the login then, too.
const LONGEST: Duration = Duration::from_secs(600);

/// Where the one login that may be going on stands.
#[derive(Debug, Default)]
pub(crate) struct LoginDesk {
    stage: Mutex<Stage>,
    pub(crate) met: Mutex<Option<(Url, RelayAbout)>>,
    /// Ends the waiting for the browser.
    current: Mutex<CancellationToken>,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    None,
    Waiting(Timestamp),
    Choose(Box<Brought>),
    Connecting,
    Failed(LoginFailure),
}

/// What a login brought, until the owner has chosen.
#[derive(Clone)]
pub(crate) struct Brought {
    pub(crate) login: LoginId,
    /// The one-time code; confirming burns it.
    pub(crate) code: String,
    pub(crate) hand_off: HandOff,
    /// Accounts that are connected here already.
    known: Vec<(Channel, String)>,
}

impl std::fmt::Debug for Brought {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brought")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// One login on its way.
struct Waiting {
    relay: Arc<RelayClient>,
    login: LoginId,
    loopback: Loopback,
    verifier: Verifier,
    key: (KeyId, SealSecret),
    again: Option<ConnectionId>,
}

impl LoginDesk {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what is going on and starts anew.
    fn restart(&self, stage: Stage) -> CancellationToken {
        let fresh = CancellationToken::new();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.cancel();
        *current = fresh.clone();
        *self.stage() = stage;
        fresh
    }

    fn is_connecting(&self) -> bool {
        matches!(*self.stage(), Stage::Connecting)
    }

    /// What was brought, once: whoever takes it connects.
    fn take_brought(&self) -> Option<Box<Brought>> {
        let mut stage = self.stage();
        match std::mem::replace(&mut *stage, Stage::Connecting) {
            Stage::Choose(brought) => Some(brought),
            other => {
                *stage = other;
                None
            }
        }
    }
}

impl Engine {
    /// Opens the browser for a login at Facebook. With a connection, to sign in again for it: it and
    /// whatever else the login covers go on in place, and there is nothing to choose, unless the
    /// login turns out not to cover it.
    pub async fn start_login(&self, again: Option<ConnectionId>) -> Result<()> {
        let shop = self.shop()?;
        let relay = shop.relay().ok_or(Error::RelayUnreachable)?;
        let desk = &self.inner.desk;
        if desk.is_connecting() {
            return Ok(());
        }
        let cancel = desk.restart(Stage::Waiting(shop.now()));
        self.tell_login();
        let started = self.open_browser(relay, again).await;
        let waiting = started.inspect_err(|error| self.login_failed(failure_of(error)))?;
        let engine = self.clone();
        self.inner.tasks.spawn(async move {
            let stop = engine.inner.tasks.stop.clone();
            tokio::select! {
                () = cancel.cancelled() => {}
                () = stop.cancelled() => {}
                () = engine.see_it_through(&shop, waiting) => {}
            }
        });
        Ok(())
    }

    async fn open_browser(
        &self,
        relay: Arc<RelayClient>,
        again: Option<ConnectionId>,
    ) -> Result<Waiting> {
        let unexpected = |error: std::io::Error| Error::Unexpected(error.to_string());
        let language = self.settings().await.language;
        let loopback = Loopback::open(language).await.map_err(unexpected)?;
        let verifier = random::verifier();
        let (key_id, key) = random::seal_key();
        let answer = relay
            .start_login(&LoginRequest {
                platform: Platform::Facebook,
                verifier_hash: verifier.hash(),
                loopback_port: loopback.port().map_err(unexpected)?,
                key_id,
                seal_key: key.public(),
                ask_again: again.is_some(),
            })
            .await?;
        let url = Url::parse(&answer.authorize_url).map_err(|_| Error::NotARelay)?;
        self.inner.browser.open(&url)?;
        let login = answer.login;
        Ok(Waiting {
            relay,
            login,
            loopback,
            verifier,
            key: (key_id, key),
            again,
        })
    }

    /// From the browser's return to the owner's choice.
    async fn see_it_through(&self, shop: &Arc<Shop>, waiting: Waiting) {
        let again = waiting.again;
        match tokio::time::timeout(LONGEST, bring::bring(shop, waiting)).await {
            Err(_) => self.login_failed(LoginFailure::Expired),
            Ok(Err(failure)) => self.login_failed(failure),
            Ok(Ok(brought)) => match again.and_then(|id| brought.to_renew(shop, id)) {
                // Signing in again is its own choice: nothing is asked once more.
                Some(chosen) => {
                    *self.inner.desk.stage() = Stage::Connecting;
                    if let Err(error) = self.connect_brought(shop, &brought, &chosen).await {
                        tracing::warn!(%error, "signing in again did not work");
                    }
                }
                None => {
                    *self.inner.desk.stage() = Stage::Choose(Box::new(brought));
                    self.tell_login();
                }
            },
        }
    }

    /// Gives up waiting for the browser, or the choice.
    #[expect(
        clippy::unused_async,
        reason = "everything the window asks for is awaited"
    )]
    pub async fn cancel_login(&self) -> Result<()> {
        // What is being connected is not left half-made.
        if !self.inner.desk.is_connecting() {
            self.inner.desk.restart(Stage::None);
            self.tell_login();
        }
        Ok(())
    }

    /// Where the login stands.
    pub fn login(&self) -> read::Login {
        match &*self.inner.desk.stage() {
            Stage::None => read::Login::None,
            Stage::Waiting(since) => read::Login::Waiting { since: *since },
            Stage::Connecting => read::Login::Connecting,
            Stage::Failed(failure) => read::Login::Failed(*failure),
            Stage::Choose(brought) => read::Login::Choose {
                accounts: brought.accounts(),
                declined: brought.hand_off.declined.clone(),
            },
        }
    }

    /// Connects the chosen accounts.
    pub async fn connect_accounts(&self, ids: Vec<String>) -> Result<()> {
        let shop = self.shop()?;
        let brought = self.inner.desk.take_brought().ok_or(Error::LoginExpired)?;
        self.connect_brought(&shop, &brought, &ids).await
    }

    async fn connect_brought(
        &self,
        shop: &Arc<Shop>,
        brought: &Brought,
        ids: &[String],
    ) -> Result<()> {
        self.tell_login();
        match connecting::connect(shop, brought, ids).await {
            Ok(()) => {
                *self.inner.desk.stage() = Stage::None;
                self.inner.set_phase_after_connecting();
                self.tell_login();
                shop.herald.tell(News::Connections);
                shop.herald.tell(News::Conversations(Vec::new()));
                Ok(())
            }
            Err(error) => {
                self.login_failed(failure_of(&error));
                Err(error)
            }
        }
    }

    fn login_failed(&self, failure: LoginFailure) {
        tracing::info!(?failure, "the login brought nothing");
        *self.inner.desk.stage() = Stage::Failed(failure);
        self.tell_login();
    }

    fn tell_login(&self) {
        self.inner.herald.tell(News::Login);
    }
}

fn failure_of(error: &Error) -> LoginFailure {
    match error {
        Error::LoginCancelled => LoginFailure::Cancelled,
        Error::LoginExpired | Error::Gone => LoginFailure::Expired,
        Error::LoginRefused => LoginFailure::Refused,
        Error::Crowded => LoginFailure::Crowded,
        Error::NoBrowser => LoginFailure::NoBrowser,
        Error::RelayUnreachable => LoginFailure::RelayUnreachable,
        Error::DiskFull => LoginFailure::DiskFull,
        Error::KeychainLocked => LoginFailure::KeychainLocked,
        _ => LoginFailure::Unexpected,
    }
}

fn account(found: &api::FoundAccount) -> Option<apart::Account<'_>> {
    Some(apart::Account {
        channel: Channel::from_name(&found.channel)?,
        name: &found.name,
        handle: found.handle.as_deref(),
        platform_id: &found.platform_id,
    })
}

impl Brought {
    fn is_known(&self, found: &api::FoundAccount) -> bool {
        self.known
            .iter()
            .any(|(channel, id)| channel.name() == found.channel && *id == found.platform_id)
    }

    fn accounts(&self) -> Vec<read::FoundAccount> {
        let all: Vec<_> = self.hand_off.accounts.iter().filter_map(account).collect();
        let shown = self.hand_off.accounts.iter().filter_map(|found| {
            let state = match &found.state {
                api::FoundState::Ready if self.is_known(found) => read::FoundState::Connected,
                api::FoundState::Ready => read::FoundState::Ready,
                api::FoundState::NoMessagingTask => read::FoundState::NoMessagingTask,
                api::FoundState::NoProfessionalAccount => read::FoundState::NoProfessionalAccount,
                api::FoundState::PermissionDeclined { permission } => {
                    read::FoundState::PermissionDeclined {
                        permission: permission.clone(),
                    }
                }
                api::FoundState::Unknown => return None,
            };
            Some(read::FoundAccount {
                id: found.account_ref.to_string(),
                channel: Channel::from_name(&found.channel)?,
                name: found.name.clone(),
                handle: apart::handle(account(found)?, &all),
                state,
                elsewhere: found.elsewhere,
            })
        });
        shown.collect()
    }

    /// Signing in again for one connection renews every connection this login covers; `None` if it
    /// does not cover that one.
    fn to_renew(&self, shop: &Shop, id: ConnectionId) -> Option<Vec<String>> {
        let wanted = shop.connection(id).ok()?;
        let ready: Vec<_> = self
            .hand_off
            .accounts
            .iter()
            .filter(|found| found.state == api::FoundState::Ready && self.is_known(found))
            .collect();
        let covers = ready.iter().any(|found| {
            found.channel == wanted.channel().name() && found.platform_id == wanted.account.own_id()
        });
        covers.then(|| {
            ready
                .iter()
                .map(|found| found.account_ref.to_string())
                .collect()
        })
    }
}
