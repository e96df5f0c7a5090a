//! The shop "Fern & Ribbon": who works there and which accounts it has.
//!
//! One Page with its Instagram account, a second Page without one, a WhatsApp number; an owner
//! who may do everything and an employee who may not answer messages.

/// An account of the shop which a customer can write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Channel {
    Instagram,
    Messenger,
    Whatsapp,
}

impl Channel {
    pub(crate) const ALL: [Self; 3] = [Self::Instagram, Self::Messenger, Self::Whatsapp];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Messenger => "messenger",
            Self::Whatsapp => "whatsapp",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

#[derive(Debug)]
pub(crate) struct User {
    pub(crate) key: &'static str,
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// What this person may do on a Page, by Page id.
    pub(crate) roles: &'static [(&'static str, &'static [&'static str])],
    /// WhatsApp accounts this person may manage.
    pub(crate) wabas: &'static [&'static str],
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) category: (&'static str, &'static str),
    pub(crate) instagram: Option<Instagram>,
}

#[derive(Debug)]
pub(crate) struct Instagram {
    pub(crate) id: &'static str,
    pub(crate) username: &'static str,
    pub(crate) name: &'static str,
}

/// A WhatsApp Business account with its one number.
#[derive(Debug)]
pub(crate) struct Waba {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) phone: &'static str,
    pub(crate) display: &'static str,
    /// The number as webhooks and `to` have it: digits only.
    pub(crate) digits: &'static str,
}

pub(crate) const BUSINESS: (&str, &str) = ("1380274955120463", "Fern & Ribbon");

const EVERYTHING: &[&str] = &[
    "ANALYZE",
    "ADVERTISE",
    "MESSAGING",
    "MODERATE",
    "CREATE_CONTENT",
    "MANAGE",
];

pub(crate) const USERS: [User; 2] = [
    User {
        key: "owner",
        id: "10229384756102938",
        name: "Rosa Lindqvist",
        roles: &[
            ("104729583016472", EVERYTHING),
            ("108310962447153", EVERYTHING),
        ],
        wabas: &["382910475561204"],
    },
    User {
        key: "employee",
        id: "10160192837465567",
        name: "Tomás Herrera",
        roles: &[(
            "104729583016472",
            &["ANALYZE", "ADVERTISE", "MODERATE", "CREATE_CONTENT"],
        )],
        wabas: &[],
    },
];

pub(crate) const PAGES: [Page; 2] = [
    Page {
        id: "104729583016472",
        name: "Fern & Ribbon",
        category: ("192134360811676", "Florist"),
        instagram: Some(Instagram {
            id: "17841405822304914",
            username: "fern.and.ribbon",
            name: "Fern & Ribbon",
        }),
    },
    Page {
        id: "108310962447153",
        name: "Fern & Ribbon Weddings",
        category: ("2500", "Wedding Planning Service"),
        instagram: None,
    },
];

pub(crate) const WABAS: [Waba; 1] = [Waba {
    id: "382910475561204",
    name: "Fern & Ribbon",
    phone: "270914356118873",
    display: "+44 20 7946 0817",
    digits: "442079460817",
}];

/// The user of this id or of this short name.
pub(crate) fn user(id_or_key: &str) -> Option<&'static User> {
    USERS
        .iter()
        .find(|user| user.id == id_or_key || user.key == id_or_key)
}

pub(crate) fn page(id: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.id == id)
}

/// The Page an Instagram account belongs to, with the account.
pub(crate) fn instagram(id: &str) -> Option<(&'static Page, &'static Instagram)> {
    let with = |page: &'static Page| Some((page, page.instagram.as_ref()?));
    PAGES
        .iter()
        .filter_map(with)
        .find(|(_, instagram)| instagram.id == id)
}

pub(crate) fn waba(id: &str) -> Option<&'static Waba> {
    WABAS.iter().find(|waba| waba.id == id)
}

pub(crate) fn phone(id: &str) -> Option<&'static Waba> {
    WABAS.iter().find(|waba| waba.phone == id)
}

/// Which channel an account id of ours is on.
pub(crate) fn channel_of(account: &str) -> Option<Channel> {
    if page(account).is_some() {
        return Some(Channel::Messenger);
    }
    if instagram(account).is_some() {
        return Some(Channel::Instagram);
    }
    phone(account).map(|_| Channel::Whatsapp)
}

/// The account customers write to when nobody says which.
pub(crate) fn usual_account(channel: Channel) -> &'static str {
    match channel {
        Channel::Instagram => "17841405822304914",
        Channel::Messenger => "104729583016472",
        Channel::Whatsapp => "270914356118873",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_accounts_exist_and_the_second_page_has_no_instagram() {
        for channel in Channel::ALL {
            assert_eq!(channel_of(usual_account(channel)), Some(channel));
        }
        assert!(PAGES[1].instagram.is_none());
    }

    #[test]
    fn the_employee_may_not_answer_messages() {
        let employee = user("employee").unwrap();
        assert!(
            employee
                .roles
                .iter()
                .all(|(_, tasks)| !tasks.contains(&"MESSAGING"))
        );
    }
}
