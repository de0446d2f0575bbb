//! The kinds of messages in the queue, and the states of a row.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What kind of message a row of the queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QueueKind {
    /// A message that leaves in clear.
    Message,
    /// The notification of a message that waits in a temporary account.
    Notification,
    /// A report to an outside sender: accepted, read, rejected, or a delivery report.
    Report,
}

super::words!(QueueKind {
    Message => "message",
    Notification => "notification",
    Report => "report",
});

/// The state of a row of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QueueState {
    Waiting,
    /// It is being sent; it waits again when the lease runs out.
    Leased,
    /// An administrator put it on hold.
    Held,
}

super::words!(QueueState { Waiting => "waiting", Leased => "leased", Held => "held" });
