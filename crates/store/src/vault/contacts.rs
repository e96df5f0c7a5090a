//! People as this connection knows them, and the keys the platform knows them by. Two keys in one
//! payload belong to one person: if they were two contacts so far, those become one here.

use domain::{ContactKey, ContactKind, ContactRef, ConversationId, PersonId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{VaultRead, VaultWrite};
use crate::error::{Error, Result};
use crate::media::MediaFile;
use crate::sql;

/// A person as one connection knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The conversation with them; contact and conversation share one number.
    pub conversation: ConversationId,
    /// Their name, as they gave it or as the platform told when asked.
    pub name: Option<String>,
    /// Their handle without `@`.
    pub handle: Option<String>,
    /// The keys the platform knows them by; the first is the one to write to.
    pub keys: Vec<ContactKey>,
    /// The person this contact is linked to.
    pub person: Option<PersonId>,
    /// Their picture.
    pub picture: Option<MediaFile>,
    /// When name and picture were last asked for with success.
    pub profile_at: Option<Timestamp>,
}

/// What the platform told when asked who somebody is.
#[derive(Clone, Debug, Default)]
pub struct FetchedProfile {
    /// Their name.
    pub name: Option<String>,
    /// Their handle without `@`.
    pub handle: Option<String>,
    /// Their picture, already fetched and written.
    pub picture: Option<MediaFile>,
}

impl VaultRead<'_> {
    /// The contact of a conversation.
    pub fn contact(&self, conversation: ConversationId) -> Result<Option<Contact>> {
        let Some(row) = self.row_of(conversation)? else {
            return Ok(None);
        };
        let mut statement = self.sql.prepare_cached(
            "SELECT id, name, handle, person, picture_file, picture_key, picture_size, profile_at
             FROM contacts WHERE id = ?1",
        )?;
        let Some(mut contact) = statement
            .query_row([row], |row| self.contact_from_row(row))
            .optional()?
        else {
            return Ok(None);
        };
        contact.keys = self.keys_of(row)?;
        Ok(Some(contact))
    }

    /// The conversation with whoever has this key.
    pub fn conversation_with(&self, key: &ContactKey) -> Result<Option<ConversationId>> {
        Ok(self.contact_with(key)?.map(|row| self.conversation_id(row)))
    }

    /// The conversations whose person's name and picture should be asked for again.
    pub fn profiles_due(&self, now: Timestamp, limit: u32) -> Result<Vec<ConversationId>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT id FROM contacts WHERE profile_next <= ?1 ORDER BY profile_next, id LIMIT ?2",
        )?;
        let rows = statement.query_map(params![now.0, limit], |row| row.get("id"))?;
        rows.map(|row| Ok(self.conversation_id(row?))).collect()
    }

    /// The conversations of contacts linked to a person.
    pub fn conversations_of(&self, person: PersonId) -> Result<Vec<ConversationId>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT id FROM contacts WHERE person = ?1 ORDER BY id")?;
        let rows = statement.query_map([person.as_bytes()], |row| row.get("id"))?;
        rows.map(|row| Ok(self.conversation_id(row?))).collect()
    }

    fn contact_with(&self, key: &ContactKey) -> Result<Option<i64>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT contact FROM contact_keys WHERE kind = ?1 AND value = ?2")?;
        Ok(statement
            .query_row([key.kind.name(), &key.value], |row| row.get(0))
            .optional()?)
    }

    /// The key to write to comes first: the kinds in the order of `ContactKind`, the newest of each.
    /// Of those one payload named, the first is the newest.
    fn keys_of(&self, contact: i64) -> Result<Vec<ContactKey>> {
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

    fn contact_from_row(&self, row: &Row<'_>) -> rusqlite::Result<Contact> {
        Ok(Contact {
            conversation: self.conversation_id(row.get("id")?),
            name: row.get("name")?,
            handle: row.get("handle")?,
            keys: Vec::new(),
            person: row
                .get::<_, Option<[u8; 16]>>("person")?
                .map(PersonId::from_bytes),
            picture: sql::media(row, "picture_")?,
            profile_at: sql::time_or_none(row, "profile_at")?,
        })
    }
}

impl VaultWrite<'_> {
    /// The conversation with a person, made if this is the first that is heard of them. New keys are
    /// added; keys that belonged to different contacts bring those together. `at` is the platform's
    /// time: a name from an older event never replaces a newer one.
    pub fn contact_of(&self, who: &ContactRef, at: Timestamp) -> Result<ConversationId> {
        let mut known = Vec::new();
        for key in &who.keys {
            known.extend(self.contact_with(key)?);
        }
        let new_key = known.len() < who.keys.len();
        known.sort_unstable();
        known.dedup();
        let row = match known.split_first() {
            Some((&first, others)) => {
                for other in others {
                    self.merge(first, *other)?;
                }
                first
            }
            None if who.keys.is_empty() => return Err(Error::Invalid("contact")),
            None => self.add_contact()?,
        };
        let learn = || {
            // The payload's order is kept: of two numbers in one, the first is the newer.
            for (place, key) in (0..).zip(&who.keys) {
                self.sql.prepare_cached(ADD_KEY)?.execute(params![
                    key.kind.name(),
                    key.value,
                    row,
                    at.plus(-place).0
                ])?;
            }
            self.set_newer(row, "name", who.name.as_deref(), at)?;
            self.set_newer(row, "handle", who.handle.as_deref(), at)
        };
        // Of nearly every message the person is known: their words need not be looked at.
        if new_key || !self.is_called(row, who)? {
            self.change_contact_words(row, learn)?;
        } else {
            learn()?;
        }
        Ok(self.conversation_id(row))
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

    /// Writes down what the platform told about a person, and when to ask again.
    pub fn set_profile(
        &self,
        conversation: ConversationId,
        profile: &FetchedProfile,
        now: Timestamp,
        next: Timestamp,
    ) -> Result<()> {
        let row = self.expect_row(conversation)?;
        self.change_contact_words(row, || {
            self.set_newer(row, "name", profile.name.as_deref(), now)?;
            self.set_newer(row, "handle", profile.handle.as_deref(), now)
        })?;
        if let Some(picture) = &profile.picture {
            self.bury_picture_of(row)?;
            self.sql
                .prepare_cached(
                    "UPDATE contacts SET picture_file = ?2, picture_key = ?3, picture_size = ?4
                     WHERE id = ?1",
                )?
                .execute(params![
                    row,
                    picture.id(),
                    picture.key(),
                    picture.size_column()
                ])?;
        }
        self.sql
            .prepare_cached("UPDATE contacts SET profile_at = ?2, profile_next = ?3 WHERE id = ?1")?
            .execute(params![row, now.0, next.0])?;
        Ok(())
    }

    /// The platform did not tell: asked again later.
    pub fn postpone_profile(&self, conversation: ConversationId, next: Timestamp) -> Result<()> {
        let row = self.expect_row(conversation)?;
        self.sql
            .prepare_cached("UPDATE contacts SET profile_next = ?2 WHERE id = ?1")?
            .execute(params![row, next.0])?;
        Ok(())
    }

    /// Links a contact to a person, or takes the link off.
    pub fn link_person(
        &self,
        conversation: ConversationId,
        person: Option<PersonId>,
    ) -> Result<()> {
        let row = self.expect_row(conversation)?;
        self.sql
            .prepare_cached("UPDATE contacts SET person = ?2 WHERE id = ?1")?
            .execute(params![row, person.as_ref().map(PersonId::as_bytes)])?;
        Ok(())
    }

    fn add_contact(&self) -> Result<i64> {
        self.sql
            .prepare_cached("INSERT INTO contacts (name) VALUES (NULL)")?
            .execute([])?;
        let row = self.sql.last_insert_rowid();
        self.sql
            .prepare_cached("INSERT INTO conversations (id) VALUES (?1)")?
            .execute([row])?;
        Ok(row)
    }

    /// Whether a contact already has the name and the handle that are given.
    fn is_called(&self, contact: i64, who: &ContactRef) -> Result<bool> {
        let mut statement = self.sql.prepare_cached(
            "SELECT 1 FROM contacts
             WHERE id = ?1 AND name IS coalesce(?2, name) AND handle IS coalesce(?3, handle)",
        )?;
        Ok(statement.exists(params![contact, who.name, who.handle])?)
    }

    /// Sets a name or handle if the news is not older than what is there.
    fn set_newer(
        &self,
        contact: i64,
        column: &'static str,
        value: Option<&str>,
        at: Timestamp,
    ) -> Result<()> {
        let Some(value) = value else { return Ok(()) };
        self.sql
            .prepare_cached(&format!(
                "UPDATE contacts SET {column} = ?2, {column}_at = ?3
                 WHERE id = ?1 AND coalesce({column}_at, ?3) <= ?3"
            ))?
            .execute(params![contact, value, at.0])?;
        Ok(())
    }

    /// Runs a change of a contact's words between taking the old ones out of the index and putting
    /// the new ones in.
    fn change_contact_words(
        &self,
        contact: i64,
        change: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let before = self.contact_words(contact)?;
        change()?;
        let after = self.contact_words(contact)?;
        if before != after {
            self.unindex_contact(contact, &before)?;
            self.index_contact(contact, &after)?;
        }
        Ok(())
    }

    /// Makes two contacts one: everything of `gone` now belongs to `stays`, and its number leads
    /// there for ever.
    fn merge(&self, stays: i64, gone: i64) -> Result<()> {
        let words = (self.contact_words(stays)?, self.contact_words(gone)?);
        for sql in MOVE_ROWS {
            self.sql.prepare_cached(sql)?.execute([stays, gone])?;
        }
        self.merge_drafts(stays, gone)?;
        self.sql
            .prepare_cached(JOIN_CONVERSATIONS)?
            .execute([stays, gone])?;
        let has_picture: bool = self
            .sql
            .prepare_cached("SELECT picture_file IS NOT NULL FROM contacts WHERE id = ?1")?
            .query_row([stays], |row| row.get(0))?;
        if has_picture {
            self.bury_picture_of(gone)?;
        }
        self.sql
            .prepare_cached(JOIN_CONTACTS)?
            .execute([stays, gone])?;
        self.unindex_contact(gone, &words.1)?;
        self.sql
            .prepare_cached("DELETE FROM contacts WHERE id = ?1")?
            .execute([gone])?;
        self.sql
            .prepare_cached("INSERT INTO contact_moves (gone, stayed) VALUES (?2, ?1)")?
            .execute([stays, gone])?;
        let after = self.contact_words(stays)?;
        if words.0 != after {
            self.unindex_contact(stays, &words.0)?;
            self.index_contact(stays, &after)?;
        }
        self.see_what_was_answered_elsewhere(stays)?;
        self.apply_watermarks(stays)?;
        self.refresh(stays);
        Ok(())
    }
}

const ADD_KEY: &str = "
    INSERT INTO contact_keys (kind, value, contact, seen_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (kind, value) DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)";

/// Statements that move what belongs to contact ?2 to contact ?1.
const MOVE_ROWS: [&str; 8] = [
    "UPDATE contact_keys SET contact = ?1 WHERE contact = ?2",
    "UPDATE contact_moves SET stayed = ?1 WHERE stayed = ?2",
    "UPDATE messages SET conversation = ?1 WHERE conversation = ?2",
    "UPDATE quarantine SET conversation = ?1 WHERE conversation = ?2",
    "UPDATE pending SET conversation = ?1 WHERE conversation = ?2",
    "UPDATE outbox SET conversation = ?1 WHERE conversation = ?2",
    "UPDATE draft_pictures SET conversation = ?1 WHERE conversation = ?2",
    "UPDATE gaps SET conversation = ?1 WHERE conversation = ?2",
];

/// The later of two marks; a mark that is not there counts as the earliest.
const JOIN_CONVERSATIONS: &str = "
    UPDATE conversations SET
        delivered_upto = nullif(max(coalesce(conversations.delivered_upto, -1),
                                    coalesce(other.delivered_upto, -1)), -1),
        person_read_upto = nullif(max(coalesce(conversations.person_read_upto, -1),
                                      coalesce(other.person_read_upto, -1)), -1),
        elsewhere_upto = nullif(max(coalesce(conversations.elsewhere_upto, -1),
                                    coalesce(other.elsewhere_upto, -1)), -1),
        read_wanted = coalesce(conversations.read_wanted, other.read_wanted),
        refused_means = iif(other.refused_upto > coalesce(conversations.refused_upto, -1),
                            other.refused_means, conversations.refused_means),
        refused_upto = nullif(max(coalesce(conversations.refused_upto, -1),
                                  coalesce(other.refused_upto, -1)), -1)
    FROM (SELECT delivered_upto, person_read_upto, elsewhere_upto, read_wanted, refused_upto,
                 refused_means
          FROM conversations WHERE id = ?2) AS other
    WHERE conversations.id = ?1";

/// The newer name and handle, the person link and the picture of either.
const JOIN_CONTACTS: &str = "
    UPDATE contacts SET
        name = iif(other.name_at > coalesce(contacts.name_at, -1), other.name, contacts.name),
        name_at = iif(other.name_at > coalesce(contacts.name_at, -1),
                      other.name_at, contacts.name_at),
        handle = iif(other.handle_at > coalesce(contacts.handle_at, -1),
                     other.handle, contacts.handle),
        handle_at = iif(other.handle_at > coalesce(contacts.handle_at, -1),
                        other.handle_at, contacts.handle_at),
        person = coalesce(contacts.person, other.person),
        picture_key = iif(contacts.picture_file IS NULL, other.picture_key, contacts.picture_key),
        picture_size = iif(contacts.picture_file IS NULL, other.picture_size, contacts.picture_size),
        picture_file = coalesce(contacts.picture_file, other.picture_file)
    FROM (SELECT name, name_at, handle, handle_at, person, picture_file, picture_key, picture_size
          FROM contacts WHERE id = ?2) AS other
    WHERE contacts.id = ?1";
