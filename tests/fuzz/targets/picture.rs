//! A picture of a customer's, in the helper that decodes it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| engine::fuzz::picture(bytes));
