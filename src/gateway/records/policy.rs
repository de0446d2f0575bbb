//! The words of the policy for outgoing mail, as they are stored: choices, rules, routes.

use serde::{Deserialize, Serialize};

/// What happens to a letter for somebody outside (figure 4 of the patent, and one more).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Choice {
    /// It is not sent; its sender is told.
    Refuse,
    /// It leaves in clear once the sender said yes.
    Ask,
    /// It waits in a temporary account.
    Portal,
    /// It leaves in clear.
    Plain,
    /// It leaves over TLS that the recipient's domain vouches for, or not at all.
    VerifiedTls,
}

impl Choice {
    /// All of them.
    pub const ALL: [Choice; 5] =
        [Choice::Refuse, Choice::Ask, Choice::Portal, Choice::Plain, Choice::VerifiedTls];

    pub(in crate::gateway) fn route(self) -> Route {
        match self {
            Choice::Refuse => Route::Refused,
            Choice::Ask => Route::Ask,
            Choice::Portal => Route::Portal,
            Choice::Plain => Route::Plain,
            Choice::VerifiedTls => Route::VerifiedTls,
        }
    }
}

/// Whether people may choose otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Nobody may.
    Fixed,
    /// It stands until somebody chooses otherwise.
    Default,
    /// The same; it is no more than a suggestion, and is shown as one.
    Free,
}

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
    /// What a letter does that was to travel over verified TLS and cannot.
    pub verified_else: Choice,
    pub rules: Vec<Rule>,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            intranet: false,
            choice: Choice::Portal,
            mode: Mode::Default,
            verified_else: Choice::Portal,
            rules: Vec::new(),
        }
    }
}

/// Which way a letter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Route {
    Inside,
    Portal,
    Ask,
    Plain,
    VerifiedTls,
    Refused,
}

impl Route {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Route::Inside => "inside",
            Route::Portal => "portal",
            Route::Ask => "ask",
            Route::Plain => "plain",
            Route::VerifiedTls => "verified-tls",
            Route::Refused => "refused",
        }
    }
}
