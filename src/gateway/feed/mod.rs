//! What changed: each account numbers its changes, and its listeners are woken after the commit.
//!
//! ```text
//! gateway.transact(|tx| … tx.changed(account, what)? …)
//!   1. the change gets the account's next number; both are stored with what changed
//!   2. durable
//!   3. listeners get a hint with the number; they ask `changes_since` for what it was
//! ```
//!
//! Whatever shows mail while it changes hangs on this feed and on nothing else: the browsers'
//! event stream today, IMAP's IDLE and other nodes when they come. So what people can see
//! changes only in a [`tx::Tx`].
//!
//! What must hold: no hint before what it speaks of is durable, none when it failed, and one for
//! each account and kind however many changes a transaction made or how often it was run. A hint
//! may be lost, its number is not: who missed one asks from the number they know.

pub mod change;
pub mod event;
pub(in crate::gateway) mod tx;

#[cfg(test)]
mod tests;
