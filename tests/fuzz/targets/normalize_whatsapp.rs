//! A part of a webhook of `whatsapp_business_account`: it never fails, and something always comes of it.
#![no_main]

use domain::Channel;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| channels::fuzz::part(
    Channel::Whatsapp,
    "whatsapp_business_account",
    bytes
));
