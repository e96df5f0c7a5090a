//! What the window sees: plain text, enums and opaque ids. Never a token, a path, SQL or HTML.
//!
//! These types are the border between Rust and the window. They are separate from `domain`, and
//! `ui/src/backend/bindings.ts` is generated from them. Times are milliseconds since 1970.

pub mod app;
pub mod connections;
pub mod error;
pub mod inbox;
pub mod thread;
