//! Tables: typed keys and records over the engine's raw bytes.
//!
//! A raw key is the table's number followed by the key's own bytes, big-endian and of fixed
//! width, so that the order of the bytes is the order of the records. A raw value is the record in
//! postcard form, sealed by the vault and bound to its table, its version and its key.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::Error;

/// A part of a key with a fixed width and the order of its bytes.
pub trait Key: Sized {
    fn write(&self, out: &mut Vec<u8>);
    /// Removes this key from the front of `bytes`; `None` if they are too short.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

/// A value kept in a table, or sealed inside one.
#[diagnostic::on_unimplemented(
    note = "list it with its version in `records!` in src/gateway/records/tables.rs; see \
            docs/hacking.md"
)]
pub trait Record: Serialize + DeserializeOwned {
    /// The version written today. Nothing is assumed: every record states its own.
    const VERSION: u8;

    /// Reads a record of an earlier version; `None` if `version` is unknown.
    fn migrate(_version: u8, _bytes: &[u8]) -> Option<Self> {
        None
    }
}

/// Reads what was written as `version` of a record, of today or earlier. `table` is where it
/// was found.
pub fn read_record<R: Record>(table: &'static str, version: u8, bytes: &[u8]) -> Result<R, Error> {
    let damaged = |what: &str| Error::Damaged(format!("a record in table {table}: {what}"));
    // Not damage: the program was replaced by an earlier one, and the later one reads it again.
    if version > R::VERSION {
        return Err(Error::UnknownRecordVersion { table, found: version, known: R::VERSION });
    }
    if version < R::VERSION {
        return R::migrate(version, bytes).ok_or_else(|| damaged("its version is unknown"));
    }
    match postcard::take_from_bytes(bytes) {
        Ok((record, [])) => Ok(record),
        // Octets that are left over were written in another form.
        _ => Err(damaged("it cannot be read")),
    }
}

/// What [`Record::migrate`] does for a record that is made from the one before it: `Old` reads
/// its own version, and by its own `migrate` those before.
pub fn migrated<Old: Record, New: From<Old>>(version: u8, bytes: &[u8]) -> Option<New> {
    read_record::<Old>("", version, bytes).ok().map(New::from)
}

/// A table: its number is its place in the key space and never changes or comes back.
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
