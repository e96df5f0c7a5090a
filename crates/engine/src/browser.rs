//! Opens an address in the owner's browser: the program `BROWSER` names, if it is set, else
//! whatever the shell knows to open.

use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;
use url::Url;

use crate::engine::Opener;
use crate::error::{Error, Result};

/// How addresses are opened.
#[derive(Clone)]
pub(crate) struct Browser {
    program: Option<PathBuf>,
    opener: Opener,
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

impl Browser {
    pub(crate) fn new(program: Option<PathBuf>, opener: Opener) -> Self {
        Self { program, opener }
    }

    /// Opens an address; does not wait for the browser to end.
    pub(crate) fn open(&self, url: &Url) -> Result<()> {
        let Some(program) = &self.program else {
            return if (self.opener)(url) {
                Ok(())
            } else {
                Err(Error::NoBrowser)
            };
        };
        let started = Command::new(program)
            .arg(url.as_str())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        // The runtime reaps the process when it ends.
        started.map(drop).map_err(|_| Error::NoBrowser)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn the_shell_is_asked_only_if_no_program_is_named() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let opener: Opener = Arc::new(move |_: &Url| count.fetch_add(1, Ordering::Relaxed) == 0);
        let url = Url::parse("https://example.com").unwrap();
        let browser = Browser::new(None, Arc::clone(&opener));
        assert!(browser.open(&url).is_ok());
        assert!(matches!(browser.open(&url), Err(Error::NoBrowser)));
        let named = Browser::new(Some(PathBuf::from("/nonexistent/browser")), opener);
        assert!(matches!(named.open(&url), Err(Error::NoBrowser)));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}
