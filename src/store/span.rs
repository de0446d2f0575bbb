//! Names of contents, ranges of keys, and visiting what lies in them.

use std::ops::ControlFlow;

/// Names one stored content; the bytes of the reference number it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub [u8; 16]);

/// A range of raw keys, `from` included, `to` excluded; `None` is open-ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Vec<u8>,
    pub to: Option<Vec<u8>>,
    pub order: Order,
}

/// In which order a scan visits its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Ascending,
    Descending,
}

impl Span {
    /// Every key that begins with `prefix`.
    pub fn prefix(prefix: &[u8], order: Order) -> Span {
        Span { from: prefix.to_vec(), to: after_prefix(prefix), order }
    }

    /// What is left of the range behind `key`.
    pub fn after(&self, key: &[u8]) -> Span {
        let mut rest = self.clone();
        match self.order {
            Order::Ascending => rest.from = [key, &[0]].concat(),
            Order::Descending => rest.to = Some(key.to_vec()),
        }
        rest
    }

    /// Whether `key` lies in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= self.from.as_slice() && self.to.as_deref().is_none_or(|to| key < to)
    }
}

/// The first key after all that begin with `prefix`; `None` when there is no such key.
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

/// Called for each key and value of a scan; `Break` ends it.
pub type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;
