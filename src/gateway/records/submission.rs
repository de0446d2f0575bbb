//! Drafts, uploads, submissions, and one delivery for each recipient of a submission.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, DraftId, UploadId};
use crate::gateway::records::message::HeldCopy;
use crate::gateway::records::queue::QueueRow;
use crate::gateway::records::temporary::Pickup;
use crate::terms::{DeliveryState, RejectReason, Route};

/// A message being written; what it says opens only for its owner.
#[derive(Clone, Serialize, Deserialize)]
pub struct Draft {
    pub version: u32,
    pub saved: Timestamp,
    pub sealed: Vec<u8>,
}

/// A file on its way in.
#[derive(Clone, Serialize, Deserialize)]
pub struct Upload {
    /// Name and type.
    pub sealed_meta: Vec<u8>,
    pub size: u64,
    pub received: u64,
    pub chunks: u32,
    pub created: Timestamp,
    /// A draft names it, so it stays.
    pub named: bool,
    /// It came with a message that never left the sealed store.
    pub sealed: bool,
}

/// A piece of an upload, a content of its own.
#[derive(Clone, Serialize, Deserialize)]
pub struct UploadChunk {
    pub content: [u8; 16],
    pub wrapped_key: Vec<u8>,
    pub length: u64,
}

/// A message that an account sent.
#[derive(Clone, Serialize, Deserialize)]
pub struct Submission {
    pub sender: AccountId,
    pub accepted: Timestamp,
    pub undo_until: Option<Timestamp>,
    pub deliveries: u32,
    /// No recipient gets it outside the sealed store.
    pub sealed: bool,
    /// An earlier message of its thread was.
    pub sealed_thread: bool,
}

/// One step of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub state: DeliveryState,
    pub at: Timestamp,
    pub detail: Option<String>,
}

/// What became of a message for one recipient.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// As the sender wrote it.
    pub address: String,
    pub account: Option<AccountId>,
    pub route: Route,
    pub history: Vec<Step>,
    pub reason: Option<RejectReason>,
    /// When the sender said yes to sending it in clear.
    pub consent: Option<Timestamp>,
}

/// A generated message that goes out with a message; small, so it waits in the record itself.
#[derive(Clone, Serialize, Deserialize)]
pub struct HeldMail {
    pub content: Vec<u8>,
    pub row: QueueRow,
}

/// A message that was accepted but may still be taken back.
#[derive(Clone, Serialize, Deserialize)]
pub struct Held {
    pub due: Timestamp,
    pub size: u64,
    pub draft_id: DraftId,
    pub draft: Draft,
    pub uploads: Vec<UploadId>,
    pub copies: Vec<HeldCopy>,
    pub rows: Vec<QueueRow>,
    pub mails: Vec<HeldMail>,
    pub pickups: Vec<([u8; 16], Pickup)>,
}
