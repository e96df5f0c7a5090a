//! People as this connection knows them, and the keys the platform knows them by. Two keys in one
//! payload belong to one person: if they were two contacts so far, those become one here.

use domain::{ContactKey, ContactRef, ConversationId, PersonId, Timestamp};
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

/// A conversation that something belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Met {
    pub(crate) row: i64,
    /// `None` if they have to be asked for.
    pub(crate) marks: Option<Marks>,
}

/// How far a conversation has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    /// The shop answered from elsewhere what was sent until then.
    pub(crate) elsewhere_upto: Option<i64>,
    /// The person received or read what was sent until then.
    pub(crate) reached_upto: Option<i64>,
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
        let row = self.contact_row(who, at)?;
        Ok(self.conversation_id(row))
    }

    /// The same, as a row.
    pub(crate) fn contact_row(&self, who: &ContactRef, at: Timestamp) -> Result<i64> {
        Ok(self.meet(who, at)?.row)
    }

    /// The same, with how far the conversation has come, where that is known without asking.
    pub(crate) fn meet(&self, who: &ContactRef, at: Timestamp) -> Result<Met> {
        let mut met = Vec::new();
        for key in &who.keys {
            met.extend(self.met_by(key)?);
        }
        let marks = match met.as_slice() {
            [known] if who.keys.len() == 1 => Some(known.marks),
            _ => None,
        };
        let several = who.keys.len() > 1 || met.iter().any(|known| known.several_keys);
        let mut known: Vec<i64> = met.into_iter().map(|known| known.row).collect();
        let new_key = known.len() < who.keys.len();
        known.sort_unstable();
        known.dedup();
        let row = match known.split_first() {
            Some((&first, others)) => {
                for other in others {
                    self.merge(first, *other)?;
                }
                if new_key {
                    self.note_several_keys(first)?;
                }
                first
            }
            None if who.keys.is_empty() => return Err(Error::Invalid("contact")),
            None => self.add_contact()?,
        };
        let learn = || {
            // Of one key alone nobody asks when it was seen.
            if new_key || several {
                self.see_keys(row, who, new_key, at)?;
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
        Ok(Met { row, marks })
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
        if who.name.is_none() && who.handle.is_none() {
            return Ok(true);
        }
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
}
