//! Removes lines of the audit log that were kept long enough: every ten minutes, at most 10,000
//! lines.

use std::time::Duration;

use crate::gateway::{Error, Gateway};

use super::timed::Job;

pub const JOB: Job = Job {
    failure: "old lines of the audit log could not be removed",
    every: Duration::from_secs(600),
    pass,
};

const AT_ONCE: usize = 10_000;

fn pass(gateway: &Gateway) -> Result<(), Error> {
    gateway.audit_expire(AT_ONCE).map(drop)
}
