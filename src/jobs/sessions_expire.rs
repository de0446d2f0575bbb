//! Removes sessions that have ended: every five minutes, at most 1,000 sessions.

use std::time::Duration;

use crate::gateway::{Error, Gateway};

use super::timed::Job;

pub const JOB: Job =
    Job { failure: "old sessions could not be removed", every: Duration::from_secs(300), pass };

const AT_ONCE: usize = 1_000;

fn pass(gateway: &Gateway) -> Result<(), Error> {
    gateway.sessions_expire(AT_ONCE).map(drop)
}
