//! The relay's log: one line per event, and of each event only fields that are on a list.
//!
//! The list is what keeps content out: a field that somebody adds without thinking is dropped, and
//! what a library says is reduced to where it said it. Ids are logged by [`Kind::Logged`] names.
//!
//! [`Kind::Logged`]: crate::pseudonym::Kind::Logged

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use serde::{Serialize, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;
use wire::write_date;

use crate::clock::Clock;

/// What a line may say: moments, counts, codes of Meta's, our own words, and names made by HMAC.
const FIELDS: [&str; 22] = [
    "address",
    "code",
    "device",
    "end",
    "envelopes",
    "failure",
    "file",
    "line",
    "login",
    "logins",
    "message",
    "missing",
    "name",
    "parts",
    "permission",
    "relay",
    "repeated",
    "size",
    "slot",
    "subcode",
    "unknown",
    "why",
];

/// Where our own events come from.
const OURS: &str = "relay";

/// How a line is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lines {
    /// For a program that collects them.
    Json,
    /// For a person at a terminal.
    Plain,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let about = event.metadata();
        let mut said = Said::default();
        if about.target().split("::").next() == Some(OURS) {
            event.record(&mut said);
        } else {
            let line = about.line().unwrap_or_default();
            said.0.push(("line", line.into()));
            said.0.push(("message", "a library said something".into()));
        }
        let moment = write_date(Clock::system().now());
        let (level, target) = (about.level().as_str(), about.target());
        match self {
            Self::Json => {
                let about = [
                    ("timestamp", &*moment),
                    ("level", level),
                    ("target", target),
                ];
                let about = about.map(|(name, value)| (name, value.into()));
                said.0.splice(0..0, about);
                let line = serde_json::to_string(&said).map_err(|_| fmt::Error)?;
                writeln!(writer, "{line}")
            }
            Self::Plain => {
                let (words, fields): (Vec<_>, Vec<_>) =
                    said.0.iter().partition(|(name, _)| *name == "message");
                write!(writer, "{moment} {level:5} ")?;
                for (_, message) in words {
                    writer.write_str(message.as_str().unwrap_or_default())?;
                }
                for (name, value) in fields {
                    write!(writer, " {name}={value}")?;
                }
                writeln!(writer)
            }
        }
    }
}

/// What is kept of an event, in the order in which it was said.
#[derive(Default)]
struct Said(Vec<(&'static str, Value)>);

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Said {
    fn keep(&mut self, field: &Field, value: impl Into<Value>) {
        if FIELDS.contains(&field.name()) {
            self.0.push((field.name(), value.into()));
        }
    }
}

impl Visit for Said {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        if write!(text, "{value:?}").is_ok() {
            self.keep(field, text);
        }
    }
}

/// A panic's message may hold whatever was at hand: only its place is told.
pub(crate) fn hide_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location();
        let file = place.map(|place| place.file()).unwrap_or_default();
        let line = place.map(|place| place.line()).unwrap_or_default();
        if tracing::dispatcher::has_been_set() {
            tracing::error!(file, line, "a part of the relay broke off; this is a bug");
        } else {
            // The log has not begun yet.
            let said = "a part of the relay broke off; this is a bug";
            drop(writeln!(io::stderr(), "{said}: {file}:{line}"));
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// Keeps what is written.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Paper {
        type Writer = Self;
        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    fn written(lines: Lines, events: impl FnOnce()) -> String {
        let paper = Paper::default();
        let log = tracing_subscriber::fmt()
            .event_format(lines)
            .with_writer(paper.clone())
            .finish();
        tracing::subscriber::with_default(log, events);
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_field_that_is_not_on_the_list_is_not_written() {
        for lines in [Lines::Json, Lines::Plain] {
            let said = written(lines, || {
                tracing::info!(text = "CANARY", parts = 3, "webhook");
                tracing::info!(CANARY = 1, body = ?b"CANARY", "webhook");
            });
            assert!(!said.contains("CANARY"), "{said}");
            assert!(said.contains("webhook") && said.contains('3'), "{said}");
        }
    }

    #[test]
    fn control_a_field_on_the_list_would_have_been_seen() {
        let said = written(Lines::Json, || tracing::info!(why = "CANARY", "webhook"));
        assert!(said.contains("CANARY"), "{said}");
    }

    #[test]
    fn what_a_library_says_is_only_where_it_said_it() {
        let said = written(Lines::Json, || {
            tracing::warn!(target: "hyper::proto", why = "CANARY", "asked for /?CANARY");
        });
        assert!(!said.contains("CANARY"), "{said}");
        assert!(said.contains("hyper::proto"), "{said}");
    }

    /// Set in a process of its own: which of the two it is.
    const BREAKS: &str = "TEST_BREAKS";

    /// Runs this test alone, in a process that breaks off with a secret in its words.
    fn broken_off(how: &str) -> String {
        let name = "log::tests::a_panic_tells_its_place_and_nothing_it_held";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(BREAKS, how)
            .output()
            .unwrap();
        assert!(!output.status.success(), "it did not break off");
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    /// With a log and without one; `open` is as a program that hides nothing.
    fn break_off(how: &str) {
        if how != "open" {
            hide_panics();
        }
        if how == "logged" {
            let log = tracing_subscriber::fmt().event_format(Lines::Json);
            log.with_writer(io::stderr).init();
        }
        let read = || -> Result<u8, String> { Err("EAAB-CANARY".to_owned()) };
        read().expect("a message from CANARY");
    }

    #[test]
    fn a_panic_tells_its_place_and_nothing_it_held() {
        if let Ok(how) = std::env::var(BREAKS) {
            return break_off(&how);
        }
        for how in ["logged", "early"] {
            let said = broken_off(how);
            assert!(!said.contains("CANARY"), "{said}");
            assert!(said.contains("log.rs"), "{said}");
        }
        let said = broken_off("open");
        assert!(said.contains("EAAB-CANARY"), "control: {said}");
    }

    #[test]
    fn a_line_for_programs_is_json() {
        let said = written(Lines::Json, || tracing::info!(slot = 1, "webhook"));
        let read: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(
            (&read["message"], &read["slot"], &read["level"]),
            (&"webhook".into(), &1.into(), &"INFO".into())
        );
    }
}
