//! Meta, as the relay asks it: only ever the hosts it was configured with, never an address that
//! came from outside.

mod accounts;
mod graph;
mod oauth;
#[cfg(test)]
mod recorded;
mod rights;

#[cfg(fuzzing)]
pub(crate) use accounts::ready_without_rights;
pub(crate) use accounts::{Account, account_of, accounts};
#[cfg(fuzzing)]
pub(crate) use graph::refusal_in;
pub(crate) use graph::{Debugged, Platform, PlatformError};
pub(crate) use oauth::Authorization;
pub(crate) use rights::Rights;

/// What a login asks for.
pub(crate) const SCOPES: [&str; 9] = [
    "pages_show_list",
    "pages_manage_metadata",
    "pages_messaging",
    "instagram_basic",
    "instagram_manage_messages",
    "whatsapp_business_management",
    "whatsapp_business_messaging",
    "business_management",
    "pages_read_engagement",
];
