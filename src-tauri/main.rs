//! `shopbell`: the window, and two small jobs that need none.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use shopbell_lib::cli::{Arguments, Job};
use zeroizing_alloc::ZeroAlloc;

/// Memory is emptied as it is given back: tokens and words pass through the buffers of libraries,
/// which do not wipe them.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.job {
        Some(Job::VerifyReceipt { file, relay_key }) => {
            shopbell_lib::cli::verify_receipt(&file, relay_key.as_deref())
        }
        Some(Job::Decode) => engine::decode::run(),
        None => shopbell_lib::run(&arguments),
    }
}
