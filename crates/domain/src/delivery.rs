//! What becomes of a message the shop sends.

use serde::{Deserialize, Serialize};

/// How far a message of the shop's has come. It only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Written down; leaves after the hold.
    Queued,
    /// On its way to the platform; committed before the first byte leaves.
    Sending,
    /// It may have arrived: the platform did not answer. Never resent by the program.
    Unconfirmed,
    /// The platform has it.
    Sent,
    /// It is on the person's device.
    Delivered,
    /// The person opened it.
    Read,
    /// The platform refused it, or could not hand it over.
    Failed,
}

impl Delivery {
    /// The name kept in the vault.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Unconfirmed => "unconfirmed",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }

    /// The state of a name, as [`Delivery::name`] writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Sending,
            Self::Unconfirmed,
            Self::Sent,
            Self::Delivered,
            Self::Read,
            Self::Failed,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }

    /// Where a message is after the platform reports `news`. Late and repeated reports change
    /// nothing; a failure is final unless the platform later says the message was delivered.
    #[must_use]
    pub const fn advance(self, news: Self) -> Self {
        match (self, news) {
            (Self::Failed, Self::Delivered | Self::Read) => news,
            (Self::Failed, _) => self,
            (Self::Delivered | Self::Read, Self::Failed) => self,
            (_, Self::Failed) => news,
            _ if news.rank() > self.rank() => news,
            _ => self,
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Sending => 1,
            Self::Unconfirmed => 2,
            Self::Sent => 3,
            Self::Delivered => 4,
            Self::Read => 5,
            Self::Failed => 6,
        }
    }
}
