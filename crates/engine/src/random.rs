//! Randomness for names and keys, from the operating system.

use domain::{ConnectionId, OurId};
use wire::seal::SealSecret;
use wire::{DeletionId, KeyId, Nonce, SigningSecret, Verifier};
use zeroize::Zeroizing;

/// Fresh random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}

pub(crate) fn nonce() -> Nonce {
    Nonce::from_bytes(bytes())
}

pub(crate) fn verifier() -> Verifier {
    Verifier::from_bytes(bytes())
}

pub(crate) fn connection_id() -> ConnectionId {
    ConnectionId::from_bytes(bytes())
}

pub(crate) fn our_id() -> OurId {
    OurId::from_bytes(bytes())
}

pub(crate) fn deletion_id() -> DeletionId {
    DeletionId::from_bytes(bytes())
}

pub(crate) fn signing_secret() -> SigningSecret {
    SigningSecret::from_seed(&Zeroizing::new(bytes()))
}

/// A seal key with a name for it.
pub(crate) fn seal_key() -> (KeyId, SealSecret) {
    (KeyId::from_bytes(bytes()), SealSecret::from_bytes(bytes()))
}

/// A share of `most` that differs from call to call: half of it to all of it.
pub(crate) fn jitter(most: std::time::Duration) -> std::time::Duration {
    let share = f64::from(u32::from_be_bytes(bytes())) / f64::from(u32::MAX);
    most.mul_f64(0.5 + share / 2.0)
}
