//! Which language a page is in, and its dates.

use axum::http::{HeaderMap, header};
use wire::write_date;

/// A language pages come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Language {
    pub(super) tag: &'static str,
    pub(super) name: &'static str,
    pub(super) dir: &'static str,
    months: [&'static str; 12],
    /// How day, month and year stand beside each other.
    date: &'static str,
}

pub(super) const LANGUAGES: [Language; 4] = [
    Language {
        tag: "en",
        name: "English",
        dir: "ltr",
        months: [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        date: "{day} {month} {year}",
    },
    Language {
        tag: "es",
        name: "Español",
        dir: "ltr",
        months: [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
        date: "{day} de {month} de {year}",
    },
    Language {
        tag: "ar",
        name: "العربية",
        dir: "rtl",
        months: [
            "يناير",
            "فبراير",
            "مارس",
            "أبريل",
            "مايو",
            "يونيو",
            "يوليو",
            "أغسطس",
            "سبتمبر",
            "أكتوبر",
            "نوفمبر",
            "ديسمبر",
        ],
        date: "{day} {month} {year}",
    },
    Language {
        tag: "de",
        name: "Deutsch",
        dir: "ltr",
        months: [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        date: "{day}. {month} {year}",
    },
];

/// A moment, for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) iso: String,
    pub(super) shown: String,
}

impl Language {
    /// The language asked for: by the address, else by the browser, else English.
    pub(super) fn asked(query: &str, headers: &HeaderMap) -> Self {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let in_address = pairs
            .find(|(name, _)| name == "lang")
            .map(|(_, value)| value.into_owned());
        let browser = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        let wanted = in_address.iter().map(String::as_str);
        let wanted = wanted.chain(browser.unwrap_or_default().split(','));
        let mut tags = wanted.map(|one| one.trim().split(['-', ';']).next().unwrap_or_default());
        let [english, ..] = LANGUAGES;
        tags.find_map(|tag| {
            LANGUAGES
                .into_iter()
                .find(|language| language.tag.eq_ignore_ascii_case(tag))
        })
        .unwrap_or(english)
    }

    /// The other languages.
    pub(super) fn others(self) -> Vec<Self> {
        LANGUAGES
            .into_iter()
            .filter(|other| *other != self)
            .collect()
    }

    /// A moment to its second, in UTC.
    pub(super) fn moment(self, at: i64) -> Date {
        let iso = write_date(at);
        let time = iso.get(11..19).unwrap_or_default().to_owned();
        Date {
            shown: format!("{}, {time} UTC", self.day(at)),
            iso,
        }
    }

    /// The day of a moment.
    pub(super) fn day(self, at: i64) -> String {
        let iso = write_date(at);
        let part = |from: usize, to: usize| iso.get(from..to).unwrap_or_default();
        let month: usize = part(5, 7).parse().unwrap_or(1);
        let month = self
            .months
            .get(month.saturating_sub(1))
            .copied()
            .unwrap_or_default();
        self.date
            .replace("{day}", part(8, 10).trim_start_matches('0'))
            .replace("{month}", month)
            .replace("{year}", part(0, 4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str, accept: &str) -> &'static str {
        let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, accept.parse().unwrap())]);
        Language::asked(query, &headers).tag
    }

    #[test]
    fn the_address_wins_over_the_browser() {
        assert_eq!(asked("lang=ar", "de"), "ar");
        assert_eq!(asked("", "fr-FR, de-CH;q=0.8, en"), "de");
        assert_eq!(asked("lang=xx", "zz"), "en");
    }

    #[test]
    fn a_date_is_written_as_the_language_does() {
        let shown: Vec<_> = LANGUAGES
            .iter()
            .map(|language| language.moment(1_795_514_531_000).shown)
            .collect();
        assert_eq!(
            shown,
            [
                "24 November 2026, 10:02:11 UTC",
                "24 de noviembre de 2026, 10:02:11 UTC",
                "24 نوفمبر 2026, 10:02:11 UTC",
                "24. November 2026, 10:02:11 UTC",
            ]
        );
    }
}
