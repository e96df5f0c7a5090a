//! Moments in texts that people and tools read: `2026-11-22T10:00:00Z`, whole seconds, one
//! spelling.

/// Writes a moment down to its second.
pub fn write_date(milliseconds: i64) -> String {
    let second = jiff::Timestamp::from_second(milliseconds.div_euclid(1000)).unwrap_or_default();
    second.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads a moment, if it is written exactly as [`write_date`] writes it.
pub fn read_date(text: &str) -> Option<i64> {
    let milliseconds = text
        .parse::<jiff::Timestamp>()
        .ok()?
        .as_second()
        .checked_mul(1000)?;
    (write_date(milliseconds) == text).then_some(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_one_spelling() {
        assert_eq!(write_date(1_795_341_600_999), "2026-11-22T10:00:00Z");
        assert_eq!(read_date("2026-11-22T10:00:00Z"), Some(1_795_341_600_000));
        for other in [
            "2026-11-22T10:00:00.0Z",
            "2026-11-22T10:00:00+00:00",
            "2026-11-22",
            "",
        ] {
            assert_eq!(read_date(other), None, "{other}");
        }
    }
}
