//! What anybody may write into a request to the relay: two headers and the queries that are read.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| relay::fuzz::request(bytes));
