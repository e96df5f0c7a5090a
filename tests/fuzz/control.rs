//! A reader of sealed boxes with a fault in it: it believes that a box is as long as it should be.
//! Whoever runs the targets must find it, starting from nothing, or what they say of the others is
//! worth nothing. Chance alone does not find it: five bytes must be right before the fault is reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::seal::MAGIC;

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(&MAGIC) && bytes.get(4) == Some(&1) {
        assert!(bytes.len() >= 33, "a box that ends too early");
    }
});
