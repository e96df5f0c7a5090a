//! What Meta answers a device about accounts, people, subscriptions, media and sent messages.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| channels::fuzz::facts(bytes));
