//! Converts the configuration's rules for outgoing mail to the gateway's sending policy.

use crate::config;
use crate::gateway::records::policy::{Policy, Rule};

pub fn policy(outgoing: &config::Outgoing) -> Policy {
    Policy {
        intranet: outgoing.intranet,
        choice: outgoing.choice,
        mode: outgoing.mode,
        verified_else: outgoing.verified_else,
        rules: outgoing.rules.iter().map(rule).collect(),
    }
}

fn rule(rule: &config::Rule) -> Rule {
    Rule {
        user: rule.user.clone(),
        domain: rule.domain.clone(),
        recipient: rule.recipient.clone(),
        choice: rule.choice,
        mode: rule.mode,
    }
}
