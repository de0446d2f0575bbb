//! Removes uploaded files that no draft has referred to for two days: every minute, at most 100
//! files.

use std::time::Duration;

use crate::gateway::{Error, Gateway};

use super::timed::Job;

pub const JOB: Job =
    Job { failure: "old uploads could not be removed", every: Duration::from_secs(60), pass };

const AT_ONCE: usize = 100;
/// How long a file is kept while no draft refers to it.
const KEPT_SECS: i64 = 2 * 24 * 3_600;

fn pass(gateway: &Gateway) -> Result<(), Error> {
    let before = gateway.clock().now().plus_secs(-KEPT_SECS);
    gateway.uploads_expire(before, AT_ONCE).map(drop)
}
