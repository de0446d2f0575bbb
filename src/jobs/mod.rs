//! Background jobs: each is woken by a signal or a timer, takes no input, reads the store anew
//! and does a bounded amount of work. Running a job twice does no harm.
//!
//! | file | what it does |
//! | --- | --- |
//! | `release` | sends submissions that can no longer be undone |
//! | `temporary_warn`, `temporary_expire` | warns about and terminates temporary accounts |
//! | `uploads_expire`, `messages_expire` | deletes files without a draft; old trash and junk |
//! | `boards_finish` | finishes deletions of boards that were interrupted |
//! | `roles_finish` | finishes ends of role mailboxes that were interrupted |
//! | `contacts_expire` | removes contacts and entries of calendars for good that were deleted a day ago; ends requests that nobody answered |
//! | `sessions_expire`, `epochs_expire` | removes ended sessions; wipes secrets of ended epochs |
//! | `refusals_write` | writes refused tries to the audit log |
//! | `reports` | tells senders about recipients whose mail failed or is late |
//! | `audit_expire` | removes old audit records |
//! | `quota` | warns the owners of accounts that fill up |
//! | `owners_tell` | tells owners what happened to the ways into their accounts |
//! | `rooms_away`, `rooms_watch` | says who left a chat room with the last session; who stopped reading, and whom a notice tells that something waits |
//! | `removals` | removes what is left of users who were removed |
//! | `timed`, `woken` | run a job at intervals, or when it is woken |

mod audit_expire;
mod boards_finish;
mod contacts_expire;
mod epochs_expire;
mod messages_expire;
mod owners_tell;
mod quota;
mod refusals_write;
mod release;
mod removals;
mod reports;
mod roles_finish;
mod rooms_away;
mod rooms_watch;
mod sessions_expire;
mod temporary_expire;
mod temporary_warn;
mod timed;
mod uploads_expire;
mod woken;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::gateway::Gateway;

/// The jobs that are started by a timer.
const TIMED: &[timed::Job] = &[
    temporary_warn::JOB,
    temporary_expire::JOB,
    uploads_expire::JOB,
    epochs_expire::JOB,
    sessions_expire::JOB,
    audit_expire::JOB,
    messages_expire::JOB,
    roles_finish::JOB,
    boards_finish::JOB,
    contacts_expire::JOB,
    rooms_away::JOB,
    rooms_watch::JOB,
];

/// The jobs that are woken when there is something to do.
const WOKEN: &[woken::Job] = &[reports::JOB, quota::JOB, owners_tell::JOB, removals::JOB];

/// Starts every job; each runs until `stop`.
pub fn start(gateway: &Gateway, stop: &CancellationToken, tasks: &TaskTracker) {
    tasks.spawn(release::run(gateway.clone(), stop.clone()));
    tasks.spawn(refusals_write::run(gateway.clone(), stop.clone()));
    for job in WOKEN {
        tasks.spawn(woken::run(job, gateway.clone(), stop.clone()));
    }
    for job in TIMED {
        tasks.spawn(timed::run(job, gateway.clone(), stop.clone()));
    }
}
