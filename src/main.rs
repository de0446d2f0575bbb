//! The command line: runs a command and prints its error.
#![forbid(unsafe_code)]

use std::alloc::System;
use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;
use postern::daemon::Error;
use zeroizing_alloc::ZeroAlloc;

/// Wipes memory when it is freed, so that no message outlives its handling in a freed page.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let command = postern::daemon::cli::Cli::parse();
    match command.run() {
        Ok(code) => code,
        // The reader of the output has enough: this ends as programs that SIGPIPE ends, 128 + 13.
        Err(Error::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(141),
        Err(error) => {
            eprintln!("postern: {error}");
            ExitCode::FAILURE
        }
    }
}
