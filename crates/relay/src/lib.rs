//! The relay: it takes Meta's webhooks, seals them to the shop owner's computers, and forgets.
//!
//! It has no type for a message. What Meta says passes through as bytes: verified, split by whom
//! they belong to, sealed, committed, and only then answered. It keeps sealed envelopes, public
//! keys, HMACs and counts; tokens are sealed to the device and forgotten.

mod answer;
mod boot;
pub mod cli;
mod clock;
mod commands;
mod config;
mod connect;
mod deletion;
mod enrol;
mod front;
#[cfg(fuzzing)]
pub mod fuzz;
mod harden;
mod health;
mod keys;
mod limits;
mod log;
mod login;
mod metrics;
mod pages;
mod platform;
mod pseudonym;
mod queue;
mod random;
mod registry;
mod relay;
mod router;
mod sealing;
mod secret;
mod serve;
mod session;
mod settings;
mod signed;
mod socket;
mod supervisor;
mod sweep;
pub mod twilio;
mod webhook;

use std::path::Path;

pub use boot::BootError;
pub use clock::Clock;
pub use config::{Config, ConfigError, MetaApp, QueueLimits, Rates};
pub use keys::{Keys, KeysError};
pub use queue::QueueError;
pub use secret::Secret;
pub use serve::{Running, ServeError, start};
pub use settings::{CONFIG_FILE, SETTINGS, Setting, Settings};

/// Makes the keys of a new relay in a folder.
pub fn init(folder: &Path) -> Result<Keys, KeysError> {
    Keys::init(folder)
}
