//! The words of the policy for outgoing mail, as they are stored: choices, rules, routes.

use serde::{Deserialize, Serialize};

use crate::terms::{Choice, Mode};

/// A rule of its own for some; it holds where everything that it names fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Login name of the sender.
    pub user: Option<String>,
    /// The recipient's domain.
    pub domain: Option<String>,
    /// The recipient's address.
    pub recipient: Option<String>,
    pub choice: Choice,
    pub mode: Mode,
}

/// Everything that an administrator decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// No mail passes to or from outside.
    pub intranet: bool,
    pub choice: Choice,
    pub mode: Mode,
    /// What a message does that was to travel over verified TLS and cannot.
    pub verified_else: Choice,
    pub rules: Vec<Rule>,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            intranet: false,
            choice: Choice::TemporaryAccount,
            mode: Mode::Default,
            verified_else: Choice::TemporaryAccount,
            rules: Vec::new(),
        }
    }
}
