//! The relay without what overwrites its memory: the control of the test that looks into the real
//! one's.

use std::process::ExitCode;

fn main() -> ExitCode {
    relay::cli::run(std::env::args_os(), std::env::vars())
}
