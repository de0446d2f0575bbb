//! What happens to letters for outside, as managers set it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::records::policy;
use crate::gateway::records::policy::Policy;
use crate::web::api::draft::Choice;

/// What happens to letters for outside.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySet {
    /// No mail passes to or from outside.
    intranet: bool,
    choice: Choice,
    mode: Mode,
    /// What a letter does that was to travel over verified TLS and cannot.
    verified_else: Choice,
    rules: Vec<Rule>,
}

/// Whether people may choose otherwise.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Fixed,
    Default,
    Free,
}

/// A rule for some.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    user: Option<String>,
    domain: Option<String>,
    recipient: Option<String>,
    choice: Choice,
    mode: Mode,
}

impl From<policy::Mode> for Mode {
    fn from(mode: policy::Mode) -> Mode {
        match mode {
            policy::Mode::Fixed => Mode::Fixed,
            policy::Mode::Default => Mode::Default,
            policy::Mode::Free => Mode::Free,
        }
    }
}

impl From<Mode> for policy::Mode {
    fn from(mode: Mode) -> policy::Mode {
        match mode {
            Mode::Fixed => policy::Mode::Fixed,
            Mode::Default => policy::Mode::Default,
            Mode::Free => policy::Mode::Free,
        }
    }
}

impl From<Policy> for PolicySet {
    fn from(policy: Policy) -> PolicySet {
        let rule = |one: policy::Rule| Rule {
            user: one.user,
            domain: one.domain,
            recipient: one.recipient,
            choice: one.choice.into(),
            mode: one.mode.into(),
        };
        PolicySet {
            intranet: policy.intranet,
            choice: policy.choice.into(),
            mode: policy.mode.into(),
            verified_else: policy.verified_else.into(),
            rules: policy.rules.into_iter().map(rule).collect(),
        }
    }
}

impl From<PolicySet> for Policy {
    fn from(set: PolicySet) -> Policy {
        let rule = |one: Rule| policy::Rule {
            user: one.user,
            domain: one.domain,
            recipient: one.recipient,
            choice: one.choice.into(),
            mode: one.mode.into(),
        };
        Policy {
            intranet: set.intranet,
            choice: set.choice.into(),
            mode: set.mode.into(),
            verified_else: set.verified_else.into(),
            rules: set.rules.into_iter().map(rule).collect(),
        }
    }
}
