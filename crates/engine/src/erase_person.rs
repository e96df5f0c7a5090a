//! One person goes from one connection: everything they and the shop ever said there. What remains
//! is a keyed hash that can be asked and not listed, so that no repetition, no look into the thread
//! and no history brings any of it back. What they write afterwards is new.

use domain::ConversationId;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::news::News;
use crate::shop::Shop;

impl Engine {
    /// Erases a person's conversation on its connection, for good.
    pub async fn erase_person(&self, id: ConversationId) -> Result<()> {
        let shop = self.shop()?;
        erase(&shop, id).await
    }
}

pub(crate) async fn erase(shop: &Shop, id: ConversationId) -> Result<()> {
    let connected = shop.connection(id.connection)?;
    let contact = connected.read(move |read| read.contact(id)).await?;
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
    connected
        .work(move |vault| {
            vault.write(|write| write.erase_contact(id))?;
            // Only then no page of the file holds any of it.
            vault.checkpoint().map(drop)
        })
        .await?;
    shop.herald.tell(News::Conversations(vec![id]));
    Ok(())
}

#[cfg(test)]
mod tests {
    use store::vault::messages::Road;

    use super::*;
    use crate::ingest::{Receiver, apply_event};
    use crate::testing::{NOW, TestShop, inbound};
    use domain::Timestamp;
    use domain::inbound::{Author, Event, What};

    fn told(of: &TestShop, id: &str, at: Timestamp, road: Road) {
        let event = Event {
            key: format!("m:{id}"),
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
