//! When a meeting that somebody asked for is agreed: a pure function of what was heard.
//!
//! A request has versions: what was asked first, and each change, numbered by the requester. Answers name
//! the version that they answer, and each person numbers the own answers. [`Heard`] takes both in any
//! order, twice, or late, and comes to the same:
//!
//! | what is true | state |
//! | --- | --- |
//! | it was cancelled | cancelled, whatever comes later |
//! | the rule is met by those who accepted the time as it is now | actual |
//! | so many declined that the rule cannot be met | declined |
//! | otherwise | tentative |
//!
//! Nothing here knows times, texts or names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a version of a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MeetingChange {
    /// What was asked first, or another date, start, duration or place: answers to earlier versions no
    /// longer count.
    Time,
    /// Only what it is called, or its text.
    Words,
    Cancelled,
}

/// What an invitee answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MeetingAnswer {
    Accept,
    Decline,
    Tentative,
    /// Another time.
    Propose,
}

/// An answer, and where it stands among those of the same person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MeetingSaid {
    pub order: u32,
    /// The version that is answered.
    pub sequence: u32,
    pub answer: MeetingAnswer,
}

/// What makes a meeting actual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MeetingRule {
    /// Everybody accepts.
    All,
    /// All who are required accept; everybody, if nobody is.
    Required,
    /// So many accept.
    Number(u32),
}

/// How it stands with a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MeetingState {
    Tentative,
    Actual,
    Declined,
    Cancelled,
    /// It was over so long ago that nothing more is kept of it.
    Past,
    /// What was heard of it cannot be read.
    Unknown,
}

/// How it stands with one invitee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PersonState {
    /// There is no answer to the time as it is now.
    Waiting,
    Accepted,
    Declined,
    Tentative,
    Proposed,
    /// The account ended, which counts as declined.
    Removed,
}

/// What one fact says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingFact<P> {
    Version(u32, MeetingChange),
    Said(P, MeetingSaid),
}

/// What was heard of a meeting. `P` is a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard<P: Ord> {
    versions: BTreeMap<u32, MeetingChange>,
    /// The latest answer of each.
    said: BTreeMap<P, MeetingSaid>,
}

impl<P: Ord> Default for Heard<P> {
    fn default() -> Self {
        Heard { versions: BTreeMap::new(), said: BTreeMap::new() }
    }
}

impl<P: Ord + Copy> Heard<P> {
    /// Takes a fact. The order of facts, and how often each comes, make no difference: the greater of two
    /// that claim the same place is kept.
    pub fn hear(&mut self, fact: MeetingFact<P>) {
        match fact {
            MeetingFact::Version(sequence, change) => {
                let kept = self.versions.entry(sequence).or_insert(change);
                *kept = change.max(*kept);
            }
            MeetingFact::Said(person, said) => {
                let kept = self.said.entry(person).or_insert(said);
                *kept = said.max(*kept);
            }
        }
    }

    /// The number of the latest version.
    pub fn sequence(&self) -> u32 {
        self.versions.last_key_value().map_or(0, |(sequence, _)| *sequence)
    }

    /// The version of the time as it is now: answers to earlier ones do not count.
    pub fn time_sequence(&self) -> u32 {
        let times = self.versions.iter().rev();
        let mut times = times.filter(|(_, change)| **change == MeetingChange::Time);
        times.next().map_or(0, |(sequence, _)| *sequence)
    }

    pub fn is_cancelled(&self) -> bool {
        self.versions.values().any(|change| *change == MeetingChange::Cancelled)
    }

    /// The latest answer of a person.
    pub fn said(&self, person: P) -> Option<MeetingSaid> {
        self.said.get(&person).copied()
    }

    /// How many answers of a person were heard.
    pub fn said_count(&self, person: P) -> u32 {
        self.said(person).map_or(0, |said| said.order)
    }

    /// How it stands with a person.
    pub fn person(&self, person: P) -> PersonState {
        let counted = self.time_sequence()..=self.sequence();
        match self.said(person) {
            // An answer to a version that was not heard of yet waits for it.
            Some(said) if counted.contains(&said.sequence) => match said.answer {
                MeetingAnswer::Accept => PersonState::Accepted,
                MeetingAnswer::Decline => PersonState::Declined,
                MeetingAnswer::Tentative => PersonState::Tentative,
                MeetingAnswer::Propose => PersonState::Proposed,
            },
            _ => PersonState::Waiting,
        }
    }

    /// How it stands with the meeting, if its invitees stand so.
    pub fn state(&self, rule: MeetingRule, people: &[(PersonState, Needed)]) -> MeetingState {
        if self.is_cancelled() {
            return MeetingState::Cancelled;
        }
        let any_required = people.iter().any(|(_, needed)| *needed == Needed::Required);
        let counts = |needed: Needed| match rule {
            MeetingRule::Required => needed == Needed::Required || !any_required,
            MeetingRule::All | MeetingRule::Number(_) => true,
        };
        let counted =
            || people.iter().filter(|(_, needed)| counts(*needed)).map(|(state, _)| state);
        let all = counted().count();
        let needed = match rule {
            MeetingRule::All | MeetingRule::Required => all,
            MeetingRule::Number(number) => number as usize,
        };
        let accepted = counted().filter(|state| **state == PersonState::Accepted).count();
        let lost = counted().filter(|state| state.is_lost()).count();
        match (accepted >= needed, all - lost < needed) {
            (true, _) => MeetingState::Actual,
            (false, true) => MeetingState::Declined,
            (false, false) => MeetingState::Tentative,
        }
    }
}

/// Whether the requester needs an invitee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Needed {
    Required,
    Optional,
}

impl PersonState {
    /// Whether this invitee will not come.
    fn is_lost(self) -> bool {
        matches!(self, PersonState::Declined | PersonState::Removed)
    }
}

#[cfg(test)]
mod tests;
