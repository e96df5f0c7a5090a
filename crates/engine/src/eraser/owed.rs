//! What the relay is owed of an erasure. Everything in it is signed or known before the wipe begins,
//! since afterwards there is nothing left to sign with.

use serde::{Deserialize, Serialize};
use store::Wipe;
use url::Url;
use wire::receipt::{AtMeta, WipeCompletion};
use wire::{DeletionId, Digest, RelayKeys, SigningSecret, VerifyKey};

use crate::random;

/// What the journal keeps for the relay's part: everything is signed or known before the wipe
/// begins, since afterwards there is nothing left to sign with.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Owed {
    /// The relay's address and the keys that were pinned there; `None` if no relay was ever met.
    pub(crate) relay: Option<(Url, [VerifyKey; 2])>,
    /// Signed by the device's identity.
    pub(crate) notice: String,
    /// The seed of the wipe's own key.
    wipe_seed: Digest,
    pub(crate) erased: Vec<(String, u64)>,
    pub(crate) revoked: Told,
    pub(crate) unsubscribed: Told,
}

impl std::fmt::Debug for Owed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Owed")
            .field("erased", &self.erased)
            .finish_non_exhaustive()
    }
}

/// What Meta said when access was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    Confirmed,
    StillNeeded,
    AlreadyGone,
    NotConfirmed,
}

impl From<Told> for AtMeta {
    fn from(told: Told) -> Self {
        match told {
            Told::Confirmed => Self::Confirmed,
            Told::StillNeeded => Self::StillNeeded,
            Told::AlreadyGone => Self::AlreadyGone,
            Told::NotConfirmed => Self::NotConfirmed,
        }
    }
}

impl Owed {
    /// With a key for this wipe alone. The notice is signed by the caller.
    pub(crate) fn new(relay: Option<(&Url, &RelayKeys)>) -> Self {
        Self {
            relay: relay.map(|(url, keys)| (url.clone(), [keys.current, keys.next])),
            notice: String::new(),
            wipe_seed: Digest::from_bytes(random::bytes()),
            erased: Vec::new(),
            revoked: Told::NotConfirmed,
            unsubscribed: Told::NotConfirmed,
        }
    }

    /// The public half of the wipe's own key.
    pub(crate) fn wipe_key(&self) -> VerifyKey {
        SigningSecret::from_seed(self.wipe_seed.as_bytes()).public()
    }

    /// With the notice, signed.
    pub(crate) fn signed(&self, notice: String) -> Self {
        Self {
            notice,
            ..self.clone()
        }
    }

    pub(super) fn of(wipe: &Wipe) -> Option<Self> {
        serde_json::from_str(&wipe.notice).ok()
    }

    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("text and numbers are JSON")
    }

    pub(super) fn completion(&self, deletion: DeletionId, now: i64) -> String {
        WipeCompletion {
            deletion,
            notice: Digest::of(self.notice.as_bytes()),
            completed_at: now,
            erased: self.erased.clone(),
            kept: Vec::new(),
            revoked: self.revoked.into(),
            unsubscribed: self.unsubscribed.into(),
            backups: Vec::new(),
        }
        .sign(&SigningSecret::from_seed(self.wipe_seed.as_bytes()))
    }
}
