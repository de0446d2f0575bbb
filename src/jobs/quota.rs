//! Warns the owners of accounts that fill up: when one reaches a level, at most 100 at a time. At
//! first it counts what earlier versions did not count.

use std::time::Duration;

use super::woken::{Again, Job};
use crate::gateway::Gateway;

const AT_ONCE: usize = 100;

pub const JOB: Job = Job {
    failure: "the quotas could not be checked",
    wake: Gateway::quota_wake,
    // The configured limits may have changed.
    idle: Duration::from_secs(600),
    gather: Duration::ZERO,
    pass: |gateway| {
        while gateway.quotas_count(AT_ONCE)? == AT_ONCE {}
        gateway.quotas_warn(AT_ONCE)?;
        Ok(Again::WhenIdle)
    },
};
