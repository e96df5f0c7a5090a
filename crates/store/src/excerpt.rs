//! The part of a text that a search result shows, with what was found in it marked. In pieces, so that
//! nobody has to count characters on the other side.

use crate::words::{self, Query};

/// A piece of a text in a search result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The characters, as written.
    pub text: String,
    /// It is what was searched for.
    pub found: bool,
}

/// The part of a text around the first word that was found, at most about `limit` characters.
pub(crate) fn excerpt(text: &str, query: &Query, limit: usize) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for span in spans(text) {
        for (c, found) in marked(&span, query) {
            match segments.last_mut() {
                Some(segment) if segment.found == found => segment.text.push(c),
                _ => segments.push(Segment {
                    text: c.to_string(),
                    found,
                }),
            }
        }
    }
    shorten(segments, limit)
}

/// Characters that are looked at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Between words.
    Outside,
    /// A word between spaces.
    Word,
    /// Writing without spaces, or pictures.
    Run,
}

fn kind(c: char) -> Kind {
    match c {
        _ if words::is_unspaced(c) || words::is_picture(c) => Kind::Run,
        _ if words::is_word(c) => Kind::Word,
        _ => Kind::Outside,
    }
}

fn spans(text: &str) -> Vec<Vec<char>> {
    let mut spans: Vec<(Kind, Vec<char>)> = Vec::new();
    for c in text.chars() {
        let kind = kind(c);
        match spans.last_mut() {
            Some((open, span)) if *open == kind => span.push(c),
            _ => spans.push((kind, vec![c])),
        }
    }
    spans.into_iter().map(|(_, span)| span).collect()
}

/// The characters of a span, each with whether it is what was searched for.
fn marked(span: &[char], query: &Query) -> Vec<(char, bool)> {
    let text: String = span.iter().collect();
    let whole = match span.first().map(|c| kind(*c)) {
        Some(Kind::Run) => match marks_in_run(span, query) {
            Some(marks) => return span.iter().copied().zip(marks).collect(),
            None => query.finds(&text),
        },
        Some(Kind::Word) => query.finds(&text),
        Some(Kind::Outside) | None => false,
    };
    span.iter().map(|c| (*c, whole)).collect()
}

/// Where in a run the words stand. `None` if its characters do not keep their places in the plain
/// form (half-width kana with their marks).
fn marks_in_run(run: &[char], query: &Query) -> Option<Vec<bool>> {
    let mut plain = Vec::with_capacity(run.len());
    for c in run {
        let form = words::plain(&c.to_string());
        let mut form = form.chars();
        plain.push(form.next()?);
        if form.next().is_some() {
            return None;
        }
    }
    let mut marks = vec![false; run.len()];
    for word in query.runs() {
        for (start, window) in plain.windows(word.len()).enumerate() {
            if window == word.as_slice() {
                marks
                    .iter_mut()
                    .skip(start)
                    .take(word.len())
                    .for_each(|mark| *mark = true);
            }
        }
    }
    Some(marks)
}

/// Cuts what lies far before the first hit, and what is left over at the end.
fn shorten(mut segments: Vec<Segment>, limit: usize) -> Vec<Segment> {
    if let Some(first) = segments.first_mut()
        && !first.found
    {
        let length = first.text.chars().count();
        let keep = limit / 3;
        if length > keep {
            let tail: String = first.text.chars().skip(length - keep).collect();
            first.text = format!("…{tail}");
        }
    }
    let mut room = limit;
    let mut short = Vec::new();
    for mut segment in segments {
        let length = segment.text.chars().count();
        if length > room {
            segment.text = segment.text.chars().take(room).chain(['…']).collect();
        }
        room = room.saturating_sub(length);
        short.push(segment);
        if room == 0 {
            break;
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, query: &str) -> Vec<String> {
        let segments = excerpt(text, &Query::parse(query).unwrap(), 200);
        let whole: String = segments.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(whole, text, "nothing is lost or doubled");
        segments
            .into_iter()
            .filter(|part| part.found)
            .map(|part| part.text)
            .collect()
    }

    #[test]
    fn what_was_found_is_marked_as_written() {
        for (text, query, expected) in [
            ("A brass BELL, please", "bell", vec!["BELL"]),
            ("Straße und strasse", "STRASSE", vec!["Straße", "strasse"]),
            ("مُحَمَّد وصل", "محمد", vec!["مُحَمَّد"]),
            ("我想退货，谢谢", "退货", vec!["退货"]),
            (
                "注文をABCキャンセルしたい",
                "キャンセル",
                vec!["キャンセル"],
            ),
            ("bells and bellows", "bell", vec!["bells", "bellows"]),
            ("a b a", "zz", vec![]),
            ("", "zz", vec![]),
            ("happy 🙂🙃", "🙂", vec!["🙂"]),
        ] {
            assert_eq!(found(text, query), expected, "{text} / {query}");
        }
    }

    #[test]
    fn an_excerpt_shows_the_hit() {
        let query = Query::parse("bell").unwrap();
        let text = format!(
            "{} A brass BELL, please. {}",
            "before ".repeat(40),
            "after ".repeat(80)
        );
        let segments = excerpt(&text, &query, 60);
        let found: Vec<&str> = segments
            .iter()
            .filter(|part| part.found)
            .map(|part| part.text.as_str())
            .collect();
        assert_eq!(found, ["BELL"]);
        let whole: String = segments.into_iter().map(|part| part.text).collect();
        assert!(whole.starts_with('…') && whole.ends_with('…'), "{whole}");
        assert!(whole.chars().count() <= 64, "{whole}");
    }
}
