//! Tables: typed keys and records over the engine's raw bytes.
//!
//! A raw key is the table's number followed by the key's own bytes, big-endian and of fixed
//! width, so that the order of the bytes is the order of the records. A raw value is the record in
//! postcard form, sealed by the vault and bound to its table, its version and its key.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A part of a key, which has a fixed width and is ordered by its bytes.
pub trait Key: Sized {
    fn write(&self, out: &mut Vec<u8>);
    /// Removes this key from the front of `bytes`; `None` if they are too short.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

/// A value that is stored in a table.
pub trait Record: Serialize + DeserializeOwned {
    /// The version that is written now.
    const VERSION: u8 = 1;

    /// Reads a record of an earlier version; `None` if `version` is unknown.
    fn migrate(_version: u8, _bytes: &[u8]) -> Option<Self> {
        None
    }
}

/// A table; its number is its place in the key space, and is never changed or reused.
pub struct Table<K, V> {
    pub id: u8,
    pub name: &'static str,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V: Record> Table<K, V> {
    pub const fn new(id: u8, name: &'static str) -> Self {
        Table { id, name, types: PhantomData }
    }

    /// Returns the raw key of `key`, or the raw prefix of every key that begins with it.
    pub fn raw(&self, key: &impl Key) -> Vec<u8> {
        let mut raw = Vec::with_capacity(40);
        raw.push(self.id);
        key.write(&mut raw);
        raw
    }

    /// Returns the key in a raw key of this table.
    pub fn key(&self, raw: &[u8]) -> Option<K> {
        let mut rest = raw.strip_prefix(&[self.id])?;
        let key = K::read(&mut rest)?;
        rest.is_empty().then_some(key)
    }
}

impl Key for () {
    fn write(&self, _out: &mut Vec<u8>) {}

    fn read(_bytes: &mut &[u8]) -> Option<()> {
        Some(())
    }
}

impl<const N: usize> Key for [u8; N] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<N>()?;
        *bytes = rest;
        Some(*head)
    }
}

macro_rules! integer_key {
    ($($kind:ty),*) => {$(
        impl Key for $kind {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                Key::read(bytes).map(<$kind>::from_be_bytes)
            }
        }
    )*};
}
integer_key!(u8, u16, u32, u64);

impl<A: Key, B: Key> Key for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::read(bytes)?, B::read(bytes)?))
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
        self.2.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::read(bytes)?, B::read(bytes)?, C::read(bytes)?))
    }
}
