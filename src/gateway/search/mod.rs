//! Search over sealed mail: an index for each account that opens only with the
//! account's own keys, for the length of one request.
//!
//! | file | what it is |
//! | --- | --- |
//! | `query` | what can be asked for |
//! | `block` | a part of the index, as octets |
//! | `index` | taking messages in, joining parts, forgetting what was deleted |
//! | `find` | answering |
//!
//! Mail arrives when nobody's keys are there, so a message that came is noted as waiting, and
//! taken in by the next request of its owner: first by what the list shows, and by what it says
//! once it was opened. A message that was never opened is never opened for the search.
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
