//! The chain of a stream: how a device notices what a relay leaves out, repeats, reorders, alters
//! or makes up.
//!
//! The relay signs the chain's head once per commit and stream. A device takes envelopes in as they
//! come ([`ChainVerifier::push`]) and accepts them only when a signed head closes over them
//! ([`ChainVerifier::close`]). What it accepts is a [`Genuine`]; there is no other way to make one.

use serde::{Deserialize, Serialize};

use crate::envelope::{Envelope, first_link};
use crate::keys::{Purpose, RelayKeys, SigningSecret};
use crate::{Link, RelayId, Signature, StreamId};

/// At most so many envelopes lie between two signed heads.
pub const HEAD_EVERY: usize = 128;

/// Bytes of envelopes after which a relay signs a head, whatever their number.
pub const HEAD_EVERY_BYTES: usize = 2 * 1024 * 1024;

/// A place in a stream and the link there. What a device keeps in its vault, written in the same
/// transaction as the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The stream.
    pub stream: StreamId,
    /// The last accepted sequence; 0 before the first.
    pub sequence: u64,
    /// The link of that envelope.
    pub link: Link,
}

impl Cursor {
    /// Before the first envelope of a stream.
    pub fn start(stream: StreamId) -> Self {
        Self {
            stream,
            sequence: 0,
            link: first_link(stream),
        }
    }
}

/// The relay's signature over how far a stream goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The stream.
    pub stream: StreamId,
    /// The sequence of its last envelope.
    pub sequence: u64,
    /// The link of that envelope.
    pub link: Link,
    /// When it was signed.
    pub at: i64,
    /// The relay's signature over all of this.
    pub signature: Signature,
}

impl Head {
    /// Signs a head.
    pub fn sign(relay: RelayId, key: &SigningSecret, cursor: Cursor, at: i64) -> Self {
        let signature = key.sign(Purpose::Head, &cursor_bytes(relay, cursor, at));
        Self {
            stream: cursor.stream,
            sequence: cursor.sequence,
            link: cursor.link,
            at,
            signature,
        }
    }

    const fn cursor(&self) -> Cursor {
        Cursor {
            stream: self.stream,
            sequence: self.sequence,
            link: self.link,
        }
    }

    fn is_signed_by(&self, keys: &RelayKeys) -> bool {
        let bytes = cursor_bytes(keys.relay, self.cursor(), self.at);
        keys.signer_of(Purpose::Head, &bytes, &self.signature)
            .is_some()
    }
}

/// The relay's signed word that a device came back too late for some envelopes: it goes on behind
/// this place. The device counts what it missed and shows the count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The stream.
    pub stream: StreamId,
    /// The last sequence that is no longer held.
    pub sequence: u64,
    /// The link of that envelope.
    pub link: Link,
    /// When it was signed.
    pub at: i64,
    /// The relay's signature over all of this.
    pub signature: Signature,
}

impl Skip {
    /// Signs a skip.
    pub fn sign(relay: RelayId, key: &SigningSecret, cursor: Cursor, at: i64) -> Self {
        let signature = key.sign(Purpose::Skip, &cursor_bytes(relay, cursor, at));
        Self {
            stream: cursor.stream,
            sequence: cursor.sequence,
            link: cursor.link,
            at,
            signature,
        }
    }
}

/// An envelope that stands where the relay signed that it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genuine {
    envelope: Envelope,
    cursor: Cursor,
}

impl Genuine {
    /// Its sealed bytes.
    pub fn sealed(&self) -> &[u8] {
        &self.envelope.sealed
    }

    /// The cursor to keep once this envelope has been dealt with.
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }
}

/// What is wrong with what a relay sent. Nothing of it is stored and nothing acknowledged; the
/// device asks once more and then marks a gap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An envelope was left out.
    #[error("envelope {missing} of the stream was left out")]
    Omitted {
        /// The first sequence that is missing.
        missing: u64,
    },
    /// Envelopes came in another order than their own.
    #[error("envelope {sequence} came out of order")]
    Reordered {
        /// The sequence that came too late.
        sequence: u64,
    },
    /// An envelope came twice in one delivery, or one from before the cursor came again with
    /// another content.
    #[error("envelope {sequence} was repeated")]
    Replayed {
        /// The repeated sequence.
        sequence: u64,
    },
    /// The chain does not lead to the signed head, or the head contradicts one from before.
    #[error("an envelope up to {sequence} was altered")]
    Altered {
        /// The first sequence that cannot be right, or the head's where it cannot be told.
        sequence: u64,
    },
    /// The head is not signed by the relay this device pinned.
    #[error("this was not signed by the relay")]
    Forged,
    /// It belongs to another stream.
    #[error("this belongs to another stream")]
    Elsewhere,
    /// More came without a signed head than a relay may send.
    #[error("too much came without a signed head")]
    Endless,
}

/// Takes a stream's envelopes in and lets them pass when a signed head closes over them.
#[derive(Debug)]
pub struct ChainVerifier {
    keys: RelayKeys,
    accepted: Cursor,
    /// When the newest head seen so far was signed. Not kept over a restart.
    newest: Option<i64>,
    pending: Vec<Envelope>,
    bytes: usize,
}

impl ChainVerifier {
    /// Goes on from a kept cursor. `keys` are the pinned ones.
    pub const fn new(keys: RelayKeys, cursor: Cursor) -> Self {
        Self {
            keys,
            accepted: cursor,
            newest: None,
            pending: Vec::new(),
            bytes: 0,
        }
    }

    /// How far the stream has been accepted.
    pub const fn cursor(&self) -> Cursor {
        self.accepted
    }

    /// Forgets what has not been accepted, to ask for it again.
    pub fn reset(&mut self) {
        self.pending.clear();
        self.bytes = 0;
    }

    /// Takes one envelope in. Accepts nothing yet; only refuses what cannot be buffered.
    pub fn push(&mut self, envelope: Envelope) -> Result<(), Broken> {
        if envelope.stream != self.accepted.stream {
            return Err(Broken::Elsewhere);
        }
        self.bytes += envelope.sealed.len();
        let too_many = self.pending.len() > HEAD_EVERY * 2;
        if too_many || self.bytes > HEAD_EVERY_BYTES * 2 + 16 * 1024 * 1024 {
            self.reset();
            return Err(Broken::Endless);
        }
        self.pending.push(envelope);
        Ok(())
    }

    /// Accepts what was taken in, if it leads from the cursor to this head. Otherwise says what is
    /// wrong, and forgets what was taken in.
    pub fn close(&mut self, head: &Head) -> Result<Vec<Genuine>, Broken> {
        let pending = std::mem::take(&mut self.pending);
        self.bytes = 0;
        if head.stream != self.accepted.stream {
            return Err(Broken::Elsewhere);
        }
        if !head.is_signed_by(&self.keys) {
            return Err(Broken::Forged);
        }
        if pending.is_empty() && head.sequence <= self.accepted.sequence {
            return self.look_back(head);
        }
        check_places(&pending, self.accepted.sequence, head.sequence)?;
        let accepted = check_links(pending, self.accepted, head)?;
        self.accepted = head.cursor();
        self.newest = self.newest.max(Some(head.at));
        Ok(accepted)
    }

    /// A head that says nothing new. It still must not contradict what was accepted: another link
    /// at the same place is a fork, and a stream that, signed later, goes less far was rolled back.
    fn look_back(&mut self, head: &Head) -> Result<Vec<Genuine>, Broken> {
        let forked = head.sequence == self.accepted.sequence && head.link != self.accepted.link;
        let later = self.newest.is_some_and(|newest| head.at > newest);
        if forked || (later && head.sequence < self.accepted.sequence) {
            return Err(Broken::Altered {
                sequence: head.sequence,
            });
        }
        self.newest = self.newest.max(Some(head.at));
        Ok(Vec::new())
    }

    /// Goes on behind a place the relay signed that it no longer holds, and says how many
    /// envelopes are lost to this device.
    pub fn skip(&mut self, skip: &Skip) -> Result<u64, Broken> {
        self.reset();
        if skip.stream != self.accepted.stream {
            return Err(Broken::Elsewhere);
        }
        let cursor = Cursor {
            stream: skip.stream,
            sequence: skip.sequence,
            link: skip.link,
        };
        let bytes = cursor_bytes(self.keys.relay, cursor, skip.at);
        if self
            .keys
            .signer_of(Purpose::Skip, &bytes, &skip.signature)
            .is_none()
        {
            return Err(Broken::Forged);
        }
        let lost = skip
            .sequence
            .checked_sub(self.accepted.sequence)
            .ok_or(Broken::Replayed {
                sequence: skip.sequence,
            })?;
        self.accepted = cursor;
        Ok(lost)
    }
}

/// Whether the places are exactly those between the cursor and the head, in order.
fn check_places(pending: &[Envelope], after: u64, until: u64) -> Result<(), Broken> {
    let mut seen = std::collections::BTreeSet::new();
    let mut highest = after;
    let mut late = None;
    for envelope in pending {
        let sequence = envelope.sequence;
        if sequence <= after || !seen.insert(sequence) {
            return Err(Broken::Replayed { sequence });
        }
        if sequence < highest && late.is_none() {
            late = Some(sequence);
        }
        highest = highest.max(sequence);
    }
    if let Some(missing) = (after + 1..=until).find(|sequence| !seen.contains(sequence)) {
        return Err(Broken::Omitted { missing });
    }
    if let Some(sequence) = late {
        return Err(Broken::Reordered { sequence });
    }
    if highest > until {
        return Err(Broken::Altered {
            sequence: until + 1,
        });
    }
    Ok(())
}

/// Whether each envelope continues the one before it and the last one is the head.
fn check_links(pending: Vec<Envelope>, from: Cursor, head: &Head) -> Result<Vec<Genuine>, Broken> {
    let mut at = from;
    let mut accepted = Vec::with_capacity(pending.len());
    for envelope in pending {
        if envelope.previous != at.link {
            return Err(Broken::Altered {
                sequence: envelope.sequence.saturating_sub(1).max(1),
            });
        }
        at = Cursor {
            stream: at.stream,
            sequence: envelope.sequence,
            link: envelope.link(),
        };
        accepted.push(Genuine {
            envelope,
            cursor: at,
        });
    }
    if at != head.cursor() {
        return Err(Broken::Altered {
            sequence: head.sequence,
        });
    }
    Ok(accepted)
}

fn cursor_bytes(relay: RelayId, cursor: Cursor, at: i64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(80);
    bytes.extend_from_slice(relay.as_bytes());
    bytes.extend_from_slice(cursor.stream.as_bytes());
    bytes.extend_from_slice(&cursor.sequence.to_be_bytes());
    bytes.extend_from_slice(cursor.link.as_bytes());
    bytes.extend_from_slice(&at.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: StreamId = StreamId::from_bytes([1; 16]);
    const RELAY: RelayId = RelayId::from_bytes([2; 16]);

    fn secret(seed: u8) -> SigningSecret {
        SigningSecret::from_seed(&[seed; 32])
    }

    fn verifier() -> ChainVerifier {
        let keys = RelayKeys::of(RELAY, &secret(1), &secret(2));
        ChainVerifier::new(keys, Cursor::start(STREAM))
    }

    fn honest(count: u64) -> (Vec<Envelope>, Head) {
        let mut at = Cursor::start(STREAM);
        let mut envelopes = Vec::new();
        for sequence in 1..=count {
            let sealed = format!("sealed {sequence}").into_bytes();
            let envelope = Envelope {
                stream: STREAM,
                sequence,
                previous: at.link,
                sealed,
            };
            at = Cursor {
                stream: STREAM,
                sequence,
                link: envelope.link(),
            };
            envelopes.push(envelope);
        }
        (envelopes, Head::sign(RELAY, &secret(1), at, 1000))
    }

    fn deliver(envelopes: Vec<Envelope>, head: &Head) -> Result<Vec<Genuine>, Broken> {
        let mut verifier = verifier();
        for envelope in envelopes {
            verifier.push(envelope)?;
        }
        verifier.close(head)
    }

    #[test]
    fn an_honest_delivery_is_accepted_whole() {
        let (envelopes, head) = honest(5);
        let accepted = deliver(envelopes.clone(), &head).unwrap();
        assert_eq!(accepted.len(), 5);
        assert_eq!(accepted[4].cursor(), head.cursor());
        assert_eq!(accepted[2].sealed(), envelopes[2].sealed);
    }

    #[test]
    fn a_delivery_may_go_on_from_the_middle() {
        let (envelopes, head) = honest(5);
        let middle = deliver(envelopes.clone(), &head).unwrap()[2].cursor();
        let keys = RelayKeys::of(RELAY, &secret(1), &secret(2));
        let mut verifier = ChainVerifier::new(keys, middle);
        for envelope in envelopes.into_iter().skip(3) {
            verifier.push(envelope).unwrap();
        }
        assert_eq!(verifier.close(&head).unwrap().len(), 2);
        assert_eq!(
            verifier.close(&head),
            Ok(Vec::new()),
            "a head seen again says nothing new"
        );
    }

    #[test]
    fn a_head_may_repeat_what_was_accepted_and_never_contradict_it() {
        let (envelopes, head) = honest(5);
        let mut verifier = verifier();
        for envelope in envelopes {
            verifier.push(envelope).unwrap();
        }
        verifier.close(&head).unwrap();
        let at = |sequence, link, at| {
            let cursor = Cursor {
                stream: STREAM,
                sequence,
                link,
            };
            Head::sign(RELAY, &secret(1), cursor, at)
        };
        let other = honest(4).1.link;
        // A fork at the very place, whenever it was signed.
        for moment in [0, 2000] {
            assert_eq!(
                verifier.close(&at(5, other, moment)),
                Err(Broken::Altered { sequence: 5 })
            );
        }
        // An older head that comes late is only late; signed later it takes back what was there.
        assert_eq!(verifier.close(&at(4, other, 999)), Ok(Vec::new()));
        assert_eq!(
            verifier.close(&at(4, other, 1001)),
            Err(Broken::Altered { sequence: 4 })
        );
        assert_eq!(verifier.cursor(), head.cursor(), "nothing was given up");
        assert_eq!(verifier.close(&at(5, head.link, 3000)), Ok(Vec::new()));
        // After a restart a fork at the cursor is still noticed.
        let keys = RelayKeys::of(RELAY, &secret(1), &secret(2));
        let mut restarted = ChainVerifier::new(keys, head.cursor());
        assert_eq!(
            restarted.close(&at(5, other, 4000)),
            Err(Broken::Altered { sequence: 5 })
        );
    }

    #[test]
    fn each_lie_has_its_own_name() {
        let (envelopes, head) = honest(5);
        let lie = |change: &dyn Fn(&mut Vec<Envelope>)| {
            let mut envelopes = envelopes.clone();
            change(&mut envelopes);
            deliver(envelopes, &head).unwrap_err()
        };
        assert_eq!(
            lie(&|all| drop(all.remove(2))),
            Broken::Omitted { missing: 3 }
        );
        assert_eq!(lie(&|all| drop(all.pop())), Broken::Omitted { missing: 5 });
        assert_eq!(
            lie(&|all| all.swap(1, 3)),
            Broken::Reordered { sequence: 3 }
        );
        assert_eq!(
            lie(&|all| all.push(all[1].clone())),
            Broken::Replayed { sequence: 2 }
        );
        assert_eq!(
            lie(&|all| all[1].sealed[0] ^= 1),
            Broken::Altered { sequence: 2 }
        );
        assert_eq!(
            lie(&|all| all[4].sealed[0] ^= 1),
            Broken::Altered { sequence: 5 }
        );
        assert_eq!(
            lie(&|all| all[0].stream = StreamId::from_bytes([9; 16])),
            Broken::Elsewhere
        );
        let swapped_and_renumbered = lie(&|all| {
            let sealed = all[1].sealed.clone();
            all[1].sealed = all[2].sealed.clone();
            all[2].sealed = sealed;
        });
        assert_eq!(swapped_and_renumbered, Broken::Altered { sequence: 2 });
    }

    #[test]
    fn a_made_up_envelope_needs_a_signature_nobody_else_can_make() {
        let (mut envelopes, head) = honest(2);
        let previous = envelopes[1].link();
        let sealed = b"made up".to_vec();
        envelopes.push(Envelope {
            stream: STREAM,
            sequence: 3,
            previous,
            sealed,
        });
        let link = envelopes[2].link();
        let cursor = Cursor {
            stream: STREAM,
            sequence: 3,
            link,
        };
        let forged = Head::sign(RELAY, &secret(7), cursor, 1000);
        assert_eq!(deliver(envelopes.clone(), &forged), Err(Broken::Forged));
        let elsewhere = Head::sign(RelayId::from_bytes([3; 16]), &secret(1), cursor, 1000);
        assert_eq!(deliver(envelopes.clone(), &elsewhere), Err(Broken::Forged));
        assert_eq!(
            deliver(envelopes, &head),
            Err(Broken::Altered { sequence: 3 })
        );
    }

    #[test]
    fn the_next_key_may_sign_too() {
        let (envelopes, head) = honest(2);
        let rotated = Head::sign(RELAY, &secret(2), head.cursor(), 1000);
        assert_eq!(deliver(envelopes, &rotated).unwrap().len(), 2);
    }

    #[test]
    fn a_skip_is_counted_and_must_be_signed() {
        let (_, head) = honest(5);
        let skip = Skip::sign(RELAY, &secret(1), head.cursor(), 1);
        let mut verifier = verifier();
        assert_eq!(verifier.skip(&skip), Ok(5));
        assert_eq!(verifier.cursor(), head.cursor());
        let forged = Skip {
            sequence: 9,
            ..skip.clone()
        };
        assert_eq!(verifier.skip(&forged), Err(Broken::Forged));
        let as_head = Head {
            stream: skip.stream,
            sequence: skip.sequence,
            link: skip.link,
            at: skip.at,
            signature: skip.signature,
        };
        assert_eq!(
            verifier.close(&as_head),
            Err(Broken::Forged),
            "a skip is not a head"
        );
    }

    #[test]
    fn without_a_head_nothing_is_taken_in_for_ever() {
        let mut verifier = verifier();
        let (envelopes, _) = honest(400);
        let results: Vec<_> = envelopes.into_iter().map(|e| verifier.push(e)).collect();
        assert!(results.contains(&Err(Broken::Endless)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        /// Whatever a relay does to a delivery, what is accepted is what was sealed, in order.
        #[test]
        fn no_tampering_passes(
            count in 1..12_u64,
            acts in prop::collection::vec((0..5_u8, any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let (mut envelopes, head) = honest(count);
            let untouched = envelopes.clone();
            for (act, index, byte) in acts {
                let Some(at) = (!envelopes.is_empty()).then(|| index.index(envelopes.len())) else {
                    continue;
                };
                match act {
                    0 => drop(envelopes.remove(at)),
                    1 => envelopes.swap(at, 0),
                    2 => envelopes.insert(0, untouched[at.min(untouched.len() - 1)].clone()),
                    3 => envelopes[at].sealed[0] ^= byte,
                    _ => envelopes[at].sequence ^= u64::from(byte),
                }
            }
            match deliver(envelopes.clone(), &head) {
                Ok(accepted) => {
                    prop_assert_eq!(&envelopes, &untouched);
                    prop_assert_eq!(accepted.len(), untouched.len());
                }
                Err(_) => prop_assert_ne!(envelopes, untouched),
            }
        }
    }
}
