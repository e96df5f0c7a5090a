//! `shop.db`: what belongs to the shop itself and not to one connection. Never the text of a message.
//! One file here per table.

pub mod connections;
pub mod device;
pub mod logins;
pub mod notices;
pub mod orders;
pub mod persons;
pub mod receipts;
pub mod settings;
pub mod streams;
pub mod suppression;

use std::ops::Deref;

use domain::secrets::Secrets;
use rusqlite::Connection;

use crate::database::{Database, Place};
use crate::error::Result;
use crate::migrate;
use crate::paths::Paths;
use crate::profile::{Profile, VaultName};

/// The open `shop.db`. Shared freely between threads; calls block.
#[derive(Debug)]
pub struct ShopDb {
    database: Database,
}

impl ShopDb {
    /// Whether it was ever made in this folder, in whatever state it is now.
    pub fn exists(paths: &Paths) -> bool {
        crate::keys::exists(&paths.shop())
    }

    /// Makes it.
    pub fn create(paths: &Paths, profile: &Profile, secrets: &dyn Secrets) -> Result<Self> {
        Ok(Self {
            database: Database::create(place(&paths.shop(), profile, secrets))?,
        })
    }

    /// Opens it. Whatever goes wrong, nothing is removed and nothing is made.
    pub fn open(paths: &Paths, profile: &Profile, secrets: &dyn Secrets) -> Result<Self> {
        Ok(Self {
            database: Database::open(place(&paths.shop(), profile, secrets))?,
        })
    }

    /// Opens it, or makes it in a folder that never had one. A folder that had one and has lost a
    /// part of it gets an error, never a new file.
    pub fn open_or_create(paths: &Paths, profile: &Profile, secrets: &dyn Secrets) -> Result<Self> {
        if Self::exists(paths) {
            Self::open(paths, profile, secrets)
        } else {
            Self::create(paths, profile, secrets)
        }
    }

    /// Reads in one snapshot.
    pub fn read<T>(&self, work: impl FnOnce(&ShopRead<'_>) -> Result<T>) -> Result<T> {
        self.database.read(|sql| work(&ShopRead { sql }))
    }

    /// Writes in one transaction: all of it or nothing, on the disk when this returns.
    pub fn write<T>(&self, work: impl FnOnce(&ShopWrite<'_>) -> Result<T>) -> Result<T> {
        self.database
            .write(|sql| work(&ShopWrite(ShopRead { sql })))
    }

    /// Moves everything written so far into the file itself. True if all of it is there: only then
    /// may the durable cursor move.
    pub fn checkpoint(&self) -> Result<bool> {
        self.database.checkpoint()
    }

    /// Looks at every page and every row. True if nothing is wrong.
    pub fn is_sound(&self) -> Result<bool> {
        self.database.is_sound()
    }

    /// Closes the file, before it is erased or when the program is locked.
    pub fn close(&self) {
        self.database.close();
    }
}

fn place<'a>(
    files: &'a crate::paths::DatabasePaths,
    profile: &'a Profile,
    secrets: &'a dyn Secrets,
) -> Place<'a> {
    Place {
        files,
        profile,
        secrets,
        name: VaultName::Shop,
        steps: migrate::SHOP,
    }
}

/// One snapshot of `shop.db`.
#[derive(Debug)]
pub struct ShopRead<'a> {
    sql: &'a Connection,
}

/// One transaction on `shop.db`. Reads see what it has written.
#[derive(Debug)]
pub struct ShopWrite<'a>(ShopRead<'a>);

impl<'a> Deref for ShopWrite<'a> {
    type Target = ShopRead<'a>;

    fn deref(&self) -> &ShopRead<'a> {
        &self.0
    }
}
