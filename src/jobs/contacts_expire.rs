//! Removes contacts and entries of calendars for good that were deleted a day ago, and what is kept of meetings
//! that were over long ago, and ends requests to add a contact that nobody answered in 30 days: every minute, at
//! most 500 of each.

use std::time::Duration;

use crate::gateway::{Error, Gateway};

use super::timed::Job;

pub const JOB: Job =
    Job { failure: "old contacts could not be removed", every: Duration::from_secs(60), pass };

const AT_ONCE: usize = 500;

fn pass(gateway: &Gateway) -> Result<(), Error> {
    // What stops one of them does not stop the other.
    let contacts = gateway.contacts_expire(AT_ONCE);
    let requests = gateway.contact_requests_expire(AT_ONCE);
    let entries = gateway.schedule_expire(AT_ONCE);
    let meetings = gateway.meetings_expire(AT_ONCE);
    contacts.and(requests).and(entries).and(meetings).map(drop)
}
