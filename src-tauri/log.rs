//! Plain logs on standard error: ids and counts, never text, names, numbers or tokens.

use tracing_subscriber::EnvFilter;

/// Starts logging. `RUST_LOG` may ask for more of our own crates; the keychain's and the bus's
/// libraries stay quiet, since they name what they store.
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
            .with_writer(std::io::stderr)
            .try_init(),
    );
}
