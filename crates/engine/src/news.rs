//! What the engine tells whoever shows it: ids, never content. Whoever cares reads again. A reader
//! who falls behind loses news, not data, and is told so by the channel.

use domain::{ConnectionId, ConversationId};

use crate::read::LastKind;

/// Something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The phase, the link or a setting.
    App,
    /// These conversations' rows; empty means any.
    Conversations(Vec<ConversationId>),
    /// The messages of one conversation.
    Messages {
        /// Which one.
        conversation: ConversationId,
        /// Something new came from the person.
        arrived: bool,
    },
    /// The state of one or more connections.
    Connections,
    /// The login moved on.
    Login,
    /// A wipe moved on.
    Wipe,
    /// A wiped connection: whatever shows it forgets it now.
    Forgotten(ConnectionId),
    /// An erased person's conversation: whatever shows it forgets it now.
    Erased(ConversationId),
}

/// A message from a person has arrived and was written down: worth a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Where it belongs; also the notification's tag, so that a repetition replaces it.
    pub conversation: ConversationId,
    /// The person's name as the list shows it; may be empty.
    pub name: String,
    /// The words, if any, on one line and shortened.
    pub text: Option<String>,
    /// What stands in for words.
    pub kind: LastKind,
}
