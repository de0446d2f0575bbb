//! Says who left a chat room because the last session there ended: every second, at most 5,000 sessions.

use std::time::Duration;

use crate::gateway::Gateway;

use super::timed::Job;

pub const JOB: Job = Job {
    failure: "it was not said who left a chat room",
    every: Duration::from_secs(1),
    pass: Gateway::rooms_away,
};
