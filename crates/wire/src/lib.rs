//! All that the relay and a device must agree on, and nothing else.
//!
//! Ids and keys, sealing and opening, the chain that shows what is missing, the frames of the
//! socket, the bodies of the HTTP routes, deletion orders and deletion receipts. This crate does no
//! I/O, reads no clock and draws no randomness: moments and random bytes are arguments. It knows
//! no message: what a platform said travels through here as bytes nobody looked at.
//!
//! Moments are milliseconds since 1970 (UTC) unless a name says otherwise.
#![warn(missing_docs)]

pub mod api;
pub mod auth;
mod blob;
pub mod chain;
mod date;
pub mod envelope;
pub mod event;
pub mod frame;
pub mod ids;
pub mod keys;
pub mod note;
pub mod order;
pub mod receipt;
pub mod seal;
mod text;
#[cfg(test)]
mod vectors;
pub mod words;

pub use blob::Blob;
pub use date::{read_date, write_date};
pub use ids::{
    AccountRef, DeletionId, DeviceId, Digest, KeyId, Link, LoginId, Nonce, RelayId, SealKey,
    Signature, StreamId, Verifier, VerifyKey,
};
pub use keys::{RelayKeys, SigningSecret};

/// The version of what this crate describes. A relay and a device talk if the other's version is
/// the same or one apart.
pub const PROTOCOL: u32 = 1;

/// The longest body of a request to a `/v1` route.
pub const MAX_BODY: usize = 64 * 1024;
