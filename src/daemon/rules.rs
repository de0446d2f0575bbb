//! The administrator's choices, from the configuration's words into the domain's.

use crate::config;
use crate::gateway::records::policy::{Choice, Mode, Policy, Rule};
use crate::gateway::{ConfirmOutside, HandOff, LastInteraction, NotificationLanguage};

pub fn policy(outgoing: &config::Outgoing) -> Policy {
    Policy {
        intranet: outgoing.intranet,
        choice: choice(outgoing.choice),
        mode: mode(outgoing.mode),
        verified_else: choice(outgoing.verified_else),
        rules: outgoing.rules.iter().map(rule).collect(),
    }
}

fn rule(rule: &config::Rule) -> Rule {
    Rule {
        user: rule.user.clone(),
        domain: rule.domain.clone(),
        recipient: rule.recipient.clone(),
        choice: choice(rule.choice),
        mode: mode(rule.mode),
    }
}

fn choice(choice: config::Choice) -> Choice {
    match choice {
        config::Choice::Refuse => Choice::Refuse,
        config::Choice::Ask => Choice::Ask,
        config::Choice::Portal => Choice::Portal,
        config::Choice::Plain => Choice::Plain,
        config::Choice::VerifiedTls => Choice::VerifiedTls,
    }
}

fn mode(mode: config::Mode) -> Mode {
    match mode {
        config::Mode::Fixed => Mode::Fixed,
        config::Mode::Default => Mode::Default,
        config::Mode::Free => Mode::Free,
    }
}

pub fn hand_off(hand_off: config::HandOff) -> HandOff {
    match hand_off {
        config::HandOff::Claim => HandOff::Claim,
        config::HandOff::InMail => HandOff::InMail,
        config::HandOff::BySender => HandOff::BySender,
    }
}

pub fn languages(language: config::Language) -> Vec<NotificationLanguage> {
    match language {
        config::Language::English => vec![NotificationLanguage::English],
        config::Language::Hebrew => vec![NotificationLanguage::Hebrew],
        config::Language::German => vec![NotificationLanguage::German],
        config::Language::French => vec![NotificationLanguage::French],
        config::Language::Spanish => vec![NotificationLanguage::Spanish],
        config::Language::Arabic => vec![NotificationLanguage::Arabic],
        config::Language::Both => vec![NotificationLanguage::English, NotificationLanguage::Hebrew],
    }
}

pub fn last_interaction(shown: config::LastInteraction) -> LastInteraction {
    match shown {
        config::LastInteraction::Never => LastInteraction::Never,
        config::LastInteraction::Day => LastInteraction::Day,
        config::LastInteraction::Exact => LastInteraction::Exact,
    }
}

pub fn confirm(confirm: config::Confirm) -> ConfirmOutside {
    match confirm {
        config::Confirm::Never => ConfirmOutside::Never,
        config::Confirm::Ask => ConfirmOutside::Ask,
        config::Confirm::Known => ConfirmOutside::Known,
        config::Confirm::Always => ConfirmOutside::Always,
    }
}
