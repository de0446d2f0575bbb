//! Address books: what each account keeps about people, and requests to add somebody.
//!
//! | row | sealed for |
//! | --- | --- |
//! | a contact, with the version in which each of its fields changed last | its owner |
//! | a photo | its owner |
//! | a block: what the list shows of a part of the contacts, and what they are found by | its owner |
//! | what a reader sees of a contact that is shared, by itself or with the whole book | that reader: a person, a group, everybody inside |
//! | a change by somebody else | the owner of the book; while it waits, its author as well |
//! | a request to add a contact | the account whose book it is for; a copy for the sender |
//!
//! The daemon opens none of them by itself: it sees how many contacts there are, how long they are,
//! and who asked whom when.
//!
//! Invariants: a contact stands in exactly one block, unless it was deleted; both are written in one
//! transaction. A contact that was deleted can be restored for a day.

pub mod block;
pub mod book;
mod changes;
mod copies;
pub mod edits;
pub mod granting;
pub mod line;
pub mod list;
mod reader_rows;
pub mod request;
mod request_message;
mod row;
pub mod shared;
pub mod shares;
pub mod sharing;
pub mod stored;
mod tags;
pub mod taking;
pub mod transfer;

#[cfg(test)]
pub(super) mod damage_tests;
#[cfg(test)]
mod granting_tests;
#[cfg(test)]
mod kept_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod sharing_tests;
#[cfg(test)]
mod tests;
