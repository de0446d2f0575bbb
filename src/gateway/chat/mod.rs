//! Chat: conversations of two people inside, and rooms whose controllers admit each of the others.
//!
//! | row | sealed under |
//! | --- | --- |
//! | the name of a room | the room's keys (`keyrings`): an epoch's secret, wrapped for each member |
//! | a line: its text, whom it mentions, what it answers; reactions to it | the same |
//! | its files and recordings: their names and types, and a key for each piece | the same, in the line |
//! | the pieces | their own keys |
//! | who is in a room, how far each has read, who came and went | nothing: these are routing data |
//!
//! A line's number is assigned in the transaction that stores it, so that all members see one order. What a
//! member's client repeats, because it heard no answer, is said once. Who leaves or is removed gets no later
//! epoch; who joins gets the earlier ones only where the room shows what was said before.
//!
//! The server decides as well, at each request: [`rules`] says who may do what, and from which line on
//! somebody sees a room. To anybody else a room that is there and one that is not are the same
//! (`docs/decisions/0025-chat.md`).

pub mod carried;
mod ending;
pub mod fetching;
pub mod files;
pub mod find;
pub(in crate::gateway) mod keys;
pub mod line;
pub mod member;
mod notice;
pub(in crate::gateway) mod passes;
pub mod presence;
pub mod room;
mod rows;
pub mod rules;
mod transcript;
mod transcript_files;
pub mod view;
pub(super) mod watch;

#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
mod files_tests;
#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
pub(super) mod tests;
