//! The stored policy for outgoing mail: choices and rules.

use serde::{Deserialize, Serialize};

use crate::terms::{Choice, Mode};

/// A rule for some messages; it applies if everything that it names matches.
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

/// The policy that an administrator sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whether the organisation exchanges no mail with the outside.
    pub intranet: bool,
    pub choice: Choice,
    pub mode: Mode,
    /// The choice for messages that need verified TLS if there is none.
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
