//! The limit on the event streams that each account holds open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::gateway::AccountId;

/// Counts the open streams of each account, and limits them.
pub struct Streams {
    max: usize,
    open: Arc<Mutex<HashMap<AccountId, usize>>>,
}

/// A permit to hold one stream open; dropping it returns it.
pub struct Place {
    open: Arc<Mutex<HashMap<AccountId, usize>>>,
    account: AccountId,
}

impl Streams {
    pub fn new(max: usize) -> Streams {
        Streams { max, open: Arc::default() }
    }

    /// Returns a permit for one more stream, or `None` when the account has reached its limit.
    pub fn take(&self, account: AccountId) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(account).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(Place { open: self.open.clone(), account })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.account);
            }
        }
    }
}
