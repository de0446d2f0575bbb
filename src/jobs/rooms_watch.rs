//! Says who stopped reading in a chat room, tells by a notice who is not there that something waits, and
//! deletes what rooms hold that end: every ten seconds, at most 1,000 rooms, 100 notices and 10 steps of deleting.

use std::time::Duration;

use crate::gateway::Gateway;

use super::timed::Job;

pub const JOB: Job = Job {
    failure: "chat rooms were not looked at",
    every: Duration::from_secs(10),
    pass: Gateway::rooms_watch,
};
