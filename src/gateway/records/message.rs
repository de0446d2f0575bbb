//! Stored messages, each reader's copy of one, and its outcome.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, ConversationId, MailboxId, ReferenceKey};
use crate::mail::envelope::{Recipient, ReversePath};
use crate::terms::RejectReason;

/// How a message reached us.
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
    /// The account's owner imported it from a file: nothing is known of how it was transported.
    Imported,
}

/// A stored message, with the number of holders of its content.
#[derive(Serialize, Deserialize)]
pub struct Message {
    /// Readers' entries, queue rows, and messages held back for undo send.
    pub holders: u32,
    pub received: Timestamp,
    /// As the peer gave it; empty for the null reverse-path. Confirmations go there.
    pub reverse_path: String,
    /// Octets of trace fields that precede what the peer sent.
    pub trace_octets: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutcomeKind {
    Read,
    Rejected(Option<RejectReason>),
}

/// The outcome of one reader's copy; written once, and the basis for a confirmation.
#[derive(Serialize, Deserialize)]
pub struct Outcome {
    pub kind: OutcomeKind,
    pub at: Timestamp,
    pub reverse_path: String,
}

/// A reader's copy of a message: where it is stored, and what opens it for that reader alone.
#[derive(Clone, Serialize, Deserialize)]
pub struct ReaderCopy {
    pub account: AccountId,
    pub mailbox: MailboxId,
    pub opened: Option<Timestamp>,
    pub unread: bool,
    pub sent: bool,
    pub epoch: u64,
    #[serde(with = "serde_bytes")]
    pub sealed_summary: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub wrapped_key: Vec<u8>,
    /// The identifiers in the message's header.
    pub ids: Keys,
}

/// A reader's copy that is held back, with the record of the epoch that it was sealed in.
#[derive(Clone, Serialize, Deserialize)]
pub struct HeldCopy {
    pub copy: ReaderCopy,
    pub delivery: u32,
    #[serde(with = "serde_bytes")]
    pub encapsulation: Vec<u8>,
    pub started: Timestamp,
}

/// The result of a request that was carried out.
#[derive(Serialize, Deserialize)]
pub struct Requested {
    pub reference: ReferenceKey,
    pub at: Timestamp,
}

/// An outside sender who may get an automatic answer, and what that answer needs.
#[derive(Clone, Serialize, Deserialize)]
pub struct Answerable {
    pub reverse_path: ReversePath,
    pub message_id: Option<String>,
    /// Which account each recipient address belongs to.
    pub recipients: Vec<(AccountId, Recipient)>,
}

/// When a sender last got an automatic answer for a recipient.
#[derive(Serialize, Deserialize)]
pub struct Answered {
    pub at: Timestamp,
}

/// The conversation that an identifier belongs to.
#[derive(Serialize, Deserialize)]
pub struct ConversationOf {
    pub conversation: ConversationId,
    /// How many messages of the conversation name the identifier.
    pub named: u32,
    /// The first of these messages that has it as its own; each further one has a row of its own.
    pub own: Option<ReferenceKey>,
}

#[derive(Serialize, Deserialize)]
pub struct ConversationOfV1 {
    pub conversation: ConversationId,
    pub named: u32,
}

impl From<ConversationOfV1> for ConversationOf {
    fn from(old: ConversationOfV1) -> ConversationOf {
        let ConversationOfV1 { conversation, named } = old;
        // Each message that has it as its own has a row of its own.
        ConversationOf { conversation, named, own: None }
    }
}

/// A message in a conversation.
#[derive(Clone, Serialize, Deserialize)]
pub struct Member {
    /// The identifiers that the message names and that belong to the conversation.
    pub ids: Vec<[u8; 16]>,
    /// The message's own identifier, whichever conversation that belongs to.
    pub own: Option<[u8; 16]>,
}

/// Marks a message as one with this identifier, where [`ConversationOf`] does not name it.
#[derive(Serialize, Deserialize)]
pub struct OwnId;

/// The identifiers in a message's header, as an account stores them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Keys {
    /// The messages that it replies to, the nearest last.
    pub references: Vec<[u8; 16]>,
    pub own: Option<[u8; 16]>,
}
