//! Terminates temporary accounts whose time is over: every minute, at most 100 accounts.

use std::time::Duration;

use crate::gateway::{Error, Gateway};

use super::timed::Job;

pub const JOB: Job = Job {
    failure: "temporary accounts could not be terminated",
    every: Duration::from_secs(60),
    pass,
};

const AT_ONCE: usize = 100;

fn pass(gateway: &Gateway) -> Result<(), Error> {
    gateway.temporary_expire(AT_ONCE).map(drop)
}
