//! Envelopes that did not open: kept sealed, counted in Settings, and tried again at every start. A
//! key may have come back with the keychain, or an update may know what an earlier version did not.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ConnectionId;
use store::shop::streams::Unopened;
use wire::event::Event;
use wire::seal::Opener;
use wire::{RelayId, StreamId};

use crate::control;
use crate::error::Result;
use crate::ingest::{self, Receiver};
use crate::link::inlet::{keychain_opener, open_with, openers_of, read_opened};
use crate::shop::Shop;

/// How many are looked at in one start.
const AT_ONCE: u32 = 1_000;

/// Tries all of them; says of each connection how many are left.
pub(crate) async fn try_again(shop: &Shop) -> Result<()> {
    let kept = shop
        .shop_db(|db| db.read(|read| read.unopened(AT_ONCE)))
        .await?;
    let Some(relay) = shop.relay() else {
        return Ok(());
    };
    let mut left: BTreeMap<ConnectionId, u32> = BTreeMap::new();
    for one in kept {
        let opened = open_one(shop, relay.keys().relay, &one).await;
        match opened {
            Ok(true) => forget(shop, &one).await?,
            Ok(false) => {
                if let Some(id) = one.connection {
                    *left.entry(id).or_default() += 1;
                }
            }
            Err(error) => tracing::info!(%error, "an envelope is tried another time"),
        }
    }
    for connected in shop.connections() {
        let count = left.get(&connected.id).copied().unwrap_or(0);
        shop.learn(&connected, |health| health.unopened = count)
            .await;
    }
    Ok(())
}

/// True if it is done with: opened and written down, or nobody's any more.
async fn open_one(shop: &Shop, relay: RelayId, one: &Unopened) -> Result<bool> {
    let stream = StreamId::from_bytes(one.stream);
    let Some(id) = one.connection else {
        let name = shop.profile.control_seal_name();
        let opener = keychain_opener(shop, name, stream, relay).await?;
        return open_control(shop, opener, one).await;
    };
    let Ok(connected) = shop.connection(id) else {
        return Ok(true);
    };
    let mut openers = openers_of(shop, relay, &connected, stream).await?;
    let Ok((plain, _)) = open_with(&mut openers, &one.envelope) else {
        return Ok(false);
    };
    let opened = read_opened(&plain, one.seq);
    let (account, version, now) = (connected.account.clone(), shop.version.clone(), shop.now());
    let db = Arc::clone(&shop.db);
    let changes = connected
        .work(move |vault| {
            let receiver = Receiver {
                account: &account,
                version: &version,
                now,
                db: &db,
            };
            ingest::write_late(vault, &receiver, &opened)
        })
        .await?;
    shop.announce(&changes);
    Ok(true)
}

async fn open_control(shop: &Shop, opener: Option<Opener>, one: &Unopened) -> Result<bool> {
    let mut openers: Vec<Opener> = opener.into_iter().collect();
    let Ok((plain, _)) = open_with(&mut openers, &one.envelope) else {
        return Ok(false);
    };
    let Some(Event::Control(said)) = Event::from_bytes(&plain) else {
        return Ok(false);
    };
    control::take_late(shop, said).await?;
    Ok(true)
}

async fn forget(shop: &Shop, one: &Unopened) -> Result<()> {
    let (stream, seq) = (one.stream, one.seq);
    shop.shop_db(move |db| db.write(|write| write.forget_unopened(&stream, seq)))
        .await
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wire::event::{PartKind, WebhookPart};
    use wire::seal::{Sealer, Target, Use};

    use super::*;
    use crate::link::client::{RelayClient, http_client};
    use crate::link::inlet::seal_key_secret;
    use crate::random;
    use crate::testing::{NOW, PAGE, PERSON, TestShop};

    fn part() -> Vec<u8> {
        let event = json!({
            "sender": {"id": PERSON}, "recipient": {"id": PAGE}, "timestamp": NOW.0,
            "message": {"mid": "m_1", "text": "readable at last"}
        });
        let part = WebhookPart {
            object: "page".to_owned(),
            entry_id: PAGE.to_owned(),
            time: Some(NOW.0),
            received_at: NOW.0,
            kind: PartKind::Messaging,
            body: serde_json::to_vec(&event).unwrap(),
        };
        part.to_bytes()
    }

    #[tokio::test]
    async fn what_did_not_open_is_tried_again_until_the_key_is_back() {
        let of = TestShop::messenger().await;
        let keys = crate::testing::relay::keys();
        let base = "http://127.0.0.1:9".parse().unwrap();
        let address = (base, keys.clone());
        let identity = random::signing_secret();
        let client = RelayClient::new(http_client(), address, identity, Arc::clone(&of.shop.clock));
        of.shop.set_relay(Some(Arc::new(client)));
        let stream = [7; 16];
        let (key_id, key) = random::seal_key();
        let target = Target {
            what: Use::Envelope,
            relay: keys.relay,
            about: stream,
            key_id,
            key: key.public(),
        };
        let sealed = Sealer::new(&target, random::bytes())
            .unwrap()
            .seal(1, &part());
        let kept = Unopened {
            stream,
            seq: 4,
            connection: Some(of.connected.id),
            envelope: sealed,
            reason: "other key".to_owned(),
            at: NOW,
        };
        of.shop
            .db
            .write(|write| write.keep_unopened(&kept))
            .unwrap();
        // The control: without the key it stays, and is counted after a start as before.
        try_again(&of.shop).await.unwrap();
        assert_eq!(of.connected.health().unopened, 1);
        let name = of.shop.profile.seal_name(of.connected.id);
        let secret = seal_key_secret(key_id, &key);
        of.shop
            .keychain(move |secrets| Ok(secrets.set(&name, &secret)?))
            .await
            .unwrap();
        try_again(&of.shop).await.unwrap();
        assert_eq!(of.connected.health().unopened, 0);
        let conversation = domain::ConversationId {
            connection: of.connected.id,
            row: 1,
        };
        assert_eq!(of.texts(conversation), ["readable at last"]);
        assert_eq!(of.shop.db.read(|read| read.unopened_count()).unwrap(), 0);
    }
}
