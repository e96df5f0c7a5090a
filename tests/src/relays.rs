//! The real relay in a test's own process.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use sandbox::Sandbox;

use crate::clock::Clock;

/// A running relay.
#[derive(Debug)]
pub struct Relay;

impl Relay {
    /// Starts one with its store and keys in `folder`.
    pub async fn start(
        _folder: &Path,
        _address: SocketAddr,
        _sandbox: &Sandbox,
        _clock: &Clock,
    ) -> Result<Self> {
        Ok(Self)
    }

    /// Ends it as its operator does.
    pub async fn stop(self) {}
}
