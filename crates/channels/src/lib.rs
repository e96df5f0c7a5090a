//! The platforms: what arrives is turned into the shop's words, what leaves is sent, pictures,
//! history and profiles are fetched.
//!
//! [`normalize`] is pure. Everything under [`meta`] talks to Meta through one client,
//! [`meta::Graph`], which puts tokens into the `Authorization` header and nowhere else. Nothing
//! here retries, waits for its turn or decides whether an answer is allowed: `engine` does the
//! one, `domain` the other. Nothing here writes to disk.

#[cfg(fuzzing)]
pub mod fuzz;
mod json;
pub mod meta;
mod normalize;

pub use meta::send::send;
pub use normalize::{PermissionChange, RawPart, normalize, permissions};
