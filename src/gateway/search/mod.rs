//! Search over sealed mail: each account has an index that opens only with the account's own keys,
//! for the duration of one request.
//!
//! | file | contents |
//! | --- | --- |
//! | `query` | the query language |
//! | `block` | one part of the index, as octets |
//! | `index` | indexing messages, merging parts, removing deleted messages |
//! | `find` | answering queries |
//! | `beginning` | how messages begin, for a list |
//!
//! Mail arrives when the owner's keys are not available, so an arriving message is recorded as
//! waiting, and the owner's next request indexes it: first what the list shows, and its text once
//! it was opened. A message is never opened just for the search.
//!
//! At rest, the daemon's key reveals how many messages an account has and how large the index's
//! blocks are, but no words.

mod beginning;
pub(in crate::gateway) mod block;
mod find;
#[doc(hidden)]
pub mod forms;
pub(in crate::gateway) mod index;
#[cfg(test)]
mod meanwhile_tests;
mod query;
#[cfg(test)]
mod tests;

pub use beginning::Beginning;
pub use find::{Found, Hit, Snippet};
pub(super) use index::Busy;
pub use index::IndexState;
pub use query::QUERY_CHARS_MAX;
