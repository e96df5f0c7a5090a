//! `shopbell-relay`: the program around the library of the same crate.

use std::alloc::System;
use std::process::ExitCode;

/// What passes through here in the plain lies in buffers of a dozen crates; each is overwritten when
/// it is given back.
#[global_allocator]
static MEMORY: memory::Wiping<System> = memory::Wiping(System);

fn main() -> ExitCode {
    relay::cli::run(std::env::args_os(), std::env::vars())
}
