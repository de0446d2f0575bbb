//! The policy for outgoing mail as it is stored: choices, rules, routes.

use serde::{Deserialize, Serialize};

use crate::terms::{Choice, Mode};

/// An exception to the policy; it applies where all the fields that it sets match.
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

/// The complete policy that the administrator set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// No mail passes to or from outside.
    pub intranet: bool,
    pub choice: Choice,
    pub mode: Mode,
    /// The choice for a message that required verified TLS where there is none.
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

/// How a message travels to a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Route {
    Inside,
    TemporaryAccount,
    Ask,
    Plain,
    VerifiedTls,
    Refused,
}

impl From<Choice> for Route {
    fn from(choice: Choice) -> Route {
        match choice {
            Choice::Refuse => Route::Refused,
            Choice::Ask => Route::Ask,
            Choice::TemporaryAccount => Route::TemporaryAccount,
            Choice::Plain => Route::Plain,
            Choice::VerifiedTls => Route::VerifiedTls,
        }
    }
}

impl Route {
    /// The code used on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Route::Inside => "inside",
            Route::TemporaryAccount => "temporary-account",
            Route::Ask => "ask",
            Route::Plain => "plain",
            Route::VerifiedTls => "verified-tls",
            Route::Refused => "refused",
        }
    }
}
