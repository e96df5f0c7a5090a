//! From the owner's choice to connections: the relay makes the routes and burns the hand-off; here
//! come keys, vault, token and record, in an order that leaves nothing half-made that matters. An
//! account that is connected already keeps its vault, history and stream.

use std::sync::Arc;

use domain::{Channel, ConnectionId, Timestamp};
use store::Vault;
use store::shop::connections::ConnectionState;
use store::shop::logins::{Login, LoginState};
use store::vault::facts::Facts;
use wire::StreamId;
use wire::api::{ConnectAccount, ConnectRequest, ConnectedStream, FoundAccount, FoundState};
use wire::seal::SealSecret;

use crate::connected::{Connected, Health, account_of};
use crate::error::{Error, Result};
use crate::link::client::RelayClient;
use crate::link::inlet::{read_seal_key, seal_key_secret, start_of};
use crate::login::Brought;
use crate::opening::record_of;
use crate::shop::{Shop, blocking};
use crate::tokens::{KeptToken, Whose};
use crate::{random, repair};

/// One chosen account on its way to a connection.
struct Choice {
    found: FoundAccount,
    channel: Channel,
    /// The connection it is already, or will be.
    id: ConnectionId,
    known: Option<Arc<Connected>>,
    key: (wire::KeyId, SealSecret),
}

/// Connects the chosen accounts. Those that are connected already are signed in again.
pub(crate) async fn connect(shop: &Arc<Shop>, brought: &Brought, ids: &[String]) -> Result<()> {
    let connecting = shop.connecting.lock().await;
    let made = make_all(shop, brought, ids).await;
    drop(connecting);
    for one in made? {
        // After the first commit the platform is asked to tell; the loop tries again if it is not.
        if let Err(error) = repair::look_at(shop, &one).await {
            tracing::warn!(connection = %one.id, %error, "not subscribed yet");
            shop.wake.repair.notify_one();
        }
    }
    Ok(())
}

async fn make_all(
    shop: &Arc<Shop>,
    brought: &Brought,
    ids: &[String],
) -> Result<Vec<Arc<Connected>>> {
    let relay = shop.relay().ok_or(Error::RelayUnreachable)?;
    let choices = choices(shop, brought, ids).await?;
    if choices.is_empty() {
        return Err(Error::Gone);
    }
    let app_id = relay.about().await?.app_id;
    let accounts = choices.iter().map(|choice| ConnectAccount {
        account_ref: choice.found.account_ref,
        key_id: choice.key.0,
        seal_key: choice.key.1.public(),
    });
    let request = ConnectRequest {
        login: brought.login,
        handoff: brought.code.clone(),
        accounts: accounts.collect(),
    };
    let answer = relay.connect(&request).await?;
    keep_login(shop, brought).await?;
    let mut connected = Vec::new();
    for choice in &choices {
        let stream = answer
            .streams
            .iter()
            .find(|one| one.account_ref == choice.found.account_ref);
        let Some(stream) = stream else { continue };
        match settle(shop, brought, (choice, stream), &app_id).await {
            Ok(one) => connected.push(one),
            Err(error) => {
                take_back(shop, &relay, (choice, stream)).await;
                return Err(error);
            }
        }
    }
    shop.wake.link.notify_one();
    shop.wake.upkeep.notify_one();
    shop.wake.profiles.notify_one();
    Ok(connected)
}

async fn choices(shop: &Shop, brought: &Brought, ids: &[String]) -> Result<Vec<Choice>> {
    let mut choices = Vec::new();
    for found in &brought.hand_off.accounts {
        let chosen = ids.contains(&found.account_ref.to_string());
        let Some(channel) = Channel::from_name(&found.channel) else {
            continue;
        };
        if !chosen || found.state != FoundState::Ready {
            continue;
        }
        let known = shop.connections().into_iter().find(|connected| {
            connected.channel() == channel && connected.account.own_id() == found.platform_id
        });
        let id = known
            .as_ref()
            .map_or_else(random::connection_id, |known| known.id);
        // A connection keeps its seal key, so that what lies at the relay still opens.
        let name = shop.profile.seal_name(id);
        let kept = shop
            .keychain(move |secrets| Ok(secrets.get(&name)?))
            .await?;
        let key = kept
            .as_ref()
            .and_then(read_seal_key)
            .unwrap_or_else(random::seal_key);
        choices.push(Choice {
            found: found.clone(),
            channel,
            id,
            known,
            key,
        });
    }
    Ok(choices)
}

/// The login's own token: for proofs, renewals and, with its last connection, for ending it.
async fn keep_login(shop: &Shop, brought: &Brought) -> Result<()> {
    let user = &brought.hand_off.user;
    let now = shop.now();
    let ends_at = user.expires_at.map(Timestamp);
    let words = (user.token.clone(), Some(user.proof.clone()));
    let kept = KeptToken::new(words, shop.origin.clone(), now, ends_at);
    let id = brought.login.to_string();
    shop.keep_token(Whose::Login(id.clone()), kept).await?;
    let login = Login {
        id,
        platform: "meta".to_owned(),
        user_id: Some(user.app_scoped_id.clone()),
        user_name: Some(user.name.clone()),
        granted: brought.hand_off.granted.clone(),
        declined: brought.hand_off.declined.clone(),
        state: LoginState::Live,
        made_at: Timestamp(brought.hand_off.made_at),
        expires_at: ends_at,
    };
    shop.shop_db(move |db| db.write(|write| write.set_login(&login)))
        .await
}

/// Key, token, vault and record of one account.
async fn settle(
    shop: &Arc<Shop>,
    brought: &Brought,
    (choice, stream): (&Choice, &ConnectedStream),
    app_id: &str,
) -> Result<Arc<Connected>> {
    let found = &choice.found;
    let id = choice.id;
    let name = shop.profile.seal_name(id);
    let secret = seal_key_secret(choice.key.0, &choice.key.1);
    shop.keychain(move |secrets| Ok(secrets.set(&name, &secret)?))
        .await?;
    let words = (found.token.clone(), Some(found.proof.clone()));
    let ends_at = found.expires_at.map(Timestamp);
    let kept = KeptToken::new(words, shop.origin.clone(), shop.now(), ends_at);
    shop.keep_token(Whose::Connection(id), kept).await?;
    let connected = match &choice.known {
        Some(known) => renew(known, brought, stream.stream, shop.now()).await?,
        None => make(shop, brought, (choice, stream.stream), app_id).await?,
    };
    record(shop, brought, &connected, ends_at).await?;
    shop.learn(&connected, |health| {
        let elsewhere = stream.elsewhere;
        *health = Health {
            sign_in_ends_at: ends_at,
            proof_good_until: Some(Timestamp(stream.good_until)),
            elsewhere,
            unopened: health.unopened,
            ..Health::default()
        };
    })
    .await;
    Ok(connected)
}

fn facts(brought: &Brought, choice: &Choice, app_id: &str, now: Timestamp) -> Facts {
    let found = &choice.found;
    let number = choice.channel == Channel::Whatsapp;
    Facts {
        channel: choice.channel,
        platform_id: found.platform_id.clone(),
        name: found.name.clone(),
        handle: found.handle.clone().filter(|_| !number),
        page_id: found.page_id.clone(),
        waba_id: found.waba_id.clone(),
        phone: found.handle.clone().filter(|_| number),
        app_id: Some(app_id.to_owned()).filter(|id| !id.is_empty()),
        login: Some(brought.login.to_string()),
        connected_at: now,
    }
}

async fn make(
    shop: &Arc<Shop>,
    brought: &Brought,
    (choice, stream): (&Choice, StreamId),
    app_id: &str,
) -> Result<Arc<Connected>> {
    let facts = facts(brought, choice, app_id, shop.now());
    let record = record_of(choice.id, &facts);
    let account = account_of(&record).ok_or(Error::Gone)?;
    let (paths, profile) = (shop.paths.clone(), shop.profile.clone());
    let secrets = Arc::clone(&shop.secrets);
    let id = choice.id;
    let name = facts.name.clone();
    let vault = blocking(move || {
        let vault = Vault::create(&paths, &profile, secrets.as_ref(), id)?;
        vault.write(|write| {
            write.set_facts(&facts)?;
            write.move_cursor(&start_of(stream))
        })?;
        Ok(Arc::new(vault))
    })
    .await?;
    let connected = Arc::new(Connected::new(
        (id, name),
        account,
        Ok(vault),
        Health::default(),
    ));
    shop.add_connection(Arc::clone(&connected));
    Ok(connected)
}

/// The same connection under a new login. A stream the relay had dropped begins anew, and what came
/// between is fetched.
async fn renew(
    known: &Arc<Connected>,
    brought: &Brought,
    stream: StreamId,
    now: Timestamp,
) -> Result<Arc<Connected>> {
    let login = brought.login.to_string();
    known
        .write(move |write| {
            if let Some(facts) = write.facts()? {
                write.set_facts(&Facts {
                    login: Some(login),
                    ..facts
                })?;
            }
            let cursor = write.cursor()?;
            if cursor.is_none_or(|cursor| cursor.stream != *stream.as_bytes()) {
                write.move_cursor(&start_of(stream))?;
                repair::mark_missing_since_complete(write, now)?;
            }
            Ok(())
        })
        .await?;
    Ok(Arc::clone(known))
}

async fn record(
    shop: &Shop,
    brought: &Brought,
    connected: &Connected,
    ends_at: Option<Timestamp>,
) -> Result<()> {
    let id = connected.id;
    let facts = connected
        .read(|read| read.facts())
        .await?
        .ok_or(Error::Gone)?;
    let login = brought.login.to_string();
    let now = shop.now();
    shop.shop_db(move |db| {
        db.write(|write| {
            let mut record = write
                .connection(id)?
                .unwrap_or_else(|| record_of(id, &facts));
            record.login = Some(login.clone());
            record.token_expires_at = ends_at;
            if record.state != ConnectionState::Live {
                (record.state, record.state_since) = (ConnectionState::Live, now);
            }
            write.set_connection(&record)?;
            write.cover(id, &login)
        })
    })
    .await
}

/// A connection that could not be made here must not go on at the relay, nor leave a key or a token
/// behind that no record names. One whose vault is there is taken up at the next start.
async fn take_back(shop: &Shop, relay: &RelayClient, of: (&Choice, &ConnectedStream)) {
    let (choice, stream) = of;
    if choice.known.is_some() || stream.kept || Vault::exists(&shop.paths, choice.id) {
        return;
    }
    if let Err(error) = relay.disconnect(stream.stream).await {
        tracing::warn!(%error, "a half-made connection is still known to the relay");
    }
    shop.tokens.forget(&Whose::Connection(choice.id));
    let names = shop.profile.secrets_of(choice.id);
    let removed = shop.keychain(move |secrets| {
        let mut names = names.iter();
        Ok(names.try_for_each(|name| secrets.remove(name))?)
    });
    if let Err(error) = removed.await {
        tracing::warn!(%error, "secrets of a half-made connection are still in the keychain");
    }
}
