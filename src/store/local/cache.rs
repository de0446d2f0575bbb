//! A cache that is bounded in octets. Whatever is in it never changes, so nothing has to be
//! invalidated.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Threads that read at the same time seldom wait for each other with this many parts.
const PARTS: usize = 8;
/// What the allocator adds to what an entry holds. A value is one allocation, and the count of those
/// who share it is another one of 24 octets. Each takes a header of 8, and is rounded up to 16.
const ALLOCATIONS_OCTETS: usize = 24 + 32;
/// A part that nobody has used for so long becomes empty when it is aged.
const QUIET: Duration = Duration::from_secs(30);

/// What was read lately, up to a number of octets of memory.
pub struct Cache<K, V> {
    parts: [Mutex<Part<K, V>>; PARTS],
    hasher: RandomState,
    /// The most octets of one generation of one part.
    most: usize,
}

/// Two generations: what is used in the older one moves to the younger, and when that is full, the
/// older one is dropped.
struct Part<K, V> {
    young: Generation<K, V>,
    old: Generation<K, V>,
    octets: usize,
    used: Instant,
}

/// Values, each with the octets that it takes.
type Generation<K, V> = HashMap<K, (V, usize)>;

impl<K: Hash + Eq + Copy, V: Clone> Cache<K, V> {
    /// Returns an empty cache of at most `octets`.
    pub fn new(octets: u64) -> Cache<K, V> {
        let most = usize::try_from(octets).unwrap_or(usize::MAX) / PARTS / 2;
        let parts = std::array::from_fn(|_| Mutex::new(Part::new()));
        Cache { parts, hasher: RandomState::new(), most }
    }

    fn part(&self, key: &K) -> MutexGuard<'_, Part<K, V>> {
        let at = self.hasher.hash_one(key) as usize % PARTS;
        self.parts[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, key: &K) -> Option<V> {
        let mut part = self.part(key);
        if let Some((value, _)) = part.young.get(key) {
            let value = value.clone();
            part.used = Instant::now();
            return Some(value);
        }
        let (value, octets) = part.old.remove(key)?;
        part.insert(*key, value.clone(), octets, self.most);
        Some(value)
    }

    /// Adds a value of so many octets.
    pub fn insert(&self, key: K, value: V, octets: usize) {
        let octets = octets + Part::<K, V>::ENTRY_OCTETS;
        self.part(&key).insert(key, value, octets, self.most);
    }

    /// Removes what has one of some keys.
    pub fn remove_if(&self, is_gone: impl Fn(&K) -> bool) {
        for part in &self.parts {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.young.retain(|key, _| !is_gone(key));
            part.old.retain(|key, _| !is_gone(key));
            // What is free counts as free, so the maps must not keep it.
            part.young.shrink_to_fit();
            part.octets = part.young.values().map(|(_, octets)| octets).sum();
        }
    }

    /// Gives back the memory of what was not used since this was called before, and of everything
    /// if nothing was used for some time.
    pub fn age(&self) {
        self.age_at(Instant::now());
    }

    fn age_at(&self, now: Instant) {
        for part in &self.parts {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            if now.saturating_duration_since(part.used) >= QUIET {
                part.turn();
            }
            part.turn();
        }
    }
}

impl<K: Hash + Eq, V> Part<K, V> {
    /// The most memory that an entry takes beside its octets. Its slot in a map has one more octet,
    /// and a map that has just grown has 16 slots for 7 entries.
    const ENTRY_OCTETS: usize = (size_of::<(K, (V, usize))>() + 1) * 16 / 7 + ALLOCATIONS_OCTETS;

    fn new() -> Part<K, V> {
        Part { young: HashMap::new(), old: HashMap::new(), octets: 0, used: Instant::now() }
    }

    fn insert(&mut self, key: K, value: V, octets: usize, most: usize) {
        if octets > most {
            return;
        }
        if self.octets + octets > most {
            self.turn();
        }
        let before = self.young.insert(key, (value, octets));
        self.octets += octets;
        self.octets -= before.map_or(0, |(_, octets)| octets);
        self.used = Instant::now();
    }

    /// Drops the older generation, and starts a new one.
    fn turn(&mut self) {
        self.old = std::mem::take(&mut self.young);
        self.octets = 0;
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// The octets of an allocation (malloc of the GNU C library, on 64 bits).
    fn chunk(octets: usize) -> usize {
        (octets + 8).next_multiple_of(16).max(32)
    }

    /// The octets of a map of so much capacity: it has a power of two of slots, of which an eighth
    /// stays free, and 16 octets at their end.
    fn map(capacity: usize, slot: usize) -> usize {
        let slots = if capacity < 8 { capacity + 1 } else { capacity / 7 * 8 };
        if capacity == 0 { 0 } else { chunk(slots.next_power_of_two() * (slot + 1) + 16) }
    }

    /// The octets of memory that a cache takes, but for those that it takes when it is empty.
    fn held<K>(cache: &Cache<K, Bytes>) -> usize {
        let generation = |values: &Generation<K, Bytes>| {
            let octets = |(value, _): &(Bytes, usize)| chunk(value.len()) + chunk(24);
            let slots = map(values.capacity(), size_of::<(K, (Bytes, usize))>());
            slots + values.values().map(octets).sum::<usize>()
        };
        let octets = |part: &Mutex<Part<K, Bytes>>| {
            let part = part.lock().unwrap();
            generation(&part.young) + generation(&part.old)
        };
        cache.parts.iter().map(octets).sum()
    }

    fn value(octets: usize) -> Bytes {
        Bytes::from(vec![7; octets])
    }

    #[test]
    fn a_cache_stays_within_its_octets_of_memory_and_keeps_what_is_used() {
        const OCTETS: usize = 1 << 20;
        for size in [1, 40, 41, 100, 300, 3_000] {
            let (cache, mut most) = (Cache::new(OCTETS as u64), 0);
            for n in 0..(4 * OCTETS / (size + 100)) as u64 {
                // Keys as large as places.
                cache.insert([n, 0, 0], value(size), size);
                assert_eq!(cache.get(&[0; 3]), Some(value(size)));
                if n % 64 == 0 {
                    most = most.max(held(&cache));
                }
            }
            assert!(most <= OCTETS, "{most} octets are held of {OCTETS}, with values of {size}");
            assert!(most > OCTETS / 2, "only {most} octets are used, with values of {size}");
            assert_eq!(cache.get(&[5, 0, 0]), None);
            // What is larger than the cache itself is not kept.
            cache.insert([u64::MAX; 3], value(OCTETS), OCTETS);
            assert_eq!(cache.get(&[u64::MAX; 3]), None);
        }
    }

    #[test]
    fn what_is_removed_gives_its_memory_back() {
        let cache = Cache::new(1 << 20);
        (0..1_000u64).for_each(|n| cache.insert(n, value(1), 1));
        let before = held(&cache);
        cache.remove_if(|n| *n >= 50);
        assert_eq!((0..1_000).filter(|n| cache.get(n).is_some()).count(), 50);
        assert!(held(&cache) < before / 8, "{} octets are held of {before}", held(&cache));
    }

    #[test]
    fn what_is_not_used_between_two_ageings_is_gone() {
        let cache = Cache::new(1 << 20);
        (0..100u64).for_each(|n| cache.insert(n, value(1), 1));
        cache.age();
        assert_eq!(cache.get(&60), Some(value(1)));
        cache.age();
        assert_eq!((0..100).filter(|n| cache.get(n).is_some()).collect::<Vec<_>>(), [60]);
        cache.age();
        cache.age();
        assert_eq!(held(&cache), 0);
    }

    #[test]
    fn what_was_not_used_for_some_time_is_gone_at_once() {
        let cache = Cache::new(1 << 20);
        (0..100u64).for_each(|n| cache.insert(n, value(1), 1));
        cache.age_at(Instant::now() + QUIET - Duration::from_secs(5));
        assert!(held(&cache) > 0);
        (0..100).for_each(|n| assert!(cache.get(&n).is_some()));
        cache.age_at(Instant::now() + QUIET);
        assert_eq!(held(&cache), 0);
    }
}
