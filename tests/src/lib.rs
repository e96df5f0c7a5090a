//! What the tests of the whole share: the real relay, sandbox and engine on free ports with folders
//! of their own, and the real window at a desk of its own.
//!
//! Nothing here decides whether a test passes; it only sets up, acts and waits.

pub mod axe;
pub mod bombs;
pub mod browser;
pub mod clock;
pub mod counter;
pub mod desktop;
pub mod evil;
#[cfg(target_os = "linux")]
pub mod exposed;
pub mod files;
#[cfg(target_os = "linux")]
pub mod keyring;
pub mod kinds;
#[cfg(target_os = "linux")]
pub mod memory;
#[cfg(target_os = "linux")]
pub mod notices;
pub mod owner;
pub mod page;
pub mod phones;
pub mod pictures;
pub mod ports;
pub mod programs;
pub mod relays;
pub mod seat;
pub mod shop;
pub mod traces;
pub mod visitor;
pub mod wait;
pub mod world;
