//! A program with everything it starts: ended together.

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// A running program in a process group of its own. Dropping it ends the whole group.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    ended: bool,
}

impl Group {
    /// Starts the program.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command
            .spawn()
            .with_context(|| format!("{} does not start", command.get_program().display()))?;
        Ok(Self {
            child,
            ended: false,
        })
    }

    /// The exit status, once it ended by itself.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        self.ended |= status.is_some();
        Ok(status)
    }

    /// Asks the group to end, and after five seconds makes it end.
    pub(crate) fn end(&mut self) {
        self.signal(Signal::Ask);
        let begun = Instant::now();
        while !self.ended && begun.elapsed() < Duration::from_secs(5) {
            if self.ended().is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // Also when the leader ended by itself: what it started may still be there.
        self.signal(Signal::Make);
        if !self.ended {
            let _ = self.child.kill();
            let _ = self.child.wait();
            self.ended = true;
        }
    }

    #[cfg(unix)]
    fn signal(&self, signal: Signal) {
        let number = match signal {
            Signal::Ask => rustix::process::Signal::TERM,
            Signal::Make => rustix::process::Signal::KILL,
        };
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(id) = id {
            // No such group any more is what we want.
            let _ = rustix::process::kill_process_group(id, number);
        }
    }

    #[cfg(not(unix))]
    fn signal(&self, _signal: Signal) {}
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

#[derive(Clone, Copy)]
enum Signal {
    Ask,
    Make,
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn ending_a_group_ends_the_grandchildren_too() {
        let folder = std::env::temp_dir().join(format!("xtask-group-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("grandchild");
        let script = format!("sleep 600 & echo $! > '{}'; wait", file.display());
        let mut group = Group::start(Command::new("sh").args(["-c", &script])).unwrap();
        let begun = Instant::now();
        let id = loop {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            if let Ok(id) = text.trim().parse::<i32>() {
                break id;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "the grandchild never started"
            );
            std::thread::yield_now();
        };
        let id = rustix::process::Pid::from_raw(id).unwrap();
        assert!(
            rustix::process::test_kill_process(id).is_ok(),
            "it runs before"
        );
        group.end();
        let begun = Instant::now();
        while alive(id) {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "the grandchild is still there"
            );
            std::thread::yield_now();
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    /// A killed orphan that nobody reaped yet is not alive.
    fn alive(id: rustix::process::Pid) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero()));
        match state {
            Ok(text) => !text.contains(") Z"),
            Err(_) => rustix::process::test_kill_process(id).is_ok() && !cfg!(target_os = "linux"),
        }
    }
}
