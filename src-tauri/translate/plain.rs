//! Words from outside, made safe to look at: nobody's words may turn, hide or end the words beside
//! them.
//!
//! What is stored stays byte for byte what was said; only what is shown passes through here. Markup
//! is no concern of this module: the window draws every word as text.

/// The longest name that is shown, in characters.
const LONGEST_NAME: usize = 128;
/// How deep isolates may be nested before a renderer may give up on them (Unicode UAX 9, BD2).
const DEEPEST: usize = 125;

const JOINER: char = '\u{200d}';
const NON_JOINER: char = '\u{200c}';

/// A name, a handle or another short label: one line, without a single control.
pub fn name(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        let before = shown.chars().next_back();
        if sign.is_whitespace() {
            if before.is_some_and(|before| before != ' ') {
                shown.push(' ');
            }
        } else if !is_hidden(sign) || joins(sign, before) {
            shown.push(sign);
        }
    }
    let shown: String = shown.chars().take(LONGEST_NAME).collect();
    shown.trim_end().to_owned()
}

/// The codes of countries with one or two digits; all others have three.
const SHORT_CODES: [&str; 46] = [
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45",
    "46", "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
    "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// Somebody's name outside the window. A number that stands in for one is spaced, so that it can be
/// read: its country's code, then threes. The window itself knows each country's own way.
pub fn caller(text: &str) -> String {
    let shown = name(text);
    let Some(digits) = shown.strip_prefix('+') else {
        return shown;
    };
    let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number {
        return shown;
    }
    let code = SHORT_CODES.iter().find(|code| digits.starts_with(**code));
    let (code, rest) = digits.split_at(code.map_or(3, |code| code.len()));
    let mut spaced = format!("+{code}");
    for (place, digit) in rest.chars().enumerate() {
        // No digit is left alone at the end.
        if place % 3 == 0 && place + 1 < rest.len() {
            spaced.push(' ');
        }
        spaced.push(digit);
    }
    spaced
}

/// A file name or an address: nothing that cannot be seen, not even what joins letters.
pub fn strict(text: &str) -> String {
    text.chars().filter(|sign| !is_hidden(*sign)).collect()
}

/// What somebody said: every sign of it, but for those which would turn what stands beside it.
pub fn message(text: &str) -> String {
    let shown: String = text.chars().filter(|sign| !overrides(*sign)).collect();
    if !shown.contains(isolates) {
        return shown;
    }
    // Isolates end with their paragraph, so each line answers for its own.
    shown.split_inclusive('\n').map(balanced).collect()
}

/// A piece cut out of a message. Where it was cut an isolate may have lost its end, so none is kept.
pub fn piece(text: &str) -> String {
    text.chars()
        .filter(|sign| !overrides(*sign) && !isolates(*sign))
        .collect()
}

fn balanced(line: &str) -> String {
    if is_balanced(line) {
        line.to_owned()
    } else {
        line.chars().filter(|sign| !isolates(*sign)).collect()
    }
}

fn is_balanced(line: &str) -> bool {
    let mut depth = 0_usize;
    for sign in line.chars().filter(|sign| isolates(*sign)) {
        if sign != '\u{2069}' {
            depth += 1;
        } else if depth == 0 {
            return false;
        } else {
            depth -= 1;
        }
        if depth > DEEPEST {
            return false;
        }
    }
    depth == 0
}

/// LRE, RLE, PDF, LRO, RLO: rarely meant well, and felt far beyond the words they stand in.
const fn overrides(sign: char) -> bool {
    matches!(sign, '\u{202a}'..='\u{202e}')
}

/// LRI, RLI, FSI, PDI.
const fn isolates(sign: char) -> bool {
    matches!(sign, '\u{2066}'..='\u{2069}')
}

/// Everything that takes no room and changes how its neighbours look.
fn is_hidden(sign: char) -> bool {
    sign.is_control()
        || overrides(sign)
        || isolates(sign)
        || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{061c}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{180e}' | '\u{00ad}')
}

/// Emoji of several parts need their joiner, and so do names in Persian, Urdu and the scripts of
/// India: without it "👩‍🌾" is two people and a name is misspelt. Between other signs it only hides.
fn joins(sign: char, before: Option<char>) -> bool {
    let Some(before) = before else { return false };
    match sign {
        JOINER => needs_joiners(before) || is_picture(before),
        NON_JOINER => needs_joiners(before),
        _ => false,
    }
}

/// Arabic to Sinhala: the scripts in which a letter's form hangs on its neighbour.
fn needs_joiners(sign: char) -> bool {
    matches!(sign, '\u{0600}'..='\u{06ff}' | '\u{0750}'..='\u{077f}' | '\u{0900}'..='\u{0dff}')
}

/// An emoji, or what may follow one: a skin tone, the sign that asks for its coloured form.
fn is_picture(sign: char) -> bool {
    matches!(sign, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' | '\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line_without_a_control() {
        for (given, shown) in [
            ("Clara Whitfield", "Clara Whitfield"),
            ("ليلى حدّاد", "ليلى حدّاد"),
            ("田中 美咲", "田中 美咲"),
            ("exe\u{202e}gpj.txt", "exegpj.txt"),
            ("\u{2066}Clara\u{2069}", "Clara"),
            ("Cl\u{200b}ara\u{feff}", "Clara"),
            ("Cla\u{200d}ra", "Clara"),
            ("Clara\u{200e}\u{200f}\u{061c}", "Clara"),
            ("Clara\r\nShopbell:\tpay", "Clara Shopbell: pay"),
            ("a\u{0}b\u{7f}c\u{9b}d", "abcd"),
            ("  Clara  ", "Clara"),
            ("👩\u{200d}🌾 Mia", "👩\u{200d}🌾 Mia"),
            ("❤\u{fe0f}\u{200d}🔥", "❤\u{fe0f}\u{200d}🔥"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("\u{202e}\u{200b}", ""),
        ] {
            assert_eq!(name(given), shown, "{given:?}");
        }
    }

    #[test]
    fn a_number_for_a_name_can_be_read() {
        for (given, shown) in [
            ("+447700900456", "+44 770 090 0456"),
            ("+819012345601", "+81 901 234 5601"),
            ("+12025550143", "+1 202 555 0143"),
            ("+971501234567", "+971 501 234 567"),
            ("+81 90 1234 5601", "+81 90 1234 5601"),
            ("+4", "+4"),
            ("+44notanumber", "+44notanumber"),
            ("Clara Whitfield", "Clara Whitfield"),
        ] {
            assert_eq!(caller(given), shown, "{given:?}");
        }
    }

    #[test]
    fn a_name_has_an_end() {
        assert_eq!(name(&"字".repeat(5000)).chars().count(), LONGEST_NAME);
    }

    #[test]
    fn file_names_and_addresses_hide_nothing() {
        for (given, shown) in [
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\u{200d}b\u{200c}c\u{ad}.pdf", "abc.pdf"),
            (
                "https://example.com/\u{2066}x\u{2069}",
                "https://example.com/x",
            ),
            ("two\nlines.png", "twolines.png"),
        ] {
            assert_eq!(strict(given), shown, "{given:?}");
        }
    }

    #[test]
    fn what_is_said_keeps_all_but_what_turns_its_neighbours() {
        for (given, shown) in [
            ("\u{202e}txt.exe", "txt.exe"),
            ("\u{202d}a\u{202c} \u{202a}b\u{202b}", "a b"),
            ("a\u{0}b", "a\u{0}b"),
            ("two\nlines\u{200e}\u{200d}", "two\nlines\u{200e}\u{200d}"),
            (
                "the \u{2067}عنوان\u{2069} street",
                "the \u{2067}عنوان\u{2069} street",
            ),
            ("\u{2067}never ended", "never ended"),
            ("never begun\u{2069}", "never begun"),
            ("\u{2069}\u{2067}", ""),
            ("\u{2066}over\nlines\u{2069}", "over\nlines"),
            (
                "\u{2066}one\u{2069}\n\u{2066}two",
                "\u{2066}one\u{2069}\ntwo",
            ),
        ] {
            assert_eq!(message(given), shown, "{given:?}");
        }
    }

    #[test]
    fn isolates_go_where_they_are_nested_deeper_than_a_renderer_follows() {
        let nested =
            |deep: usize| format!("{}x{}", "\u{2068}".repeat(deep), "\u{2069}".repeat(deep));
        assert_eq!(message(&nested(DEEPEST)), nested(DEEPEST));
        assert_eq!(message(&nested(DEEPEST + 1)), "x");
    }

    #[test]
    fn a_piece_keeps_no_isolate_that_may_have_lost_its_end() {
        assert_eq!(piece("\u{2067}half \u{202e}of"), "half of");
    }
}
