//! The result of a delivery attempt.

use crate::mail::status::EnhancedStatus;

/// The result of a delivery attempt.
#[derive(Clone, Debug)]
pub enum Attempted {
    /// The next hop accepted the message.
    Delivered { by: String, text: String },
    /// A temporary failure; the queue tries again.
    Deferred { status: EnhancedStatus, text: String, host: Option<String> },
    /// A permanent failure.
    Failed { status: EnhancedStatus, text: String, host: Option<String> },
    /// The message requires verified TLS, and the destination offers none.
    NoVerifiedTls { text: String },
}

impl Attempted {
    /// The result for the log.
    pub fn word(&self) -> &'static str {
        match self {
            Attempted::Delivered { .. } => "delivered",
            Attempted::Deferred { .. } => "deferred",
            Attempted::Failed { .. } => "failed",
            Attempted::NoVerifiedTls { .. } => "no verified TLS",
        }
    }
}

/// Why an attempt failed: the reply, and the host that gave it.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Reason {
    pub host: Option<String>,
    pub text: String,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.host {
            Some(host) => write!(f, "{host}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}
