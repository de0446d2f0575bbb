//! Finishes the ends of role mailboxes that were interrupted: every minute.

use std::time::Duration;

use crate::gateway::{Error, Gateway};

use super::timed::Job;

pub const JOB: Job =
    Job { failure: "role mailboxes could not be ended", every: Duration::from_secs(60), pass };

fn pass(gateway: &Gateway) -> Result<(), Error> {
    gateway.roles_finish().map(drop)
}
