//! What changed: each account numbers its changes, and its listeners are woken after the commit.
//!
//! ```text
//! gateway.transact(|tx| … tx.changed(account, what)? …)
//!   1. the change gets the account's next number; both are stored with what changed
//!   2. durable
//!   3. listeners get a hint with the number; they ask `changes_since` for what it was
//! ```
//!
//! Everything that shows mail live depends on this feed and on nothing else: the event stream of
//! browsers today, IMAP's IDLE and other nodes later. So whatever users can see changes only in a
//! [`tx::Tx`].
//!
//! The rules: no hint before the change is durable, none if it failed, and exactly one for each
//! account and kind, however many changes a transaction made and however often it was run. A hint
//! may be lost, but its number is not: a listener that missed one asks from the number it knows.

pub mod change;
pub mod event;
pub(in crate::gateway) mod tx;

#[cfg(test)]
mod tests;
