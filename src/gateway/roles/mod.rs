//! Role mailboxes: postmaster, `info@` and the like, read by all members of a group.
//!
//! ```text
//! arrives ─ sealed to the epoch in use ─┐
//!           (due: to an interim pair)  ─┴─ opened in a member's session ─ read, answered: noted by name
//! ```
//!
//! A role mailbox keeps its mail as an account does, but has neither credentials nor keys of its own: its
//! pairs are the epochs of its group. So nobody signs in to it, the daemon's key opens none of it, and who
//! leaves the group opens nothing that comes afterwards (`docs/decisions/0016-role-mailboxes.md`).

pub mod acts;
pub mod mailbox;
pub mod opening;
pub(in crate::gateway) mod sealing;
