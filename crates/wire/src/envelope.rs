//! An envelope: one sealed event in its place in a stream.
//!
//! Sealing comes first and knows no order. The relay's writer then gives the envelope its sequence
//! and the link before it, inside the commit that makes it durable.

use sha2::{Digest, Sha256};

use crate::text::take;
use crate::{Link, StreamId};

/// One sealed event in its place.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its place: 1, 2, 3 and so on without holes.
    pub sequence: u64,
    /// The link of the envelope before it.
    pub previous: Link,
    /// The sealed event, see [`crate::seal`].
    pub sealed: Vec<u8>,
}

impl Envelope {
    /// How many bytes it has beside the sealed event.
    pub const OVERHEAD: usize = 1 + 16 + 8 + 32;
    const VERSION: u8 = 1;

    /// The link this envelope adds to the chain: over the link before, the place and the sealed
    /// bytes.
    pub fn link(&self) -> Link {
        link(self.stream, self.sequence, &self.previous, &self.sealed)
    }

    /// As it travels, in a binary frame.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::OVERHEAD + self.sealed.len());
        bytes.push(Self::VERSION);
        bytes.extend_from_slice(self.stream.as_bytes());
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(self.previous.as_bytes());
        bytes.extend_from_slice(&self.sealed);
        bytes
    }

    /// Reads a binary frame. `None` if it is not an envelope of this version.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let &[version] = take::<1>(&mut bytes)?;
        if version != Self::VERSION {
            return None;
        }
        Some(Self {
            stream: StreamId::from_bytes(*take(&mut bytes)?),
            sequence: u64::from_be_bytes(*take(&mut bytes)?),
            previous: Link::from_bytes(*take(&mut bytes)?),
            sealed: bytes.to_vec(),
        })
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Envelope({} #{}, {} bytes)",
            self.stream,
            self.sequence,
            self.sealed.len()
        )
    }
}

/// The link an envelope adds to its stream's chain.
pub fn link(stream: StreamId, sequence: u64, previous: &Link, sealed: &[u8]) -> Link {
    let mut hash = Sha256::new();
    hash.update(b"shopbell/link/v1\n");
    hash.update(stream.as_bytes());
    hash.update(sequence.to_be_bytes());
    hash.update(previous.as_bytes());
    hash.update(Sha256::digest(sealed));
    Link::from_bytes(hash.finalize().into())
}

/// The link before the first envelope of a stream.
pub fn first_link(stream: StreamId) -> Link {
    let mut hash = Sha256::new();
    hash.update(b"shopbell/stream/v1\n");
    hash.update(stream.as_bytes());
    Link::from_bytes(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_reads_back_as_itself() {
        let stream = StreamId::from_bytes([1; 16]);
        let sealed = vec![7; 99];
        let envelope = Envelope {
            stream,
            sequence: 5,
            previous: first_link(stream),
            sealed,
        };
        let bytes = envelope.to_bytes();
        assert_eq!(bytes.len(), Envelope::OVERHEAD + 99);
        assert_eq!(Envelope::from_bytes(&bytes), Some(envelope));
        assert_eq!(Envelope::from_bytes(&bytes[..Envelope::OVERHEAD - 1]), None);
        assert_eq!(Envelope::from_bytes(&[&[2], &bytes[1..]].concat()), None);
    }
}
