//! What is said to the place on this computer to which a browser comes back from a login.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| engine::fuzz::login_return(bytes));
