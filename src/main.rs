//! The command line: what to run, and the answers for people.
#![forbid(unsafe_code)]

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use zeroizing_alloc::ZeroAlloc;

/// Memory is wiped when it is given back, so that no message outlives its handling in a page that
/// was freed.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let command = postern::daemon::cli::Cli::parse();
    match command.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("postern: {error}");
            ExitCode::FAILURE
        }
    }
}
