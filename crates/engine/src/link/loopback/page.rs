//! The one page a browser ends on after a login: its sentences in each language, and the answer
//! they stand in. It decides nothing.

use crate::settings::Language;

/// What the page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// The login brought something: what is connected is chosen in the window.
    GoOn,
    /// The login brought nothing.
    NothingConnected,
    /// The code is of no login of this program's.
    NotKnown,
    /// Not the place a login comes back to.
    NothingHere,
}

/// The languages of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    English,
    Arabic,
}

impl Tongue {
    /// The language the owner has set; where it is the computer's, the first that the browser asks
    /// for and the page has.
    pub(super) fn of(set: Language, request: &[u8]) -> Self {
        match set {
            Language::English => Self::English,
            Language::Arabic => Self::Arabic,
            Language::System => Self::asked(request),
        }
    }

    fn asked(request: &[u8]) -> Self {
        let request = String::from_utf8_lossy(request);
        let wanted = request.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("accept-language")
                .then_some(value)
        });
        let tags = wanted.unwrap_or_default().split(',');
        let mut tags = tags.map(|tag| tag.trim().split(['-', ';']).next().unwrap_or_default());
        let known = tags.find_map(|tag| match tag.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "ar" => Some(Self::Arabic),
            _ => None,
        });
        known.unwrap_or(Self::English)
    }

    const fn tag_and_direction(self) -> (&'static str, &'static str) {
        match self {
            Self::English => ("en", "ltr"),
            Self::Arabic => ("ar", "rtl"),
        }
    }

    const fn sentence(self, said: Said) -> &'static str {
        match (self, said) {
            (Self::English, Said::GoOn) => "Go on in Shopbell. You can close this page.",
            (Self::English, Said::NothingConnected) => {
                "Nothing was connected. Go back to Shopbell."
            }
            (Self::English, Said::NotKnown) => {
                "This sign-in is not known here. Nothing was connected. To sign in, start in \
                 Shopbell."
            }
            (Self::English, Said::NothingHere) => "There is nothing here.",
            (Self::Arabic, Said::GoOn) => "تابع في Shopbell. يمكنك إغلاق هذه الصفحة.",
            (Self::Arabic, Said::NothingConnected) => "لم يُربط شيء. عُد إلى Shopbell.",
            (Self::Arabic, Said::NotKnown) => {
                "تسجيل الدخول هذا غير معروف هنا. لم يُربط شيء. لتسجيل الدخول ابدأ من Shopbell."
            }
            (Self::Arabic, Said::NothingHere) => "لا شيء هنا.",
        }
    }

    /// The whole answer.
    pub(super) fn answer(self, said: Said) -> String {
        let status = match said {
            Said::GoOn | Said::NothingConnected => "200 OK",
            Said::NotKnown => "403 Forbidden",
            Said::NothingHere => "404 Not Found",
        };
        let (tag, direction) = self.tag_and_direction();
        let sentence = self.sentence(said);
        let body = format!(
            "<!doctype html>\n<html lang=\"{tag}\" dir=\"{direction}\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>Shopbell</title>\n\
             <body style=\"font:1rem system-ui;margin:4rem\"><main><p>{sentence}</p></main>\n"
        );
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n\
             X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
             Cache-Control: no-store\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: Language, accept: &str) -> Tongue {
        let request = format!("GET /h?c=x HTTP/1.1\r\nHost: x\r\n{accept}\r\n\r\n");
        Tongue::of(set, request.as_bytes())
    }

    #[test]
    fn the_owner_s_language_wins_over_the_browser_s() {
        let arabic = "Accept-Language: ar-EG,ar;q=0.9,en;q=0.5";
        assert_eq!(of(Language::English, arabic), Tongue::English);
        assert_eq!(of(Language::Arabic, "Accept-Language: en"), Tongue::Arabic);
        assert_eq!(of(Language::System, arabic), Tongue::Arabic);
        let lower = "accept-language: fr-FR, AR;q=0.8, en";
        assert_eq!(of(Language::System, lower), Tongue::Arabic);
        for other in [
            "Accept-Language: fr, en, ar",
            "Accept-Language: zz",
            "X: ar",
        ] {
            assert_eq!(of(Language::System, other), Tongue::English, "{other}");
        }
    }

    #[test]
    fn each_page_names_its_language_and_direction_and_says_its_own() {
        let mut sentences = std::collections::BTreeSet::new();
        for (tongue, tag) in [
            (Tongue::English, "<html lang=\"en\" dir=\"ltr\">"),
            (Tongue::Arabic, "<html lang=\"ar\" dir=\"rtl\">"),
        ] {
            for said in [
                Said::GoOn,
                Said::NothingConnected,
                Said::NotKnown,
                Said::NothingHere,
            ] {
                let answer = tongue.answer(said);
                assert!(answer.contains(tag), "{answer}");
                let (_, body) = answer.split_once("\r\n\r\n").unwrap();
                let length = format!("Content-Length: {}\r\n", body.len());
                assert!(answer.contains(&length), "{answer}");
                sentences.insert(tongue.sentence(said));
            }
        }
        assert_eq!(sentences.len(), 8);
    }
}
