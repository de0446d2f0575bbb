//! For each key that failed lately, when its bucket is full again (see `throttle`): in a tree of
//! sled, which survives a restart, or in memory.
//!
//! Nothing here may make a sign-in fail. When sled reports an error, or panics, as it does on some
//! damage, that is logged once; what can still be read is taken into memory, and from then on
//! memory alone counts, until the next start.
//!
//! Keys are keyed hashes, so their order says nothing, and looking at them in their order is as
//! good as at random. Each new key looks at a few others and removes those that have recovered, so
//! there is never a long pass while somebody signs in.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sled::{IVec, Tree};

/// The keyed hash of a name or an address.
pub type Key = [u8; 16];

/// A moment, in milliseconds since 1970.
pub type Millis = u64;

/// How many keys each new one looks at. With more than one, recovered keys go faster than new ones
/// can come.
const SWEPT: usize = 4;

/// Why sled did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Sled(#[from] sled::Error),
    #[error("sled panicked")]
    Panicked,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Calls sled, which must not end the caller, whatever is in its files.
pub(super) fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Trouble> {
    // What a panic may leave half done is in sled, which is not asked again.
    let done = catch_unwind(AssertUnwindSafe(call)).map_err(|_| Trouble::Panicked)?;
    Ok(done?)
}

/// The keys that failed lately.
pub struct Failures {
    tree: Option<Tree>,
    /// Whether the tree has failed and is not asked any more.
    is_left: AtomicBool,
    memory: Mutex<BTreeMap<Key, Millis>>,
    keys: AtomicUsize,
    keys_max: usize,
    /// The last key that was looked at.
    cursor: Mutex<Key>,
}

impl Failures {
    /// Keeps at most `keys_max` keys, in memory only.
    pub fn in_memory(keys_max: usize) -> Failures {
        Failures {
            tree: None,
            is_left: AtomicBool::default(),
            memory: Mutex::default(),
            keys: AtomicUsize::default(),
            keys_max,
            cursor: Mutex::default(),
        }
    }

    /// Keeps at most `keys_max` keys in `tree`. Every row is read now: those that have recovered
    /// are removed, and none is left that is later than `latest`.
    pub(super) fn in_tree(
        tree: Tree,
        keys_max: usize,
        now: Millis,
        latest: Millis,
    ) -> sled::Result<Failures> {
        let mut keys = 0;
        for row in &tree {
            let (key, full_at) = row_of(row?)?;
            keys += usize::from(settle(&tree, &key, full_at, now, latest)?);
        }
        let (tree, keys) = (Some(tree), AtomicUsize::new(keys));
        Ok(Failures { tree, keys, ..Failures::in_memory(keys_max) })
    }

    /// Returns when the bucket of `key` is full; `None` if it is.
    pub fn full_at(&self, key: &Key) -> Option<Millis> {
        self.rows(|rows| rows.full_at(key))
    }

    /// Replaces the moment of `key` by what `next` makes of it, in one step: of failures at the same
    /// time, each counts. Returns whether the key is new. `next` may be called several times.
    pub fn update(&self, key: &Key, next: impl Fn(Option<Millis>) -> Millis) -> bool {
        let is_new = self.rows(|rows| rows.update(key, &next));
        if is_new {
            self.keys.fetch_add(1, Ordering::Relaxed);
        }
        is_new
    }

    /// Looks at the next few keys and removes those that have recovered. If there are too many
    /// keys, one more goes: of those seen, the one that recovers first.
    pub fn sweep(&self, now: Millis, latest: Millis) {
        let mut seen = self.next_keys();
        let mut removed = 0;
        for (key, full_at) in &seen {
            let stays = self.rows(|rows| settle(rows, key, *full_at, now, latest));
            removed += usize::from(!stays);
        }
        seen.retain(|(_, full_at)| *full_at > now);
        let first = seen.iter().min_by_key(|(_, full_at)| *full_at);
        if self.len() > self.keys_max.saturating_add(removed)
            && let Some((key, full_at)) = first
        {
            removed += usize::from(self.rows(|rows| rows.replace(key, *full_at, None)));
        }
        let less = |keys: usize| Some(keys.saturating_sub(removed));
        // The closure always returns a number, so this cannot fail.
        let _ = self.keys.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.keys.load(Ordering::Relaxed)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the keys after those that were returned last, going round.
    fn next_keys(&self) -> Vec<(Key, Millis)> {
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = self.rows(|rows| rows.after(&cursor));
        if seen.is_empty() {
            seen = self.rows(|rows| rows.after(&Key::default()));
        }
        *cursor = match seen.last() {
            Some((key, _)) if seen.len() == SWEPT => *key,
            _ => Key::default(),
        };
        seen
    }

    /// Asks the tree, or memory if there is no tree that works.
    fn rows<T: Default>(&self, call: impl Fn(&dyn Rows) -> sled::Result<T>) -> T {
        if let Some(tree) = self.tree.as_ref().filter(|_| !self.is_left()) {
            match guarded(|| call(tree)) {
                Ok(done) => return done,
                Err(trouble) => self.leave(tree, &trouble),
            }
        }
        // Memory returns no errors.
        call(&self.memory).unwrap_or_default()
    }

    fn is_left(&self) -> bool {
        self.is_left.load(Ordering::Acquire)
    }

    /// Takes what the tree still gives into memory, and does not ask it again.
    fn leave(&self, tree: &Tree, trouble: &Trouble) {
        if self.is_left.swap(true, Ordering::AcqRel) {
            return;
        }
        let copied = guarded(|| {
            for row in tree {
                let (key, full_at) = row_of(row?)?;
                let mut memory = locked(&self.memory);
                let known = memory.entry(key).or_insert(full_at);
                *known = full_at.max(*known);
            }
            Ok(())
        });
        let are_kept = copied.is_ok();
        tracing::warn!(
            error = %trouble,
            are_kept,
            "failed sign-ins cannot be saved, and are counted in memory until the next start"
        );
    }
}

/// Keys in their order, each with the moment when its bucket is full.
trait Rows {
    fn full_at(&self, key: &Key) -> sled::Result<Option<Millis>>;
    /// Returns whether the key is new.
    fn update(&self, key: &Key, next: &dyn Fn(Option<Millis>) -> Millis) -> sled::Result<bool>;
    /// Returns the first few rows after `key`.
    fn after(&self, key: &Key) -> sled::Result<Vec<(Key, Millis)>>;
    /// Replaces a row, or removes it, if it has not changed; returns whether it has not.
    fn replace(&self, key: &Key, old: Millis, new: Option<Millis>) -> sled::Result<bool>;
}

impl Rows for Tree {
    fn full_at(&self, key: &Key) -> sled::Result<Option<Millis>> {
        self.get(key)?.map(|octets| millis_of(&octets)).transpose()
    }

    fn update(&self, key: &Key, next: &dyn Fn(Option<Millis>) -> Millis) -> sled::Result<bool> {
        let old = self.fetch_and_update(key, |old| {
            let old = old.and_then(|octets| millis_of(octets).ok());
            Some(IVec::from(&next(old).to_be_bytes()))
        })?;
        Ok(old.is_none())
    }

    fn after(&self, key: &Key) -> sled::Result<Vec<(Key, Millis)>> {
        let rows = self.range::<&[u8], _>((Excluded(&key[..]), Unbounded));
        rows.take(SWEPT).map(|row| row_of(row?)).collect()
    }

    fn replace(&self, key: &Key, old: Millis, new: Option<Millis>) -> sled::Result<bool> {
        let new = new.map(|new| IVec::from(&new.to_be_bytes()));
        Ok(self.compare_and_swap(key, Some(&old.to_be_bytes()), new)?.is_ok())
    }
}

impl Rows for Mutex<BTreeMap<Key, Millis>> {
    fn full_at(&self, key: &Key) -> sled::Result<Option<Millis>> {
        Ok(locked(self).get(key).copied())
    }

    fn update(&self, key: &Key, next: &dyn Fn(Option<Millis>) -> Millis) -> sled::Result<bool> {
        let mut rows = locked(self);
        let new = next(rows.get(key).copied());
        Ok(rows.insert(*key, new).is_none())
    }

    fn after(&self, key: &Key) -> sled::Result<Vec<(Key, Millis)>> {
        let rows = locked(self);
        let after = rows.range((Excluded(*key), Unbounded));
        Ok(after.take(SWEPT).map(|(key, full_at)| (*key, *full_at)).collect())
    }

    fn replace(&self, key: &Key, old: Millis, new: Option<Millis>) -> sled::Result<bool> {
        let mut rows = locked(self);
        let is_unchanged = rows.get(key) == Some(&old);
        match new.filter(|_| is_unchanged) {
            Some(new) => drop(rows.insert(*key, new)),
            None if is_unchanged => drop(rows.remove(key)),
            None => {}
        }
        Ok(is_unchanged)
    }
}

/// Removes a key that has recovered, and brings one to `latest` that is later, as after the clock
/// was set back: nobody may have to wait for a clock. Returns whether the key stays.
fn settle(
    rows: &dyn Rows,
    key: &Key,
    full_at: Millis,
    now: Millis,
    latest: Millis,
) -> sled::Result<bool> {
    if full_at <= now {
        return Ok(!rows.replace(key, full_at, None)?);
    }
    if full_at > latest {
        rows.replace(key, full_at, Some(latest))?;
    }
    Ok(true)
}

fn locked(rows: &Mutex<BTreeMap<Key, Millis>>) -> MutexGuard<'_, BTreeMap<Key, Millis>> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}

fn row_of((key, value): (IVec, IVec)) -> sled::Result<(Key, Millis)> {
    let key = <Key>::try_from(key.as_ref()).map_err(|_| other_form())?;
    Ok((key, millis_of(&value)?))
}

fn millis_of(octets: &[u8]) -> sled::Result<Millis> {
    Ok(Millis::from_be_bytes(octets.try_into().map_err(|_| other_form())?))
}

fn other_form() -> sled::Error {
    sled::Error::Unsupported("a row of another form".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_790_000_000_000;

    fn in_tree(keys_max: usize) -> Failures {
        let db = sled::Config::new().temporary(true).open().unwrap();
        Failures::in_tree(db.open_tree("t").unwrap(), keys_max, 0, Millis::MAX).unwrap()
    }

    fn both(keys_max: usize) -> [Failures; 2] {
        [in_tree(keys_max), Failures::in_memory(keys_max)]
    }

    fn key(number: u64) -> Key {
        (u128::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64).to_be_bytes()
    }

    #[test]
    fn failures_at_once_all_count() {
        for failures in both(100) {
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        for _ in 0..1_000 {
                            failures.update(&key(1), |old| old.unwrap_or(0) + 1);
                        }
                    });
                }
            });
            assert_eq!((failures.full_at(&key(1)), failures.len()), (Some(8_000), 1));
        }
    }

    #[test]
    fn too_many_keys_push_out_those_that_recover_first() {
        for failures in both(1_000) {
            failures.update(&key(1), |_| NOW + 1_000_000);
            for number in 2..5_000 {
                if failures.update(&key(number), |_| NOW + number) {
                    failures.sweep(NOW, Millis::MAX);
                }
                assert!(failures.len() <= 1_000, "{} keys", failures.len());
            }
            assert_eq!(failures.full_at(&key(1)), Some(NOW + 1_000_000));
        }
    }

    #[test]
    fn moments_that_no_clock_here_can_have_written_are_brought_back() {
        for failures in both(100) {
            failures.update(&key(1), |_| Millis::MAX);
            failures.update(&key(2), |_| NOW - 1);
            failures.update(&key(3), |_| NOW + 1);
            failures.sweep(NOW, NOW + 50_000);
            let left = [1, 2, 3].map(|number| failures.full_at(&key(number)));
            assert_eq!(left, [Some(NOW + 50_000), None, Some(NOW + 1)]);
            assert_eq!(failures.len(), 2);
        }
    }

    #[test]
    fn what_sled_refuses_or_breaks_at_is_counted_in_memory() {
        let broken: [fn(&dyn Rows) -> sled::Result<bool>; 2] =
            [|_| Err(sled::Error::Unsupported("a test".to_owned())), |_| panic!("a test")];
        for call in broken {
            let failures = in_tree(100);
            failures.update(&key(1), |_| NOW);
            assert!(!failures.rows(|rows| if failures.is_left() { Ok(false) } else { call(rows) }));
            assert!(failures.is_left());
            assert!(!failures.update(&key(1), |old| old.unwrap() + 1), "it was known");
            assert!(failures.update(&key(2), |_| NOW));
            assert_eq!(failures.full_at(&key(1)), Some(NOW + 1));
            let tree = failures.tree.as_ref().unwrap();
            assert_eq!(Rows::full_at(tree, &key(1)).unwrap(), Some(NOW), "sled is left alone");
        }
    }
}
