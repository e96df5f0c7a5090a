//! Persons: humans the shop talks to, as links between contacts of different vaults. Both ends are
//! opaque here; names and keys stay in the vaults.

use domain::{ConversationId, PersonId, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use super::{ShopRead, ShopWrite};
use crate::error::Result;

impl ShopRead<'_> {
    /// The person a contact is linked to.
    pub fn person_of(&self, contact: ConversationId) -> Result<Option<PersonId>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT person FROM person_links WHERE connection = ?1 AND contact = ?2",
        )?;
        let person = statement
            .query_row(params![contact.connection.as_bytes(), contact.row], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(person.map(PersonId::from_bytes))
    }

    /// The contacts of a person.
    pub fn contacts_of(&self, person: PersonId) -> Result<Vec<ConversationId>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT connection, contact FROM person_links WHERE person = ?1 ORDER BY linked_at",
        )?;
        let rows = statement.query_map([person.as_bytes()], |row| {
            Ok(ConversationId {
                connection: domain::ConnectionId::from_bytes(row.get("connection")?),
                row: row.get("contact")?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl ShopWrite<'_> {
    /// Makes a person. The id is random and given by the caller.
    pub fn add_person(&self, person: PersonId, now: Timestamp) -> Result<()> {
        self.sql
            .prepare_cached("INSERT OR IGNORE INTO persons (id, made_at) VALUES (?1, ?2)")?
            .execute(params![person.as_bytes(), now.0])?;
        Ok(())
    }

    /// Links a contact to a person, taking it from whoever had it.
    pub fn link_contact(
        &self,
        person: PersonId,
        contact: ConversationId,
        now: Timestamp,
    ) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO person_links (connection, contact, person, linked_at)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                contact.connection.as_bytes(),
                contact.row,
                person.as_bytes(),
                now.0
            ])?;
        Ok(())
    }

    /// Takes the link off a contact. A person without contacts goes.
    pub fn unlink_contact(&self, contact: ConversationId) -> Result<()> {
        self.sql
            .prepare_cached("DELETE FROM person_links WHERE connection = ?1 AND contact = ?2")?
            .execute(params![contact.connection.as_bytes(), contact.row])?;
        self.sql
            .prepare_cached(
                "DELETE FROM persons WHERE id NOT IN (SELECT person FROM person_links)",
            )?
            .execute([])?;
        Ok(())
    }
}
