//! The application without a window: it opens the shop, keeps the road to the relay, writes down
//! what arrives, sends what the owner queued, fetches pictures, repairs gaps and forgets.
//!
//! One handle, [`Engine`], offers what a window asks for; [`News`] tells what changed. The engine
//! knows no window, no view type and no process but its own.

mod apart;
mod arrivals;
mod browser;
mod compose;
mod config;
mod connected;
mod connecting;
mod control;
pub mod decode;
mod engine;
mod erase_person;
mod eraser;
mod erasure;
mod error;
mod forgetting;
#[cfg(fuzzing)]
pub mod fuzz;
mod inbox;
mod ingest;
mod link;
mod links;
mod login;
mod media;
mod meeting;
mod news;
mod opening;
mod orders;
mod outbox;
mod phase;
mod profiles;
mod random;
pub mod read;
mod reads;
pub mod receipt;
mod reconcile;
mod repair;
#[cfg(test)]
mod road;
mod routes;
mod sealing;
mod settings;
mod shop;
mod shown;
mod sniff;
mod tasks;
#[cfg(test)]
mod testing;
mod tokens;
mod unopened;
mod upkeep;

pub use config::{Config, ConfigError, Platforms};
pub use decode::Decoder;
pub use engine::{Clock, Engine, Opener, SecretsSource};
pub use error::{Error, Result};
pub use news::{Arrival, News};
pub use opening::instance_name;
pub use phase::{LinkState, Phase};
pub use settings::{Language, Settings, Theme};
