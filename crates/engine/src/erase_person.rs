//! One person goes from one connection: everything they and the shop ever said there. What remains
//! is a keyed hash that can be asked and not listed, so that no repetition, no look into the thread
//! and no history brings any of it back. What they write afterwards is new. The receipt names nobody.

use std::sync::Arc;

use domain::ConversationId;
use serde::Deserialize as _;
use serde_json::Value;
use store::{VaultWrite, Wipe};

use crate::connected::Connected;
use crate::engine::Engine;
use crate::erasure;
use crate::error::{Error, Result};
use crate::news::News;
use crate::shop::Shop;

/// In the vault: receipts still to be made, noted with the erasure itself. They name nobody.
const OWED: &str = "persons_erased";

impl Engine {
    /// Erases a person's conversation on its connection, for good, and leaves a receipt.
    pub async fn erase_person(&self, id: ConversationId) -> Result<()> {
        let shop = self.shop()?;
        // Begun, it goes on whoever waits for it.
        self.see_through(async move { erase(&shop, id).await })
            .await
    }
}

pub(crate) async fn erase(shop: &Shop, id: ConversationId) -> Result<()> {
    let connected = shop.connection(id.connection)?;
    let read = connected.read(move |read| Ok((read.contact(id)?, read.kept_of(id)?)));
    let (contact, kept) = read.await?;
    let keys = contact.ok_or(Error::Gone)?.keys;
    // Noted first: cut off here, nothing has gone, and nothing older comes in beside it.
    let until = shop.true_now();
    shop.shop_db(move |db| {
        db.write(|write| {
            let mut keys = keys.iter();
            keys.try_for_each(|key| write.note_erased(key, until))
        })
    })
    .await?;
    let erased = [("messages", kept.messages), ("pictures", kept.pictures)];
    let erased = erased.map(|(name, number)| (name.to_owned(), u64::from(number)));
    let wipe = erasure::of_a_person(shop, erased.to_vec());
    connected
        .work(move |vault| {
            vault.write(|write| {
                write.erase_contact(id)?;
                let mut owed = owed(write)?;
                owed.push(serde_json::to_value(wipe).expect("text and numbers are JSON"));
                set_owed(write, &owed)
            })?;
            // Only then no page of the file holds any of it.
            vault.checkpoint().map(drop)
        })
        .await?;
    shop.let_go_of(id);
    shop.herald.tell(News::Erased(id));
    shop.herald.tell(News::Conversations(vec![id]));
    settle(shop, &connected).await
}

/// Makes the receipts of those who were erased, also after the program was cut off in between.
pub(crate) async fn settle_all(shop: &Shop) {
    for connected in shop.connections() {
        match settle(shop, &connected).await {
            Ok(()) | Err(Error::Gone) => {}
            Err(error) => tracing::warn!(%error, "a receipt is made another time"),
        }
    }
}

async fn settle(shop: &Shop, connected: &Connected) -> Result<()> {
    let eraser = Arc::clone(&shop.eraser);
    connected
        .work(move |vault| {
            let owing = vault.read(owed)?;
            let mut made = Vec::new();
            for entry in &owing {
                // What another version wrote and this one cannot read stays owed.
                if let Ok(wipe) = Wipe::deserialize(entry) {
                    eraser.is_done(&wipe)?;
                    made.push(entry);
                }
            }
            if made.is_empty() {
                return Ok(());
            }
            vault.write(|write| {
                let mut owed = owed(write)?;
                owed.retain(|entry| !made.contains(&entry));
                set_owed(write, &owed)
            })
        })
        .await
}

/// As they stand there, read by whoever makes them: one that cannot be read does not take the
/// others with it.
fn owed(read: &store::VaultRead<'_>) -> store::Result<Vec<Value>> {
    match read.mark(OWED)? {
        None => Ok(Vec::new()),
        Some(text) => serde_json::from_str(&text).map_err(|_| store::Error::Invalid(OWED)),
    }
}

fn set_owed(write: &VaultWrite<'_>, owed: &[Value]) -> store::Result<()> {
    let text = serde_json::to_string(owed).expect("JSON stays JSON");
    write.set_mark(OWED, (!owed.is_empty()).then_some(&text))
}

#[cfg(test)]
mod tests {
    use store::vault::messages::Road;
    use wire::receipt::{Scope, VerifiedReceipt};

    use super::*;
    use crate::ingest::{Receiver, apply_event};
    use crate::testing::{NOW, TestShop, inbound};
    use domain::Timestamp;
    use domain::inbound::{Author, Event, What};

    fn told(of: &TestShop, id: &str, at: Timestamp, road: Road) {
        let event = Event {
            key: domain::inbound::message_key(id),
            at,
            what: What::Message(inbound(id, id, Author::Person)),
        };
        let receiver = Receiver {
            account: &of.connected.account,
            version: "test",
            now: of.clock.now(),
            db: &of.shop.db,
        };
        of.vault()
            .write(|write| apply_event(write, &receiver, &event, road, b""))
            .unwrap();
    }

    fn receipts(of: &TestShop) -> Vec<VerifiedReceipt> {
        let texts = store::receipts_on_disk(&of.shop.paths).unwrap();
        let texts = texts.iter().filter(|(id, _)| !id.ends_with("-owed"));
        texts
            .map(|(_, text)| VerifiedReceipt::verify(text, None).unwrap())
            .collect()
    }

    #[tokio::test]
    async fn a_receipt_says_how_much_went_and_names_nobody() {
        let of = TestShop::messenger().await;
        told(&of, "m_1", NOW, Road::Live);
        let (conversation, _) = of.hears("m_2", "and more");
        erase(&of.shop, conversation).await.unwrap();
        let receipts = receipts(&of);
        let [receipt] = receipts.as_slice() else {
            panic!("not one: {receipts:?}");
        };
        assert_eq!(receipt.notice.scope, Scope::Person);
        assert_eq!(
            receipt.completion.erased,
            [("messages".to_owned(), 2), ("pictures".to_owned(), 0)]
        );
        let left = of.vault().read(owed).unwrap();
        assert!(left.is_empty(), "made once");
    }

    #[tokio::test]
    async fn cut_off_before_the_receipt_it_is_made_at_the_next_start() {
        let of = TestShop::messenger().await;
        let (conversation, _) = of.hears("m_2", "and more");
        // As it is left by a program that dies right after the words have gone.
        let wipe = erasure::of_a_person(&of.shop, vec![("messages".to_owned(), 1)]);
        of.vault()
            .write(|write| {
                write.erase_contact(conversation)?;
                set_owed(write, &[serde_json::to_value(&wipe).unwrap()])
            })
            .unwrap();
        assert_eq!(receipts(&of), []);
        settle_all(&of.shop).await;
        settle_all(&of.shop).await;
        assert_eq!(receipts(&of).len(), 1);
    }

    #[tokio::test]
    async fn a_receipt_that_only_a_newer_version_can_make_waits_for_it() {
        let of = TestShop::messenger().await;
        let newer = serde_json::json!({ "made_by": "a newer version" });
        let wipe = erasure::of_a_person(&of.shop, vec![("messages".to_owned(), 1)]);
        let owing = [newer.clone(), serde_json::to_value(&wipe).unwrap()];
        of.vault().write(|write| set_owed(write, &owing)).unwrap();
        settle_all(&of.shop).await;
        assert_eq!(receipts(&of).len(), 1);
        assert_eq!(of.vault().read(owed).unwrap(), [newer]);
    }

    fn all(of: &TestShop) -> u32 {
        of.vault().read(|read| read.kept()).unwrap().messages
    }

    #[tokio::test]
    async fn what_was_erased_comes_back_by_no_road_and_what_is_new_arrives() {
        let of = TestShop::messenger().await;
        told(&of, "m_1", NOW, Road::Live);
        let (conversation, _) = of.hears("m_2", "and more");
        of.clock.pass(60_000);
        erase(&of.shop, conversation).await.unwrap();
        assert_eq!(all(&of), 0);
        for (id, road) in [
            ("m_1", Road::Live),
            ("m_2", Road::Recovered),
            ("m_0", Road::History),
        ] {
            told(&of, id, NOW, road);
            assert_eq!(all(&of), 0, "{road:?}");
        }
        // The control: the same message a moment after the erasure is the person's own new word.
        told(&of, "m_3", NOW.plus(60_001), Road::Live);
        assert_eq!(all(&of), 1);
    }

    #[tokio::test]
    async fn control_without_the_note_a_look_into_the_thread_brings_everything_back() {
        let of = TestShop::messenger().await;
        let (conversation, _) = of.hears("m_2", "and more");
        of.vault()
            .write(|write| write.erase_contact(conversation))
            .unwrap();
        told(&of, "m_2", NOW, Road::Recovered);
        assert_eq!(all(&of), 1);
    }
}
