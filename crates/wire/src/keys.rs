//! Signing keys. Every signature is over a purpose and the bytes, so that a signature made for one
//! thing is never good for another.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::{RelayId, Signature, VerifyKey};

/// What a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A request of a device.
    Request,
    /// The answer to a challenge on a new socket.
    Socket,
    /// The head of a stream's chain.
    Head,
    /// The relay's word that envelopes before a point are no longer held.
    Skip,
    /// The relay's next key, vouched for by its current one.
    NextKey,
    /// A record that the relay's store was opened.
    Boot,
}

impl Purpose {
    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Request => b"shopbell/request/v1\n",
            Self::Socket => b"shopbell/socket/v1\n",
            Self::Head => b"shopbell/head/v1\n",
            Self::Skip => b"shopbell/skip/v1\n",
            Self::NextKey => b"shopbell/next-key/v1\n",
            Self::Boot => b"shopbell/boot/v1\n",
        }
    }
}

/// A secret Ed25519 key. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct SigningSecret(SigningKey);

impl SigningSecret {
    /// From 32 random bytes, or those kept from before.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The 32 bytes it was made from. Keep them where secrets are kept, and nowhere else.
    pub fn expose_seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    pub fn public(&self) -> VerifyKey {
        VerifyKey::from_bytes(self.0.verifying_key().to_bytes())
    }

    /// Signs bytes for one purpose.
    pub fn sign(&self, purpose: Purpose, bytes: &[u8]) -> Signature {
        self.sign_whole(&[purpose.prefix(), bytes].concat())
    }

    /// Signs a text that names its purpose in its own first line.
    pub(crate) fn sign_whole(&self, bytes: &[u8]) -> Signature {
        Signature::from_bytes(self.0.sign(bytes).to_bytes())
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningSecret(of {})", self.public())
    }
}

impl VerifyKey {
    /// Whether this key made the signature over these bytes for this purpose.
    pub fn verifies(&self, purpose: Purpose, bytes: &[u8], signature: &Signature) -> bool {
        self.verifies_whole(&[purpose.prefix(), bytes].concat(), signature)
    }

    pub(crate) fn verifies_whole(&self, bytes: &[u8], signature: &Signature) -> bool {
        VerifyingKey::from_bytes(self.as_bytes()).is_ok_and(|key| {
            let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
            key.verify_strict(bytes, &signature).is_ok()
        })
    }
}

/// The keys a relay signs with: the one in use, and the one that will follow it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayKeys {
    /// Which relay.
    pub relay: RelayId,
    /// The key in use.
    pub current: VerifyKey,
    /// The key that follows, ready before it is needed.
    pub next: VerifyKey,
    /// The current key's signature over the next one.
    pub endorsement: Signature,
}

impl RelayKeys {
    /// What a relay shows of its two slots.
    pub fn of(relay: RelayId, current: &SigningSecret, next: &SigningSecret) -> Self {
        let next = next.public();
        let endorsement = current.sign(Purpose::NextKey, &next_key_bytes(relay, &next));
        Self {
            relay,
            current: current.public(),
            next,
            endorsement,
        }
    }

    /// Whether the two keys belong together. What does not is not shown to the owner, not pinned.
    pub fn are_sound(&self) -> bool {
        let bytes = next_key_bytes(self.relay, &self.next);
        self.current
            .verifies(Purpose::NextKey, &bytes, &self.endorsement)
    }

    /// The key of these two that made a signature, if one did.
    pub fn signer_of(
        &self,
        purpose: Purpose,
        bytes: &[u8],
        signature: &Signature,
    ) -> Option<VerifyKey> {
        [self.current, self.next]
            .into_iter()
            .find(|key| key.verifies(purpose, bytes, signature))
    }

    /// Whether `newer` may replace these pinned keys without asking the owner: the same relay, and
    /// its current key is one of ours.
    pub fn may_become(&self, newer: &Self) -> bool {
        newer.relay == self.relay
            && newer.are_sound()
            && [self.current, self.next].contains(&newer.current)
    }
}

fn next_key_bytes(relay: RelayId, next: &VerifyKey) -> Vec<u8> {
    [relay.as_bytes().as_slice(), next.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(seed: u8) -> SigningSecret {
        SigningSecret::from_seed(&[seed; 32])
    }

    #[test]
    fn a_signature_is_good_for_its_own_purpose_only() {
        let signature = secret(1).sign(Purpose::Head, b"x");
        assert!(secret(1).public().verifies(Purpose::Head, b"x", &signature));
        assert!(!secret(1).public().verifies(Purpose::Skip, b"x", &signature));
        assert!(!secret(1).public().verifies(Purpose::Head, b"y", &signature));
        assert!(!secret(2).public().verifies(Purpose::Head, b"x", &signature));
    }

    #[test]
    fn pinned_keys_move_on_by_one_slot_and_no_further() {
        let relay = RelayId::from_bytes([7; 16]);
        let pinned = RelayKeys::of(relay, &secret(1), &secret(2));
        assert!(pinned.may_become(&RelayKeys::of(relay, &secret(2), &secret(3))));
        assert!(!pinned.may_become(&RelayKeys::of(relay, &secret(3), &secret(4))));
        let mut forged = RelayKeys::of(relay, &secret(2), &secret(3));
        forged.next = secret(9).public();
        assert!(!forged.are_sound() && !pinned.may_become(&forged));
        let elsewhere = RelayKeys::of(RelayId::from_bytes([8; 16]), &secret(1), &secret(2));
        assert!(!pinned.may_become(&elsewhere));
    }

    #[test]
    fn a_secret_is_not_printed() {
        let shown = format!("{:?}", secret(0x42));
        assert!(!shown.contains("42424242"), "{shown}");
    }
}
