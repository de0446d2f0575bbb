//! A cache that is bounded in octets. Whatever is in it never changes, so nothing has to be
//! invalidated.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Threads that read at the same time seldom wait for each other with this many parts.
const PARTS: usize = 8;
/// About how much memory an entry takes beside what it holds.
const ENTRY_OCTETS: usize = 64;

/// What was read lately, up to a number of octets.
pub struct Cache<K, V> {
    parts: [Mutex<Part<K, V>>; PARTS],
    hasher: RandomState,
    /// The most octets of one generation of one part.
    most: usize,
}

/// Two generations: what is used in the older one moves to the younger, and when that is full, the
/// older one is dropped.
struct Part<K, V> {
    young: HashMap<K, (V, usize)>,
    old: HashMap<K, (V, usize)>,
    octets: usize,
}

impl<K: Hash + Eq + Copy, V: Clone> Cache<K, V> {
    /// Returns an empty cache of at most `octets`.
    pub fn new(octets: u64) -> Cache<K, V> {
        let most = usize::try_from(octets).unwrap_or(usize::MAX) / PARTS / 2;
        let part = |_| Mutex::new(Part { young: HashMap::new(), old: HashMap::new(), octets: 0 });
        Cache { parts: std::array::from_fn(part), hasher: RandomState::new(), most }
    }

    fn part(&self, key: &K) -> MutexGuard<'_, Part<K, V>> {
        let at = self.hasher.hash_one(key) as usize % PARTS;
        self.parts[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, key: &K) -> Option<V> {
        let mut part = self.part(key);
        if let Some((value, _)) = part.young.get(key) {
            return Some(value.clone());
        }
        let (value, octets) = part.old.remove(key)?;
        part.insert(*key, value.clone(), octets, self.most);
        Some(value)
    }

    /// Adds a value that takes `octets` of memory.
    pub fn insert(&self, key: K, value: V, octets: usize) {
        self.part(&key).insert(key, value, octets + ENTRY_OCTETS, self.most);
    }

    /// Removes what has one of some keys.
    pub fn remove_if(&self, is_gone: impl Fn(&K) -> bool) {
        for part in &self.parts {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.young.retain(|key, _| !is_gone(key));
            part.old.retain(|key, _| !is_gone(key));
            part.octets = part.young.values().map(|(_, octets)| octets).sum();
        }
    }

    /// Removes what was not used since this was called before, and gives its memory back.
    pub fn age(&self) {
        for part in &self.parts {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.old = std::mem::take(&mut part.young);
            part.octets = 0;
        }
    }
}

impl<K: Hash + Eq, V> Part<K, V> {
    fn insert(&mut self, key: K, value: V, octets: usize, most: usize) {
        if octets > most {
            return;
        }
        if self.octets + octets > most {
            self.old = std::mem::take(&mut self.young);
            self.octets = 0;
        }
        let before = self.young.insert(key, (value, octets));
        self.octets += octets;
        self.octets -= before.map_or(0, |(_, octets)| octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(cache: &Cache<u64, u64>) -> usize {
        let octets = |part: &Mutex<Part<u64, u64>>| {
            let part = part.lock().unwrap();
            part.young.values().chain(part.old.values()).map(|(_, octets)| octets).sum::<usize>()
        };
        cache.parts.iter().map(octets).sum()
    }

    #[test]
    fn a_cache_stays_within_its_octets_and_keeps_what_is_used() {
        const OCTETS: u64 = 64 * 1024;
        let cache = Cache::new(OCTETS);
        for n in 0..10_000 {
            cache.insert(n, n, 100);
            assert_eq!(cache.get(&0), Some(0));
            assert!(held(&cache) <= OCTETS as usize);
        }
        assert_eq!(cache.get(&5), None);
        // What is larger than the cache itself is not kept.
        cache.insert(20_000, 1, OCTETS as usize);
        assert_eq!(cache.get(&20_000), None);
    }

    #[test]
    fn what_is_removed_is_gone() {
        let cache = Cache::new(1 << 20);
        (0..100).for_each(|n| cache.insert(n, n, 1));
        cache.remove_if(|n| *n < 50);
        assert_eq!((0..100).filter(|n| cache.get(n).is_some()).count(), 50);
        cache.age();
        assert_eq!(cache.get(&60), Some(60));
        cache.age();
        assert_eq!((0..100).filter_map(|n| cache.get(&n)).collect::<Vec<_>>(), [60]);
        cache.age();
        cache.age();
        assert_eq!(held(&cache), 0);
    }
}
