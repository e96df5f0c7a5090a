//! Sealing what a webhook brought, before it has a place in any stream.
//!
//! An HPKE context costs two curve operations, a box under it almost none. So a context is kept per
//! stream for at most a minute, and taken out while somebody uses it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;

use wire::seal::{Sealer, Target, Use};
use wire::{KeyId, RelayId, StreamId};

use crate::clock::MINUTE;
use crate::queue::streams::Stream;
use crate::random;

/// How long an HPKE context may be used again.
const CONTEXT_LIFE: i64 = MINUTE;
/// Boxes under one context.
const CONTEXT_BOXES: u32 = 10_000;
/// Contexts kept at once.
const CONTEXTS: usize = 4096;

/// A sealed event for one stream.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) stream: i64,
    pub(crate) minute: u32,
    pub(crate) bytes: Vec<u8>,
}

/// The contexts at hand.
#[derive(Default)]
pub(crate) struct Sealers {
    kept: Mutex<HashMap<(StreamId, KeyId), (i64, Sealer)>>,
}

impl std::fmt::Debug for Sealers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealers")
    }
}

impl Sealers {
    /// Seals each event to each of its streams. A stream whose key nobody can own gets nothing.
    pub(crate) fn seal(
        &self,
        relay: RelayId,
        events: &[(Vec<u8>, Vec<Stream>)],
        (minute, now): (u32, i64),
    ) -> Vec<Sealed> {
        let mut at_hand: HashMap<(StreamId, KeyId), (i64, Sealer)> = HashMap::new();
        let mut sealed = Vec::new();
        for (plain, streams) in events {
            for stream in streams {
                let name = (stream.id, stream.key_id);
                let (_, sealer) = match at_hand.entry(name) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(free) => {
                        let Some(fresh) = self.take(relay, stream, now) else {
                            continue;
                        };
                        free.insert(fresh)
                    }
                };
                let bytes = sealer.seal(minute, plain);
                sealed.push(Sealed {
                    stream: stream.row,
                    minute,
                    bytes,
                });
            }
        }
        self.give_back(at_hand, now);
        sealed
    }

    fn take(&self, relay: RelayId, stream: &Stream, now: i64) -> Option<(i64, Sealer)> {
        let name = (stream.id, stream.key_id);
        let kept = self
            .kept
            .lock()
            .expect("nobody panics while holding contexts")
            .remove(&name);
        if let Some(kept) = kept.filter(|kept| is_fresh(kept, now)) {
            return Some(kept);
        }
        let target = Target {
            what: Use::Envelope,
            relay,
            about: *stream.id.as_bytes(),
            key_id: stream.key_id,
            key: stream.seal_key,
        };
        Sealer::new(&target, random::bytes()).map(|sealer| (now, sealer))
    }

    fn give_back(&self, used: HashMap<(StreamId, KeyId), (i64, Sealer)>, now: i64) {
        let mut kept = self
            .kept
            .lock()
            .expect("nobody panics while holding contexts");
        if kept.len() >= CONTEXTS {
            kept.retain(|_, one| is_fresh(one, now));
        }
        let room = CONTEXTS.saturating_sub(kept.len());
        kept.extend(
            used.into_iter()
                .filter(|(_, one)| is_fresh(one, now))
                .take(room),
        );
    }
}

fn is_fresh((made_at, sealer): &(i64, Sealer), now: i64) -> bool {
    (0..CONTEXT_LIFE).contains(&(now - made_at)) && sealer.sealed() < CONTEXT_BOXES
}
