//! The application without a window: it opens the shop, keeps the road to the relay, writes down
//! what arrives, sends what the owner queued, fetches pictures, repairs gaps and forgets.
//!
//! One handle, [`Engine`], offers what a window asks for; [`News`] tells what changed. The engine
//! knows no window, no view type and no process but its own.

mod config;
pub mod decode;
mod engine;
mod error;
mod news;
mod phase;
pub mod read;
pub mod receipt;
mod settings;

pub use config::{Config, ConfigError, Platforms};
pub use decode::Decoder;
pub use engine::{Clock, Engine, Opener, SecretsSource};
pub use error::{Error, Result};
pub use news::{Arrival, News};
pub use phase::{LinkState, Phase};
pub use settings::{Language, Settings, Theme};
