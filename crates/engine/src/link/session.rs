//! What a socket to the relay means, without the socket: frames go in, steps come out. It knows how
//! far each stream is and believes nothing that the relay's signed heads do not close over. It
//! stores nothing and opens nothing: whoever carries out a step tells it what was committed.

use std::collections::{HashMap, HashSet};

use wire::api::Route;
use wire::chain::{Broken, ChainVerifier, Cursor, Genuine, Head, Skip};
use wire::envelope::Envelope;
use wire::frame::{ByeReason, FromDevice, FromRelay, StreamCursor};
use wire::{RelayKeys, SigningSecret, StreamId, auth};

/// Something to be done, in this order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Tell the relay.
    Say(FromDevice),
    /// Write these down with their cursor, then report [`Session::committed`].
    Take {
        /// Where they belong.
        stream: StreamId,
        /// Never empty; in order.
        envelopes: Vec<Genuine>,
    },
    /// So many envelopes will never come: mark the gap and write the cursor down, then report
    /// [`Session::committed`].
    Lose {
        /// How many.
        count: u64,
        /// Go on from here.
        cursor: Cursor,
    },
    /// The relay listed the routes it knows.
    Routes(Vec<Route>),
    /// The relay's time.
    Time(i64),
    /// The device's control stream, as the relay knows it.
    Control(StreamId),
    /// The routes are to be read again.
    Nudge,
    /// This socket is over.
    End(End),
}

/// Why a socket is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The relay said good-bye and when to come back, in milliseconds.
    Bye(ByeReason, i64),
    /// It is another relay than the pinned one, or speaks another language.
    Stranger,
    /// What came of a stream does not fit together. It is asked for once more on a socket of its
    /// own: on this one more of the same may be on its way.
    AskAgain,
    /// It sends what cannot be right, also after it was asked again.
    Broken,
}

/// A socket's state.
#[derive(Debug)]
pub(crate) struct Session {
    keys: RelayKeys,
    lanes: HashMap<StreamId, Lane>,
}

#[derive(Debug)]
struct Lane {
    verifier: ChainVerifier,
    committed: Cursor,
    /// What came did not fit together, and is asked for once more.
    asked_again: bool,
}

impl Session {
    /// Begins with the cursors as they are committed; the control stream among them. `asked` are
    /// the streams this socket asks for once more.
    pub(crate) fn new(keys: RelayKeys, cursors: &[Cursor], asked: &HashSet<StreamId>) -> Self {
        let mut session = Self {
            keys,
            lanes: HashMap::new(),
        };
        for cursor in cursors {
            session.lay(*cursor, asked.contains(&cursor.stream));
        }
        session
    }

    fn lay(&mut self, cursor: Cursor, asked_again: bool) {
        let verifier = ChainVerifier::new(self.keys.clone(), cursor);
        let lane = Lane {
            verifier,
            committed: cursor,
            asked_again,
        };
        self.lanes.insert(cursor.stream, lane);
    }

    /// The streams that do not fit together: the next socket asks for them once more.
    pub(crate) fn asked_again(&self) -> HashSet<StreamId> {
        let asked = self.lanes.iter().filter(|(_, lane)| lane.asked_again);
        asked.map(|(stream, _)| *stream).collect()
    }

    /// Answers the first frame. The control stream's cursor comes first.
    pub(crate) fn hello(
        &self,
        first: &FromRelay,
        identity: &SigningSecret,
        control: StreamId,
    ) -> Result<FromDevice, End> {
        let FromRelay::Challenge {
            protocol,
            relay,
            nonce,
        } = first
        else {
            return Err(match first {
                FromRelay::Bye { reason, retry_in } => End::Bye(*reason, *retry_in),
                _ => End::Stranger,
            });
        };
        if *relay != self.keys.relay || protocol.abs_diff(wire::PROTOCOL) > 1 {
            return Err(End::Stranger);
        }
        let mut cursors: Vec<_> = self
            .lanes
            .values()
            .map(|lane| StreamCursor {
                stream: lane.committed.stream,
                stored: lane.committed.sequence,
            })
            .collect();
        cursors.sort_by_key(|cursor| (cursor.stream != control, cursor.stream));
        Ok(FromDevice::Hello {
            protocol: wire::PROTOCOL,
            device: wire::DeviceId::of(&identity.public()),
            signature: auth::answer_challenge(identity, self.keys.relay, nonce),
            cursors,
        })
    }

    /// A stream was made while the socket stood.
    pub(crate) fn open(&mut self, cursor: Cursor) -> Option<FromDevice> {
        if self.lanes.contains_key(&cursor.stream) {
            return None;
        }
        self.lay(cursor, false);
        let cursor = StreamCursor {
            stream: cursor.stream,
            stored: cursor.sequence,
        };
        Some(FromDevice::Open { cursor })
    }

    /// A stream is no longer ours: what still comes is discarded and acknowledged.
    pub(crate) fn close(&mut self, stream: StreamId) {
        self.lanes.remove(&stream);
    }

    /// Everything up to this cursor is committed.
    pub(crate) fn committed(&mut self, cursor: Cursor) -> FromDevice {
        if let Some(lane) = self.lanes.get_mut(&cursor.stream) {
            lane.committed = cursor;
        }
        FromDevice::Stored {
            stream: cursor.stream,
            sequence: cursor.sequence,
        }
    }

    /// An envelope came. It is kept back until a head closes over it.
    pub(crate) fn on_envelope(&mut self, envelope: Envelope) -> Vec<Step> {
        let Some(lane) = self.lanes.get_mut(&envelope.stream) else {
            return Vec::new();
        };
        match lane.verifier.push(envelope) {
            Ok(()) => Vec::new(),
            Err(_) => lane
                .ask_again()
                .unwrap_or_else(|| vec![Step::End(End::Broken)]),
        }
    }

    /// A text frame came.
    pub(crate) fn on_frame(&mut self, frame: FromRelay) -> Vec<Step> {
        match frame {
            FromRelay::Challenge { .. } | FromRelay::Unknown => Vec::new(),
            FromRelay::Welcome {
                now,
                control,
                routes,
            } => {
                vec![
                    Step::Time(now),
                    Step::Control(control),
                    Step::Routes(routes),
                ]
            }
            FromRelay::Routes { routes } => vec![Step::Routes(routes)],
            FromRelay::Nudge => vec![Step::Nudge],
            FromRelay::Bye { reason, retry_in } => vec![Step::End(End::Bye(reason, retry_in))],
            FromRelay::Head(head) => self.on_head(&head),
            FromRelay::Skip(skip) => self.on_skip(&skip),
        }
    }

    fn on_head(&mut self, head: &Head) -> Vec<Step> {
        let Some(lane) = self.lanes.get_mut(&head.stream) else {
            return self.discard(head);
        };
        match lane.verifier.close(head) {
            Ok(envelopes) => {
                lane.asked_again = false;
                if envelopes.is_empty() {
                    return Vec::new();
                }
                vec![Step::Take {
                    stream: head.stream,
                    envelopes,
                }]
            }
            Err(broken) => {
                tracing::warn!(stream = %head.stream, %broken, "the relay's delivery does not fit");
                lane.ask_again()
                    .unwrap_or_else(|| lane.give_up(&self.keys, head, &broken))
            }
        }
    }

    fn on_skip(&mut self, skip: &Skip) -> Vec<Step> {
        let Some(lane) = self.lanes.get_mut(&skip.stream) else {
            return Vec::new();
        };
        match lane.verifier.skip(skip) {
            Ok(0) => Vec::new(),
            Ok(count) => {
                tracing::warn!(stream = %skip.stream, count, "the relay no longer has what came before");
                let cursor = lane.verifier.cursor();
                vec![Step::Lose { count, cursor }]
            }
            Err(_) => lane
                .ask_again()
                .unwrap_or_else(|| vec![Step::End(End::Broken)]),
        }
    }

    /// A stream that is not ours: acknowledged, if it is the relay's own word, so that it goes.
    fn discard(&self, head: &Head) -> Vec<Step> {
        if !is_signed(&self.keys, head) {
            return Vec::new();
        }
        let (stream, sequence) = (head.stream, head.sequence);
        vec![
            Step::Say(FromDevice::Stored { stream, sequence }),
            Step::Say(FromDevice::Durable { stream, sequence }),
        ]
    }
}

impl Lane {
    /// Asks for what is not committed on another socket; `None` if this one was that.
    fn ask_again(&mut self) -> Option<Vec<Step>> {
        self.verifier.reset();
        if self.asked_again {
            return None;
        }
        self.asked_again = true;
        Some(vec![Step::End(End::AskAgain)])
    }

    /// What was asked for again does not fit either. If the relay signed how far the stream goes,
    /// what lies before is lost and marked; else nothing it says is believed.
    fn give_up(&mut self, keys: &RelayKeys, head: &Head, broken: &Broken) -> Vec<Step> {
        let lost = head.sequence.saturating_sub(self.committed.sequence);
        if *broken == Broken::Forged || lost == 0 || !is_signed(keys, head) {
            return vec![Step::End(End::Broken)];
        }
        let cursor = Cursor {
            stream: head.stream,
            sequence: head.sequence,
            link: head.link,
        };
        self.verifier = ChainVerifier::new(keys.clone(), cursor);
        self.asked_again = false;
        vec![Step::Lose {
            count: lost,
            cursor,
        }]
    }
}

/// Whether the pinned relay signed this head: a verifier that stands on it has nothing to object.
fn is_signed(keys: &RelayKeys, head: &Head) -> bool {
    let here = Cursor {
        stream: head.stream,
        sequence: head.sequence,
        link: head.link,
    };
    ChainVerifier::new(keys.clone(), here).close(head).is_ok()
}

#[cfg(test)]
mod tests {
    use wire::{Nonce, RelayId};

    use super::*;

    const RELAY: RelayId = RelayId::from_bytes([2; 16]);
    const STREAM: StreamId = StreamId::from_bytes([1; 16]);
    const CONTROL: StreamId = StreamId::from_bytes([9; 16]);

    fn secret(seed: u8) -> SigningSecret {
        SigningSecret::from_seed(&[seed; 32])
    }

    fn keys() -> RelayKeys {
        RelayKeys::of(RELAY, &secret(1), &secret(2))
    }

    fn session() -> Session {
        behind(Cursor::start(STREAM), &[])
    }

    /// A socket that begins behind this cursor and asks for these streams once more.
    fn behind(cursor: Cursor, asked: &[StreamId]) -> Session {
        let asked = asked.iter().copied().collect();
        Session::new(keys(), &[cursor, Cursor::start(CONTROL)], &asked)
    }

    /// The socket after one on which a stream did not fit together.
    fn next_socket(before: &Session) -> Session {
        let asked: Vec<_> = before.asked_again().into_iter().collect();
        behind(before.lanes[&STREAM].committed, &asked)
    }

    fn honest(count: u64) -> (Vec<Envelope>, Head) {
        let mut at = Cursor::start(STREAM);
        let mut envelopes = Vec::new();
        for sequence in 1..=count {
            let sealed = sequence.to_be_bytes().to_vec();
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
        (envelopes, Head::sign(RELAY, &secret(1), at, 1))
    }

    fn deliver(session: &mut Session, envelopes: &[Envelope], head: &Head) -> Vec<Step> {
        for envelope in envelopes {
            assert_eq!(session.on_envelope(envelope.clone()), vec![]);
        }
        session.on_frame(FromRelay::Head(head.clone()))
    }

    fn again() -> Vec<Step> {
        vec![Step::End(End::AskAgain)]
    }

    #[test]
    fn the_hello_names_the_control_stream_first() {
        let nonce = Nonce::from_bytes([7; 16]);
        let challenge = FromRelay::Challenge {
            protocol: wire::PROTOCOL,
            relay: RELAY,
            nonce,
        };
        let hello = session().hello(&challenge, &secret(5), CONTROL).unwrap();
        let FromDevice::Hello {
            signature, cursors, ..
        } = hello
        else {
            panic!("not a hello")
        };
        assert_eq!(cursors[0].stream, CONTROL);
        assert!(auth::check_challenge(
            &secret(5).public(),
            RELAY,
            &nonce,
            &signature
        ));
    }

    #[test]
    fn another_relay_at_the_same_address_is_a_stranger() {
        let challenge = FromRelay::Challenge {
            protocol: wire::PROTOCOL,
            relay: RelayId::from_bytes([3; 16]),
            nonce: Nonce::from_bytes([7; 16]),
        };
        assert_eq!(
            session().hello(&challenge, &secret(5), CONTROL),
            Err(End::Stranger)
        );
    }

    #[test]
    fn nothing_is_taken_before_a_head_closes_over_it() {
        let mut session = session();
        let (envelopes, head) = honest(3);
        let steps = deliver(&mut session, &envelopes, &head);
        let [
            Step::Take {
                stream: STREAM,
                envelopes,
            },
        ] = steps.as_slice()
        else {
            panic!("{steps:?}")
        };
        assert_eq!(envelopes.len(), 3);
        let stored = session.committed(envelopes[2].cursor());
        assert_eq!(
            stored,
            FromDevice::Stored {
                stream: STREAM,
                sequence: 3
            }
        );
        assert_eq!(session.on_frame(FromRelay::Head(head)), vec![]);
    }

    #[test]
    fn what_does_not_fit_is_asked_for_once_and_then_a_gap() {
        let (envelopes, head) = honest(3);
        let omitted = [envelopes[0].clone(), envelopes[2].clone()];
        let mut first = session();
        assert_eq!(deliver(&mut first, &omitted, &head), again());
        let mut second = next_socket(&first);
        let steps = deliver(&mut second, &omitted, &head);
        let [Step::Lose { count: 3, cursor }] = steps.as_slice() else {
            panic!("{steps:?}")
        };
        assert_eq!(cursor.sequence, 3);
    }

    #[test]
    fn an_answer_that_leaves_out_the_same_is_a_gap_even_if_nothing_else_comes() {
        let (_, head) = honest(1);
        let mut first = session();
        assert_eq!(deliver(&mut first, &[], &head), again());
        let steps = deliver(&mut next_socket(&first), &[], &head);
        assert!(matches!(steps.as_slice(), [Step::Lose { count: 1, .. }]));
    }

    #[test]
    fn what_is_right_when_asked_again_is_taken_and_may_go_wrong_once_more() {
        let (envelopes, head) = honest(3);
        let mut first = session();
        assert_eq!(deliver(&mut first, &envelopes[..2], &head), again());
        let mut second = next_socket(&first);
        let steps = deliver(&mut second, &envelopes, &head);
        assert!(matches!(steps.as_slice(), [Step::Take { envelopes, .. }] if envelopes.len() == 3));
        assert!(second.asked_again().is_empty());
        second.committed(Cursor {
            stream: STREAM,
            sequence: head.sequence,
            link: head.link,
        });
        let forged = Head {
            sequence: 9,
            ..head
        };
        assert_eq!(second.on_frame(FromRelay::Head(forged)), again());
    }

    #[test]
    fn a_forged_head_loses_nothing_and_ends_the_socket() {
        let (envelopes, head) = honest(3);
        let cursor = Cursor {
            stream: STREAM,
            sequence: 3,
            link: head.link,
        };
        let forged = Head::sign(RELAY, &secret(6), cursor, 1);
        let mut first = session();
        assert_eq!(deliver(&mut first, &envelopes, &forged), again());
        assert_eq!(
            deliver(&mut next_socket(&first), &envelopes, &forged),
            vec![Step::End(End::Broken)],
            "the cursor must not move on the word of a stranger"
        );
    }

    #[test]
    fn a_replayed_delivery_changes_nothing() {
        let (envelopes, head) = honest(2);
        let mut first = session();
        deliver(&mut first, &envelopes, &head);
        first.committed(Cursor {
            stream: STREAM,
            sequence: 2,
            link: head.link,
        });
        assert_eq!(deliver(&mut first, &envelopes, &head), again());
        assert_eq!(
            deliver(&mut next_socket(&first), &envelopes, &head),
            vec![Step::End(End::Broken)]
        );
    }

    #[test]
    fn a_stream_without_a_live_route_is_discarded_and_acknowledged() {
        let (envelopes, head) = honest(2);
        let mut session = session();
        session.close(STREAM);
        assert_eq!(
            deliver(&mut session, &envelopes, &head),
            vec![
                Step::Say(FromDevice::Stored {
                    stream: STREAM,
                    sequence: 2
                }),
                Step::Say(FromDevice::Durable {
                    stream: STREAM,
                    sequence: 2
                }),
            ]
        );
        let cursor = Cursor {
            stream: STREAM,
            sequence: 2,
            link: head.link,
        };
        let forged = Head::sign(RELAY, &secret(6), cursor, 1);
        assert_eq!(session.on_frame(FromRelay::Head(forged)), vec![]);
    }

    #[test]
    fn a_signed_skip_is_a_counted_loss() {
        let (_, head) = honest(5);
        let cursor = Cursor {
            stream: STREAM,
            sequence: 5,
            link: head.link,
        };
        let skip = Skip::sign(RELAY, &secret(1), cursor, 1);
        let mut session = session();
        let steps = session.on_frame(FromRelay::Skip(skip));
        assert_eq!(steps, vec![Step::Lose { count: 5, cursor }]);
    }

    #[test]
    fn a_stream_made_meanwhile_is_opened_once() {
        let mut session = session();
        let cursor = Cursor::start(StreamId::from_bytes([4; 16]));
        assert!(session.open(cursor).is_some());
        assert_eq!(session.open(cursor), None);
    }
}
