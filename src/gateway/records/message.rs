//! Stored messages, their readers' copies, and their outcomes.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, ConversationId, MailboxId, ReferenceKey};
use crate::mail::envelope::{Recipient, ReversePath};
use crate::terms::RejectReason;

/// How a message was transported to us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protection {
    Tls {
        version: String,
        peer: String,
    },
    Clear {
        peer: String,
    },
    Inside,
    /// Its owner imported it from a file: its transport is unknown.
    Imported,
}

/// A stored message, with the number of holders of a key to it.
#[derive(Serialize, Deserialize)]
pub struct Message {
    /// The number of readers' entries, queue rows and held copies.
    pub holders: u32,
    pub received: Timestamp,
    /// As the peer gave it; empty for the null reverse-path. Confirmations go there.
    pub reverse_path: String,
    /// The octets of trace fields before the message as the peer sent it.
    pub trace_octets: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutcomeKind {
    Read,
    Rejected(Option<RejectReason>),
}

/// The outcome of one reader's copy; it is written once, and the confirmation follows from it.
#[derive(Serialize, Deserialize)]
pub struct Outcome {
    pub kind: OutcomeKind,
    pub at: Timestamp,
    pub reverse_path: String,
}

/// One reader's copy of a message: its mailbox, and the wrap that only this reader can open.
#[derive(Clone, Serialize, Deserialize)]
pub struct ReaderCopy {
    pub account: AccountId,
    pub mailbox: MailboxId,
    pub opened: Option<Timestamp>,
    pub unread: bool,
    pub sent: bool,
    pub epoch: u64,
    pub sealed_summary: Vec<u8>,
    pub wrapped_key: Vec<u8>,
    /// The identifiers in its header.
    pub ids: Keys,
}

/// A held copy, with the record of the epoch in which it was sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct HeldCopy {
    pub copy: ReaderCopy,
    pub delivery: u32,
    pub encapsulation: Vec<u8>,
    pub started: Timestamp,
}

/// The result of a request, for a repetition of it.
#[derive(Serialize, Deserialize)]
pub struct Requested {
    pub reference: ReferenceKey,
    pub at: Timestamp,
}

/// An outside sender who may get an auto-response, with the data that it needs.
#[derive(Clone, Serialize, Deserialize)]
pub struct Answerable {
    pub reverse_path: ReversePath,
    pub message_id: Option<String>,
    /// The recipients with their accounts.
    pub recipients: Vec<(AccountId, Recipient)>,
}

/// When a sender last got an auto-response for a recipient.
#[derive(Serialize, Deserialize)]
pub struct Answered {
    pub at: Timestamp,
}

/// The conversation that an identifier belongs to.
#[derive(Serialize, Deserialize)]
pub struct ConversationOf {
    pub conversation: ConversationId,
    /// The number of its messages that name the identifier.
    pub named: u32,
}

/// A message of a conversation.
#[derive(Clone, Serialize, Deserialize)]
pub struct Member {
    /// The identifiers of the conversation that it names.
    pub ids: Vec<[u8; 16]>,
    /// Its own identifier, in whatever conversation that is.
    pub own: Option<[u8; 16]>,
}

/// Records that an identifier is a message's own.
#[derive(Serialize, Deserialize)]
pub struct OwnId;

/// The identifiers in a message's header, as an account stores them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Keys {
    /// Those of the messages that it refers to, the nearest last.
    pub references: Vec<[u8; 16]>,
    pub own: Option<[u8; 16]>,
}
