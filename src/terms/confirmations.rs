//! Where confirmations go.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a user gets the confirmations that a message was read by somebody inside or by
/// the owner of a temporary account (decision D5). They always come: only the place can be chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmations {
    /// In a mailbox of their own, already read.
    #[default]
    Mailbox,
    /// In the inbox, unread.
    Inbox,
}

super::words!(Confirmations { Mailbox => "mailbox", Inbox => "inbox" });
