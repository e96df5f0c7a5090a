//! What a device's socket means, without the socket: what is asked goes in, what to do comes out.
//!
//! It knows how far each stream was sent and how far the device reported back, and it never lets
//! more than a window lie between the two. It reads no store and knows no frame's bytes.

use std::collections::BTreeMap;

use wire::StreamId;
use wire::frame::{FromDevice, StreamCursor, WINDOW, WINDOW_BYTES};

use crate::queue::streams::Stream;

/// A stream, as this socket stands in it.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    pub(crate) row: i64,
    pub(crate) id: StreamId,
    control: bool,
    sent: u64,
    stored: u64,
    /// Sizes of what lies between `stored` and `sent`, by sequence.
    underway: BTreeMap<u64, usize>,
    /// Everything that was there is sent.
    drained: bool,
}

/// What a device's frame asks the relay to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Read on.
    Nothing,
    /// Look whether this stream is the device's, and begin to send it.
    Open(StreamCursor),
    /// Remember that the device committed up to here.
    Stored { row: i64, sequence: u64 },
    /// Remember that the device checkpointed up to here.
    Durable { row: i64, sequence: u64 },
    /// The device said something that makes no sense here.
    Protocol,
}

/// How much may be read for a stream now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) row: i64,
    pub(crate) id: StreamId,
    pub(crate) after: u64,
    pub(crate) envelopes: usize,
    pub(crate) bytes: usize,
}

/// A socket's state.
#[derive(Debug, Default)]
pub(crate) struct Session {
    lanes: BTreeMap<StreamId, Lane>,
}

impl Session {
    /// From here on this stream is sent, behind what the device has.
    pub(crate) fn open(&mut self, stream: &Stream, stored: u64) {
        self.lanes.entry(stream.id).or_insert_with(|| Lane {
            row: stream.row,
            id: stream.id,
            control: stream.account.is_none(),
            sent: stored,
            stored,
            underway: BTreeMap::new(),
            drained: false,
        });
    }

    /// What a frame of the device's asks for.
    pub(crate) fn on_frame(&mut self, frame: &FromDevice) -> Asked {
        match frame {
            FromDevice::Open { cursor } => Asked::Open(*cursor),
            FromDevice::Stored { stream, sequence } => self.stored(*stream, *sequence),
            FromDevice::Durable { stream, sequence } => match self.lanes.get(stream) {
                Some(lane) if *sequence <= lane.sent => Asked::Durable {
                    row: lane.row,
                    sequence: *sequence,
                },
                Some(_) => Asked::Protocol,
                // A stream that was wiped a moment ago may still be reported on.
                None => Asked::Nothing,
            },
            FromDevice::Again { stream, after } => {
                if let Some(lane) = self.lanes.get_mut(stream) {
                    lane.rewind(*after);
                }
                Asked::Nothing
            }
            FromDevice::Hello { .. } => Asked::Protocol,
            FromDevice::Unknown => Asked::Nothing,
        }
    }

    fn stored(&mut self, stream: StreamId, sequence: u64) -> Asked {
        let Some(lane) = self.lanes.get_mut(&stream) else {
            return Asked::Nothing;
        };
        if sequence > lane.sent {
            return Asked::Protocol;
        }
        lane.stored = lane.stored.max(sequence);
        lane.underway = lane.underway.split_off(&(lane.stored + 1));
        Asked::Stored {
            row: lane.row,
            sequence,
        }
    }

    /// There may be something new in any stream.
    pub(crate) fn nudged(&mut self) {
        self.lanes
            .values_mut()
            .for_each(|lane| lane.drained = false);
    }

    /// The next stream to read, and how much of it: the control stream first, and nothing else
    /// while it has something to say.
    pub(crate) fn next(&self) -> Option<Share> {
        let waiting = |control: bool| {
            self.lanes
                .values()
                .filter(move |lane| lane.control == control && !lane.drained)
        };
        if let Some(control) = waiting(true).next() {
            return control.share();
        }
        waiting(false).find_map(Lane::share)
    }

    /// An envelope of this size was sent.
    pub(crate) fn sent(&mut self, stream: StreamId, sequence: u64, size: usize) {
        if let Some(lane) = self.lanes.get_mut(&stream) {
            lane.sent = sequence;
            lane.underway.insert(sequence, size);
        }
    }

    /// What lies up to here is no longer held: the device was told so.
    pub(crate) fn skipped(&mut self, stream: StreamId, sequence: u64) {
        if let Some(lane) = self.lanes.get_mut(&stream) {
            lane.sent = lane.sent.max(sequence);
        }
    }

    /// Reading found nothing more in this stream.
    pub(crate) fn drained(&mut self, stream: StreamId) {
        if let Some(lane) = self.lanes.get_mut(&stream) {
            lane.drained = true;
        }
    }
}

impl Lane {
    fn share(&self) -> Option<Share> {
        let bytes = WINDOW_BYTES.checked_sub(self.underway.values().sum())?;
        let envelopes = WINDOW.checked_sub(self.underway.len())?;
        (bytes > 0 && envelopes > 0).then_some(Share {
            row: self.row,
            id: self.id,
            after: self.sent,
            envelopes,
            bytes,
        })
    }

    fn rewind(&mut self, after: u64) {
        if after < self.sent {
            self.sent = after;
            self.underway.clear();
            self.drained = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{KeyId, SealKey};

    fn stream(number: u8, control: bool) -> Stream {
        let account = crate::pseudonym::Pseudonym::from_slice(&[number; 32]);
        Stream {
            row: i64::from(number),
            id: StreamId::from_bytes([number; 16]),
            device: 1,
            account: account.filter(|_| !control),
            subscription: None,
            key_id: KeyId::from_bytes([0; 8]),
            seal_key: SealKey::from_bytes([0; 32]),
            sequence: 0,
            durable: 0,
            ended_at: None,
            dropped: None,
        }
    }

    #[test]
    fn the_control_stream_comes_first() {
        let mut session = Session::default();
        session.open(&stream(1, false), 0);
        session.open(&stream(9, true), 0);
        assert_eq!(session.next().map(|share| share.row), Some(9));
        session.drained(StreamId::from_bytes([9; 16]));
        assert_eq!(session.next().map(|share| share.row), Some(1));
        session.nudged();
        assert_eq!(session.next().map(|share| share.row), Some(9), "also later");
    }

    #[test]
    fn no_more_than_a_window_lies_open() {
        let mut session = Session::default();
        let one = stream(1, false);
        session.open(&one, 10);
        for sequence in 11..11 + u64::try_from(WINDOW).unwrap() {
            assert!(session.next().is_some(), "{sequence}");
            session.sent(one.id, sequence, 100);
        }
        assert_eq!(session.next(), None);
        let asked = session.on_frame(&FromDevice::Stored {
            stream: one.id,
            sequence: 12,
        });
        assert_eq!(
            asked,
            Asked::Stored {
                row: 1,
                sequence: 12
            }
        );
        assert_eq!(session.next().map(|share| share.envelopes), Some(2));
    }

    #[test]
    fn a_window_is_also_full_by_bytes() {
        let mut session = Session::default();
        let one = stream(1, false);
        session.open(&one, 0);
        session.sent(one.id, 1, WINDOW_BYTES);
        assert_eq!(session.next(), None);
    }

    #[test]
    fn what_was_never_sent_cannot_be_stored() {
        let mut session = Session::default();
        let one = stream(1, false);
        session.open(&one, 0);
        session.sent(one.id, 1, 10);
        for frame in [
            FromDevice::Stored {
                stream: one.id,
                sequence: 2,
            },
            FromDevice::Durable {
                stream: one.id,
                sequence: 2,
            },
        ] {
            assert_eq!(session.on_frame(&frame), Asked::Protocol);
        }
    }

    #[test]
    fn asked_again_it_sends_again() {
        let mut session = Session::default();
        let one = stream(1, false);
        session.open(&one, 0);
        session.sent(one.id, 1, 10);
        session.sent(one.id, 2, 10);
        session.drained(one.id);
        session.on_frame(&FromDevice::Again {
            stream: one.id,
            after: 0,
        });
        assert_eq!(session.next().map(|share| share.after), Some(0));
    }
}
