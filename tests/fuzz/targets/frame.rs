//! Frames of the socket, as each side reads them: what is understood is written back and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::frame::{FromDevice, FromRelay};

fuzz_target!(|text: &str| {
    if let Ok(frame) = FromRelay::from_text(text) {
        assert_eq!(FromRelay::from_text(&frame.to_text()), Ok(frame));
    }
    if let Ok(frame) = FromDevice::from_text(text) {
        assert_eq!(FromDevice::from_text(&frame.to_text()), Ok(frame));
    }
});
