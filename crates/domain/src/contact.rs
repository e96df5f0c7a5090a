//! A person as one connection knows them.

use serde::{Deserialize, Serialize};

/// What kind of key a platform knows a person by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// Page-scoped id (Messenger).
    Psid,
    /// Instagram-scoped id.
    Igsid,
    /// A phone number in digits, as WhatsApp's `wa_id` writes it, or E.164 for SMS.
    Phone,
    /// WhatsApp's business-scoped user id, `CC.` and up to 128 letters and digits.
    Bsuid,
    /// The same across linked portfolios, `CC.ENT.…`.
    ParentBsuid,
}

impl ContactKind {
    /// The name kept in the vault.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Psid => "psid",
            Self::Igsid => "igsid",
            Self::Phone => "phone",
            Self::Bsuid => "bsuid",
            Self::ParentBsuid => "parent_bsuid",
        }
    }

    /// The kind of a name, as [`ContactKind::name`] writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Psid,
            Self::Igsid,
            Self::Phone,
            Self::Bsuid,
            Self::ParentBsuid,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}

/// One key a platform knows a person by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContactKey {
    /// What kind of key it is.
    pub kind: ContactKind,
    /// The key itself, as text, never a number: Meta's ids pass 2^53.
    pub value: String,
}

/// Everything one payload says about who a person is. A person may be known by several keys; two
/// keys in one payload belong to the same person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRef {
    /// At least one key, the one to write to first.
    pub keys: Vec<ContactKey>,
    /// The name they gave themselves, where the payload carries one.
    pub name: Option<String>,
    /// Their handle without `@`, where the payload carries one.
    pub handle: Option<String>,
}

impl ContactRef {
    /// A person known by one key and nothing else.
    pub fn of(kind: ContactKind, value: impl Into<String>) -> Self {
        Self {
            keys: vec![ContactKey {
                kind,
                value: value.into(),
            }],
            name: None,
            handle: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_written_as_it_is_read() {
        use ContactKind::{Bsuid, Igsid, ParentBsuid, Phone, Psid};
        for kind in [Psid, Igsid, Phone, Bsuid, ParentBsuid] {
            assert_eq!(ContactKind::from_name(kind.name()), Some(kind));
            assert_eq!(
                serde_json::to_string(&kind).unwrap(),
                format!("\"{}\"", kind.name())
            );
        }
        assert_eq!(ContactKind::from_name("email"), None);
    }
}
