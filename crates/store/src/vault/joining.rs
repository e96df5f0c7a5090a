//! Two contacts that turn out to be one person: everything of one becomes the other's.

use super::VaultWrite;
use crate::error::Result;

impl VaultWrite<'_> {
    /// Makes two contacts one: everything of `gone` now belongs to `stays`, and its number leads
    /// there for ever.
    pub(crate) fn merge(&self, stays: i64, gone: i64) -> Result<()> {
        let words = (self.contact_words(stays)?, self.contact_words(gone)?);
        self.note_several_keys(stays)?;
        self.note_several_keys(gone)?;
        self.refresh_from(stays, self.unseen_from(gone)?);
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
        self.move_below_watermarks(stays, i64::MIN..=i64::MAX)?;
        self.refresh(stays);
        Ok(())
    }
}

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
