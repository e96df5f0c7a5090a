//! A made-up shop: the same one each time it is made. Twelve languages, short and long messages,
//! pictures among them, one conversation that is much longer than the others.
//!
//! A message is worked out from its number alone, so that two programs can make the same million
//! without telling each other.

use domain::inbound::{AttachmentKind, Author, InboundAttachment, InboundMessage, MediaSource};
use domain::{ContactKind, ContactRef, Timestamp};

use crate::languages::{LANGUAGES, Language};

/// The shop's app at the platform: its echoes name it.
pub(crate) const APP: &str = "1055501234567890";
/// When the first message was written: 1 January 2026.
const BEGAN: i64 = 1_767_225_600_000;
/// From one message to the next.
const STEP: i64 = 25_000;

/// Numbers that look drawn and are worked out (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than `limit`.
    pub(crate) const fn below(&mut self, limit: u64) -> u64 {
        self.draw() % if limit == 0 { 1 } else { limit }
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T], otherwise: T) -> T {
        let at = usize::try_from(self.below(all.len() as u64)).unwrap_or(0);
        all.get(at).copied().unwrap_or(otherwise)
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.draw().to_le_bytes().first().copied().unwrap_or(0))
    }
}

/// The messages of one connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Talk {
    /// Tells connections apart.
    pub(crate) seed: u64,
    /// How many people write. The first one writes every hundredth message.
    pub(crate) people: u64,
}

/// A message and whose it is.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) at: Timestamp,
    pub(crate) person: u64,
    pub(crate) message: InboundMessage,
}

impl Talk {
    /// Message `number`. The first messages bring the people, one each, with their names.
    pub(crate) fn message(self, number: u64) -> Made {
        let mut dice = Dice::new(self.seed ^ number.wrapping_mul(0x1000_0000_01b3));
        let first = number < self.people;
        let person = match number {
            _ if first => number,
            _ if dice.below(100) == 0 => 0,
            _ => dice.below(self.people),
        };
        let language = self.language_of(person);
        let shop = !first && dice.below(3) == 0;
        let mut contact =
            ContactRef::of(ContactKind::Igsid, format!("7{:05}{person:010}", self.seed));
        contact.name = first.then(|| self.name_of(person));
        let pictures = if dice.below(100) < 8 {
            1 + dice.below(2)
        } else {
            0
        };
        let text =
            (pictures == 0 || dice.below(2) == 0).then(|| words(&mut dice, language, number));
        let id = format!("mid.{}.{number}", self.seed);
        Made {
            at: Timestamp(BEGAN + i64::try_from(number).unwrap_or_default() * STEP),
            person,
            message: InboundMessage {
                platform_id: id,
                contact,
                author: if shop { Author::Shop } else { Author::Person },
                text,
                attachments: (0..pictures).map(|at| picture(number, at)).collect(),
                reply_to: None,
                story: None,
                our_id: None,
                app_id: shop.then(|| APP.to_owned()),
                unsupported: None,
            },
        }
    }

    /// The language a person writes.
    fn language_of(self, person: u64) -> &'static Language {
        let at = usize::try_from((person ^ self.seed) % LANGUAGES.len() as u64).unwrap_or(0);
        LANGUAGES.get(at).unwrap_or(&LANGUAGES[0])
    }

    /// What a person is called.
    fn name_of(self, person: u64) -> String {
        let mut dice = Dice::new(self.seed ^ person.wrapping_mul(31));
        let name = dice.one_of(self.language_of(person).names, "Clara");
        format!("{name} {}", person + 1)
    }
}

/// Mostly a few words, sometimes a paragraph, now and then a letter; often with an order's number.
fn words(dice: &mut Dice, language: &Language, number: u64) -> String {
    let count = match dice.below(100) {
        0..70 => 1 + dice.below(8),
        70..95 => 9 + dice.below(25),
        _ => 60 + dice.below(140),
    };
    let mut text = String::new();
    for at in 0..count {
        if at > 0 {
            text.push_str(if at % 9 == 0 { ". " } else { language.between });
        }
        text.push_str(dice.one_of(language.words, "?"));
    }
    if dice.below(4) == 0 {
        text.push_str(&format!(" #{}", 10_000 + number % 90_000));
    }
    if dice.below(6) == 0 {
        text.push_str(" 🌷");
    }
    text
}

fn picture(number: u64, at: u64) -> InboundAttachment {
    InboundAttachment {
        kind: AttachmentKind::Picture,
        source: MediaSource::Link(format!("https://media.example/{number}/{at}?expires=1")),
        mime: Some("image/jpeg".to_owned()),
        file_name: None,
    }
}

/// What an owner searches for: a word of each language, the beginning of one, two at once,
/// an order's number that is not typed to its end.
pub(crate) fn questions() -> Vec<String> {
    let mut all = Vec::new();
    for (at, language) in LANGUAGES.iter().enumerate() {
        let mut dice = Dice::new(at as u64);
        let one = dice.one_of(language.words, "?");
        let other = dice.one_of(language.words, "?");
        all.push(one.to_owned());
        all.push(other.chars().take(3).collect());
        all.push(format!("{one} {other}"));
    }
    all.extend((0..4).map(|tens| (1_001 + tens * 10).to_string()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: Talk = Talk {
        seed: 3,
        people: 200,
    };

    #[test]
    fn the_same_number_is_the_same_message() {
        for number in [0, 199, 200, 9_999] {
            let (one, again) = (TALK.message(number), TALK.message(number));
            assert_eq!(one.message, again.message);
        }
        assert_ne!(TALK.message(300).message, TALK.message(301).message);
    }

    #[test]
    fn there_is_something_of_everything() {
        let all: Vec<Made> = (0..5_000).map(|number| TALK.message(number)).collect();
        let texts: Vec<&str> = all
            .iter()
            .filter_map(|made| made.message.text.as_deref())
            .collect();
        for language in &LANGUAGES {
            let word = language.words[0];
            assert!(texts.iter().any(|text| text.contains(word)), "{word}");
        }
        assert!(
            texts.iter().any(|text| text.chars().count() > 400),
            "a letter"
        );
        assert!(texts.iter().any(|text| text.chars().count() < 15), "a word");
        let with = |is: &dyn Fn(&Made) -> bool| all.iter().filter(|made| is(made)).count();
        assert!((300..500).contains(&with(&|made| !made.message.attachments.is_empty())));
        assert!(
            with(&|made| made.person == 0) > 40,
            "one conversation is long"
        );
        assert!(with(&|made| made.message.author == Author::Shop) > 1_000);
    }

    #[test]
    fn every_language_is_asked_for() {
        assert_eq!(questions().len(), LANGUAGES.len() * 3 + 4);
    }
}
