//! Says who stopped reading in a chat room, tells by a notice who is not there that something waits, and
//! finishes rooms that end: every ten seconds, at most 1,000 rooms and 100 notices.

use std::time::Duration;

use crate::gateway::Gateway;

use super::timed::Job;

pub const JOB: Job = Job {
    failure: "chat rooms were not looked at",
    every: Duration::from_secs(10),
    pass: Gateway::rooms_watch,
};
