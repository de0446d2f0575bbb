//! Mail that comes in: who may be written to, and taking a message for them.

pub(in crate::gateway) mod acceptance;
pub mod inbound;
pub mod receive;
pub mod recipient;
