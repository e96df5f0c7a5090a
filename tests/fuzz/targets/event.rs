//! What an opened envelope holds: what is understood is written back and read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::event::Event;

fuzz_target!(|bytes: &[u8]| {
    let Some(event) = Event::from_bytes(bytes) else {
        return;
    };
    let written = match &event {
        Event::Webhook(part) => part.to_bytes(),
        Event::Control(control) => control.to_bytes(),
    };
    assert_eq!(Event::from_bytes(&written), Some(event));
});
