//! Gives the notices that waited for their time: every ten seconds, at most 200.

use std::time::Duration;

use crate::gateway::Gateway;

use super::timed::Job;

pub const JOB: Job = Job {
    failure: "notices that waited for their time were not given",
    every: Duration::from_secs(10),
    pass: Gateway::notices_give,
};
