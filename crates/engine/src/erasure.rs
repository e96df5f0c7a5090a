//! From "this shall go" to the eraser: what belongs to it is closed, access at Meta is given up
//! within five seconds if it can be, the relay's notice is signed, and then it begins. Whether
//! something shall go is decided elsewhere: by the owner or by an order.

mod access;

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::{ConnectionId, Timestamp};
use store::shop::connections::ConnectionState;
use store::shop::logins::Login;
use store::{Stage, Wipe, WipeScope};
use wire::order::DeletionCode;
use wire::receipt::{AskedBy, Scope, WipeNotice};
use wire::{LoginId, RelayId, SigningSecret, StreamId};

use crate::connected::Connected;
use crate::engine::Engine;
use crate::eraser::{Doing, Owed, Told};
use crate::error::{Error, Result};
use crate::news::News;
use crate::random;
use crate::shop::{Shop, blocking};
use crate::tokens::Whose;

/// How long giving up access may take: it needs the tokens, so it comes first, and must not hold
/// anything up.
const BEST_EFFORT: Duration = Duration::from_secs(5);

/// Who asked, and what for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) by: AskedBy,
    pub(crate) at: Timestamp,
    pub(crate) code: Option<DeletionCode>,
    pub(crate) scope: Scope,
}

/// What is about to go.
struct Doomed {
    connections: Vec<Arc<Connected>>,
    /// Logins that end here with it.
    logins: Vec<Login>,
    /// The connections' streams, where their vaults could still say.
    streams: Vec<(ConnectionId, StreamId)>,
}

/// Erases connections, the logins that end with them, and those that end with this anyway. Returns
/// the deletion's id.
pub(crate) async fn wipe_connections(
    shop: &Arc<Shop>,
    connections: Vec<Arc<Connected>>,
    ending: Vec<Login>,
    asked: Asked,
) -> Result<String> {
    let now = shop.now();
    let ids: Vec<ConnectionId> = connections.iter().map(|connected| connected.id).collect();
    let marked = ids.clone();
    let noted = shop.shop_db(move |db| {
        db.write(|write| {
            marked.iter().try_for_each(|id| {
                write
                    .set_connection_state(*id, ConnectionState::Erasing, now)
                    .map(drop)
            })
        })
    });
    if let Err(error) = noted.await {
        // A full disk does not stop an erasure.
        tracing::warn!(%error, "the erasure is not noted in the shop's file");
    }
    for id in &ids {
        shop.remove_connection(*id);
    }
    shop.eraser.is_at(Doing::SigningOut);
    let doomed = doom(shop, connections, ending).await;
    let owed = give_up(shop, &doomed).await;
    let wipe = announce(shop, (&doomed, WipeScope::Connections), &owed, asked)?;
    for connected in &doomed.connections {
        connected.close().await;
        shop.tokens.forget(&Whose::Connection(connected.id));
    }
    for login in &doomed.logins {
        shop.tokens.forget(&Whose::Login(login.id.clone()));
    }
    let_go(shop, &ids);
    erase(shop, &wipe.deletion_id).await?;
    forget_records(shop, &doomed).await;
    shop.herald.tell(News::Connections);
    shop.herald.tell(News::Conversations(Vec::new()));
    shop.wake.link.notify_one();
    Ok(wipe.deletion_id)
}

/// Erases everything on this computer. The shop is gone afterwards; what is left is the journal,
/// until the relay has answered, and the receipts.
pub(crate) async fn wipe_everything(engine: &Engine, asked: Asked) -> Result<String> {
    let shop = engine.shop()?;
    shop.eraser.is_at(Doing::SigningOut);
    let doomed = doom_all(&shop).await;
    let owed = give_up(&shop, &doomed).await;
    let Some(shop) = engine.leave_shop().await else {
        shop.eraser.is_off();
        return Err(Error::NotOpen);
    };
    let wipe = announce(&shop, (&doomed, WipeScope::Everything), &owed, asked)?;
    for connected in &doomed.connections {
        connected.close().await;
        shop.remove_connection(connected.id);
    }
    shop.tokens.forget_all();
    let db = Arc::clone(&shop.db);
    blocking(move || {
        db.close();
        Ok(())
    })
    .await?;
    engine.forget_passphrase();
    let ids: Vec<ConnectionId> = doomed.connections.iter().map(|one| one.id).collect();
    let_go(&shop, &ids);
    erase(&shop, &wipe.deletion_id).await?;
    Ok(wipe.deletion_id)
}

/// Whatever still shows something of these, or is about to, lets go of it: the window, the web view
/// behind it, notifications, arrivals that wait for a name.
fn let_go(shop: &Shop, ids: &[ConnectionId]) {
    let mut nameless = shop.nameless.lock().unwrap_or_else(PoisonError::into_inner);
    nameless.retain(|conversation, _| !ids.contains(&conversation.connection));
    drop(nameless);
    for id in ids {
        shop.herald.tell(News::Forgotten(*id));
    }
}

async fn erase(shop: &Shop, deletion_id: &str) -> Result<()> {
    let eraser = Arc::clone(&shop.eraser);
    let secrets = Arc::clone(&shop.secrets);
    let id = deletion_id.to_owned();
    let erased = blocking(move || eraser.erase(secrets.as_ref(), &id)).await;
    if erased.is_err() {
        shop.eraser.is_off();
    }
    // What met trouble, in whole or for the keychain alone, goes on from there.
    shop.wake.upkeep.notify_one();
    erased
}

async fn doom(shop: &Shop, connections: Vec<Arc<Connected>>, ending: Vec<Login>) -> Doomed {
    let going: BTreeSet<ConnectionId> = connections.iter().map(|one| one.id).collect();
    let read = shop.shop_db(move |db| {
        db.read(|read| {
            let mut logins = ending;
            for login in read.logins()? {
                let covered = read.connections_of_login(&login.id)?;
                let ends = !covered.is_empty() && covered.iter().all(|id| going.contains(id));
                if ends && logins.iter().all(|known| known.id != login.id) {
                    logins.push(login);
                }
            }
            Ok(logins)
        })
    });
    let logins = read.await.unwrap_or_default();
    let streams = streams(&connections).await;
    Doomed {
        connections,
        logins,
        streams,
    }
}

async fn doom_all(shop: &Shop) -> Doomed {
    let connections = shop.connections();
    let logins = shop
        .shop_db(|db| db.read(|read| read.logins()))
        .await
        .unwrap_or_default();
    let streams = streams(&connections).await;
    Doomed {
        connections,
        logins,
        streams,
    }
}

async fn streams(connections: &[Arc<Connected>]) -> Vec<(ConnectionId, StreamId)> {
    let mut streams = Vec::new();
    for connected in connections {
        if let Ok(Some(cursor)) = connected.read(|read| read.cursor()).await {
            streams.push((connected.id, StreamId::from_bytes(cursor.stream)));
        }
    }
    streams
}

/// Best effort, never longer than five seconds: the app is unsubscribed with the last route, and
/// permissions are taken back with the login's last connection.
async fn give_up(shop: &Arc<Shop>, doomed: &Doomed) -> Owed {
    let relay = shop.relay();
    let mut owed = Owed::new(relay.as_ref().map(|relay| (relay.base(), relay.keys())));
    owed.erased = count(doomed).await;
    let giving_up = async {
        let (unsubscribed, last_of_person) = access::unsubscribe_last(shop, doomed).await;
        let revoked = access::revoke_ending(shop, doomed, &last_of_person).await;
        (unsubscribed, revoked)
    };
    match tokio::time::timeout(BEST_EFFORT, giving_up).await {
        Ok((unsubscribed, revoked)) => {
            (owed.unsubscribed, owed.revoked) = (unsubscribed, revoked);
        }
        Err(_) => tracing::info!("Meta or the relay did not answer in time; the wipe goes on"),
    }
    owed
}

async fn count(doomed: &Doomed) -> Vec<(String, u64)> {
    let (mut conversations, mut messages, mut pictures) = (0_u64, 0_u64, 0_u64);
    for connected in &doomed.connections {
        let read = connected.read(|read| Ok((read.kept()?, read.list_counts()?)));
        if let Ok((kept, lists)) = read.await {
            conversations += u64::from(lists.all);
            messages += u64::from(kept.messages);
            pictures += u64::from(kept.pictures);
        }
    }
    let connections = u64::try_from(doomed.connections.len()).unwrap_or(u64::MAX);
    [
        ("connections", connections),
        ("conversations", conversations),
        ("messages", messages),
        ("pictures", pictures),
    ]
    .map(|(name, number)| (name.to_owned(), number))
    .to_vec()
}

/// What the relay is to be told of a person that was erased. Nothing of theirs is at the relay that
/// could be told from the rest; it signs that it heard.
pub(crate) fn of_a_person(shop: &Shop, erased: Vec<(String, u64)>) -> Wipe {
    let nothing = Doomed {
        connections: Vec::new(),
        logins: Vec::new(),
        streams: Vec::new(),
    };
    let relay = shop.relay();
    let mut owed = Owed::new(relay.as_ref().map(|relay| (relay.base(), relay.keys())));
    owed.erased = erased;
    // The connection goes on with its access.
    (owed.revoked, owed.unsubscribed) = (Told::StillNeeded, Told::StillNeeded);
    let asked = Asked {
        by: AskedBy::Owner,
        at: shop.now(),
        code: None,
        scope: Scope::Person,
    };
    let (wipe, _) = drawn_up(shop, (&nothing, WipeScope::Connections), &owed, asked);
    Wipe {
        stage: Stage::Swept,
        ..wipe
    }
}

/// The device's identity; one made for this notice alone if there never was any.
fn identity(shop: &Shop) -> SigningSecret {
    shop.relay()
        .map_or_else(random::signing_secret, |relay| relay.identity().clone())
}

/// Signs what the relay will be told, and writes the erasure down.
fn announce(
    shop: &Shop,
    (doomed, scope): (&Doomed, WipeScope),
    owed: &Owed,
    asked: Asked,
) -> Result<Wipe> {
    shop.eraser.is_at(Doing::NotingDown);
    let begun = begin(shop, (doomed, scope), owed, asked);
    if begun.is_err() {
        shop.eraser.is_off();
    }
    begun
}

fn begin(
    shop: &Shop,
    (doomed, scope): (&Doomed, WipeScope),
    owed: &Owed,
    asked: Asked,
) -> Result<Wipe> {
    let (whole, short) = drawn_up(shop, (doomed, scope), owed, asked);
    match shop.eraser.begin(whole.clone()) {
        // So many connections that the journal has no room for them: everything of this device
        // goes, so that the relay needs no list.
        Err(store::Error::Invalid(_)) if scope == WipeScope::Everything => {
            shop.eraser.begin(short.clone())?;
            Ok(short)
        }
        begun => {
            begun?;
            Ok(whole)
        }
    }
}

/// The erasure with its signed notice; and once more with a notice that lists nothing.
fn drawn_up(
    shop: &Shop,
    (doomed, scope): (&Doomed, WipeScope),
    owed: &Owed,
    asked: Asked,
) -> (Wipe, Wipe) {
    let (deletion, identity) = (random::deletion_id(), identity(shop));
    let logins: Vec<LoginId> = doomed
        .logins
        .iter()
        .filter_map(|login| login.id.parse().ok())
        .collect();
    let notice = WipeNotice {
        deletion,
        asked_by: asked.by,
        asked_at: asked.at.0,
        code: asked.code,
        scope: asked.scope,
        identity: identity.public(),
        wipe_key: owed.wipe_key(),
        relay: shop
            .relay()
            .map_or(RelayId::from_bytes([0; 16]), |relay| relay.keys().relay),
        streams: doomed.streams.iter().map(|(_, stream)| *stream).collect(),
        logins,
    };
    let wipe = |notice: &WipeNotice| Wipe {
        deletion_id: deletion.to_string(),
        scope,
        connections: doomed.connections.iter().map(|one| one.id).collect(),
        logins: doomed.logins.iter().map(|login| login.id.clone()).collect(),
        profile: shop.profile.id().to_owned(),
        notice: owed.signed(notice.sign(&identity)).to_text(),
        stage: Stage::Begun,
        secrets_left: false,
    };
    let whole = wipe(&notice);
    let short = wipe(&WipeNotice {
        streams: Vec::new(),
        logins: Vec::new(),
        ..notice
    });
    (whole, short)
}

/// What the shop's own file still says of what is gone.
async fn forget_records(shop: &Shop, doomed: &Doomed) {
    let ids: Vec<ConnectionId> = doomed.connections.iter().map(|one| one.id).collect();
    let logins: Vec<String> = doomed.logins.iter().map(|login| login.id.clone()).collect();
    let forgotten = shop.shop_db(move |db| {
        db.write(|write| {
            ids.iter().try_for_each(|id| write.remove_connection(*id))?;
            logins
                .iter()
                .try_for_each(|login| write.remove_login(login))
        })
    });
    if let Err(error) = forgotten.await {
        tracing::warn!(%error, "the shop's file forgets at the next start");
    }
}
