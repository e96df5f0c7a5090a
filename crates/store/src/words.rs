//! Words as the search sees them. SQLite's own tokenizers find neither vowelled Arabic nor Chinese
//! nor "strasse" in "Straße", so text is brought into one plain form here, for the index and for the
//! query alike. Nothing of this is ever shown.
//!
//! Compatibility forms, case, diacritics, Arabic and Hebrew vowel signs, alef, yeh and heh variants and
//! foreign digits are folded; an Arabic word is also kept without its leading article or particle;
//! scripts that write no spaces become overlapping pairs of characters.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Raised whenever the form below changes: every index is then built again.
pub(crate) const VERSION: &str = "1";

/// A query never needs more words than this.
const MOST_WORDS: usize = 16;

/// The words of a text, ready for an index that splits at spaces.
pub fn for_index(text: &str) -> String {
    let mut tokens = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Word(word) => {
                tokens.extend(without_particles(&word));
                tokens.push(word);
            }
            Piece::Run(run) => {
                tokens.extend(pairs(&run));
                // So that the last character is found alone.
                tokens.extend(run.last().map(char::to_string));
            }
        }
    }
    tokens.join(" ")
}

/// A phone number for the index: by any of its endings, since people leave out the country.
pub(crate) fn phone_for_index(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let endings = (0..digits.len()).filter_map(|start| digits.get(start..));
    let long = endings
        .filter(|ending| ending.len() >= 4)
        .map(|ending| ending.iter().collect());
    long.collect::<Vec<String>>().join(" ")
}

/// What somebody searches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Each must be found; of its forms, one.
    words: Vec<Vec<String>>,
    /// Those of its words that are written without spaces, for showing where they stand.
    runs: Vec<Vec<char>>,
    phone: Option<String>,
}

impl Query {
    /// Reads what was typed. `None` if there is nothing in it to search for.
    pub fn parse(text: &str) -> Option<Self> {
        let pieces: Vec<Piece> = pieces(text).into_iter().take(MOST_WORDS).collect();
        let runs = pieces.iter().filter_map(Piece::run).collect();
        let words: Vec<Vec<String>> = pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Word(word) => {
                    let mut forms: Vec<String> = without_particles(&word).collect();
                    forms.push(word);
                    forms
                }
                Piece::Run(run) if run.len() == 1 => vec![run.into_iter().collect()],
                Piece::Run(run) => vec![pairs(&run).collect::<Vec<_>>().join(" ")],
            })
            .collect();
        (!words.is_empty()).then(|| Self {
            words,
            runs,
            phone: phone_in(text),
        })
    }

    /// The query for an index of text: all words, the last one perhaps not typed to its end.
    pub(crate) fn for_text(&self) -> String {
        self.written(can_begin)
    }

    /// The same with no more of the last word than its first letters, of which the index keeps
    /// entries; `None` if it is no longer than that. What this finds is to be compared by
    /// [`is_in`](Self::is_in).
    pub(crate) fn for_text_by_first_letters(&self) -> Option<String> {
        let last = self.words.last()?;
        let cut: Vec<String> = last.iter().map(|form| first_letters(form)).collect();
        if cut == *last {
            return None;
        }
        let mut words = self.words.clone();
        *words.last_mut()? = cut;
        let (runs, phone) = (Vec::new(), None);
        let short = Self { words, runs, phone };
        Some(short.for_text())
    }

    /// Whether a text has all of the words, as the index of text finds it by
    /// [`for_text`](Self::for_text).
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let indexed = for_index(text);
        let tokens: Vec<&str> = indexed.split(' ').collect();
        let last = self.words.len().saturating_sub(1);
        self.words.iter().enumerate().all(|(at, forms)| {
            forms
                .iter()
                .any(|form| stands_in(&tokens, form, at == last && can_begin(form)))
        })
    }

    /// The query for an index of people: as for text, or by number. Among people a single letter is
    /// worth looking for.
    pub(crate) fn for_people(&self) -> String {
        let words = self.written(|_| true);
        match &self.phone {
            Some(digits) => format!("({words}) OR (\"{digits}\" *)"),
            None => words,
        }
    }

    fn written(&self, begins: impl Fn(&str) -> bool) -> String {
        let last = self.words.len().saturating_sub(1);
        let words = self.words.iter().enumerate().map(|(at, forms)| {
            // Only letters, digits and spaces are left in a form: nothing can end the quotes.
            let quoted = forms.iter().map(|form| {
                let end = if at == last && begins(form) {
                    "\" *"
                } else {
                    "\""
                };
                format!("\"{form}{end}")
            });
            format!("({})", quoted.collect::<Vec<_>>().join(" OR "))
        });
        words.collect::<Vec<_>>().join(" AND ")
    }

    /// The words that are written without spaces.
    pub(crate) fn runs(&self) -> &[Vec<char>] {
        &self.runs
    }

    /// Whether a word of a text is one that was searched for.
    pub(crate) fn finds(&self, word: &str) -> bool {
        let indexed = for_index(word);
        let last = self.words.len().saturating_sub(1);
        self.words.iter().enumerate().any(|(at, forms)| {
            forms.iter().any(|form| {
                form.split(' ').all(|part| {
                    indexed
                        .split(' ')
                        .any(|token| token == part || (at == last && token.starts_with(part)))
                })
            })
        })
    }
}

/// Whether what was typed so far can stand for all words that begin like it. A single letter begins
/// half of all words; a single character of Chinese or Japanese is a word.
fn can_begin(form: &str) -> bool {
    form.chars().nth(1).is_some() || form.chars().all(is_unspaced)
}

/// How many letters the beginnings have that the index of text keeps entries of (see the migration).
const BEGINNING: usize = 3;

/// What the index knows of the beginning of a form at once. A form of several parts is found by its
/// last one, which is short.
fn first_letters(form: &str) -> String {
    if form.contains(' ') {
        return form.to_owned();
    }
    form.chars().take(BEGINNING).collect()
}

/// Whether the parts of a form follow one another in these words; `open` if the last part may be the
/// beginning of a word.
fn stands_in(tokens: &[&str], form: &str, open: bool) -> bool {
    let parts: Vec<&str> = form.split(' ').collect();
    let Some((last, before)) = parts.split_last() else {
        return false;
    };
    tokens.windows(parts.len()).any(|run| {
        run.split_last().is_some_and(|(end, run)| {
            run == before && (*end == *last || (open && end.starts_with(last)))
        })
    })
}

enum Piece {
    /// A word between spaces.
    Word(String),
    /// Characters of a script that writes no spaces.
    Run(Vec<char>),
}

impl Piece {
    fn run(&self) -> Option<Vec<char>> {
        match self {
            Self::Word(_) => None,
            Self::Run(run) => Some(run.clone()),
        }
    }
}

/// The plain form of a text, cut into words and runs.
fn pieces(text: &str) -> Vec<Piece> {
    let plain = plain(text);
    let mut pieces: Vec<Piece> = Vec::new();
    let mut open = false;
    for c in plain.chars() {
        match pieces.last_mut() {
            _ if !is_word(c) => {
                open = false;
                continue;
            }
            _ if is_picture(c) => {
                pieces.push(Piece::Run(vec![c]));
                open = false;
                continue;
            }
            Some(Piece::Word(word)) if open && !is_unspaced(c) => word.push(c),
            Some(Piece::Run(run)) if open && is_unspaced(c) => run.push(c),
            _ if is_unspaced(c) => pieces.push(Piece::Run(vec![c])),
            _ => pieces.push(Piece::Word(c.to_string())),
        }
        open = true;
    }
    pieces
}

/// One form for everything that is written in several ways.
pub(crate) fn plain(text: &str) -> String {
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let folded: String = apart
        .chars()
        .filter(|c| !is_dropped(*c))
        .flat_map(fold)
        .collect();
    // Folding can bring forth what decomposes again (ŉ, Turkish İ): drop once more, then compose.
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize(&folded);
    let kept: String = apart.chars().filter(|c| !is_dropped(*c)).collect();
    ComposingNormalizerBorrowed::new_nfc()
        .normalize(&kept)
        .into_owned()
}

/// Full case folding by way of capitals (ß, ς and ı fold with it), then letters and digits that
/// stand for each other.
fn fold(c: char) -> impl Iterator<Item = char> {
    c.to_uppercase()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'ٱ' => 'ا',
            'ى' | 'ی' | 'ې' => 'ي',
            'ة' | 'ہ' | 'ھ' | 'ە' => 'ه',
            'ک' | 'ڪ' => 'ك',
            'æ' => 'a',
            'ø' => 'o',
            'đ' => 'd',
            'ł' => 'l',
            _ => digit(c).unwrap_or(c),
        })
}

/// Decimal digits of other scripts as ours.
fn digit(c: char) -> Option<char> {
    const ZEROS: [u32; 10] = [
        0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0be6, 0x0e50, 0x1040,
    ];
    let code = u32::from(c);
    let zero = ZEROS
        .into_iter()
        .find(|zero| (*zero..*zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// Signs that are written or left out at will.
fn is_dropped(c: char) -> bool {
    matches!(
        u32::from(c),
        0x0300..=0x036f             // accents
            | 0x0591..=0x05bd | 0x05bf | 0x05c1..=0x05c2 | 0x05c4..=0x05c5 | 0x05c7 // niqqud
            | 0x0610..=0x061a | 0x064b..=0x065f | 0x0670 | 0x06d6..=0x06dc          // tashkeel
            | 0x06df..=0x06e8 | 0x06ea..=0x06ed | 0x08d3..=0x08ff
            | 0x0640                // tatweel
            | 0x00ad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2069 | 0xfeff // invisible
            | 0xfe00..=0xfe0f       // variation selectors
    )
}

/// What words are made of: letters and digits, the dependent signs of Indic scripts, and pictures.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || is_sign(c) || is_picture(c) || is_dropped(c)
}

fn is_sign(c: char) -> bool {
    let punctuation = matches!(
        u32::from(c),
        0x0964 | 0x0965 | 0x0970 | 0x0e3f | 0x0e4f | 0x0e5a | 0x0e5b | 0x104a..=0x104f
            | 0x17d4..=0x17db
    );
    matches!(u32::from(c), 0x0900..=0x0dff | 0x0e31..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff
        | 0x3099 | 0x309a)
        && !punctuation
}

pub(crate) fn is_picture(c: char) -> bool {
    matches!(u32::from(c), 0x2600..=0x27bf | 0x1f300..=0x1faff)
}

/// Scripts that write no spaces: Han, kana, Thai, Lao, Burmese, Khmer. (Korean does.)
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff
            | 0x3005..=0x3007 | 0x3041..=0x30ff | 0x31f0..=0x31ff
            | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff
            | 0x20000..=0x323af)
}

/// Overlapping pairs of the characters of a run.
fn pairs(run: &[char]) -> impl Iterator<Item = String> {
    run.windows(2).map(|pair| pair.iter().collect())
}

/// An Arabic word without its article or leading particle, if enough of it is left to be one.
fn without_particles(word: &str) -> impl Iterator<Item = String> {
    const PARTICLES: [&str; 10] = ["وال", "فال", "بال", "كال", "ولل", "ال", "لل", "و", "ف", "ب"];
    let mut forms: Vec<String> = Vec::new();
    for particle in PARTICLES.into_iter().chain(["ل", "ك"]) {
        if let Some(rest) = word.strip_prefix(particle)
            && rest.chars().count() >= 3
        {
            forms.push(rest.to_owned());
        }
    }
    forms.into_iter()
}

/// Digits and what people write between them, and nothing else: a number, without leading zeros.
fn phone_in(text: &str) -> Option<String> {
    let plain = plain(text);
    let number = plain
        .chars()
        .all(|c| c.is_ascii_digit() || " +-()./".contains(c));
    let digits: String = plain.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (number && digits.len() >= 3).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_several_ways_has_one_form() {
        for (text, form) in [
            ("Straße", "strasse"),
            ("ÉLAN café", "elan cafe"),
            ("ＦＵＬＬ ﬁne", "full fine"),
            ("ΟΔΟΣ οδός", "οδοσ οδοσ"),
            ("İstanbul ısı", "istanbul isi"),
            ("مُحَمَّد", "محمد"),
            ("١٢٣ ۴۵۶ ५", "123 456 5"),
            ("שָׁלוֹם", "שלום"),
            ("退货", "退货 货"),
            ("キャンセル", "キャ ャン ンセ セル ル"),
            ("ｷｬﾝｾﾙ", "キャ ャン ンセ セル ル"),
            ("が", "が"),
            ("한국어", "한국어"),
            ("नमस्ते", "नमस्ते"),
            ("ok!!! 🙂❤️", "ok 🙂 ❤"),
            ("don't", "don t"),
            ("", ""),
            ("؟!…", ""),
        ] {
            assert_eq!(for_index(text), form, "{text}");
        }
    }

    #[test]
    fn arabic_words_are_found_without_article_and_particle() {
        for (text, token) in [
            ("الفاتورة", "فاتوره"),
            ("لأحمد", "احمد"),
            ("والطلب", "طلب"),
            ("بالبيت", "بيت"),
        ] {
            let indexed = for_index(text);
            assert!(
                indexed.split(' ').any(|word| word == token),
                "{text}: {indexed}"
            );
        }
    }

    #[test]
    fn a_query_cannot_break_out_of_its_quotes() {
        let query = Query::parse("a\" OR \"b* NEAR(c) -d col:e").unwrap();
        assert_eq!(
            query.for_text(),
            "(\"a\") AND (\"or\") AND (\"b\") AND (\"near\") AND (\"c\") AND (\"d\") AND (\"col\") \
             AND (\"e\")"
        );
        assert_eq!(Query::parse(" \"*-\u{200b} "), None);
        assert_eq!(
            Query::parse(&"a ".repeat(1000)).unwrap().words.len(),
            MOST_WORDS
        );
    }

    #[test]
    fn numbers_are_found_by_any_ending() {
        let indexed = phone_for_index("4915112345678");
        let query = Query::parse("0151 / 123-456").unwrap();
        assert_eq!(query.phone.as_deref(), Some("151123456"));
        assert!(
            indexed
                .split(' ')
                .any(|token| token.starts_with("151123456"))
        );
        assert_eq!(Query::parse("size 42").unwrap().phone, None);
    }
}
