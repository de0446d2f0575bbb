//! Rows of the outbound queue, and what other domains publish about their TLS.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::ReferenceKey;
use crate::mail::envelope::{DsnReturn, Recipient, ReversePath};
use crate::mail::status::EnhancedStatus;
use crate::terms::{DeliveryState, QueueKind, QueueState};

/// Marks something that is due at the time in its key.
#[derive(Serialize, Deserialize)]
pub struct Due;

/// How the next hop must be protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TlsNeed {
    /// TLS if it is offered, with any certificate.
    Opportunistic,
    /// TLS with a certificate that is valid for the host.
    Required,
    /// TLS that the recipient's domain authenticates: MTA-STS (RFC 8461) or DANE (RFC 7672).
    Verified,
}

/// A message for one recipient that waits to be sent.
#[derive(Clone, Serialize, Deserialize)]
pub struct QueueRow {
    /// The reference number that users see.
    pub message: ReferenceKey,
    /// The content that is sent.
    pub content: ReferenceKey,
    pub kind: QueueKind,
    /// Opens the content under the queue's key; destroyed with the row.
    #[serde(with = "serde_bytes")]
    pub wrapped_key: Vec<u8>,
    pub delivery: Option<u32>,
    pub reverse_path: ReversePath,
    pub recipient: Recipient,
    pub ret: Option<DsnReturn>,
    pub envid: Option<String>,
    pub smtputf8: bool,
    pub eight_bit: bool,
    pub require_tls: bool,
    pub tls: TlsNeed,
    pub size: u64,
    pub state: QueueState,
    pub due: Timestamp,
    pub attempts: u32,
    pub queued: Timestamp,
    pub delay_told: bool,
    pub last: Option<String>,
}

/// A recipient whose mail failed, is late or took another route, which the next report to the
/// message's sender names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreported {
    /// `Failed`, or `Waiting` if it is late; for want of verified TLS, `Accepted` if it went into a
    /// temporary account, and `Delivered` if it goes as ordinary mail.
    pub kind: DeliveryState,
    pub recipient: Recipient,
    /// As the sender wrote it.
    pub address: String,
    pub status: EnhancedStatus,
    /// The host that replied, and what it said.
    pub host: Option<String>,
    pub text: String,
    pub at: Timestamp,
    pub queued: Timestamp,
    pub envid: Option<String>,
}

/// What a domain says about TLS to its hosts (RFC 8461), until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsPolicy {
    /// As its DNS record names the policy.
    pub id: String,
    pub text: String,
    pub until: Timestamp,
}

/// A row's ID, made from its content and its recipient, so that queueing it twice has the effect of
/// queueing it once.
pub(in crate::gateway) fn row_id(content: ReferenceKey, delivery: Option<u32>) -> [u8; 16] {
    let mut id = content;
    let index = delivery.unwrap_or(u32::MAX).to_be_bytes();
    // The first octets of a reference number are zero (45 + 50 + 5 bits of 128).
    id[..3].copy_from_slice(&index[1..]);
    id
}
