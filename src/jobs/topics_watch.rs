//! Tells by a notice who follows a topic that something was posted there: every ten seconds, at most 1,000
//! topics and 100 notices.

use std::time::Duration;

use crate::gateway::Gateway;

use super::timed::Job;

pub const JOB: Job = Job {
    failure: "topics that somebody follows were not looked at",
    every: Duration::from_secs(10),
    pass: Gateway::topics_watch,
};
