//! Meta: one client for Messenger, Instagram (through its Page) and WhatsApp.

pub mod accounts;
pub mod errors;
pub mod graph;
pub mod history;
pub mod hosts;
pub mod login;
pub mod media;
pub(crate) mod message;
pub(crate) mod messenger;
pub mod profile;
pub mod reconcile;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod recorded_whole;
pub mod send;
pub mod subscription;
pub mod token;
pub mod urls;
pub mod usage;
pub mod verdict;
pub(crate) mod whatsapp;

use domain::Channel;

pub use errors::{Error, Refusal};
pub use graph::{Graph, Pace};
pub use token::Token;
pub use urls::PlatformUrls;
pub use verdict::Verdict;

/// The version of the Graph API every call names.
pub const VERSION: &str = "v25.0";

/// The ids by which Meta knows a connected account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// A Facebook Page's Messenger.
    Messenger {
        /// The Page's id.
        page: String,
    },
    /// An Instagram professional account, reached with the token of its Page.
    Instagram {
        /// The id of the Page it is linked to.
        page: String,
        /// The account's own id (17841…), as webhooks name it.
        instagram: String,
    },
    /// One number of a WhatsApp Business account.
    Whatsapp {
        /// The id of the number, not the number itself.
        phone_number: String,
        /// The id of the WhatsApp Business account it belongs to.
        business_account: String,
    },
}

impl Account {
    /// The channel the account is on.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Messenger { .. } => Channel::Messenger,
            Self::Instagram { .. } => Channel::Instagram,
            Self::Whatsapp { .. } => Channel::Whatsapp,
        }
    }

    /// The id by which webhooks name the account: what [`crate::RawPart::account`] wants.
    pub fn own_id(&self) -> &str {
        match self {
            Self::Messenger { page } => page,
            Self::Instagram { instagram, .. } => instagram,
            Self::Whatsapp { phone_number, .. } => phone_number,
        }
    }

    /// The node the app subscribes to: the Page, or the WhatsApp Business account.
    pub fn subscription_node(&self) -> &str {
        match self {
            Self::Messenger { page } | Self::Instagram { page, .. } => page,
            Self::Whatsapp {
                business_account, ..
            } => business_account,
        }
    }

    /// The node messages are sent from: the Page, or the number.
    pub fn sending_node(&self) -> &str {
        match self {
            Self::Messenger { page } | Self::Instagram { page, .. } => page,
            Self::Whatsapp { phone_number, .. } => phone_number,
        }
    }
}
