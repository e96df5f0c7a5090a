//! Plain logs on standard error: ids and counts, never text, names, numbers or tokens.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Starts logging, and hides what a panic says. `RUST_LOG` may ask for more of our own crates; the
/// keychain's and the bus's libraries stay quiet, since they name what they store.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let quiet = ["keyring_core=off", "zbus=warn", "hyper=warn"];
    let filter = quiet
        .into_iter()
        .filter_map(|rule| rule.parse().ok())
        .fold(filter, EnvFilter::add_directive);
    // A second start (tests) keeps the first logger.
    drop(
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            // A file takes no colours.
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .try_init(),
    );
    hide_panics();
}

/// A panic's message may hold whatever was at hand, a token or a customer's words: only its place is
/// told.
fn hide_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location();
        let file = place.map(|place| place.file()).unwrap_or_default();
        let line = place.map(|place| place.line()).unwrap_or_default();
        tracing::error!(file, line, "a part of the program broke off; this is a bug");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set in a process of its own: whether it hides what it says.
    const BREAKS: &str = "TEST_BREAKS";

    /// Runs the test below alone, in a process that breaks off with secrets in its words.
    fn broken_off(how: &str) -> String {
        let name = "log::tests::a_panic_tells_its_place_and_nothing_it_held";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(BREAKS, how)
            .env_remove("RUST_LOG")
            .output()
            .unwrap();
        assert!(!output.status.success(), "it did not break off");
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    /// In a task, in a thread and at last in the test itself.
    fn break_off(how: &str) {
        if how == "hidden" {
            start();
        }
        let read = || -> Result<u8, String> { Err("EAAB-CANARY".to_owned()) };
        let tasks = tokio::runtime::Runtime::new().unwrap();
        let task = tasks.spawn(async move { read().unwrap() });
        assert!(tasks.block_on(task).is_err());
        let thread = std::thread::spawn(move || read().expect("a message from CANARY"));
        assert!(thread.join().is_err());
        read().expect("another message from CANARY");
    }

    #[test]
    fn a_panic_tells_its_place_and_nothing_it_held() {
        if let Ok(how) = std::env::var(BREAKS) {
            return break_off(&how);
        }
        let said = broken_off("hidden");
        assert!(!said.contains("CANARY"), "{said}");
        assert_eq!(said.matches("log.rs").count(), 3, "{said}");
        let said = broken_off("open");
        assert!(said.contains("EAAB-CANARY"), "control: {said}");
    }
}
