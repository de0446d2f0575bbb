//! Identifiers of contents, ranges of keys, and visitors.

use std::ops::ControlFlow;

/// Identifies one stored content: the bytes of the reference number that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub [u8; 16]);

/// A range of raw keys, with `from` included and `to` excluded; `None` is open-ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Vec<u8>,
    pub to: Option<Vec<u8>>,
    pub order: Order,
}

/// The order in which a scan visits its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Ascending,
    Descending,
}

impl Span {
    /// Returns the range of all keys that begin with `prefix`.
    pub fn prefix(prefix: &[u8], order: Order) -> Span {
        Span { from: prefix.to_vec(), to: after_prefix(prefix), order }
    }

    /// Returns the rest of the range after `key`, in its order.
    pub fn after(&self, key: &[u8]) -> Span {
        let mut rest = self.clone();
        match self.order {
            Order::Ascending => rest.from = [key, &[0]].concat(),
            Order::Descending => rest.to = Some(key.to_vec()),
        }
        rest
    }

    /// Returns whether `key` lies in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= self.from.as_slice() && self.to.as_deref().is_none_or(|to| key < to)
    }
}

/// Returns the first key after all that begin with `prefix`; `None` if there is no such key.
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return Some(end);
        }
        end.pop();
    }
    None
}

/// The function called for each key and value of a scan; `Break` ends the scan.
pub type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// The function called for each key of a scan that reads no values; `Break` ends the scan.
pub type VisitKey<'v> = &'v mut dyn FnMut(&[u8]) -> ControlFlow<()>;
