//! The digests of the files of signed messages that were opened since the start, so that large files are
//! not hashed at each opening.
//!
//! A content is written once. Only under a stopped daemon can somebody change it who has its key, and a
//! daemon that starts remembers nothing. Each digest is sealed under the key of its content, so that the
//! memory of an idle daemon says of no file which one it is.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::gateway::records::ids::ReferenceKey;

/// The most messages that are remembered: those that were hashed last.
const MESSAGES_MAX: usize = 1_000;

/// Sealed digests by message.
#[derive(Default)]
pub(in crate::gateway) struct Hashed(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    sealed: HashMap<ReferenceKey, Vec<u8>>,
    /// The messages in the order in which they came.
    order: VecDeque<ReferenceKey>,
}

impl Hashed {
    /// What was kept of a message.
    pub fn get(&self, message: ReferenceKey) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sealed.get(&message).cloned()
    }

    /// Keeps the sealed digest of a message's files.
    pub fn keep(&self, message: ReferenceKey, sealed: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.sealed.insert(message, sealed).is_some() {
            return;
        }
        kept.order.push_back(message);
        if kept.order.len() > MESSAGES_MAX
            && let Some(first) = kept.order.pop_front()
        {
            kept.sealed.remove(&first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_messages_are_remembered() {
        let hashed = Hashed::default();
        let message = |number: usize| {
            let mut key = [0; 16];
            key[..8].copy_from_slice(&(number as u64).to_be_bytes());
            key
        };
        for number in 0..=MESSAGES_MAX {
            hashed.keep(message(number), vec![1]);
            hashed.keep(message(number), vec![2]);
        }
        assert_eq!(hashed.get(message(0)), None);
        assert_eq!(hashed.get(message(1)), Some(vec![2]));
        assert_eq!(hashed.get(message(MESSAGES_MAX)), Some(vec![2]));
    }
}
