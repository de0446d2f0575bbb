//! How a message that is being written relates to an earlier one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a new message relates to the message that it was started from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RelationKind {
    /// A reply to the sender alone.
    Reply,
    /// A reply to the sender and to all recipients.
    ReplyAll,
    Forward,
}

super::words!(RelationKind { Reply => "reply", ReplyAll => "reply-all", Forward => "forward" });
