//! What the engine shows: plain read models in the shop's words. The shell turns them into what
//! crosses the border to the window; nothing here knows how it is drawn.

mod connection;
mod conversation;
mod media;

pub use connection::{
    Connection, FoundAccount, FoundState, LinkTarget, Login, LoginFailure, Permissions, Receipt,
    Relay, Trouble, WipeProgress,
};
pub use conversation::{
    Address, Attachment, AttachmentState, ConnectionCount, Conversation, ConversationPage, Counts,
    Draft, Filter, Found, Hit, Item, Last, LastKind, Message, Person, Progress, Quote, Reaction,
    Returned, Story, Thread, Window,
};
pub use media::{Media, MediaId};
