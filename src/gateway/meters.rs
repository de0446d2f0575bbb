//! Counts of what happened since the start, for programs that watch the daemon: numbers and the
//! words of protocols, never whose or from whom.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::mail::status::EnhancedStatus;

/// What became of an attempt to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    /// It is tried again.
    Deferred,
    Failed,
    /// For want of verified TLS it takes another route.
    Unverified,
}

impl Outcome {
    pub const ALL: [Outcome; 4] =
        [Outcome::Delivered, Outcome::Deferred, Outcome::Failed, Outcome::Unverified];

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Delivered => "delivered",
            Outcome::Deferred => "deferred",
            Outcome::Failed => "failed",
            Outcome::Unverified => "unverified",
        }
    }
}

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusedAt {
    Recipient,
    Message,
}

impl RefusedAt {
    pub fn as_str(self) -> &'static str {
        match self {
            RefusedAt::Recipient => "recipient",
            RefusedAt::Message => "message",
        }
    }
}

/// There are fewer replies than this; more would be a mistake, and are counted together.
const STATUSES_MAX: usize = 64;

/// Under which a refusal is counted.
pub type Refusal = (RefusedAt, (u8, u16, u16));

/// Counts since the start.
#[derive(Default)]
pub struct Meters {
    accepted: AtomicU64,
    outcomes: [AtomicU64; Outcome::ALL.len()],
    refused: Mutex<BTreeMap<Refusal, u64>>,
}

impl Meters {
    /// A message was accepted from another server.
    pub fn accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// Something was refused with this status.
    pub fn refused(&self, at: RefusedAt, status: EnhancedStatus) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (at, (status.0, status.1, status.2));
        let is_known = refused.contains_key(&key) || refused.len() < STATUSES_MAX;
        let key = if is_known { key } else { (at, (0, 0, 0)) };
        *refused.entry(key).or_default() += 1;
    }

    /// An attempt to deliver was reported.
    pub fn attempted(&self, outcome: Outcome) {
        self.outcomes[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages were accepted.
    pub fn accepted_count(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// How many attempts had this outcome.
    pub fn attempted_count(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].load(Ordering::Relaxed)
    }

    /// How often what was refused, with which status.
    pub fn refused_counts(&self) -> Vec<(Refusal, u64)> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.iter().map(|(key, count)| (*key, *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_more_labels_than_the_limit() {
        let meters = Meters::default();
        for detail in 0..1_000 {
            meters.refused(RefusedAt::Message, EnhancedStatus(5, 1, detail));
        }
        let counts = meters.refused_counts();
        assert_eq!(counts.len(), STATUSES_MAX + 1);
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 1_000);
        for (at, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, at);
        }
    }
}
