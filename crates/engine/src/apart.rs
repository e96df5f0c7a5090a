//! Accounts that would look alike: a Page has neither handle nor number, and two may bear one name.
//! Where they do, the end of the platform's id stands in for a handle.

use domain::Channel;

/// What tells it from a handle, and is not typed.
pub(crate) const BEFORE_AN_END: char = '…';
/// How much of an id is enough, if it is enough.
const DIGITS: usize = 4;

/// An account, as its owner sees it and as the platform knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account<'a> {
    pub(crate) channel: Channel,
    pub(crate) name: &'a str,
    /// Its handle or number.
    pub(crate) handle: Option<&'a str>,
    pub(crate) platform_id: &'a str,
}

/// The handle or number of an account, or what tells it apart from the others of its name.
pub(crate) fn handle(one: Account<'_>, all: &[Account<'_>]) -> Option<String> {
    if let Some(handle) = one.handle {
        return Some(handle.to_owned());
    }
    let namesakes: Vec<&str> = all
        .iter()
        .filter(|other| {
            other.channel == one.channel
                && other.handle.is_none()
                && other.name.trim() == one.name.trim()
                && other.platform_id != one.platform_id
        })
        .map(|other| other.platform_id)
        .collect();
    if namesakes.is_empty() {
        return None;
    }
    let ending = (DIGITS..)
        .map(|length| ending(one.platform_id, length))
        .find(|end| *end == one.platform_id || namesakes.iter().all(|id| !id.ends_with(end)))?;
    Some(format!("{BEFORE_AN_END}{ending}"))
}

fn ending(id: &str, length: usize) -> &str {
    let start = id.char_indices().rev().nth(length.saturating_sub(1));
    start.and_then(|(at, _)| id.get(at..)).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page<'a>(name: &'a str, platform_id: &'a str) -> Account<'a> {
        Account {
            channel: Channel::Messenger,
            name,
            handle: None,
            platform_id,
        }
    }

    #[test]
    fn pages_of_one_name_are_told_apart_by_the_end_of_their_ids() {
        let all = [
            page("Fern & Ribbon", "102030405061234"),
            page("Fern & Ribbon", "102030405069876"),
            page("Weddings", "7"),
        ];
        let shown = all.map(|one| handle(one, &all));
        assert_eq!(
            shown.each_ref().map(Option::as_deref),
            [Some("…1234"), Some("…9876"), None]
        );
    }

    #[test]
    fn as_much_of_the_id_is_shown_as_it_takes() {
        let all = [
            page("Fern", "51234"),
            page("Fern", "61234"),
            page("Fern", "34"),
        ];
        let shown = all.map(|one| handle(one, &all));
        assert_eq!(
            shown.each_ref().map(Option::as_deref),
            [Some("…51234"), Some("…61234"), Some("…34")]
        );
    }

    #[test]
    fn a_handle_is_enough_and_another_channel_is_no_namesake() {
        let all = [
            page("Fern", "101234"),
            Account {
                handle: Some("fern"),
                ..page("Fern", "109876")
            },
            Account {
                channel: Channel::Instagram,
                ..page("Fern", "105555")
            },
        ];
        let shown = all.map(|one| handle(one, &all));
        assert_eq!(
            shown.each_ref().map(Option::as_deref),
            [None, Some("fern"), None]
        );
    }
}
