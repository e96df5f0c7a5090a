//! The shop's own words: people, conversations, messages, and the rules between them.
//!
//! Pure: no input or output, no clock, no async. Every function that depends on the time takes
//! `now`. What a platform says is turned into these types by `channels`; what is written down is
//! decided by `store`; this crate only says what things are and what is allowed.
#![warn(missing_docs)]

pub mod channel;
pub mod contact;
pub mod delivery;
pub mod id;
pub mod inbound;
pub mod limits;
pub mod outbound;
pub mod reply_window;
pub mod secrets;
pub mod time;

pub use channel::Channel;
pub use contact::{ContactKey, ContactKind, ContactRef};
pub use delivery::Delivery;
pub use id::{ConnectionId, ConversationId, MessageId, OurId, PersonId};
pub use time::Timestamp;
