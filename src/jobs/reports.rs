//! Writes delivery reports to senders: when something is to be reported, at most every two seconds,
//! and again as long as a report waits for other recipients of its message.

use std::time::Duration;

use super::woken::{Again, Job};
use crate::gateway::Gateway;

pub const JOB: Job = Job {
    failure: "reports could not be written",
    wake: Gateway::report_wake,
    idle: Duration::from_secs(60),
    // Recipients fail one after another: a pass looks at all that failed since the last one.
    gather: Duration::from_secs(2),
    pass: |gateway| {
        let waits = gateway.reports_write()?;
        Ok(if waits { Again::AtOnce } else { Again::WhenIdle })
    },
};
