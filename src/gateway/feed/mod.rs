//! What changed: each account numbers its changes, and whoever listens is woken after the commit.

pub(in crate::gateway) mod after_commit;
pub mod change;
pub mod event;
