//! A relay's key as words that two people can compare over the telephone.
//!
//! Twelve words out of 256: 96 bits of a hash, too many for somebody else to make a key with the
//! same words.

use sha2::{Digest as _, Sha256};

use crate::RelayKeys;

/// How many words a key has.
pub const COUNT: usize = 12;

/// The words of a relay's key in use. Its next key needs none: the key in use vouches for it.
pub fn of(keys: &RelayKeys) -> [&'static str; COUNT] {
    let mut hash = Sha256::new();
    hash.update(b"shopbell/words/v1\n");
    hash.update(keys.relay.as_bytes());
    hash.update(keys.current.as_bytes());
    let mut words = [""; COUNT];
    for (word, byte) in words.iter_mut().zip(hash.finalize()) {
        *word = WORDS.get(usize::from(byte)).copied().unwrap_or_default();
    }
    words
}

/// Short, different, and easy to say.
#[rustfmt::skip]
const WORDS: [&str; 256] = [
    "acorn", "actor", "alarm", "album", "amber", "angel", "ankle", "apple", "april", "apron",
    "arrow", "autumn", "bacon", "badge", "baker", "bamboo", "banana", "banjo", "barn", "basil",
    "basket", "beach", "beard", "bell", "bench", "berry", "bicycle", "biscuit", "blanket",
    "bonnet", "bottle", "branch", "bread", "brick", "bridge", "broom", "brush", "bucket",
    "butter", "button", "cabin", "cactus", "camel", "candle", "canoe", "carpet", "carrot",
    "castle", "cello", "chair", "chalk", "cheese", "cherry", "chess", "chimney", "circle",
    "circus", "city", "clay", "clock", "cloud", "clover", "coat", "cocoa", "coffee", "coin",
    "comet", "copper", "coral", "corner", "cotton", "cousin", "cradle", "crane", "crayon", "cup",
    "curtain", "daisy", "dance", "december", "desert", "dinner", "doctor", "dolphin", "door",
    "dragon", "drum", "duck", "eagle", "easel", "echo", "eight", "elbow", "elephant", "engine",
    "evening", "falcon", "farmer", "feather", "fence", "fiddle", "finger", "flag", "flute",
    "forest", "fork", "fox", "friday", "frog", "galaxy", "garden", "garlic", "giant", "ginger",
    "glove", "goat", "guitar", "hammer", "hazel", "hedge", "helmet", "hill", "honey", "horse",
    "hotel", "igloo", "iron", "island", "ivory", "jacket", "jasmine", "jelly", "jewel", "june",
    "jungle", "kettle", "kitchen", "kite", "kitten", "ladder", "lake", "lamp", "lantern", "lemon",
    "letter", "library", "lily", "lion", "lobster", "magnet", "mango", "map", "marble", "market",
    "meadow", "melon", "mirror", "monday", "monkey", "moon", "mountain", "museum", "music",
    "napkin", "needle", "nest", "north", "november", "nut", "oak", "ocean", "olive", "onion",
    "orange", "orchard", "otter", "owl", "paddle", "palace", "pancake", "panda", "paper",
    "parrot", "peach", "pear", "pencil", "pepper", "piano", "picnic", "pillow", "planet", "plum",
    "pocket", "pony", "potato", "pumpkin", "puppet", "queen", "quilt", "rabbit", "radio", "rain",
    "ribbon", "rice", "river", "robin", "rocket", "roof", "rose", "sail", "salad", "sand",
    "saturn", "scarf", "school", "sheep", "ship", "silver", "sister", "skate", "snow", "sofa",
    "soup", "spider", "spoon", "spring", "stone", "summer", "swan", "table", "tailor", "tea",
    "teapot", "temple", "tiger", "tomato", "tower", "train", "tulip", "turtle", "umbrella",
    "uncle", "valley", "velvet", "village", "violin", "wagon", "walnut", "water", "whale",
    "wheel", "willow", "window", "winter", "yellow", "zebra",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RelayId, SigningSecret};

    fn words(relay: u8, current: u8, next: u8) -> [&'static str; COUNT] {
        let secret = |seed| SigningSecret::from_seed(&[seed; 32]);
        of(&RelayKeys::of(
            RelayId::from_bytes([relay; 16]),
            &secret(current),
            &secret(next),
        ))
    }

    #[test]
    fn the_words_are_256_different_ones() {
        let different: std::collections::BTreeSet<_> = WORDS.iter().collect();
        assert_eq!(different.len(), 256);
        assert!(
            WORDS
                .iter()
                .all(|word| word.chars().all(|letter| letter.is_ascii_lowercase()))
        );
    }

    #[test]
    fn a_key_has_its_words_and_another_has_others() {
        insta::assert_snapshot!("words", words(1, 2, 3).join(" "));
        assert_eq!(
            words(1, 2, 3),
            words(1, 2, 4),
            "the next key does not change them"
        );
        assert_ne!(words(1, 2, 3), words(1, 3, 3));
        assert_ne!(words(1, 2, 3), words(2, 2, 3));
    }
}
