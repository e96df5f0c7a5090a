//! Shows that the road loses nothing and forgets everything, by cutting it off at every point: the
//! shipped relay and the real engine are killed under load, at random and at each step; disks are
//! left as a power cut leaves them; erasures are interrupted and obstructed. Each judge is shown to
//! catch a broken variant. Chaos and sending kill nobody, and use the relay and the engine as
//! libraries in the test's own process; only the answers a desktop is killed at have programs.
//!
//! The short counts run with every test; `cargo xtask torture [NAME] [--minutes N]` goes on for as
//! long as it is told. What was counted lies in the build folder, one file for each test.

#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    reason = "a test that reaches past an end fails, as it should"
)]

mod counts;
mod device;
mod disk;
mod ground;
mod judge;
mod keychain;
mod load;
mod victims;

mod chaos;
mod desktop_kills;
mod evil;
mod power;
mod relay_kills;
mod road;
mod sending;
mod steps;
mod wipe;
mod wipe_everything;
