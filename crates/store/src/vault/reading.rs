//! What the owner has seen and what not. Messages carry the mark; a conversation knows from when on
//! there may be some without it, so that neither counting nor marking walks its whole history.

use domain::{ConversationId, MessageId};
use rusqlite::{OptionalExtension as _, params};

use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::sql;

/// Someone whose messages the owner has read; the platform is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadToTell {
    /// The conversation.
    pub conversation: ConversationId,
    /// The newest message of the person's that was read.
    pub platform_id: String,
}

impl VaultRead<'_> {
    /// Whom the platform has to be told about that their messages were read.
    pub fn reads_to_tell(&self, limit: u32) -> Result<Vec<ReadToTell>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT id, read_wanted FROM conversations WHERE read_wanted IS NOT NULL
             ORDER BY id LIMIT ?1",
        )?;
        let rows = statement.query_map([limit], |row| {
            Ok(ReadToTell {
                conversation: self.conversation_id(row.get("id")?),
                platform_id: row.get("read_wanted")?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl VaultWrite<'_> {
    /// The owner has seen a conversation up to and with a message. What arrives later stays unread,
    /// even if the platform dates it earlier. Answers whether anything changed. The platform is told
    /// by an id of its own: a key (`x:…`) that stands in for one says nothing to it.
    pub fn mark_read(&self, conversation: ConversationId, upto: MessageId) -> Result<bool> {
        let row = self.expect_row(conversation)?;
        let upto = self.message_row(upto)?;
        let seen = self
            .sql
            .prepare_cached(
                "UPDATE messages SET seen = 1
                 WHERE conversation = ?1 AND sent_at >= ?3 AND seen = 0
                   AND (sent_at, id) <= (SELECT sent_at, id FROM messages WHERE id = ?2)",
            )?
            .execute([row, upto, self.unseen_from(row)?])?;
        if seen == 0 {
            return Ok(false);
        }
        self.sql
            .prepare_cached(
                "UPDATE conversations SET read_wanted =
                     (SELECT platform_id FROM messages
                      WHERE conversation = ?1 AND author = 'person'
                        AND sent_at <= (SELECT sent_at FROM messages WHERE id = ?2)
                        AND seen = 1 AND platform_id NOT LIKE 'x:%'
                      ORDER BY sent_at DESC, id DESC LIMIT 1)
                 WHERE id = ?1",
            )?
            .execute([row, upto])?;
        self.refresh(row);
        Ok(true)
    }

    /// The owner wants to come back: the person's last message is unread again.
    pub fn mark_unread(&self, conversation: ConversationId) -> Result<()> {
        let row = self.expect_row(conversation)?;
        let last = self
            .sql
            .prepare_cached(
                "SELECT id, sent_at FROM messages
                 WHERE conversation = ?1 AND author = 'person' AND unsent = 0
                 ORDER BY sent_at DESC, id DESC LIMIT 1",
            )?
            .query_row([row], |row| Ok((row.get(0)?, sql::time(row, "sent_at")?)))
            .optional()?;
        if let Some((message, at)) = last {
            self.sql
                .prepare_cached("UPDATE messages SET seen = 0 WHERE id = ?1")?
                .execute([message] as [i64; 1])?;
            self.note_unseen(row, at);
        }
        Ok(())
    }

    /// The platform knows that this was read.
    pub fn read_was_told(&self, told: &ReadToTell) -> Result<()> {
        let row = self.expect_row(told.conversation)?;
        self.sql
            .prepare_cached(
                "UPDATE conversations SET read_wanted = NULL WHERE id = ?1 AND read_wanted = ?2",
            )?
            .execute(params![row, told.platform_id])?;
        Ok(())
    }

    /// What the person wrote before the shop answered from elsewhere was seen there.
    pub(crate) fn see_what_was_answered_elsewhere(&self, conversation: i64) -> Result<()> {
        self.sql
            .prepare_cached(
                "UPDATE messages SET seen = 1
                 WHERE conversation = ?1 AND sent_at >= ?2 AND seen = 0
                   AND sent_at <= (SELECT elsewhere_upto FROM conversations WHERE id = ?1)",
            )?
            .execute([conversation, self.unseen_from(conversation)?])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::inbound::{Author, InboundMessage};
    use domain::{ContactKey, ContactKind, ContactRef};
    use proptest::prelude::*;
    use rusqlite::Connection;
    use rusqlite::types::Value;

    use super::super::conversations::Filter;
    use super::super::messages::{Arrival, Road};
    use super::super::stale::REFRESH;
    use super::super::testing::{at, in_memory, read, write};
    use super::super::thread::Page;
    use super::*;

    /// What happens to a shop of two people, of whom one may turn out to be the other.
    #[derive(Clone, Debug)]
    enum Step {
        /// A message of a person's (or of the shop's from its phone) and when it was sent.
        Comes(u8, Author, i64, Road),
        /// It comes by webhook after it was read from the platform, with its true time.
        ComesAgain(u8, i64),
        /// The owner looks at the message of this place in the thread, counted from the end.
        Looks(u8, usize),
        /// The owner wants to come back.
        ComesBack(u8),
        TakenBack(u8),
        AreOne,
    }

    fn step() -> impl Strategy<Value = Step> {
        let (person, moment) = (0..2_u8, 0..40_i64);
        let author = prop_oneof![3 => Just(Author::Person), 1 => Just(Author::Shop)];
        let road = prop_oneof![Just(Road::Live), Just(Road::Recovered), Just(Road::History)];
        prop_oneof![
            6 => (person.clone(), author, moment.clone(), road)
                .prop_map(|(person, author, at, road)| Step::Comes(person, author, at, road)),
            1 => (any::<u8>(), moment).prop_map(|(message, at)| Step::ComesAgain(message, at)),
            2 => (person.clone(), 0..4_usize).prop_map(|(person, back)| Step::Looks(person, back)),
            1 => person.prop_map(Step::ComesBack),
            1 => any::<u8>().prop_map(Step::TakenBack),
            1 => Just(Step::AreOne),
        ]
    }

    fn key(person: u8) -> ContactKey {
        ContactKey {
            kind: ContactKind::Phone,
            value: person.to_string(),
        }
    }

    fn person(keys: Vec<ContactKey>) -> ContactRef {
        ContactRef {
            keys,
            name: None,
            handle: None,
        }
    }

    fn message(id: usize, who: u8, author: Author) -> InboundMessage {
        InboundMessage {
            platform_id: format!("m_{id}"),
            contact: person(vec![key(who)]),
            author,
            text: Some("words".to_owned()),
            attachments: vec![],
            reply_to: None,
            story: None,
            our_id: None,
            app_id: None,
            unsupported: None,
        }
    }

    fn take(tx: &VaultWrite<'_>, message: &InboundMessage, sent: i64, road: Road) -> Result<()> {
        tx.add_message(&Arrival {
            message,
            at: at(sent),
            arrived_at: at(sent),
            road,
            quarantine: None,
        })
        .map(drop)
    }

    /// Takes a step; `came` are the messages so far.
    fn take_step(tx: &VaultWrite<'_>, step: &Step, came: &mut Vec<InboundMessage>) -> Result<()> {
        match step {
            Step::Comes(who, author, sent, road) => {
                let message = message(came.len(), *who, *author);
                take(tx, &message, *sent, *road)?;
                came.push(message);
            }
            Step::ComesAgain(which, sent) if !came.is_empty() => {
                let message = &came[usize::from(*which) % came.len()];
                take(tx, message, *sent, Road::Live)?;
            }
            Step::Looks(who, back) => {
                if let Some(conversation) = tx.conversation_with(&key(*who))? {
                    let thread = tx.thread(conversation, Page::Newest, 50)?.messages;
                    if let Some(message) = thread.iter().rev().nth(*back) {
                        tx.mark_read(conversation, message.id)?;
                    }
                }
            }
            Step::ComesBack(who) => {
                if let Some(conversation) = tx.conversation_with(&key(*who))? {
                    tx.mark_unread(conversation)?;
                }
            }
            Step::TakenBack(which) if !came.is_empty() => {
                let message = &came[usize::from(*which) % came.len()];
                tx.unsend(&message.platform_id, at(50))?;
            }
            Step::AreOne => {
                tx.contact_of(&person(vec![key(0), key(1)]), at(50))?;
            }
            Step::ComesAgain(..) | Step::TakenBack(_) => {}
        }
        Ok(())
    }

    /// The lines of the list as they lie in the file.
    fn lines(connection: &Connection) -> Vec<Vec<Value>> {
        let mut statement = connection
            .prepare("SELECT * FROM conversations ORDER BY id")
            .unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
        rows.unwrap().map(|row| row.unwrap()).collect()
    }

    /// The same, each worked out from all its messages.
    fn lines_worked_out(connection: &mut Connection) -> Vec<Vec<Value>> {
        let transaction = connection.transaction().unwrap();
        for conversation in 0_u32..10 {
            transaction.execute(REFRESH, (conversation, 0)).unwrap();
        }
        lines(&transaction)
    }

    /// For each conversation: how many are unread by the list, and how many have no mark.
    fn counts(connection: &Connection) -> Vec<(u32, usize)> {
        read(connection, |vault| {
            let lines = vault.conversations(Filter::All, None, 10)?;
            lines
                .iter()
                .map(|line| {
                    let thread = vault.thread(line.id, Page::Newest, 50)?.messages;
                    let unseen = thread.iter().filter(|message| !message.seen).count();
                    Ok((line.unread, unseen))
                })
                .collect()
        })
    }

    fn agree(connection: &Connection) -> bool {
        let counts = counts(connection);
        counts
            .iter()
            .all(|(unread, unseen)| usize::try_from(*unread) == Ok(*unseen))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Whatever happens, and however much of it in one transaction: what is counted is what has
        /// no mark, and what was added to a line is what working it out gives.
        #[test]
        fn the_list_counts_what_has_not_been_seen(
            steps in proptest::collection::vec(proptest::collection::vec(step(), 1..4), 1..16),
        ) {
            let mut connection = in_memory();
            let mut came = Vec::new();
            for transaction in &steps {
                write(&mut connection, |tx| {
                    transaction.iter().try_for_each(|step| take_step(tx, step, &mut came))
                });
                prop_assert!(agree(&connection), "{:?}", counts(&connection));
                prop_assert_eq!(lines(&connection), lines_worked_out(&mut connection));
            }
        }
    }

    /// The comparison must be able to fail: a vault that forgets from when on it has to count.
    #[test]
    fn a_vault_that_forgets_where_to_begin_is_caught() {
        let mut connection = in_memory();
        let mut came = Vec::new();
        let steps = [1, 3, 2].map(|sent| Step::Comes(0, Author::Person, sent, Road::Live));
        for (step, unread) in steps.iter().zip([1, 2, 2]) {
            write(&mut connection, |tx| take_step(tx, step, &mut came));
            assert_eq!(counts(&connection)[0].0, unread);
            connection
                .execute_batch("UPDATE conversations SET unseen_from = NULL")
                .unwrap();
        }
        assert!(!agree(&connection));
        assert_ne!(lines(&connection), lines_worked_out(&mut connection));
    }
}
