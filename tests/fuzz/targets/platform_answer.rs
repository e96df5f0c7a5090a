//! What Meta answers the relay about logins, tokens and accounts.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| relay::fuzz::platform_answer(bytes));
