//! What the files of other programs say in words: an invitation to a meeting, a person's card.

mod calendar;
mod contact;
mod lines;

pub use calendar::{Answer, Invitation, Method, Moment, invitation};
pub use contact::{Contact, contacts};
