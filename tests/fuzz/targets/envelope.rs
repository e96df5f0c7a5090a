//! An envelope as it comes from the relay's socket: what is read is written back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::envelope::Envelope;

fuzz_target!(|bytes: &[u8]| {
    if let Some(envelope) = Envelope::from_bytes(bytes) {
        assert_eq!(envelope.to_bytes(), bytes);
    }
});
