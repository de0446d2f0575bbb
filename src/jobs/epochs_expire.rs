//! Wipes the secrets of arrival epochs that have ended: every 20 seconds, all at once, since they
//! are in memory.

use std::time::Duration;

use crate::gateway::{Error, Gateway};

use super::timed::Job;

pub const JOB: Job = Job {
    failure: "the secrets of old epochs could not be wiped",
    every: Duration::from_secs(20),
    pass,
};

fn pass(gateway: &Gateway) -> Result<(), Error> {
    gateway.epochs_expire();
    Ok(())
}
