//! Groups: who is in them, what they are allowed, and the keys of what members write for each other.
//!
//! ```text
//! group ─ epoch 1 ─ epoch 2 ─ epoch 3 (in use)      each: a pair, its private half wrapped for members
//!            └─ proves and, if shared, is opened by ─┘
//! ```
//!
//! Joining wraps the epoch in use for the new member. Whenever somebody who holds it may no longer read,
//! it is *due*: nothing more is sealed under it, and the next request of a member begins another. The
//! daemon's key opens none of it (`docs/decisions/0014-group-keys.md`).

pub mod about;
pub mod admission;
pub mod audience;
pub mod computed;
pub(in crate::gateway) mod epochs;
pub mod facts;
pub mod group;
pub mod member;
pub(in crate::gateway) mod rights;
pub mod sealing;
pub mod sight;
pub mod tending;
pub mod view;
