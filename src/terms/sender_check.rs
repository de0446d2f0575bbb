//! What is known about whether a message is from whom it says.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the check of a message's authors says (DMARC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SenderCheck {
    /// Nothing was checked: the message never left this server, was imported, or arrived while
    /// checks were off.
    #[default]
    Unchecked,
    /// A trusted relay passed it on, which has checked it.
    Relay,
    /// The author's domain confirms that the message is its own.
    Confirmed,
    /// The author's domain offers nothing to check it by.
    Unknown,
    /// It could not be checked, because DNS did not answer.
    Temporary,
    /// The author's domain does not confirm it, though it confirms its mail.
    Failed,
    /// The same, and the domain asks for such mail to be treated as suspicious.
    Quarantined,
    /// It arrived from outside, names one of our own domains, and is not confirmed by it.
    OwnDomain,
}

super::words!(SenderCheck {
    Unchecked => "unchecked",
    Relay => "relay",
    Confirmed => "confirmed",
    Unknown => "unknown",
    Temporary => "temporary",
    Failed => "failed",
    Quarantined => "quarantined",
    OwnDomain => "own-domain",
});

/// What contradicts who a message says it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SenderWarning {
    /// The name contains an address that is not the sender's.
    NameAddress,
    /// Replies go to another organisation.
    ReplyDomain,
    /// The domain looks like one of ours.
    Lookalike,
    /// The name is that of somebody inside or of the organisation, and the address is outside.
    BorrowedName,
}

super::words!(SenderWarning {
    NameAddress => "name-address",
    ReplyDomain => "reply-domain",
    Lookalike => "lookalike",
    BorrowedName => "borrowed-name",
});
