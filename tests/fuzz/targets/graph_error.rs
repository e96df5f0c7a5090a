//! What Meta answers when it refuses, and its usage headers: always a reason for the owner.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| channels::fuzz::answer(bytes));
