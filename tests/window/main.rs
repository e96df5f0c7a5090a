//! The real program in its real window: each test at a desk of its own, with its own relay and its
//! own stand-in for Meta. WebKitGTK's driver exists on Linux only, and so do these tests.
#![cfg(target_os = "linux")]

mod access;
mod cage;
mod demo;
mod doors;
mod exposed;
mod forgetting;
mod image;
mod journey;
mod keyboard;
mod looks;
mod memory;
mod naughty;
mod orders;
mod outside;
mod phones;
mod pictures;
mod planted;
mod private;
mod slow;
