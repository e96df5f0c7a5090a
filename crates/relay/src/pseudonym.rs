//! What the relay calls accounts and people at rest: an HMAC under the pepper, which lies in the
//! keys folder and never in the store. From the store alone nobody learns who a row is about.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The name of an account, a person or a thing seen before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Pseudonym([u8; 32]);

impl Pseudonym {
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Pseudonym {
    /// Six bytes: enough to follow one through a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .take(6)
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A Page, by its id.
    Page,
    /// An Instagram account, by its id.
    Instagram,
    /// A WhatsApp number, by its id.
    Number,
    /// A WhatsApp Business account, by its id.
    WhatsappAccount,
    /// A person, by the id Meta has for them in this app.
    Person,
    /// The body of a webhook.
    Body,
    /// A deletion request: person and moment.
    Request,
    /// The state of a login under way.
    State,
    /// A one-time code.
    Code,
    /// A device or a login, as the log calls it.
    Logged,
}

impl Kind {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Page => b"page\n",
            Self::Instagram => b"instagram\n",
            Self::Number => b"number\n",
            Self::WhatsappAccount => b"whatsapp-account\n",
            Self::Person => b"person\n",
            Self::Body => b"body\n",
            Self::Request => b"request\n",
            Self::State => b"state\n",
            Self::Code => b"code\n",
            Self::Logged => b"logged\n",
        }
    }
}

/// The secret under which names are made. Losing it loses all routes; showing it shows none
/// without the store.
#[derive(Clone)]
pub(crate) struct Pepper(Zeroizing<[u8; 32]>);

impl Pepper {
    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn name(&self, kind: Kind, id: impl AsRef<[u8]>) -> Pseudonym {
        Pseudonym(self.mac(kind.label(), id.as_ref()))
    }

    /// The PKCE verifier of a login: made again from the login's state when it is needed, so that
    /// it is kept nowhere.
    pub(crate) fn pkce_verifier(&self, state: &str) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD
            .encode(self.mac(b"pkce\n", state.as_bytes()))
    }

    fn mac(&self, label: &[u8], bytes: &[u8]) -> [u8; 32] {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice());
        let mac = mac.expect("HMAC takes a key of any length");
        mac.chain_update(label)
            .chain_update(bytes)
            .finalize()
            .into_bytes()
            .into()
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_id_of_another_kind_has_another_name() {
        let pepper = Pepper::from_bytes([1; 32]);
        assert_eq!(pepper.name(Kind::Page, "1"), pepper.name(Kind::Page, "1"));
        assert_ne!(
            pepper.name(Kind::Page, "1"),
            pepper.name(Kind::Instagram, "1")
        );
        assert_ne!(pepper.name(Kind::Page, "1"), pepper.name(Kind::Page, "2"));
        let other = Pepper::from_bytes([2; 32]);
        assert_ne!(pepper.name(Kind::Page, "1"), other.name(Kind::Page, "1"));
    }

    #[test]
    fn a_pkce_verifier_is_as_long_as_one_must_be() {
        assert_eq!(Pepper::from_bytes([1; 32]).pkce_verifier("state").len(), 43);
    }
}
