//! The digests of the files of signed messages that readers opened since the start, so that large files are
//! not hashed at each opening.
//!
//! Each reader's first opening since the start hashes them, also of a message that others opened before.
//! Files that somebody who has their key changes after that, in the store under the running daemon, are
//! compared again after the next start. Each digest is sealed under the key of its content, so that the
//! memory of an idle daemon says of no file which one it is.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::gateway::records::ids::{AccountId, ReferenceKey};

/// A message as one account opened it.
pub(in crate::gateway) type OpenedBy = (AccountId, ReferenceKey);

/// The most of them that are remembered: those that were hashed last.
const MESSAGES_MAX: usize = 1_000;

/// Sealed digests by reader and message.
#[derive(Default)]
pub(in crate::gateway) struct Hashed(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    sealed: HashMap<OpenedBy, Vec<u8>>,
    /// The messages in the order in which they came.
    order: VecDeque<OpenedBy>,
}

impl Hashed {
    /// What was kept of a message that an account opened.
    pub fn get(&self, message: OpenedBy) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sealed.get(&message).cloned()
    }

    /// Keeps the sealed digest of a message's files.
    pub fn keep(&self, message: OpenedBy, sealed: Vec<u8>) {
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
            (AccountId([1; 16]), key)
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
