//! A part of a webhook of `page`: it never fails, and something always comes of it.
#![no_main]

use domain::Channel;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| channels::fuzz::part(Channel::Messenger, "page", bytes));
