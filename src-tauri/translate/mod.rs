//! From the engine's words to the window's. Only shapes change here; nothing is decided.

mod app;
mod connections;
mod error;
mod inbox;
pub mod plain;
mod thread;

use domain::inbound::Author;
use domain::{Channel, Timestamp};

use crate::view::inbox::{AuthorView, ChannelView};

pub use app::app_view;
pub use connections::{connection, whole_name};
pub use inbox::{conversation, filter};
pub use thread::thread;

/// Every item of a list.
pub fn all<A, B>(items: Vec<A>, each: impl Fn(A) -> B) -> Vec<B> {
    items.into_iter().map(each).collect()
}

impl From<Channel> for ChannelView {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Instagram => Self::Instagram,
            Channel::Messenger => Self::Messenger,
            Channel::Whatsapp => Self::Whatsapp,
            Channel::Sms => Self::Sms,
        }
    }
}

impl From<Author> for AuthorView {
    fn from(author: Author) -> Self {
        match author {
            Author::Person => Self::Person,
            Author::Shop => Self::Shop,
        }
    }
}

/// A moment as the window counts them.
pub const fn moment(at: Timestamp) -> i64 {
    at.0
}

/// The address the window asks for a picture by.
pub fn media_address(id: engine::read::MediaId) -> String {
    if cfg!(windows) {
        format!("http://shopmedia.localhost/{id}")
    } else {
        format!("shopmedia://localhost/{id}")
    }
}
