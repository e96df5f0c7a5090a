//! What lies on the disk: a slot of the wipe journal, as a torn write may have left it, and the file
//! of secrets.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| store::fuzz::journal(bytes));
