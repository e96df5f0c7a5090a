//! A webhook's signature header, its body, and how it is split by whom it belongs to.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| relay::fuzz::webhook(bytes));
