//! What the owner sees of connections and decides about forgetting: the list in Settings, "Check
//! now", "Disconnect and wipe", "Delete everything", and the receipts.

use std::future::Future;
use std::sync::Arc;

use store::shop::connections::ConnectionRecord;
use wire::receipt::{AskedBy, AtMeta, Scope, VerifiedReceipt};

use domain::{ConnectionId, Timestamp};

use crate::apart::BEFORE_AN_END;
use crate::connected::{Connected, SignIn};
use crate::engine::Engine;
use crate::eraser::owed_name;
use crate::erasure::{Asked, wipe_connections, wipe_everything};
use crate::error::{Error, Result};
use crate::news::News;
use crate::read::{self, WipeProgress};
use crate::shop::{Shop, blocking};
use crate::{apart, orders, repair};

/// What the owner types to delete everything, where the shop has no name of its own.
const EVERYTHING: &str = "Shopbell";

impl Engine {
    /// All connections with their state, the oldest first.
    pub async fn connections(&self) -> Result<Vec<read::Connection>> {
        let shop = self.shop()?;
        let records = shop
            .shop_db(|db| db.read(|read| read.connections()))
            .await?;
        let mut shown = Vec::new();
        for record in &records {
            if let Ok(connected) = shop.connection(record.id) {
                let handle = handle_among(record, &records);
                shown.push(show(&shop, &connected, record.clone(), handle).await?);
            }
        }
        Ok(shown)
    }

    /// Looks at every connection now.
    pub async fn check_connections(&self) -> Result<()> {
        let shop = self.shop()?;
        shop.wake.upkeep.notify_one();
        for connected in shop.connections() {
            if connected.vault().is_err() {
                continue;
            }
            // What is wrong is shown with the connection.
            if let Err(error) = repair::look_at(&shop, &connected).await {
                tracing::info!(connection = %connected.id, %error, "checked, with trouble");
                shop.wake.repair.notify_one();
            }
        }
        shop.herald.tell(News::Connections);
        Ok(())
    }

    /// Disconnects one and wipes everything of it. `name` is what the owner typed: see
    /// [`read::Connection::typed_as`].
    pub async fn disconnect(&self, id: ConnectionId, name: String) -> Result<()> {
        let shop = self.shop()?;
        let connected = shop.connection(id)?;
        let records = shop
            .shop_db(|db| db.read(|read| read.connections()))
            .await?;
        let record = records.iter().find(|record| record.id == id);
        let record = record.ok_or(Error::Gone)?;
        // The name is always enough: the card above it says which of two namesakes this is.
        let handle = handle_among(record, &records);
        let by_handle = handle.is_some_and(|handle| is_same(&bare(&name), &bare(&handle)));
        if !by_handle && !is_same(&name, &record.name) {
            return Err(Error::NameDiffers);
        }
        let asked = by_owner(shop.now(), Scope::Connection);
        let engine = self.clone();
        // Begun, it goes on whoever waits for it.
        self.see_through(async move {
            wipe_connections(&shop, vec![connected], Vec::new(), asked).await?;
            engine.inner.set_phase_after_forgetting(&shop);
            Ok(())
        })
        .await
    }

    /// Erases everything. `name` is what the owner typed: the shop's name, or "Shopbell".
    pub async fn delete_everything(&self, name: String) -> Result<()> {
        let shop = self.shop()?;
        let own = shop.settings().shop_name;
        if !is_same(&name, EVERYTHING) && (own.is_empty() || !is_same(&name, &own)) {
            return Err(Error::NameDiffers);
        }
        let asked = by_owner(shop.now(), Scope::Everything);
        drop(shop);
        self.cancel_login().await?;
        let engine = self.clone();
        self.see_through(async move { wipe_everything(&engine, asked).await.map(drop) })
            .await
    }

    /// Runs something to its end, also if nobody waits for it any more.
    pub(crate) async fn see_through(
        &self,
        work: impl Future<Output = Result<()>> + Send + 'static,
    ) -> Result<()> {
        let (tell, told) = tokio::sync::oneshot::channel();
        self.inner.tasks.spawn(async move {
            let _ = tell.send(work.await);
        });
        told.await.unwrap_or(Err(Error::NotOpen))
    }

    /// How far the running wipe is.
    pub fn wipe_progress(&self) -> WipeProgress {
        self.inner.wiping.borrow().clone()
    }

    /// The owner's answer to a deletion order that Meta does not confirm.
    pub async fn answer_deletion(&self, wipe: bool) -> Result<()> {
        let shop = self.shop()?;
        self.see_through(async move { orders::answer(&shop, wipe).await })
            .await
    }

    /// Deletion receipts, newest first. They are files: they outlive the shop.
    pub async fn receipts(&self) -> Result<Vec<read::Receipt>> {
        let eraser = self.eraser()?;
        blocking(move || {
            let texts = store::receipts_on_disk(eraser.paths())?;
            let mut receipts: Vec<_> = texts
                .into_iter()
                .filter_map(|(id, text)| receipt(id, text))
                .collect();
            receipts.sort_by_key(|receipt| std::cmp::Reverse((receipt.at, receipt.id.clone())));
            Ok(receipts)
        })
        .await
    }
}

fn by_owner(at: Timestamp, scope: Scope) -> Asked {
    Asked {
        by: AskedBy::Owner,
        at,
        code: None,
        scope,
    }
}

/// Whether what was typed is the name: case and surrounding space do not matter, everything else
/// does.
fn is_same(typed: &str, name: &str) -> bool {
    let plain = |text: &str| text.trim().to_lowercase();
    !plain(name).is_empty() && plain(typed) == plain(name)
}

/// A handle or a number without what people write it with: the `@`, the spaces between digits.
fn bare(handle: &str) -> String {
    let plain: String = handle.split_whitespace().collect();
    plain.trim_start_matches(['@', BEFORE_AN_END]).to_owned()
}

/// Its handle or number, or what tells it apart from a namesake.
fn handle_among(record: &ConnectionRecord, all: &[ConnectionRecord]) -> Option<String> {
    let all: Vec<_> = all.iter().map(account).collect();
    apart::handle(account(record), &all)
}

fn account(record: &ConnectionRecord) -> apart::Account<'_> {
    apart::Account {
        channel: record.channel,
        name: &record.name,
        handle: record.handle.as_deref().or(record.phone.as_deref()),
        platform_id: &record.platform_id,
    }
}

fn receipt(id: String, text: String) -> Option<read::Receipt> {
    if id.ends_with(&owed_name("")) {
        return None;
    }
    let verified = VerifiedReceipt::verify(&text, None).ok()?;
    Some(read::Receipt {
        id,
        at: Timestamp(verified.completion.completed_at),
        scope: verified.notice.scope.word().to_owned(),
        complete: verified.statement.is_some(),
        permissions: match verified.completion.revoked {
            AtMeta::Confirmed => read::Permissions::TakenBack,
            AtMeta::StillNeeded => read::Permissions::StillNeeded,
            AtMeta::AlreadyGone => read::Permissions::EndedBefore,
            AtMeta::NotConfirmed => read::Permissions::NotConfirmed,
        },
        envelopes: verified.statement.map(|stated| stated.envelopes),
        erased: verified.completion.erased,
        text,
    })
}

async fn show(
    shop: &Shop,
    connected: &Arc<Connected>,
    record: ConnectionRecord,
    handle: Option<String>,
) -> Result<read::Connection> {
    let now = shop.now();
    let health = connected.health();
    let read = connected
        .read(|read| Ok((read.kept()?, read.quarantine_count()?)))
        .await;
    let (kept, unsupported) = read.unwrap_or_default();
    let next_look = match health.looked_in_vain_at {
        // Without a sign-in there is nothing to look with.
        _ if health.sign_in == SignIn::Ended => None,
        Some(at) => Some((at, repair::TROUBLE)),
        None => record.checked_at.map(|at| (at, repair::CHECK_EVERY)),
    };
    let id = connected.id;
    let last_of_login = shop
        .shop_db(move |db| {
            db.read(|read| {
                for login in read.live_logins_of(id)? {
                    if read.connections_of_login(&login.id)?.len() > 1 {
                        return Ok(false);
                    }
                }
                Ok(true)
            })
        })
        .await?;
    Ok(read::Connection {
        id,
        channel: record.channel,
        name: record.name,
        handle,
        connected_at: record.connected_at,
        last_event_at: record.last_event_at,
        last_sent_at: kept.last_sent_at,
        looked_at: record.checked_at,
        next_look_at: next_look
            .map(|(at, pause)| at.plus(i64::try_from(pause.as_millis()).unwrap_or(0))),
        sign_in_ends_at: record.token_expires_at,
        messages: kept.messages,
        pictures: kept.pictures,
        unsupported,
        elsewhere: health.elsewhere,
        trouble: connected.trouble(now),
        last_of_login,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_pages_of_one_name_the_end_of_the_id_is_typed() {
        let record = |number: u8, platform_id: &str, handle: Option<&str>| ConnectionRecord {
            id: ConnectionId::from_bytes([number; 16]),
            channel: domain::Channel::Messenger,
            platform_id: platform_id.to_owned(),
            name: "Fern & Ribbon".to_owned(),
            handle: handle.map(str::to_owned),
            page_id: None,
            waba_id: None,
            phone: None,
            login: None,
            state: store::shop::connections::ConnectionState::Live,
            state_since: Timestamp(0),
            token_expires_at: None,
            last_event_at: None,
            checked_at: None,
            connected_at: Timestamp(0),
        };
        let all = [record(1, "10471234", None), record(2, "10839876", None)];
        let [first, second] = all.each_ref();
        assert_eq!(handle_among(first, &all).as_deref(), Some("…1234"));
        assert_eq!(handle_among(second, &all).as_deref(), Some("…9876"));
        assert_eq!(handle_among(first, &all[..1]), None, "the control");
        let named = [record(1, "10471234", None), record(2, "1", Some("fern"))];
        assert_eq!(handle_among(&named[1], &named).as_deref(), Some("fern"));
        assert_eq!(handle_among(&named[0], &named), None);
    }

    #[test]
    fn the_name_has_to_be_typed() {
        assert!(is_same(" clara’s CAKES ", "Clara’s Cakes"));
        assert!(!is_same("", ""));
        assert!(!is_same("Clara", "Clara’s Cakes"));
        assert_eq!(bare(" @fern.and.ribbon"), "fern.and.ribbon");
        assert_eq!(bare("…1234"), bare(" 1234 "));
        assert_eq!(bare("+44 20 7946 0817"), bare("+442079460817"));
    }
}
