//! Messages as they are stored, each reader's copy of one, and what became of it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, ConversationId, MailboxId, ReferenceKey};
use crate::mail::envelope::{Recipient, ReversePath};
use crate::terms::RejectReason;

/// How a message travelled to us.
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
    /// Its owner brought it in from a file: nothing is known of its way.
    Imported,
}

/// A stored message: how many still hold a key to it.
#[derive(Serialize, Deserialize)]
pub struct Message {
    /// Readers' entries, rows of the queue, and messages held back.
    pub holders: u32,
    pub received: Timestamp,
    /// As the peer gave it; empty for the null reverse-path. Confirmations go there.
    pub reverse_path: String,
    /// Octets of trace lines that stand before what the peer sent.
    pub trace_octets: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutcomeKind {
    Read,
    Rejected(Option<RejectReason>),
}

/// What became of one reader's copy; written once, and what a confirmation is made from.
#[derive(Serialize, Deserialize)]
pub struct Outcome {
    pub kind: OutcomeKind,
    pub at: Timestamp,
    pub reverse_path: String,
}

/// One reader's share of a message: where it goes, and what opens it for that reader alone.
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

/// A share that waits, with the record of the epoch it was sealed in.
#[derive(Clone, Serialize, Deserialize)]
pub struct HeldCopy {
    pub copy: ReaderCopy,
    pub delivery: u32,
    pub encapsulation: Vec<u8>,
    pub started: Timestamp,
}

/// What a request that was carried out led to.
#[derive(Serialize, Deserialize)]
pub struct Requested {
    pub reference: ReferenceKey,
    pub at: Timestamp,
}

/// An outside sender who may be answered, and what the answer needs.
#[derive(Clone, Serialize, Deserialize)]
pub struct Answerable {
    pub reverse_path: ReversePath,
    pub message_id: Option<String>,
    /// Which of the addresses written to is whose.
    pub recipients: Vec<(AccountId, Recipient)>,
}

/// When a sender was last answered for a recipient.
#[derive(Serialize, Deserialize)]
pub struct Answered {
    pub at: Timestamp,
}

/// The conversation that an identifier belongs to.
#[derive(Serialize, Deserialize)]
pub struct ConversationOf {
    pub conversation: ConversationId,
    /// How many of its messages name the identifier.
    pub named: u32,
}

/// A message of a conversation.
#[derive(Clone, Serialize, Deserialize)]
pub struct Member {
    /// The identifiers that it names and that belong to the conversation.
    pub ids: Vec<[u8; 16]>,
    /// Its own identifier, whichever conversation that belongs to.
    pub own: Option<[u8; 16]>,
}

/// That a message has an identifier as its own.
#[derive(Serialize, Deserialize)]
pub struct OwnId;

/// The identifiers in a message's header as an account keeps them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Keys {
    /// Of the messages that it answers, the nearest last.
    pub references: Vec<[u8; 16]>,
    pub own: Option<[u8; 16]>,
}
