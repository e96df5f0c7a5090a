//! Before anything else: no core dumps, no reading along by other programs of the same user, and
//! the one variable WebKitGTK needs on Linux.
//!
//! This raises the cost for other programs of the same user; it is not a full defence (SECURITY.md).

/// Hardens this process. On Linux it may start the program once more, with WebKitGTK's variable set:
/// changing the environment of a running program is not safe. The desktop file sets it, so that a
/// start from the menu does not pay for two.
pub fn harden() {
    #[cfg(target_os = "linux")]
    linux::harden();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

    /// Without it some drivers show an empty window; WebDriver's screenshots hang with it.
    const NO_DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    const UNDER_WEBDRIVER: &str = "TAURI_WEBVIEW_AUTOMATION";

    pub(super) fn harden() {
        let wants_variable = [NO_DMABUF, UNDER_WEBDRIVER]
            .iter()
            .all(|name| std::env::var_os(name).is_none());
        if wants_variable && let Ok(program) = std::env::current_exe() {
            let error = Command::new(program)
                .args(std::env::args_os().skip(1))
                .env(NO_DMABUF, "1")
                .exec();
            tracing::warn!(%error, "could not start again with {NO_DMABUF}");
        }
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        if setrlimit(Resource::Core, none).is_err()
            || set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err()
        {
            tracing::warn!("core dumps could not be turned off");
        }
    }

    #[cfg(test)]
    mod tests {
        use super::NO_DMABUF;

        #[test]
        fn a_start_from_the_menu_has_the_variable_already() {
            let file = include_str!("linux/shopbell.desktop");
            let wanted = format!("Exec=env {NO_DMABUF}=1 {{{{exec}}}} %u");
            assert!(file.lines().any(|line| line == wanted), "{file}");
        }
    }
}
