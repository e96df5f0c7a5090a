//! Everything Shopbell keeps on the owner's computer, and how it goes away.
//!
//! One encrypted [`Vault`] per connection and one [`ShopDb`] for the shop itself; media files each
//! under a key of their own; key shares in two places, so that destroying either kills the data.
//! Synchronous: the engine calls it from threads that may block. It talks to no network, reads no
//! clock and decides nothing about the business; `engine` does.

mod cursor;
mod database;
mod disk;
mod erasure;
mod error;
mod excerpt;
#[cfg(fuzzing)]
pub mod fuzz;
mod journal;
mod keychain;
mod keys;
mod layout;
mod media;
mod memory;
mod merged;
mod migrate;
mod open;
mod passphrase;
mod paths;
mod profile;
mod receipts;
pub mod shop;
mod sql;
pub mod vault;
#[cfg(test)]
mod vectors;
mod wal;
mod words;

pub use cursor::Cursor;
pub use erasure::{Step, erase, remove_left_secrets};
pub use error::{Error, Result};
pub use excerpt::Segment;
pub use journal::{Stage, Wipe, WipeJournal, WipeScope};
pub use keychain::Keychain;
pub use media::{Media, MediaFile, MediaWriter};
pub use memory::MemorySecrets;
pub use merged::{
    MergedHits, SearchPosition, merged_conversations, merged_messages, merged_people, merged_unread,
};
pub use passphrase::PassphraseSecrets;
pub use paths::{DatabasePaths, FolderLock, Paths};
pub use profile::{Profile, VaultName};
pub use receipts::{receipts_on_disk, write_receipt};
pub use shop::{ShopDb, ShopRead, ShopWrite};
pub use vault::{Vault, VaultRead, VaultWrite};
pub use words::{Query, for_index};
