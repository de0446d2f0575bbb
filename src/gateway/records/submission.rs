//! Drafts, uploads, submissions, and one delivery for each recipient of a submission.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, DraftId, UploadId};
use crate::gateway::records::message::HeldCopy;
use crate::gateway::records::queue::QueueRow;
use crate::gateway::records::temporary::Pickup;
use crate::terms::{DeliveryState, RejectReason, Route, StepNote};

/// A message that is being written; only its owner can open its content.
#[derive(Clone, Serialize, Deserialize)]
pub struct Draft {
    pub version: u32,
    pub saved: Timestamp,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

/// A file that is being uploaded.
#[derive(Clone, Serialize, Deserialize)]
pub struct Upload {
    /// Name and type.
    #[serde(with = "serde_bytes")]
    pub sealed_meta: Vec<u8>,
    pub size: u64,
    pub received: u64,
    pub chunks: u32,
    /// Since when no draft names it: the start of the upload, or the last draft's release.
    pub unnamed_since: Timestamp,
    /// Whether a draft names it, which keeps it.
    pub named: bool,
    /// Whether it came with a message that never left the sealed store.
    pub sealed: bool,
}

/// A chunk of an upload, which is a content of its own.
#[derive(Clone, Serialize, Deserialize)]
pub struct UploadChunk {
    pub content: [u8; 16],
    #[serde(with = "serde_bytes")]
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
    /// Whether no recipient gets it outside the sealed store.
    pub sealed: bool,
    /// Whether an earlier message of its conversation is sealed.
    pub sealed_thread: bool,
    /// The octets that count for the sender although the own copy was deleted, as long as the
    /// message waits outside.
    pub owed: Option<u64>,
    /// How its deliveries stand, counted; `None` until they are counted: earlier versions did not
    /// count.
    pub standings: Option<Vec<Standing>>,
}

/// How many deliveries of a message are in one state, on one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub route: Route,
    pub state: DeliveryState,
    pub count: u32,
}

#[derive(Serialize, Deserialize)]
pub struct SubmissionV2 {
    pub sender: AccountId,
    pub accepted: Timestamp,
    pub undo_until: Option<Timestamp>,
    pub deliveries: u32,
    pub sealed: bool,
    pub sealed_thread: bool,
    pub owed: Option<u64>,
}

impl From<SubmissionV2> for Submission {
    fn from(old: SubmissionV2) -> Submission {
        Submission {
            sender: old.sender,
            accepted: old.accepted,
            undo_until: old.undo_until,
            deliveries: old.deliveries,
            sealed: old.sealed,
            sealed_thread: old.sealed_thread,
            owed: old.owed,
            standings: None,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub struct SubmissionV1 {
    pub sender: AccountId,
    pub accepted: Timestamp,
    pub undo_until: Option<Timestamp>,
    pub deliveries: u32,
    pub sealed: bool,
    pub sealed_thread: bool,
}

impl From<SubmissionV1> for SubmissionV2 {
    fn from(old: SubmissionV1) -> SubmissionV2 {
        SubmissionV2 {
            sender: old.sender,
            accepted: old.accepted,
            undo_until: old.undo_until,
            deliveries: old.deliveries,
            sealed: old.sealed,
            sealed_thread: old.sealed_thread,
            owed: None,
        }
    }
}

/// One step of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub state: DeliveryState,
    pub at: Timestamp,
    pub note: Option<StepNote>,
    /// What a host said, or whose rule it was.
    pub detail: Option<String>,
    /// How many attempts in vain the step stands for, of which `at` is the last.
    pub tried: u32,
}

/// The status of a message for one recipient.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// As the sender wrote it.
    pub address: String,
    pub account: Option<AccountId>,
    pub route: Route,
    pub history: Vec<Step>,
    pub reason: Option<RejectReason>,
    /// When the sender consented to sending it in clear.
    pub consent: Option<Timestamp>,
}

impl Delivery {
    /// The current state.
    pub(in crate::gateway) fn state(&self) -> DeliveryState {
        self.history.last().map_or(DeliveryState::Accepted, |step| step.state)
    }
}

#[derive(Serialize, Deserialize)]
pub struct StepV1 {
    pub state: DeliveryState,
    pub at: Timestamp,
    pub detail: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub struct DeliveryV1 {
    pub address: String,
    pub account: Option<AccountId>,
    pub route: Route,
    pub history: Vec<StepV1>,
    pub reason: Option<RejectReason>,
    pub consent: Option<Timestamp>,
}

impl From<DeliveryV1> for Delivery {
    fn from(old: DeliveryV1) -> Delivery {
        Delivery {
            address: old.address,
            account: old.account,
            route: old.route,
            history: old.history.into_iter().map(Step::from).collect(),
            reason: old.reason,
            consent: old.consent,
        }
    }
}

impl From<StepV1> for Step {
    /// Notes were words of the detail.
    fn from(StepV1 { state, at, detail }: StepV1) -> Step {
        let note = match (state, detail.as_deref()) {
            (DeliveryState::Waiting, Some("notified")) => Some(StepNote::Notified),
            (DeliveryState::Failed, Some("the account was deleted")) => {
                Some(StepNote::AccountDeleted)
            }
            _ => None,
        };
        let detail = detail.filter(|_| note.is_none());
        Step { state, at, note, detail, tried: 0 }
    }
}

/// A generated message that is sent with a message; it is small, so the record holds it.
#[derive(Clone, Serialize, Deserialize)]
pub struct HeldMail {
    #[serde(with = "serde_bytes")]
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
