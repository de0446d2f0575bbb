//! Removes audit records that are older than the retention time: every ten minutes, at most
//! 10,000 records.

use std::time::Duration;

use crate::gateway::{Error, Gateway};

use super::timed::Job;

pub const JOB: Job = Job {
    failure: "old audit records could not be removed",
    every: Duration::from_secs(600),
    pass,
};

const AT_ONCE: usize = 10_000;

fn pass(gateway: &Gateway) -> Result<(), Error> {
    gateway.audit_expire(AT_ONCE).map(drop)
}
