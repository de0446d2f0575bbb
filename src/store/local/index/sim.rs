//! A simulated index, which a crash may leave in any state: as it was, as it was last flushed, any
//! mixture of these, with rows missing, unusable, or empty.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Changes, Index, IndexError, Row};
use crate::store::local::disk::sim::Dice;
use crate::store::span::{Order, Span};

#[derive(Default)]
struct State {
    rows: BTreeMap<Vec<u8>, Row>,
    flushed: BTreeMap<Vec<u8>, Row>,
    /// The previous row under each key.
    past: BTreeMap<Vec<u8>, Row>,
    broken: bool,
    /// Changes fail, and what came since the last flush is lost when it is reopened.
    stuck: bool,
}

/// The simulated index; clones share it.
#[derive(Clone, Default)]
pub struct SimIndex(Arc<Mutex<State>>);

impl SimIndex {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Simulates a crash.
    pub fn restart(&self, dice: &mut Dice) {
        let mut state = self.lock();
        let (now, flushed) = (state.rows.clone(), state.flushed.clone());
        let past = std::mem::take(&mut state.past);
        (state.broken, state.stuck) = (false, false);
        state.rows = match dice.below(7) {
            0 => now,
            1 => flushed,
            2 => {
                let keys: Vec<_> = now.keys().chain(flushed.keys()).cloned().collect();
                let pick = |key: Vec<u8>| {
                    let from = if dice.chance(50) { &now } else { &flushed };
                    from.get(&key).cloned().map(|row| (key, row))
                };
                keys.into_iter().filter_map(pick).collect()
            }
            3 => now.into_iter().filter(|_| dice.chance(90)).collect(),
            4 => {
                state.broken = true;
                now
            }
            // Some rows are back in an older version, as if old copies of moved pages were used.
            5 => {
                let back = |(key, row): (Vec<u8>, Row)| {
                    let row = past.get(&key).filter(|_| dice.chance(30)).cloned().unwrap_or(row);
                    (key, row)
                };
                now.into_iter().map(back).collect()
            }
            _ => BTreeMap::new(),
        };
        state.flushed = state.rows.clone();
    }

    /// Makes changes fail until the index is reopened, as sled's do after the disk was full.
    pub fn stick(&self) {
        self.lock().stuck = true;
    }

    fn check(&self) -> Result<MutexGuard<'_, State>, IndexError> {
        let state = self.lock();
        match state.broken {
            true => Err(IndexError("broken".to_owned())),
            false => Ok(state),
        }
    }
}

impl Index for SimIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Row>, IndexError> {
        Ok(self.check()?.rows.get(key).cloned())
    }

    fn scan(
        &self,
        span: &Span,
        visit: &mut dyn FnMut(&[u8], Row) -> ControlFlow<()>,
    ) -> Result<(), IndexError> {
        if span.to.as_ref().is_some_and(|to| *to <= span.from) {
            return Ok(());
        }
        let to = span.to.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let range = (Bound::Included(span.from.clone()), to);
        let mut rows: Vec<_> = {
            let state = self.check()?;
            let rows = state.rows.range::<Vec<u8>, _>(range);
            rows.map(|(key, row)| (key.clone(), row.clone())).collect()
        };
        if span.order == Order::Descending {
            rows.reverse();
        }
        for (key, row) in rows {
            if visit(&key, row).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, changes: &Changes) -> Result<(), IndexError> {
        let mut state = self.check()?;
        if state.stuck {
            return Err(IndexError("no space".to_owned()));
        }
        for (key, row) in changes {
            let before = match row {
                Some(row) => state.rows.insert(key.clone(), row.clone()),
                None => state.rows.remove(key),
            };
            if let Some(before) = before {
                state.past.insert(key.clone(), before);
            }
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), IndexError> {
        let mut state = self.check()?;
        state.flushed = state.rows.clone();
        Ok(())
    }

    fn reopen(&self) -> Result<(), IndexError> {
        let mut state = self.check()?;
        if std::mem::take(&mut state.stuck) {
            state.rows = state.flushed.clone();
        }
        Ok(())
    }

    fn wipe(&self) -> Result<(), IndexError> {
        *self.lock() = State::default();
        Ok(())
    }
}
