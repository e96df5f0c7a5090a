//! What the commands share: the engine, and how an id of the window's becomes one of the engine's.

use std::str::FromStr;

use engine::{Config, Engine};
use tokio_util::sync::CancellationToken;

use crate::appearance::Appearance;
use crate::awake::Presence;
use crate::notify::Shown;
use crate::view::error::ErrorView;

/// What a command answers.
pub type Answer<T> = Result<T, ErrorView>;

/// What the commands share.
#[derive(Debug)]
pub struct Shell {
    engine: Engine,
    sandbox: bool,
    relay_suggested: Option<String>,
    version: String,
    appearance: Appearance,
    presence: Presence,
    shown: Shown,
    stop: CancellationToken,
}

impl Shell {
    /// Around a running engine that was started with `config`.
    pub fn new(engine: Engine, config: &Config) -> Self {
        Self {
            engine,
            sandbox: config.is_sandbox(),
            relay_suggested: config.relay_url.as_ref().map(ToString::to_string),
            version: config.version.clone(),
            appearance: Appearance::of(&config.data_dir),
            presence: Presence::new(),
            shown: Shown::default(),
            stop: CancellationToken::new(),
        }
    }

    /// The engine.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether any platform address is not the real one.
    pub const fn is_sandbox(&self) -> bool {
        self.sandbox
    }

    /// A relay address given from outside.
    pub fn relay_suggested(&self) -> Option<&str> {
        self.relay_suggested.as_deref()
    }

    /// How the next start begins to look.
    pub const fn appearance(&self) -> &Appearance {
        &self.appearance
    }

    /// Whether the owner is in front of the window.
    pub const fn presence(&self) -> &Presence {
        &self.presence
    }

    /// The notifications that were shown.
    pub const fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Tells the shell's own tasks that the program ends.
    pub const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// The program's version.
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// An id the window handed back. The window only knows ids it was given, so one that cannot be read
/// is one that is gone.
pub fn id<T: FromStr>(text: &str) -> Answer<T> {
    text.parse().map_err(|_| engine::Error::Gone.into())
}
