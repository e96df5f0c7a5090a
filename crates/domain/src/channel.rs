//! The four ways a person can write to the shop.

use serde::{Deserialize, Serialize};

/// A channel a connection belongs to. A new one is a variant here and a compiler error at every
/// place that must decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Instagram direct messages.
    Instagram,
    /// A Facebook Page's Messenger.
    Messenger,
    /// A WhatsApp Business number.
    Whatsapp,
    /// A Twilio number.
    Sms,
}

impl Channel {
    /// The lower-case name used in files, frames and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Messenger => "messenger",
            Self::Whatsapp => "whatsapp",
            Self::Sms => "sms",
        }
    }

    /// The channel of a lower-case name, as [`Channel::name`] writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Instagram, Self::Messenger, Self::Whatsapp, Self::Sms]
            .into_iter()
            .find(|channel| channel.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_written_as_it_is_read() {
        for channel in [
            Channel::Instagram,
            Channel::Messenger,
            Channel::Whatsapp,
            Channel::Sms,
        ] {
            assert_eq!(Channel::from_name(channel.name()), Some(channel));
            let json = serde_json::to_string(&channel).unwrap();
            assert_eq!(json, format!("\"{}\"", channel.name()));
        }
        assert_eq!(Channel::from_name("fax"), None);
    }
}
