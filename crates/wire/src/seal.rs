//! Sealing to a device, and opening there.
//!
//! HPKE base mode (RFC 9180) with X25519, HKDF-SHA256 and ChaCha20-Poly1305, single recipient. The
//! sender is not authenticated by this: the relay signs the chain (see [`crate::chain`]). One
//! [`Sealer`] may seal many boxes for the same recipient; each has its own key, exported from the
//! HPKE context under the box's position, so that boxes may be opened in any order and some of
//! them never.
//!
//! What is sealed is padded first (Padmé), since a length tells more than one thinks.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{Infallible, TryCryptoRng, TryRng};
use hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::text::take;
use crate::{KeyId, RelayId, SealKey};

pub(crate) type Kem = X25519HkdfSha256;
pub(crate) type Kdf = hpke::kdf::HkdfSha256;
pub(crate) type Cipher = hpke::aead::ChaCha20Poly1305;

/// The first bytes of every sealed box.
pub const MAGIC: [u8; 4] = *b"SBE1";

/// X25519, HKDF-SHA256, ChaCha20-Poly1305: HPKE's 0x0020, 0x0001 and 0x0003.
const SUITE: u8 = 1;
const HEADER: usize = 4 + 1 + 8 + 16 + 4;
const NONCE: [u8; 12] = [0; 12];

/// What a box is for. A box made for one thing does not open as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// An event on its way; `about` is the stream.
    Envelope,
    /// What a login brought; `about` is the login.
    HandOff,
    /// A token with what only the app secret can make; `about` is the device.
    Token,
}

impl Use {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Envelope => b"shopbell/envelope/v1\n",
            Self::HandOff => b"shopbell/hand-off/v1\n",
            Self::Token => b"shopbell/token/v1\n",
        }
    }
}

/// Why a box did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotOpen {
    /// This is no box of this version.
    #[error("this is not a sealed box this version knows")]
    Unknown,
    /// It is sealed to another key.
    #[error("this box is sealed to another key")]
    OtherKey,
    /// It is about another stream, login or device.
    #[error("this box is about something else")]
    Elsewhere,
    /// It was changed on its way, or made for another use or by way of another relay.
    #[error("this box was changed, or was not made for this")]
    Changed,
}

/// A device's secret X25519 key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealSecret([u8; 32]);

impl SealSecret {
    /// From 32 random bytes, or those kept from before.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes. Keep them where secrets are kept, and nowhere else.
    pub const fn expose_secret_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public half.
    pub fn public(&self) -> SealKey {
        let public = <Kem as hpke::Kem>::sk_to_pk(&self.private());
        SealKey::from_bytes(public.to_bytes().into())
    }

    fn private(&self) -> <Kem as hpke::Kem>::PrivateKey {
        <Kem as hpke::Kem>::PrivateKey::from_bytes(&self.0)
            .expect("any 32 bytes are an X25519 secret")
    }
}

impl std::fmt::Debug for SealSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealSecret(***)")
    }
}

/// Seals boxes to one key of one device, about one thing.
pub struct Sealer {
    context: hpke::aead::AeadCtxS<Cipher, Kdf, Kem>,
    encapsulated: [u8; 32],
    key_id: KeyId,
    about: [u8; 16],
    position: u32,
}

/// Whom and what boxes are for.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What the boxes are for.
    pub what: Use,
    /// The relay that seals.
    pub relay: RelayId,
    /// The stream, login or device they are about.
    pub about: [u8; 16],
    /// The name of the recipient's key.
    pub key_id: KeyId,
    /// The recipient's key.
    pub key: SealKey,
}

impl Sealer {
    /// Starts sealing to `target`. `entropy` is 32 fresh random bytes, used for nothing else.
    /// `None` if the key is one that nobody can own.
    pub fn new(target: &Target, entropy: [u8; 32]) -> Option<Self> {
        let key = <Kem as hpke::Kem>::PublicKey::from_bytes(target.key.as_bytes()).ok()?;
        let info = info(target.what, target.relay, target.about);
        let mut entropy = Entropy {
            seed: Zeroizing::new(entropy),
            block: 0,
        };
        let mode = OpModeS::Base;
        let (encapsulated, context) =
            hpke::setup_sender_with_rng::<Cipher, Kdf, Kem>(&mode, &key, &info, &mut entropy)
                .ok()?;
        Some(Self {
            context,
            encapsulated: encapsulated.to_bytes().into(),
            key_id: target.key_id,
            about: target.about,
            position: 0,
        })
    }

    /// Seals one box. `minute` is the minute of receipt, since 1970.
    pub fn seal(&mut self, minute: u32, plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(HEADER + 32 + 4 + padded_length(plain.len() + 4) + 16);
        sealed.extend_from_slice(&MAGIC);
        sealed.push(SUITE);
        sealed.extend_from_slice(self.key_id.as_bytes());
        sealed.extend_from_slice(&self.about);
        sealed.extend_from_slice(&minute.to_be_bytes());
        let padded = pad(plain);
        let key = box_key(|label, out| self.context.export(label, out), self.position);
        let payload = Payload {
            msg: &padded,
            aad: &sealed,
        };
        let text = chacha20poly1305::ChaCha20Poly1305::new((&*key).into())
            .encrypt(&NONCE.into(), payload)
            .expect("a box is far below the cipher's limit");
        sealed.extend_from_slice(&self.encapsulated);
        sealed.extend_from_slice(&self.position.to_be_bytes());
        sealed.extend_from_slice(&text);
        self.position += 1;
        sealed
    }

    /// How many boxes it has sealed.
    pub const fn sealed(&self) -> u32 {
        self.position
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// What stands on the outside of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// The key it is sealed to.
    pub key_id: KeyId,
    /// The stream, login or device it is about.
    pub about: [u8; 16],
    /// The minute of receipt, since 1970.
    pub minute: u32,
}

impl Label {
    /// Reads the outside of a box; needs no key and proves nothing.
    pub fn of(sealed: &[u8]) -> Option<Self> {
        let mut rest = sealed;
        let magic: &[u8; 4] = take(&mut rest)?;
        let &[suite] = take::<1>(&mut rest)?;
        if *magic != MAGIC || suite != SUITE {
            return None;
        }
        Some(Self {
            key_id: KeyId::from_bytes(*take(&mut rest)?),
            about: *take(&mut rest)?,
            minute: u32::from_be_bytes(*take(&mut rest)?),
        })
    }
}

/// Opens boxes of one key. Keeps the last HPKE context, since boxes sealed together come together.
pub struct Opener {
    what: Use,
    relay: RelayId,
    about: [u8; 16],
    key_id: KeyId,
    secret: SealSecret,
    last: Option<([u8; 32], hpke::aead::AeadCtxR<Cipher, Kdf, Kem>)>,
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opener")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

impl Opener {
    /// Opens what was sealed for `what`, by way of `relay`, about `about`, to this key.
    pub fn new(
        (what, about): (Use, [u8; 16]),
        relay: RelayId,
        key_id: KeyId,
        secret: SealSecret,
    ) -> Self {
        Self {
            what,
            relay,
            about,
            key_id,
            secret,
            last: None,
        }
    }

    /// Opens one box.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let label = Label::of(sealed).ok_or(CannotOpen::Unknown)?;
        if label.about != self.about {
            return Err(CannotOpen::Elsewhere);
        }
        if label.key_id != self.key_id {
            return Err(CannotOpen::OtherKey);
        }
        let (header, mut rest) = sealed.split_at_checked(HEADER).ok_or(CannotOpen::Unknown)?;
        let encapsulated = *take::<32>(&mut rest).ok_or(CannotOpen::Unknown)?;
        let position = u32::from_be_bytes(*take(&mut rest).ok_or(CannotOpen::Unknown)?);
        let context = self.context(encapsulated)?;
        let key = box_key(|label, out| context.export(label, out), position);
        let padded = chacha20poly1305::ChaCha20Poly1305::new((&*key).into())
            .decrypt(
                &NONCE.into(),
                Payload {
                    msg: rest,
                    aad: header,
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| CannotOpen::Changed)?;
        unpad(&padded)
            .map(|plain| Zeroizing::new(plain.to_vec()))
            .ok_or(CannotOpen::Changed)
    }

    fn context(
        &mut self,
        encapsulated: [u8; 32],
    ) -> Result<&hpke::aead::AeadCtxR<Cipher, Kdf, Kem>, CannotOpen> {
        let known = matches!(&self.last, Some((last, _)) if *last == encapsulated);
        if !known {
            let key = <Kem as hpke::Kem>::EncappedKey::from_bytes(&encapsulated)
                .map_err(|_| CannotOpen::Unknown)?;
            let info = info(self.what, self.relay, self.about);
            let secret = self.secret.private();
            let context =
                hpke::setup_receiver::<Cipher, Kdf, Kem>(&OpModeR::Base, &secret, &key, &info)
                    .map_err(|_| CannotOpen::Changed)?;
            self.last = Some((encapsulated, context));
        }
        self.last
            .as_ref()
            .map(|(_, context)| context)
            .ok_or(CannotOpen::Unknown)
    }
}

fn info(what: Use, relay: RelayId, about: [u8; 16]) -> Vec<u8> {
    [what.label(), relay.as_bytes(), &about].concat()
}

/// The key of one box. The nonce may be fixed, since the key is used once.
fn box_key(
    export: impl FnOnce(&[u8], &mut [u8]) -> Result<(), hpke::HpkeError>,
    position: u32,
) -> Zeroizing<[u8; 32]> {
    let label = [b"shopbell/box/".as_slice(), &position.to_be_bytes()].concat();
    let mut key = Zeroizing::new([0; 32]);
    export(&label, key.as_mut_slice()).expect("32 bytes may always be exported");
    key
}

/// Padmé: the length is rounded up so that at most 12 per cent are added and only the floating
/// point magnitude of the length is seen.
pub const fn padded_length(length: usize) -> usize {
    if length < 2 {
        return length;
    }
    let exponent = length.ilog2();
    let bits = exponent.ilog2() + 1;
    let mask = (1 << (exponent - if bits > exponent { exponent } else { bits })) - 1;
    (length + mask) & !mask
}

fn pad(plain: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = u32::try_from(plain.len()).expect("bodies are limited to four mebibytes");
    let whole = padded_length(plain.len() + 4).max(256);
    let mut padded = Zeroizing::new(Vec::with_capacity(whole));
    padded.extend_from_slice(&length.to_be_bytes());
    padded.extend_from_slice(plain);
    padded.resize(whole, 0);
    padded
}

fn unpad(mut padded: &[u8]) -> Option<&[u8]> {
    let length = u32::from_be_bytes(*take(&mut padded)?);
    let (plain, filling) = padded.split_at_checked(usize::try_from(length).ok()?)?;
    filling.iter().all(|byte| *byte == 0).then_some(plain)
}

/// Turns 32 random bytes into the generator HPKE asks for.
struct Entropy {
    seed: Zeroizing<[u8; 32]>,
    block: u64,
}

impl TryRng for Entropy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        for chunk in to.chunks_mut(32) {
            let mut hash = Sha256::new();
            hash.update(b"shopbell/entropy/v1\n");
            hash.update(self.seed.as_slice());
            hash.update(self.block.to_be_bytes());
            self.block += 1;
            let mut bytes: [u8; 32] = hash.finalize().into();
            for (to, from) in chunk.iter_mut().zip(bytes) {
                *to = from;
            }
            bytes.zeroize();
        }
        Ok(())
    }
}

impl TryCryptoRng for Entropy {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RELAY: RelayId = RelayId::from_bytes([9; 16]);
    const STREAM: [u8; 16] = [5; 16];
    const KEY: KeyId = KeyId::from_bytes([6; 8]);

    fn target() -> Target {
        let key = SealSecret::from_bytes([3; 32]).public();
        Target {
            what: Use::Envelope,
            relay: RELAY,
            about: STREAM,
            key_id: KEY,
            key,
        }
    }

    fn sealer() -> Sealer {
        Sealer::new(&target(), [4; 32]).unwrap()
    }

    fn opener() -> Opener {
        Opener::new(
            (Use::Envelope, STREAM),
            RELAY,
            KEY,
            SealSecret::from_bytes([3; 32]),
        )
    }

    #[test]
    fn boxes_of_one_sealer_open_in_any_order() {
        let mut sealer = sealer();
        let boxes: Vec<_> = (0..4).map(|n: u8| sealer.seal(1, &[n; 300])).collect();
        let mut opener = opener();
        for (n, sealed) in boxes.iter().enumerate().rev() {
            let n = u8::try_from(n).unwrap();
            assert_eq!(opener.open(sealed).unwrap().as_slice(), [n; 300]);
        }
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let sealed = sealer().seal(7, b"a customer's words");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(opener().open(&changed).is_err(), "byte {at}");
            assert!(opener().open(&sealed[..at]).is_err(), "cut at {at}");
        }
        assert!(opener().open(&sealed).is_ok());
    }

    #[test]
    fn a_box_opens_only_for_its_use_relay_stream_and_key() {
        let sealed = sealer().seal(7, b"x");
        let secret = || SealSecret::from_bytes([3; 32]);
        let other_use = Opener::new((Use::HandOff, STREAM), RELAY, KEY, secret()).open(&sealed);
        assert_eq!(other_use.unwrap_err(), CannotOpen::Changed);
        let relay = RelayId::from_bytes([8; 16]);
        let other_relay = Opener::new((Use::Envelope, STREAM), relay, KEY, secret()).open(&sealed);
        assert_eq!(other_relay.unwrap_err(), CannotOpen::Changed);
        let elsewhere = Opener::new((Use::Envelope, [1; 16]), RELAY, KEY, secret()).open(&sealed);
        assert_eq!(elsewhere.unwrap_err(), CannotOpen::Elsewhere);
        let key = KeyId::from_bytes([1; 8]);
        let other_key = Opener::new((Use::Envelope, STREAM), RELAY, key, secret()).open(&sealed);
        assert_eq!(other_key.unwrap_err(), CannotOpen::OtherKey);
    }

    #[test]
    fn a_key_nobody_can_own_is_refused() {
        let nobody = Target {
            key: SealKey::from_bytes([0; 32]),
            ..target()
        };
        assert!(Sealer::new(&nobody, [4; 32]).is_none());
    }

    #[test]
    fn the_box_of_known_bytes_is_known() {
        let sealed = sealer().seal(29_922_360, b"the frozen box");
        let shown: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!("sealed_box", shown);
    }

    #[test]
    fn padding_hides_the_length_and_costs_little() {
        assert_eq!(padded_length(1000), 1024);
        for length in 200..5_000_000_usize {
            let padded = padded_length(length);
            if length % 4099 == 0 {
                assert!(
                    padded >= length && (padded - length) * 100 <= length * 12,
                    "{length}"
                );
            }
        }
        let lengths: std::collections::BTreeSet<_> = (0..240_usize)
            .map(|length| sealer().seal(0, &vec![1; length]).len())
            .collect();
        assert_eq!(lengths.len(), 1, "short messages all look alike");
    }

    proptest! {
        #[test]
        fn what_was_sealed_is_what_is_opened(plain in prop::collection::vec(any::<u8>(), 0..4000)) {
            let sealed = sealer().seal(1, &plain);
            let opened = opener().open(&sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
        }

        #[test]
        fn rubbish_does_not_open(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(opener().open(&bytes).is_err());
        }
    }
}
