//! Rows of the outbound queue, and the TLS policies that other domains publish.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::ReferenceKey;
use crate::mail::envelope::{DsnReturn, Recipient, ReversePath};

/// Marks something as due at the time in its key.
#[derive(Serialize, Deserialize)]
pub struct Due;

/// The kind of mail that a queue row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueKind {
    /// A message that leaves unsealed.
    Message,
    /// Mail that tells the holder of a temporary account that a message waits.
    Notification,
    /// Mail to an outside sender: accepted, read, rejected, or a delivery report.
    Report,
}

impl QueueKind {
    /// The code used on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            QueueKind::Message => "message",
            QueueKind::Notification => "notification",
            QueueKind::Report => "report",
        }
    }
}

/// How the next hop must be protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TlsNeed {
    /// TLS if it is offered, with any certificate.
    Opportunistic,
    /// TLS with a certificate that is valid for the host.
    Required,
    /// TLS that the recipient's domain supports with MTA-STS (RFC 8461) or DANE (RFC 7672).
    Verified,
}

/// The state of a queue row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueState {
    Waiting,
    /// A worker is sending it; the row waits again when the lease expires.
    Leased,
    /// An administrator holds it back.
    Held,
}

impl QueueState {
    /// The code used on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            QueueState::Waiting => "waiting",
            QueueState::Leased => "leased",
            QueueState::Held => "held",
        }
    }
}

/// One message on its way out to one recipient.
#[derive(Clone, Serialize, Deserialize)]
pub struct QueueRow {
    /// The reference number that people see.
    pub message: ReferenceKey,
    /// The content that is sent.
    pub content: ReferenceKey,
    pub kind: QueueKind,
    /// Opens the content under the queue's key; deleted with the row.
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

/// A domain's TLS policy for its hosts (RFC 8461), with its expiry time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsPolicy {
    /// The policy ID from the domain's DNS record.
    pub id: String,
    pub text: String,
    pub until: Timestamp,
}
