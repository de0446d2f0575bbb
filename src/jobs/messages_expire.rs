//! Deletes messages that have been in the trash or junk mailbox for the configured time: every
//! minute, at most 500 messages.

use std::time::Duration;

use crate::gateway::{Error, Gateway};

use super::timed::Job;

pub const JOB: Job = Job {
    failure: "old messages in trash and junk could not be deleted",
    every: Duration::from_secs(60),
    pass,
};

const AT_ONCE: usize = 500;

fn pass(gateway: &Gateway) -> Result<(), Error> {
    gateway.messages_expire(AT_ONCE).map(drop)
}
