//! The words a receipt uses for who asked, how much, and what Meta said.

use super::Untrusted;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// Its word in the text.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            pub(super) fn read(word: &str) -> Result<Self, Untrusted> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(Untrusted::Malformed),
                }
            }
        }
    };
}

words! {
    /// Who asked for a wipe.
    AskedBy {
        /// The owner of the shop.
        Owner = "owner",
        /// Meta's data-deletion callback.
        Meta = "meta",
        /// Meta's deauthorize callback, after its grace.
        Deauthorized = "deauthorized",
        /// A person who wrote to the shop.
        Person = "person",
        /// A retention rule of the shop.
        Retention = "retention",
    }
}
words! {
    /// How much a wipe covers.
    Scope {
        /// One connection.
        Connection = "connection",
        /// All connections of a login.
        Login = "login",
        /// One person.
        Person = "person",
        /// Everything on this device.
        Everything = "everything",
    }
}
words! {
    /// What Meta said when access was to be given up.
    AtMeta {
        /// Meta confirmed it.
        Confirmed = "confirmed",
        /// Another connection still needs it.
        StillNeeded = "still-needed",
        /// Access had ended before.
        AlreadyGone = "already-gone",
        /// Meta did not confirm it; the owner does it in Meta's own settings.
        NotConfirmed = "not-confirmed",
    }
}

/// Where an owner ends access when Meta did not confirm it.
pub const META_SETTINGS: &str = "https://www.facebook.com/settings?tab=business_tools";
