//! The statement: what the relay says of its own part, signed by its key.

use super::lines::Lines;
use super::{Untrusted, WipeNotice};
use crate::note;
use crate::{DeletionId, Digest, RelayId, SigningSecret, VerifyKey, write_date};

/// What the relay states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayStatement {
    /// The wipe.
    pub deletion: DeletionId,
    /// The hash of the notice.
    pub notice: Digest,
    /// The hash of the completion.
    pub completion: Digest,
    /// The relay.
    pub relay: RelayId,
    /// The key it signed with.
    pub relay_key: VerifyKey,
    /// When it heard.
    pub received_at: i64,
    /// When it had erased its part.
    pub erased_at: i64,
    /// How many streams it erased.
    pub streams: u64,
    /// How many sealed envelopes it erased, none of which it could read.
    pub envelopes: u64,
    /// How many proofs of access it erased.
    pub routes: u64,
}

impl RelayStatement {
    /// Signs the statement with the relay's key, which it names.
    pub fn sign(&self, key: &SigningSecret) -> String {
        note::sign(&self.text(), &format!("relay/{}", self.relay), key)
    }

    /// Reads a statement and checks that it belongs to these two notes, whose own signatures are
    /// for the caller to check. The key is the one it names itself: whether that is the relay's is
    /// for the caller to know.
    pub fn verify(
        signed: &str,
        signed_notice: &str,
        signed_completion: &str,
    ) -> Result<Self, Untrusted> {
        let notice = WipeNotice::unchecked(signed_notice)?;
        let statement = Self::unchecked(signed, (&notice, signed_notice), signed_completion)?;
        statement.check_signature(signed)?;
        Ok(statement)
    }

    pub(super) fn unchecked(
        signed: &str,
        (notice, signed_notice): (&WipeNotice, &str),
        signed_completion: &str,
    ) -> Result<Self, Untrusted> {
        let statement = Self::read(note::text_of(signed).ok_or(Untrusted::Malformed)?)?;
        let belongs = statement.deletion == notice.deletion
            && statement.relay == notice.relay
            && statement.notice == Digest::of(signed_notice.as_bytes())
            && statement.completion == Digest::of(signed_completion.as_bytes());
        belongs.then_some(statement).ok_or(Untrusted::Mixed)
    }

    pub(super) fn check_signature(&self, signed: &str) -> Result<(), Untrusted> {
        note::verify(signed, &format!("relay/{}", self.relay), &self.relay_key)?;
        Ok(())
    }

    fn text(&self) -> String {
        format!(
            "shopbell.app/relay-statement/v1\ndeletion {}\nnotice {}\ncompletion {}\nrelay {}\n\
             relay-key {}\nreceived-at {}\nerased-at {}\nerased streams={} envelopes={} routes={}\n",
            self.deletion,
            self.notice,
            self.completion,
            self.relay,
            self.relay_key,
            write_date(self.received_at),
            write_date(self.erased_at),
            self.streams,
            self.envelopes,
            self.routes,
        )
    }

    fn read(text: &str) -> Result<Self, Untrusted> {
        let mut lines = Lines::of(text, "shopbell.app/relay-statement/v1")?;
        let mut statement = Self {
            deletion: lines.value("deletion")?.parse()?,
            notice: lines.value("notice")?.parse()?,
            completion: lines.value("completion")?.parse()?,
            relay: lines.value("relay")?.parse()?,
            relay_key: lines.value("relay-key")?.parse()?,
            received_at: lines.date("received-at")?,
            erased_at: lines.date("erased-at")?,
            streams: 0,
            envelopes: 0,
            routes: 0,
        };
        let counts = lines.counts("erased")?;
        let [(_, streams), (_, envelopes), (_, routes)] = counts.as_slice() else {
            return Err(Untrusted::Malformed);
        };
        (statement.streams, statement.envelopes, statement.routes) =
            (*streams, *envelopes, *routes);
        (statement.text() == text)
            .then_some(statement)
            .ok_or(Untrusted::Malformed)
    }
}
