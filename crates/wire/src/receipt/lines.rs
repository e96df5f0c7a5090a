//! The lines of a note: a name, a blank and a value each; writing them and taking them in order.

use super::Untrusted;
use crate::ids::BadId;
use crate::read_date;

pub(super) fn list<T: std::fmt::Display>(items: &[T]) -> String {
    items.iter().map(|item| format!(" {item}")).collect()
}

pub(super) fn counts(items: &[(String, u64)]) -> String {
    items
        .iter()
        .map(|(name, count)| format!(" {}={count}", word_of(name)))
        .collect()
}

fn word_of(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_ascii_lowercase() || *letter == '-')
        .collect()
}

pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect()
}

/// The lines of a text, taken in order.
pub(super) struct Lines<'a>(std::iter::Peekable<std::str::Lines<'a>>);

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str, first: &str) -> Result<Self, Untrusted> {
        let mut lines = text.lines().peekable();
        (lines.next() == Some(first))
            .then_some(Self(lines))
            .ok_or(Untrusted::Malformed)
    }

    pub(super) fn value(&mut self, name: &str) -> Result<&'a str, Untrusted> {
        let value = self.0.peek().and_then(|line| line.strip_prefix(name));
        let value = value.and_then(|value| {
            if value.is_empty() {
                Some("")
            } else {
                value.strip_prefix(' ')
            }
        });
        self.0.next_if(|_| value.is_some());
        value.ok_or(Untrusted::Malformed)
    }

    pub(super) fn date(&mut self, name: &str) -> Result<i64, Untrusted> {
        read_date(self.value(name)?).ok_or(Untrusted::Malformed)
    }

    pub(super) fn ids<T: std::str::FromStr<Err = BadId>>(
        &mut self,
        name: &str,
    ) -> Result<Vec<T>, Untrusted> {
        let ids = self.value(name)?.split_ascii_whitespace();
        ids.map(|id| id.parse().map_err(Untrusted::from)).collect()
    }

    pub(super) fn counts(&mut self, name: &str) -> Result<Vec<(String, u64)>, Untrusted> {
        let count = |pair: &str| {
            let (name, count) = pair.split_once('=')?;
            Some((name.to_owned(), count.parse().ok()?))
        };
        let pairs = self.value(name)?.split_ascii_whitespace();
        pairs
            .map(|pair| count(pair).ok_or(Untrusted::Malformed))
            .collect()
    }
}
