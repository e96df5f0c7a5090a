//! Ctrl-C: a flag that every wait here looks at, so that what was started is also ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::{Result, bail};

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Starts to watch. Without it Ctrl-C would leave relay and sandbox behind.
pub(crate) fn watch() {
    let flag = ASKED.get_or_init(Arc::default);
    #[cfg(unix)]
    for signal in [
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
    ] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(flag)) {
            crate::say::error(&format!("Ctrl-C will not be noticed: {error}"));
        }
    }
    #[cfg(not(unix))]
    let _ = flag;
}

/// Whether somebody asked to stop.
pub(crate) fn asked() -> bool {
    ASKED.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Fails once somebody asked to stop.
pub(crate) fn check() -> Result<()> {
    if asked() {
        bail!("stopped");
    }
    Ok(())
}
