//! A part of a webhook as the desktop cuts it into what happened, one by one.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| engine::fuzz::slice(bytes));
