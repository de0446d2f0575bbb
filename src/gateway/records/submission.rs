//! Drafts, uploads, submissions, and one delivery for each recipient of a submission.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, DraftId, UploadId};
use crate::gateway::records::message::HeldCopy;
use crate::gateway::records::policy::Route;
use crate::gateway::records::queue::QueueRow;
use crate::gateway::records::temporary::Pickup;
use crate::terms::RejectReason;

/// A message being composed; only its owner's keys open its content.
#[derive(Clone, Serialize, Deserialize)]
pub struct Draft {
    pub version: u32,
    pub saved: Timestamp,
    pub sealed: Vec<u8>,
}

/// A file that is being uploaded.
#[derive(Clone, Serialize, Deserialize)]
pub struct Upload {
    /// The file's name and media type.
    pub sealed_meta: Vec<u8>,
    pub size: u64,
    pub received: u64,
    pub chunks: u32,
    pub created: Timestamp,
    /// A draft names it, so it does not expire.
    pub named: bool,
    /// The file comes from a message that never left the sealed store.
    pub sealed: bool,
}

/// A chunk of an upload, stored as a separate content.
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
    /// An earlier message of its thread was sealed.
    pub sealed_thread: bool,
}

/// The state of a message's delivery to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    Held,
    Accepted,
    Waiting,
    Delivered,
    Read,
    Rejected,
    Expired,
    Refused,
    Failed,
}

impl DeliveryState {
    /// The code used on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Held => "held",
            DeliveryState::Accepted => "accepted",
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Read => "read",
            DeliveryState::Rejected => "rejected",
            DeliveryState::Expired => "expired",
            DeliveryState::Refused => "refused",
            DeliveryState::Failed => "failed",
        }
    }

    /// Whether no further state follows.
    pub fn is_final(self) -> bool {
        use DeliveryState::{Expired, Failed, Read, Refused, Rejected};
        matches!(self, Read | Rejected | Expired | Refused | Failed)
    }
}

/// One step in the history of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub state: DeliveryState,
    pub at: Timestamp,
    pub detail: Option<String>,
}

/// The delivery of a message to one recipient.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// As the sender wrote it.
    pub address: String,
    pub account: Option<AccountId>,
    pub route: Route,
    pub history: Vec<Step>,
    pub reason: Option<RejectReason>,
    /// When the sender agreed to send it unprotected.
    pub consent: Option<Timestamp>,
}

/// Generated mail that goes out with a message; it is small, so the record itself holds it.
#[derive(Clone, Serialize, Deserialize)]
pub struct HeldMail {
    pub content: Vec<u8>,
    pub row: QueueRow,
}

/// A message that was accepted and can still be undone.
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
