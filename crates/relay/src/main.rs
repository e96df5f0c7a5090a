//! `shopbell-relay`: the program around the library of the same crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    relay::cli::run(std::env::args_os(), std::env::vars())
}
