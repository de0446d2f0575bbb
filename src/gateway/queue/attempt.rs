//! How one attempt to deliver ended.

use crate::mail::status::EnhancedStatus;

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum Attempted {
    /// The next hop accepted it.
    Delivered { by: String, text: String },
    /// It is tried again later.
    Deferred { status: EnhancedStatus, text: String, host: Option<String> },
    /// It was refused permanently.
    Failed { status: EnhancedStatus, text: String, host: Option<String> },
    /// It needs verified TLS, which the destination does not offer.
    NoVerifiedTls { text: String },
}

impl Attempted {
    /// The outcome in a word, for the log.
    pub fn word(&self) -> &'static str {
        match self {
            Attempted::Delivered { .. } => "delivered",
            Attempted::Deferred { .. } => "deferred",
            Attempted::Failed { .. } => "failed",
            Attempted::NoVerifiedTls { .. } => "no verified TLS",
        }
    }
}

/// Why an attempt did not succeed: the response, and the host that gave it.
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
