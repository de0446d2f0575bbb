//! Work that the clock starts: each job wakes on a signal or a timer, takes no input, re-reads
//! the store and does a bounded amount. Running one twice does no harm.
//!
//! | file | what it does |
//! | --- | --- |
//! | `release` | sends submissions whose time to be taken back is over |
//! | `temporary_warn`, `temporary_expire` | temporary accounts that end soon, or now |
//! | `uploads_expire`, `messages_expire` | files without a draft; old messages in trash and junk |
//! | `sessions_expire`, `epochs_expire` | sessions that are over; secrets of epochs that are over |
//! | `audit_expire` | old lines of the audit log |
//! | `timed` | the timer |

mod audit_expire;
mod epochs_expire;
mod messages_expire;
mod release;
mod sessions_expire;
mod temporary_expire;
mod temporary_warn;
mod timed;
mod uploads_expire;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::gateway::Gateway;

use timed::Job;

/// The jobs that a timer starts.
const TIMED: &[Job] = &[
    temporary_warn::JOB,
    temporary_expire::JOB,
    uploads_expire::JOB,
    epochs_expire::JOB,
    sessions_expire::JOB,
    audit_expire::JOB,
    messages_expire::JOB,
];

/// Starts every job; each runs until `stop`.
pub fn start(gateway: &Gateway, stop: &CancellationToken, tasks: &TaskTracker) {
    tasks.spawn(release::run(gateway.clone(), stop.clone()));
    for job in TIMED {
        tasks.spawn(timed::run(job, gateway.clone(), stop.clone()));
    }
}
