//! Warns the owners and sponsors of temporary accounts that end soon: every minute, at most 100
//! accounts, each once.

use std::time::Duration;

use crate::gateway::{Error, Gateway};

use super::timed::Job;

pub const JOB: Job = Job {
    failure: "the users of temporary accounts could not be warned",
    every: Duration::from_secs(60),
    pass,
};

const AT_ONCE: usize = 100;

fn pass(gateway: &Gateway) -> Result<(), Error> {
    gateway.temporary_warn(AT_ONCE).map(drop)
}
