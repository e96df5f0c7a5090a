//! How much a channel takes in one message. Checked before sending, so that the owner learns it
//! from us and at once. Where Meta's pages differ, the stricter figure stands.

use crate::Channel;

/// How long the words of one message may be, in the channel's own unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextLimit {
    /// Bytes of UTF-8.
    Bytes(usize),
    /// Characters. UTF-16 units are counted, as JavaScript does: never fewer than the platform
    /// counts, whichever way it counts.
    Characters(usize),
}

impl TextLimit {
    /// The limit of a channel.
    pub const fn of(channel: Channel) -> Self {
        match channel {
            // "Less than 2000 characters".
            Channel::Messenger => Self::Characters(1_999),
            Channel::Instagram => Self::Bytes(1_000),
            Channel::Whatsapp => Self::Characters(4_096),
            Channel::Sms => Self::Characters(1_600),
        }
    }

    /// The most that is allowed, in the limit's unit.
    pub const fn most(self) -> usize {
        match self {
            Self::Bytes(most) | Self::Characters(most) => most,
        }
    }

    /// How much of the limit `text` takes.
    pub fn used(self, text: &str) -> usize {
        match self {
            Self::Bytes(_) => text.len(),
            Self::Characters(_) => text.encode_utf16().count(),
        }
    }

    /// Whether `text` fits.
    pub fn allows(self, text: &str) -> bool {
        self.used(text) <= self.most()
    }
}

/// The largest picture a channel takes, in bytes; `None` where pictures cannot be sent.
pub const fn picture_limit(channel: Channel) -> Option<usize> {
    match channel {
        Channel::Messenger | Channel::Instagram => Some(8_000_000),
        Channel::Whatsapp => Some(5_000_000),
        Channel::Sms => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instagram_counts_bytes_and_the_others_characters() {
        let thousand = "é".repeat(500);
        assert!(TextLimit::of(Channel::Instagram).allows(&thousand));
        assert!(!TextLimit::of(Channel::Instagram).allows(&format!("{thousand}.")));
        assert!(TextLimit::of(Channel::Messenger).allows(&"é".repeat(1_999)));
        assert!(!TextLimit::of(Channel::Messenger).allows(&"é".repeat(2_000)));
        assert!(TextLimit::of(Channel::Whatsapp).allows(&"é".repeat(4_096)));
        assert!(!TextLimit::of(Channel::Whatsapp).allows(&"é".repeat(4_097)));
    }

    #[test]
    fn an_emoji_is_never_counted_as_less_than_the_platform_counts_it() {
        assert_eq!(TextLimit::of(Channel::Whatsapp).used("👍🏽"), 4);
        assert_eq!(TextLimit::of(Channel::Instagram).used("👍🏽"), 8);
    }
}
