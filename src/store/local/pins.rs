//! Pins, which keep segments with pieces to which no transaction refers yet from being removed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The number of pins of each segment.
#[derive(Default)]
pub struct Pins(Mutex<BTreeMap<u64, usize>>);

/// Keeps a segment from being removed while a piece in it waits for its transaction.
pub struct Pin {
    pins: Arc<Pins>,
    segment: u64,
}

impl Pins {
    /// Returns whether any piece in a segment waits for its transaction.
    pub fn holds(&self, segment: u64) -> bool {
        self.counts().contains_key(&segment)
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pin {
    pub fn new(pins: &Arc<Pins>, segment: u64) -> Pin {
        *pins.counts().entry(segment).or_default() += 1;
        Pin { pins: pins.clone(), segment }
    }

    /// Returns whether this pins a segment of the store that `pins` belongs to. A piece that was
    /// staged in another store, or before this one was reopened, has its pin elsewhere.
    pub fn is_of(&self, pins: &Arc<Pins>) -> bool {
        Arc::ptr_eq(&self.pins, pins)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut counts = self.pins.counts();
        if let Some(count) = counts.get_mut(&self.segment) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.segment);
            }
        }
    }
}
