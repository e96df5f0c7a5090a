//! The one place that writes to the terminal.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Whether the standard output is for a program's eyes.
static APART: AtomicBool = AtomicBool::new(false);

/// From now on the standard output is left to what a program may read.
pub(crate) fn keep_apart() {
    APART.store(true, Ordering::Relaxed);
}

/// Writes a line. A closed terminal is no reason to stop.
pub(crate) fn line(text: &str) {
    if APART.load(Ordering::Relaxed) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
        return;
    }
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Writes a line for a person, apart from what a program may read.
pub(crate) fn error(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "xtask: {text}");
}

/// A span of time as a person says it: `8 s`, `2 min 05 s`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{seconds} s")
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_said_in_minutes_once_it_has_some() {
        assert_eq!(span(Duration::from_millis(8_900)), "8 s");
        assert_eq!(span(Duration::from_secs(125)), "2 min 05 s");
    }
}
