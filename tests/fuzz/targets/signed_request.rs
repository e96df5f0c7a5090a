//! Meta's callbacks: a `signed_request` without our secret never passes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| relay::fuzz::callback(text));
