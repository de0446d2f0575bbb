//! The policy for messages to outside recipients, as managers set it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::records::policy;
use crate::gateway::records::policy::Policy;
use crate::terms::{Choice, Mode};

/// The policy for messages to outside recipients.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySet {
    /// Whether no mail is exchanged with the outside.
    intranet: bool,
    choice: Choice,
    mode: Mode,
    /// What happens to a `verified-tls` message when the encryption cannot be verified.
    verified_else: Choice,
    rules: Vec<Rule>,
}

/// A rule for certain users or recipients.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    user: Option<String>,
    domain: Option<String>,
    recipient: Option<String>,
    choice: Choice,
    mode: Mode,
}

impl From<Policy> for PolicySet {
    fn from(policy: Policy) -> PolicySet {
        let rule = |one: policy::Rule| Rule {
            user: one.user,
            domain: one.domain,
            recipient: one.recipient,
            choice: one.choice,
            mode: one.mode,
        };
        PolicySet {
            intranet: policy.intranet,
            choice: policy.choice,
            mode: policy.mode,
            verified_else: policy.verified_else,
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
            choice: one.choice,
            mode: one.mode,
        };
        Policy {
            intranet: set.intranet,
            choice: set.choice,
            mode: set.mode,
            verified_else: set.verified_else,
            rules: set.rules.into_iter().map(rule).collect(),
        }
    }
}
