//! A page of conversations or of their messages, as repair reads it back from Meta.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| channels::fuzz::history(bytes));
