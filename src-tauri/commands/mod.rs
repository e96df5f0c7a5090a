//! What the window may ask for. Each command translates and hands on; none decides.

pub mod app;
pub mod compose;
pub mod connect;
pub mod connections;
pub mod inbox;
pub mod links;
