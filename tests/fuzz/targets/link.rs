//! A link in a message, and a relay's address as it is typed or clicked.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| engine::fuzz::link(text));
