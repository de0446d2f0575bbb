//! Tells the owners of accounts what happened to the ways into them, at most 100 at a time.

use std::time::Duration;

use super::woken::{Again, Job};
use crate::gateway::Gateway;

const AT_ONCE: usize = 100;

pub const JOB: Job = Job {
    failure: "owners could not be told of changes to their accounts",
    wake: Gateway::news_wake,
    idle: Duration::from_secs(600),
    gather: Duration::ZERO,
    pass: |gateway| {
        // What could not be told waits for the next pass.
        while gateway.owners_tell(AT_ONCE)? == (AT_ONCE, true) {}
        while gateway.codes_stopped_notify(AT_ONCE)? == (AT_ONCE, true) {}
        Ok(Again::WhenIdle)
    },
};
