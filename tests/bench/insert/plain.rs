//! Plain SQLite with the vault's schema and settings, fed with rows that are known beforehand.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::Result;
use domain::inbound::Author;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use super::{Kept, Line};
use crate::generator::Made;

const SCHEMA: &str = include_str!("../../../crates/store/migrations/vault/0001_first.sql");

/// The store's own settings, but for the key.
const SETTINGS: &str = "
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 4194304;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA cache_size = -16384;";

/// The file, and what the peer knows without asking it.
pub(super) struct Plain {
    sql: Connection,
    people: HashMap<u64, Known>,
}

/// A person, as the list shows them.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    row: i64,
    last_inbound_at: i64,
    last_activity: i64,
    last_message: i64,
    unread: i64,
    waits: bool,
}

impl Plain {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sql = Connection::open_with_flags(path, flags)?;
        sql.execute_batch(SETTINGS)?;
        sql.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        sql.execute_batch(SCHEMA)?;
        sql.set_prepared_statement_cache_capacity(128);
        Ok(Self {
            sql,
            people: HashMap::new(),
        })
    }

    /// One batch in one transaction, and the list's lines of whoever is in it.
    pub(super) fn write(&mut self, batch: &[Made]) -> Result<()> {
        let tx = self
            .sql
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut touched: BTreeMap<i64, Known> = BTreeMap::new();
        for made in batch {
            let known = match self.people.get(&made.person) {
                Some(known) => *known,
                None => person(&tx, made)?,
            };
            let message = message(&tx, known.row, made)?;
            let known = known.after(message, made);
            self.people.insert(made.person, known);
            touched.insert(known.row, known);
        }
        for known in touched.into_values() {
            line(&tx, &known)?;
        }
        let seq = batch.last().map_or(0, |made| made.at.0);
        tx.prepare_cached(
            "INSERT OR REPLACE INTO cursor (one, stream, seq, chain, durable)
             VALUES (1, ?1, ?2, ?3, 0)",
        )?
        .execute(params![[1_u8; 16], seq, [2_u8; 32]])?;
        Ok(tx.commit()?)
    }

    /// What is there in the end.
    pub(super) fn kept(&self) -> Result<Kept> {
        let count = |what: &str| {
            let sql = format!("SELECT count(*) FROM {what}");
            self.sql.query_row(&sql, [], |row| row.get::<_, u32>(0))
        };
        let mut statement = self.sql.prepare(
            "SELECT k.name, c.last_activity, c.unread, c.waits, substr(m.text, 1, 200)
             FROM conversations c JOIN contacts k ON k.id = c.id
             JOIN messages m ON m.id = c.last_message
             ORDER BY c.last_activity DESC, c.id DESC LIMIT 500",
        )?;
        let lines = statement.query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })?;
        let lines: Vec<Line> = lines.collect::<rusqlite::Result<_>>()?;
        Ok((count("messages")?, count("conversations")?, lines))
    }
}

impl Known {
    const fn after(mut self, message: i64, made: &Made) -> Self {
        let inbound = matches!(made.message.author, Author::Person);
        if inbound {
            self.last_inbound_at = made.at.0;
            self.unread += 1;
        }
        self.waits = inbound;
        self.last_activity = made.at.0;
        self.last_message = message;
        self
    }
}

fn person(tx: &Transaction<'_>, made: &Made) -> Result<Known> {
    let name = made.message.contact.name.as_deref();
    tx.prepare_cached("INSERT INTO contacts (name, name_at) VALUES (?1, ?2)")?
        .execute(params![name, made.at.0])?;
    let row = tx.last_insert_rowid();
    tx.prepare_cached("INSERT INTO conversations (id) VALUES (?1)")?
        .execute([row])?;
    for key in &made.message.contact.keys {
        tx.prepare_cached(
            "INSERT INTO contact_keys (kind, value, contact, seen_at) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![key.kind.name(), key.value, row, made.at.0])?;
    }
    tx.prepare_cached("INSERT INTO contact_words (rowid, words) VALUES (?1, ?2)")?
        .execute(params![row, store::for_index(name.unwrap_or_default())])?;
    Ok(Known {
        row,
        ..Known::default()
    })
}

fn message(tx: &Transaction<'_>, conversation: i64, made: &Made) -> Result<i64> {
    let message = &made.message;
    let shop = message.author == Author::Shop;
    tx.prepare_cached(
        "INSERT INTO messages (conversation, platform_id, author, sent_at, arrived_at, text,
             delivery, elsewhere, recovered, seen)
         VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, 0, 0, ?7)",
    )?
    .execute(params![
        conversation,
        message.platform_id,
        if shop { "shop" } else { "person" },
        made.at.0,
        message.text,
        shop.then_some("sent"),
        shop,
    ])?;
    let row = tx.last_insert_rowid();
    for (position, attachment) in (0_i64..).zip(&message.attachments) {
        let source = serde_json::to_string(&attachment.source)?;
        tx.prepare_cached(
            "INSERT INTO attachments (message, position, kind, state, source, mime, file_name)
             VALUES (?1, ?2, ?3, 'waiting', ?4, ?5, NULL)",
        )?
        .execute(params![
            row,
            position,
            attachment.kind.name(),
            source,
            attachment.mime
        ])?;
    }
    if let Some(text) = &message.text {
        tx.prepare_cached("INSERT INTO message_words (rowid, words) VALUES (?1, ?2)")?
            .execute(params![row, store::for_index(text)])?;
    }
    Ok(row)
}

fn line(tx: &Transaction<'_>, known: &Known) -> Result<()> {
    tx.prepare_cached(
        "UPDATE conversations SET last_inbound_at = ?2, last_activity = ?3, last_message = ?4,
             unread = ?5, waits = ?6
         WHERE id = ?1",
    )?
    .execute(params![
        known.row,
        known.last_inbound_at,
        known.last_activity,
        known.last_message,
        known.unread,
        known.waits
    ])?;
    Ok(())
}
