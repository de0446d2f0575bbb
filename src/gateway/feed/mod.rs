//! The change feed: each account numbers its changes, and listeners get a hint after the commit.
//!
//! ```text
//! gateway.transact(|tx| … tx.changed(account, what)? …)
//!   1. the change gets the account's next number; both are stored with the data that changed
//!   2. durable
//!   3. listeners get a hint with the number; they call `changes_since` to learn what changed
//! ```
//!
//! Every view that updates live depends on this feed and on nothing else: the browsers' event
//! stream now, IMAP's IDLE and other nodes in the future. So messages and folders change only in a
//! [`tx::Tx`]; drafts, labels, filters and settings are read again when a page needs them.
//!
//! Invariants: no hint before its change is durable, none if the transaction failed, and one per
//! account and kind, however many changes a transaction makes or however often it runs. A hint may
//! be lost, but its number is not: a listener that missed one asks from the number it knows.
//!
//! What happens in chat rooms has a feed of its own ([`rooms`]), so that talk pushes out no hint about mail.

pub mod change;
pub mod event;
pub mod rooms;
pub(in crate::gateway) mod tx;

#[cfg(test)]
mod tests;
