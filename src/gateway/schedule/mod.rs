//! The schedule: each person's calendar, and meetings that one person asks others for.
//!
//! | row | sealed for |
//! | --- | --- |
//! | an entry of a calendar | its owner |
//! | a block: from when to when each of a part of the entries reaches | its owner |
//! | a meeting: who asked whom, who needs to accept, and who answered what | nobody; words and proposed times for who asked |
//! | what an invitee is asked, as it is now | that invitee |
//!
//! ```text
//! asked ─▶ tentative ─▶ actual      by the answers, and by nobody's further act
//!                    ─▶ declined
//!          any of them ─▶ cancelled
//! ```
//!
//! How it stands follows from what was heard by a pure function ([`crate::terms::Heard`]); so it is right for
//! everybody at once, no matter who is signed in. An answer is one transaction: the entry in the invitee's calendar,
//! the answer at the meeting, and the message that tells the requester.
//!
//! Invariants: an entry that was not deleted stands in exactly one block. The entry of a meeting has the number
//! of the request, at everybody who has it, so that it can be entered only once.

pub mod answer;
pub(in crate::gateway) mod blocks;
pub mod book;
mod changes;
mod ending;
pub mod list;
pub mod meeting;
mod message;
pub mod stored;
pub mod view;

#[cfg(test)]
mod faults_tests;
#[cfg(test)]
mod kept_tests;
#[cfg(test)]
pub(super) mod tests;
