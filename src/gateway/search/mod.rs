//! Search over sealed mail: an index for each account that opens only with the
//! account's own keys, for the length of one request.
//!
//! | file | what it is |
//! | --- | --- |
//! | `query` | the language of queries |
//! | `block` | the encoding of a part of the index |
//! | `index` | indexing messages, merging parts, removing deleted messages |
//! | `find` | running queries |
//!
//! Mail arrives while its reader's keys are not available, so an arriving message is marked as
//! waiting and indexed by the next request of its owner: first by its summary, and by its text once
//! it was opened. The search never opens a message that its reader did not open.
//!
//! At rest, the holder of the daemon's key sees how many messages an account has and how large
//! the index's blocks are, but no word.

pub(in crate::gateway) mod block;
mod find;
#[doc(hidden)]
pub mod forms;
pub(in crate::gateway) mod index;
mod query;
#[cfg(test)]
mod tests;

pub use find::{Found, Hit, Snippet};
pub(super) use index::Busy;
pub use index::IndexState;
