//! Removes what is left of users who were removed, some rows at a time.

use std::time::Duration;

use super::woken::{Again, Job};
use crate::gateway::Gateway;

pub const JOB: Job = Job {
    failure: "what is left of users who were removed could not be removed",
    wake: Gateway::removal_wake,
    idle: Duration::from_secs(600),
    // Between two passes, others write.
    gather: Duration::from_millis(20),
    pass: |gateway| match gateway.removals_continue()? {
        true => Ok(Again::AtOnce),
        false => Ok(Again::WhenIdle),
    },
};
