//! What Meta answers a device about accounts, people, subscriptions and media.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| channels::fuzz::facts(bytes));
