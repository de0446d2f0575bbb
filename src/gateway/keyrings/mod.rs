//! Keyrings: the keys of an audience that is made of accounts and of groups, such as that of a board.
//!
//! ```text
//! keyring ─ epoch 1 ─ epoch 2 ─ epoch 3 (in use)    each: a random secret, wrapped for each entry
//!              └─ proves and, if shared, is opened by ─┘
//! ```
//!
//! An entry is an account or a group; who is in the group opens the secret with the group's keys. An
//! epoch is *due* as soon as somebody who holds it may no longer read: an entry was removed, the keys of
//! an account changed, or a group began another epoch. Nothing more is sealed under it: who seals next
//! begins the next one. A keyring knows no permissions. Who uses it asks first whether the actor may;
//! the keys are for the day when somebody has a copy of the disk. The daemon's key opens none of it
//! (`docs/decisions/0024-keyrings.md`).

pub(in crate::gateway) mod change;
pub(in crate::gateway) mod ending;
mod epochs;
mod genuine;
pub(in crate::gateway) mod sealing;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod waiting_tests;
