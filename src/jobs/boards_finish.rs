//! Finishes deletions of boards that were interrupted: every minute.

use std::time::Duration;

use crate::gateway::{Error, Gateway};

use super::timed::Job;

pub const JOB: Job =
    Job { failure: "boards could not be deleted", every: Duration::from_secs(60), pass };

fn pass(gateway: &Gateway) -> Result<(), Error> {
    gateway.boards_finish()
}
