//! The keys the platform knows a person by. A person nearly always has one, of which nothing has to be
//! noted; of several the one that was seen last is written to.

use domain::{ContactKey, ContactKind, ContactRef, ConversationId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::contacts::Marks;
use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::sql;

/// Whoever has a key.
pub(crate) struct Known {
    pub(crate) row: i64,
    pub(crate) marks: Marks,
    /// They have others: it matters when each was seen last.
    pub(crate) several_keys: bool,
}

impl VaultRead<'_> {
    /// Whoever has this key, and how far their conversation has come: one question, since each
    /// message that arrives asks for both.
    pub(crate) fn met_by(&self, key: &ContactKey) -> Result<Option<Known>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT k.contact, c.elsewhere_upto, c.delivered_upto, c.person_read_upto,
                    c.several_keys
             FROM contact_keys k JOIN conversations c ON c.id = k.contact
             WHERE k.kind = ?1 AND k.value = ?2",
        )?;
        let known = |row: &Row<'_>| {
            let (delivered, read): (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
            let marks = Marks {
                elsewhere_upto: row.get(1)?,
                reached_upto: delivered.max(read),
            };
            Ok(Known {
                row: row.get(0)?,
                marks,
                several_keys: row.get(4)?,
            })
        };
        Ok(statement
            .query_row([key.kind.name(), &key.value], known)
            .optional()?)
    }

    /// The key to write to comes first: the kinds in the order of `ContactKind`, the newest of each.
    /// Of those one payload named, the first is the newest.
    pub(crate) fn keys_of(&self, contact: i64) -> Result<Vec<ContactKey>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT kind, value FROM contact_keys WHERE contact = ?1 ORDER BY seen_at DESC, value",
        )?;
        let rows = statement.query_map([contact], |row| {
            let kind = sql::word(row, "kind", ContactKind::from_name)?;
            Ok(ContactKey {
                kind,
                value: row.get("value")?,
            })
        })?;
        let mut keys = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        keys.sort_by_key(|key| key.kind);
        Ok(keys)
    }
}

impl VaultWrite<'_> {
    /// Notes when keys were seen. The payload's order is kept: of two numbers in one, the first is the
    /// newer.
    pub(crate) fn see_keys(
        &self,
        row: i64,
        who: &ContactRef,
        new_key: bool,
        at: Timestamp,
    ) -> Result<()> {
        let note = if new_key { ADD_KEY } else { TOUCH_KEY };
        for (place, key) in (0..).zip(&who.keys) {
            self.sql.prepare_cached(note)?.execute(params![
                key.kind.name(),
                key.value,
                row,
                at.plus(-place).0
            ])?;
        }
        if new_key && who.keys.len() > 1 {
            self.note_several_keys(row)?;
        }
        Ok(())
    }

    /// A person gets more than one key. Of the one so far it was not noted when it was seen last:
    /// with the latest message.
    pub(crate) fn note_several_keys(&self, row: i64) -> Result<()> {
        for sql in [
            SEEN_AT_LAST,
            "UPDATE conversations SET several_keys = 1 WHERE id = ?1",
        ] {
            self.sql.prepare_cached(sql)?.execute([row])?;
        }
        Ok(())
    }

    /// Another key of a person, learnt from an answer of the platform: the one it writes to.
    pub fn add_key(
        &self,
        conversation: ConversationId,
        key: &ContactKey,
        at: Timestamp,
    ) -> Result<()> {
        let row = self.expect_row(conversation)?;
        let mut keys = self.keys_of(row)?;
        if !keys.contains(key) {
            keys.insert(0, key.clone());
            self.contact_of(
                &ContactRef {
                    keys,
                    name: None,
                    handle: None,
                },
                at,
            )?;
        }
        Ok(())
    }
}

/// A reply of this program's says nothing of when a key was seen.
const SEEN_AT_LAST: &str = "
    UPDATE contact_keys SET seen_at = max(seen_at, last.at)
    FROM (SELECT sent_at AS at FROM messages
          WHERE conversation = ?1 AND our_id IS NULL
            AND (SELECT several_keys FROM conversations WHERE id = ?1) = 0
          ORDER BY sent_at DESC LIMIT 1) AS last
    WHERE contact = ?1";

const TOUCH_KEY: &str = "
    UPDATE contact_keys SET seen_at = ?4
    WHERE kind = ?1 AND value = ?2 AND contact = ?3 AND seen_at < ?4";

const ADD_KEY: &str = "
    INSERT INTO contact_keys (kind, value, contact, seen_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (kind, value) DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::messages::{Arrival, Road};
    use crate::vault::testing::{at, in_memory, read, write};
    use domain::inbound::{Author, InboundMessage};

    const FIRST: &str = "1";
    const SECOND: &str = "2";

    fn key(value: &str) -> ContactKey {
        ContactKey {
            kind: ContactKind::Phone,
            value: value.to_owned(),
        }
    }

    fn says(tx: &VaultWrite<'_>, from: &str, moment: i64) -> Result<()> {
        let message = InboundMessage {
            platform_id: format!("m_{from}_{moment}"),
            contact: ContactRef::of(ContactKind::Phone, from),
            author: Author::Person,
            text: Some("hello".to_owned()),
            attachments: vec![],
            reply_to: None,
            story: None,
            our_id: None,
            app_id: None,
            unsupported: None,
        };
        let arrival = Arrival {
            message: &message,
            at: at(moment),
            arrived_at: at(moment),
            road: Road::Live,
            quarantine: None,
        };
        tx.add_message(&arrival).map(drop)
    }

    /// A person with one key has written at 100 and 300; at some moment they are known by another as
    /// well. Which of the two is written to.
    fn leads(second_at: i64, then: Option<(&str, i64)>) -> String {
        let mut connection = in_memory();
        for moment in [100, 300] {
            write(&mut connection, |tx| says(tx, FIRST, moment));
        }
        let both = ContactRef {
            keys: vec![key(SECOND), key(FIRST)],
            name: None,
            handle: None,
        };
        let conversation = write(&mut connection, |tx| tx.contact_of(&both, at(second_at)));
        if let Some((value, moment)) = then {
            write(&mut connection, |tx| says(tx, value, moment));
        }
        let contact =
            read(&connection, |vault| vault.contact(conversation)).expect("they are there");
        contact.keys.first().expect("two keys").value.clone()
    }

    #[test]
    fn of_several_keys_the_one_seen_last_is_written_to() {
        assert_eq!(leads(400, None), SECOND);
        assert_eq!(
            leads(200, None),
            FIRST,
            "it was seen at 300, though nobody noted it"
        );
        assert_eq!(leads(400, Some((FIRST, 500))), FIRST);
        assert_eq!(leads(200, Some((SECOND, 500))), SECOND);
        assert_eq!(leads(400, Some((FIRST, 399))), SECOND, "it came late");
    }
}
