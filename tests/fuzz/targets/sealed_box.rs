//! A sealed box: nothing but the one in the corpus opens, and nothing makes the opener fall over.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::seal::{Opener, SealSecret, Use};
use wire::{KeyId, RelayId};

/// Sealed to the key below: what is changed in it reaches the ciphers.
const GENUINE: &[u8] = include_bytes!("../corpus/sealed_box/genuine");

fuzz_target!(|bytes: &[u8]| {
    let mut opener = Opener::new(
        (Use::Envelope, [3; 16]),
        RelayId::from_bytes([5; 16]),
        KeyId::from_bytes([9; 8]),
        SealSecret::from_bytes([7; 32]),
    );
    assert_eq!(
        opener.open(bytes).is_ok(),
        bytes == GENUINE,
        "opened what nobody sealed"
    );
    // The second reading goes by the context that the first one left.
    assert_eq!(opener.open(bytes).is_ok(), bytes == GENUINE);
});
