//! Incoming mail: which recipients are accepted, and storing a message for them.

pub(in crate::gateway) mod acceptance;
pub mod inbound;
pub mod receive;
pub mod recipient;
