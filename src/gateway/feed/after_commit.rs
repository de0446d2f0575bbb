//! What a transaction that may run again found out, for the code that runs after its commit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a transaction that may run again found out, for its end.
#[derive(Clone, Default)]
pub(in crate::gateway) struct Noted<T>(Arc<Mutex<T>>);

impl<T> Noted<T> {
    pub fn set(&self, value: T) {
        *self.lock() = value;
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
