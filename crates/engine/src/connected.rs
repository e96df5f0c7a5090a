//! One connection at run time: its account, its vault, and what is wrong with it. Only facts; the
//! loops do the work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use channels::meta::Account;
use domain::{Channel, ConnectionId, Timestamp};
use store::shop::connections::{ConnectionRecord, ConnectionState};
use store::{Vault, VaultRead, VaultWrite};

use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::read::Trouble;
use crate::shop::blocking;

/// One connected account.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) id: ConnectionId,
    /// Its name as the owner sees it.
    pub(crate) name: String,
    /// The ids by which Meta knows it.
    pub(crate) account: Account,
    /// Its vault, or why it is shut.
    vault: std::result::Result<Arc<Vault>, Trouble>,
    health: Mutex<Health>,
    /// It is being erased: whatever still works for it stops.
    pub(crate) gone: CancellationToken,
    /// Held by whoever works on the vault or its files; an erasure waits for them.
    gate: Arc<RwLock<()>>,
}

/// What was last heard of a connection's state. Kept in memory: each start finds out anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// The sign-in has ended, or a permission is missing.
    pub(crate) sign_in: SignIn,
    /// When the token ends.
    pub(crate) sign_in_ends_at: Option<Timestamp>,
    /// Since when Meta does not send webhooks.
    pub(crate) unsubscribed_since: Option<Timestamp>,
    /// The relay does not forward.
    pub(crate) route_stopped: bool,
    /// When it was last looked at in vain, if no look has come to its end since.
    pub(crate) looked_in_vain_at: Option<Timestamp>,
    /// Until when the relay's proof is good.
    pub(crate) proof_good_until: Option<Timestamp>,
    /// On how many other computers it is connected.
    pub(crate) elsewhere: u32,
    /// Access was removed at Facebook; wiped then.
    pub(crate) wipes_at: Option<Timestamp>,
    /// A deletion order waits for the owner's answer: nothing of it is shown or sent.
    pub(crate) locked: bool,
    /// What came could not be written for lack of room.
    pub(crate) disk_full: bool,
    /// Envelopes that could not be opened.
    pub(crate) unopened: u32,
}

/// Whether the sign-in works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum SignIn {
    /// As far as is known.
    #[default]
    Good,
    /// Expired, revoked, or the password was changed.
    Ended,
    /// It works, and lacks a permission.
    PermissionMissing,
}

/// How long an erasure waits for whoever works on the files.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long before its end a sign-in is said to end soon.
const SOON: i64 = 7 * domain::time::DAY;

impl Health {
    /// What a start finds of the state before, until it finds out anew.
    pub(crate) fn of(record: &ConnectionRecord) -> Self {
        let sign_in = match record.state {
            ConnectionState::SignInEnded => SignIn::Ended,
            ConnectionState::PermissionMissing => SignIn::PermissionMissing,
            _ => SignIn::Good,
        };
        let unsubscribed = record.state == ConnectionState::Unsubscribed;
        Self {
            sign_in,
            sign_in_ends_at: record.token_expires_at,
            unsubscribed_since: unsubscribed.then_some(record.state_since),
            locked: record.state == ConnectionState::Locked,
            ..Self::default()
        }
    }

    /// As it is written down.
    pub(crate) fn state(&self) -> ConnectionState {
        match self.sign_in {
            _ if self.locked => ConnectionState::Locked,
            _ if self.wipes_at.is_some() => ConnectionState::Deauthorized,
            SignIn::Ended => ConnectionState::SignInEnded,
            SignIn::PermissionMissing => ConnectionState::PermissionMissing,
            SignIn::Good if self.unsubscribed_since.is_some() => ConnectionState::Unsubscribed,
            SignIn::Good => ConnectionState::Live,
        }
    }
}

impl Connected {
    pub(crate) fn new(
        (id, name): (ConnectionId, String),
        account: Account,
        vault: std::result::Result<Arc<Vault>, Trouble>,
        health: Health,
    ) -> Self {
        Self {
            id,
            name,
            account,
            vault,
            health: Mutex::new(health),
            gone: CancellationToken::new(),
            gate: Arc::default(),
        }
    }

    pub(crate) fn channel(&self) -> Channel {
        self.account.channel()
    }

    /// Its vault; [`Error::Gone`] while that is shut or being erased.
    pub(crate) fn vault(&self) -> Result<&Arc<Vault>> {
        if self.gone.is_cancelled() {
            return Err(Error::Gone);
        }
        self.vault.as_ref().map_err(|_| Error::Gone)
    }

    /// Whether its vault did not open; it may another time.
    pub(crate) fn is_shut(&self) -> bool {
        self.vault.is_err() && !self.gone.is_cancelled()
    }

    /// Works on the vault and its files, where blocking is allowed.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Vault) -> store::Result<T> + Send + 'static,
    ) -> Result<T> {
        let at_work = Arc::clone(&self.gate).read_owned().await;
        let vault = Arc::clone(self.vault()?);
        blocking(move || {
            let result = work(&vault);
            drop(at_work);
            result
        })
        .await
    }

    /// Reads in one snapshot, where blocking is allowed.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&VaultRead<'_>) -> store::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.work(|vault| vault.read(work)).await
    }

    /// Writes in one transaction, where blocking is allowed.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&VaultWrite<'_>) -> store::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.work(|vault| vault.write(work)).await
    }

    /// Before an erasure: lets nobody in any more, waits for those inside, closes the files.
    pub(crate) async fn close(&self) {
        self.gone.cancel();
        let Ok(vault) = self.vault.clone() else {
            return;
        };
        // Whoever does not come out in time finds the files closed.
        let empty = tokio::time::timeout(PATIENCE, Arc::clone(&self.gate).write_owned()).await;
        let closed = blocking(move || {
            vault.close();
            Ok(())
        });
        if closed.await.is_err() {
            tracing::warn!(connection = %self.id, "a vault was not closed");
        }
        drop(empty);
    }

    pub(crate) fn health(&self) -> Health {
        self.lock().clone()
    }

    /// Changes what is known of its state; true if that made a difference.
    pub(crate) fn learn(&self, change: impl FnOnce(&mut Health)) -> bool {
        let mut health = self.lock();
        let before = health.clone();
        change(&mut health);
        *health != before
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is wrong with it: the one thing the owner should look at first.
    pub(crate) fn trouble(&self, now: Timestamp) -> Option<Trouble> {
        if let Err(shut) = &self.vault {
            return Some(*shut);
        }
        let health = self.health();
        if let Some(wipes_at) = health.wipes_at {
            return Some(Trouble::AccessRemoved { wipes_at });
        }
        match health.sign_in {
            SignIn::Ended => return Some(Trouble::SignInEnded),
            SignIn::PermissionMissing => return Some(Trouble::PermissionMissing),
            SignIn::Good => {}
        }
        if health.disk_full {
            return Some(Trouble::DiskFull);
        }
        if health.route_stopped {
            return Some(Trouble::RouteStopped);
        }
        if let Some(since) = health.unsubscribed_since {
            return Some(Trouble::Unsubscribed { since });
        }
        match health.sign_in_ends_at {
            Some(at) if at <= now => return Some(Trouble::SignInEnded),
            Some(at) if at.since(now) <= SOON => return Some(Trouble::SignInEndsSoon { at }),
            _ => {}
        }
        (health.unopened > 0).then_some(Trouble::Unopened {
            count: health.unopened,
        })
    }
}

/// The account a record is about; `None` for a channel this version does not speak.
pub(crate) fn account_of(record: &ConnectionRecord) -> Option<Account> {
    let page = || record.page_id.clone();
    match record.channel {
        Channel::Messenger => Some(Account::Messenger {
            page: page().unwrap_or_else(|| record.platform_id.clone()),
        }),
        Channel::Instagram => Some(Account::Instagram {
            page: page()?,
            instagram: record.platform_id.clone(),
        }),
        Channel::Whatsapp => Some(Account::Whatsapp {
            phone_number: record.platform_id.clone(),
            business_account: record.waba_id.clone()?,
        }),
        Channel::Sms => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connected() -> Connected {
        let account = Account::Messenger {
            page: "1".to_owned(),
        };
        let id = (ConnectionId::from_bytes([1; 16]), "A".to_owned());
        Connected::new(id, account, Err(Trouble::Damaged), Health::default())
    }

    #[test]
    fn a_shut_vault_outweighs_everything() {
        let connected = connected();
        connected.learn(|health| health.sign_in = SignIn::Ended);
        assert_eq!(connected.trouble(Timestamp(0)), Some(Trouble::Damaged));
        assert!(matches!(connected.vault(), Err(Error::Gone)));
    }

    #[test]
    fn learning_the_same_again_is_no_news() {
        let connected = connected();
        assert!(connected.learn(|health| health.route_stopped = true));
        assert!(!connected.learn(|health| health.route_stopped = true));
    }
}
