//! Names and texts from outside, as they are made safe to look at.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The shell's own file: the shell itself would bring a whole web view.
#[path = "../../../src-tauri/translate/plain.rs"]
mod plain;

const TURNING: std::ops::RangeInclusive<char> = '\u{202a}'..='\u{202e}';
const ISOLATING: std::ops::RangeInclusive<char> = '\u{2066}'..='\u{2069}';

fuzz_target!(|text: &str| {
    let turns = |sign: char| TURNING.contains(&sign) || ISOLATING.contains(&sign);
    let name = plain::name(text);
    assert!(
        !name.contains(turns) && !name.contains(char::is_control),
        "{name:?}"
    );
    assert_eq!(
        plain::name(&name),
        name,
        "a name that changes when it is shown again"
    );
    let strict = plain::strict(text);
    assert!(
        !strict.contains(turns) && !strict.contains(char::is_control),
        "{strict:?}"
    );
    assert!(!plain::piece(text).contains(turns));
    let message = plain::message(text);
    assert!(
        !message.contains(|sign| TURNING.contains(&sign)),
        "{message:?}"
    );
    for line in message.split('\n') {
        let begun = line
            .matches(|sign| matches!(sign, '\u{2066}'..='\u{2068}'))
            .count();
        assert_eq!(begun, line.matches('\u{2069}').count(), "{line:?}");
    }
    assert_eq!(plain::message(&message), message);
});
