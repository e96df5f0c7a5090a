//! What the helper that decodes pictures answers the desktop.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| engine::fuzz::helper_answer(bytes));
