//! `shopbell`: the window, and two small jobs that need none.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

use clap::Parser;
use shopbell_lib::cli::{Arguments, Job};

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
