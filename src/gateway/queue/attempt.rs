//! How one attempt to deliver ended.

use crate::mail::status::EnhancedStatus;

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum Attempted {
    /// The next hop took it.
    Delivered { by: String, text: String },
    /// To be tried again.
    Deferred { status: EnhancedStatus, text: String, host: Option<String> },
    /// Refused for good.
    Failed { status: EnhancedStatus, text: String, host: Option<String> },
    /// It had to travel over TLS that can be verified, and there is none.
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

/// Why an attempt did not succeed: what was said, and by which host.
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
