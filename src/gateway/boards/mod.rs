//! Boards: topics and posts that several people read, with rights for each of them.
//!
//! | who | what opens it |
//! | --- | --- |
//! | readers of the board | its keyring, whose entries are those who may read |
//! | readers of one post, or of one topic | a keyring of its own; nobody else learns that it is there |
//!
//! Who may do what is one pure function over the board's grants and the facts of who asks
//! ([`rights`]). Each list, count, search and position is made by it, at each request, and asked once more
//! in the transaction that writes. A right that was taken away is gone at the next request; the keys are
//! for the day when somebody has a copy of the disk (`docs/decisions/0024-keyrings.md`).

pub mod administered;
pub mod board;
pub mod content;
pub mod ending;
pub mod file;
pub(super) mod notice;
pub mod octets;
pub mod post;
pub mod reaction;
pub mod readers;
pub mod reading;
pub mod request;
pub mod rights;
pub mod search;
pub mod shown;
pub mod topic;

#[cfg(test)]
mod administered_tests;
#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod reaction_tests;
#[cfg(test)]
mod readers_tests;
#[cfg(test)]
pub(super) mod tests;
