//! The route of a message to one recipient, and how far it has come.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Choice;

/// The route that a message takes to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// The recipient has an account here.
    Inside,
    TemporaryAccount,
    Ask,
    Plain,
    VerifiedTls,
    Refused,
}

super::words!(Route {
    Inside => "inside",
    TemporaryAccount => "temporary-account",
    Ask => "ask",
    Plain => "plain",
    VerifiedTls => "verified-tls",
    Refused => "refused",
});

impl From<Choice> for Route {
    fn from(choice: Choice) -> Route {
        match choice {
            Choice::Refuse => Route::Refused,
            Choice::Ask => Route::Ask,
            Choice::TemporaryAccount => Route::TemporaryAccount,
            Choice::Plain => Route::Plain,
            Choice::VerifiedTls => Route::VerifiedTls,
        }
    }
}

/// How far a message has come with one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// The sender can still undo it.
    Held,
    Accepted,
    /// It is in the queue for another server.
    Waiting,
    Delivered,
    Read,
    Rejected,
    Expired,
    Refused,
    Failed,
}

super::words!(DeliveryState {
    Held => "held",
    Accepted => "accepted",
    Waiting => "waiting",
    Delivered => "delivered",
    Read => "read",
    Rejected => "rejected",
    Expired => "expired",
    Refused => "refused",
    Failed => "failed",
});

impl DeliveryState {
    /// Whether no other state follows.
    pub fn is_final(self) -> bool {
        use DeliveryState::{Expired, Failed, Read, Refused, Rejected};
        matches!(self, Read | Rejected | Expired | Refused | Failed)
    }
}

/// What a step of a delivery says besides its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepNote {
    /// The recipient was notified by mail that the message waits here.
    Notified,
    /// It was tried in vain, and will be tried again.
    Tried,
    /// The way to the recipient had no verified TLS, so the message took another route.
    NoVerifiedTls,
    /// The recipient's account was deleted before the message reached it.
    AccountDeleted,
}

super::words!(StepNote {
    Notified => "notified",
    Tried => "tried",
    NoVerifiedTls => "no-verified-tls",
    AccountDeleted => "account-deleted",
});

/// Why a message is not sent to a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotSent {
    /// What the sender wrote is not an address.
    NoAddress,
    /// The policy allows no mail to this recipient.
    Rules,
    UnknownRecipient,
    /// The domain is not one of ours.
    NotLocal,
    /// The recipient does not accept mail from inside.
    AcceptFrom,
    /// The account is disabled.
    Disabled,
    /// Nobody reads this address yet.
    NotNow,
    /// The organisation exchanges no mail with the outside.
    Intranet,
    /// The recipient's mailbox is full.
    MailboxFull,
    /// The recipient is in a closed group, and the sender is not in it.
    ClosedGroup,
    /// The sender is not among those who may write to the group.
    GroupWriters,
}

super::words!(NotSent {
    NoAddress => "no-address",
    Rules => "rules",
    UnknownRecipient => "unknown-recipient",
    NotLocal => "not-local",
    AcceptFrom => "accept-from",
    Disabled => "disabled",
    NotNow => "not-now",
    Intranet => "intranet",
    MailboxFull => "mailbox-full",
    ClosedGroup => "closed-group",
    GroupWriters => "group-writers",
});

/// Who decided the route of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The recipient is inside, so no policy applies.
    Inside,
    /// The organisation exchanges no mail with the outside.
    Intranet,
    /// The choice for the whole system.
    System,
    /// A rule for the sender.
    User,
    /// A rule for the recipient's domain.
    Domain,
    /// A rule for the recipient.
    Recipient,
    /// The sender's own preference.
    Own,
    /// The sender's choice for this message.
    Message,
}

super::words!(Level {
    Inside => "inside",
    Intranet => "intranet",
    System => "system",
    User => "user",
    Domain => "domain",
    Recipient => "recipient",
    Own => "own",
    Message => "message",
});
