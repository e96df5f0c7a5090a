//! A deletion receipt, as a stranger may have written it: no bytes without our signatures pass.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::receipt::VerifiedReceipt;

/// The genuine one. Without the relay's statement at its end it is still one, and says so.
const GENUINE: &str = include_str!("../corpus/receipt/genuine");

fuzz_target!(|text: &str| {
    if VerifiedReceipt::verify(text, None).is_ok() {
        assert!(GENUINE.starts_with(text), "forged");
    }
});
